// SPDX-License-Identifier: GPL-2.0-or-later
#include "platform/pciehp.h"

#include <stddef.h>

#include "arch/time.h"
#include "platform/pci.h"

#define CAP_ID 0x10 /* PCI Express */

#define FLAGS            0x02 /* PCI Express Capabilities */
#define FLAGS_SLOT       (1u << 8)
#define SLOT_CAP         0x14
#define SLOT_CAP_BUTTON  (1u << 0)
#define SLOT_CAP_POWER   (1u << 1)
#define SLOT_CAP_LED     (1u << 4) /* power indicator */
#define SLOT_CAP_HOTPLUG (1u << 6)
#define SLOT_CAP_SILENT  (1u << 18) /* no command completed events */
#define SLOT_CTL         0x18
#define SLOT_CTL_LED     (3u << 8)
#define SLOT_CTL_LED_OFF (3u << 8)
#define SLOT_CTL_OFF     (1u << 10) /* power controller */
#define SLOT_STA         0x1a
#define SLOT_STA_BUTTON  (1u << 0)
#define SLOT_STA_DONE    (1u << 4) /* command completed */
#define SLOT_STA_EVENTS  0x011fu   /* RW1C */
#define SLOT_STA_PRESENT (1u << 6)

/* A command may take that long (6.7.3.2). */
#define COMMAND_US 1000000u

static uint16_t status(const struct pciehp *p)
{
    return pci_read16(p->devid, (uint16_t)(p->cap + SLOT_STA));
}

const char *pciehp_find(struct pciehp *p, uint16_t devid)
{
    const uint32_t wanted = SLOT_CAP_BUTTON | SLOT_CAP_POWER | SLOT_CAP_LED | SLOT_CAP_HOTPLUG;

    *p = (struct pciehp){.devid = devid, .cap = pci_find_cap(devid, CAP_ID)};
    if (!p->cap || !(pci_read16(devid, (uint16_t)(p->cap + FLAGS)) & FLAGS_SLOT)) {
        return "the port has no slot";
    }
    p->slot = pci_read32(devid, (uint16_t)(p->cap + SLOT_CAP));
    return (p->slot & wanted) == wanted ? NULL
                                        : "the slot has no hot-plug with attention button, power "
                                          "controller and power indicator";
}

bool pciehp_present(const struct pciehp *p)
{
    return status(p) & SLOT_STA_PRESENT;
}

void pciehp_clear(const struct pciehp *p)
{
    pci_write16(p->devid, (uint16_t)(p->cap + SLOT_STA), status(p) & SLOT_STA_EVENTS);
}

bool pciehp_pressed(const struct pciehp *p)
{
    return status(p) & SLOT_STA_BUTTON;
}

bool pciehp_power_off(const struct pciehp *p)
{
    uint16_t at = (uint16_t)(p->cap + SLOT_CTL);
    uint16_t control = pci_read16(p->devid, at) & (uint16_t)~SLOT_CTL_LED;

    pciehp_clear(p);
    pci_write16(p->devid, at, control | SLOT_CTL_LED_OFF | SLOT_CTL_OFF);
    return (p->slot & SLOT_CAP_SILENT) || wait_until(status(p) & SLOT_STA_DONE, COMMAND_US);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/ahci/ahci.h"

#include <stddef.h>

#include "arch/io.h"
#include "arch/paging.h"
#include "arch/time.h"
#include "drivers/ahci/command.h"
#include "drivers/ahci/regs.h"
#include "platform/pci.h"

#define BAR_BYTES 0x1100u /* all ports */

uint32_t ahci_port_read(const struct ahci *a, unsigned reg)
{
    return mmio_read32(a->regs + reg);
}

void ahci_port_write(const struct ahci *a, unsigned reg, uint32_t v)
{
    mmio_write32(a->regs + reg, v);
}

bool ahci_reset(const struct ahci *a)
{
    mmio_write32(a->base + AHCI_GHC, AHCI_GHC_AE);
    mmio_write32(a->base + AHCI_GHC, AHCI_GHC_AE | AHCI_GHC_HR);
    if (!wait_until(!(mmio_read32(a->base + AHCI_GHC) & AHCI_GHC_HR), AHCI_WAIT_US)) {
        return false;
    }
    mmio_write32(a->base + AHCI_GHC, AHCI_GHC_AE);
    return true;
}

bool ahci_port_stop(const struct ahci *a)
{
    uint32_t cmd = ahci_port_read(a, AHCI_PX_CMD);

    ahci_port_write(a, AHCI_PX_CMD, cmd & ~AHCI_PX_CMD_ST);
    if (!wait_until(!(ahci_port_read(a, AHCI_PX_CMD) & AHCI_PX_CMD_CR), AHCI_WAIT_US)) {
        return false;
    }
    ahci_port_write(a, AHCI_PX_CMD, cmd & ~(AHCI_PX_CMD_ST | AHCI_PX_CMD_FRE));
    return wait_until(!(ahci_port_read(a, AHCI_PX_CMD) & AHCI_PX_CMD_FR), AHCI_WAIT_US);
}

bool ahci_port_start(struct ahci *a, const struct ahci_memory *mem)
{
    uint32_t cmd = ahci_port_read(a, AHCI_PX_CMD);

    a->mem = *mem;
    ahci_port_write(a, AHCI_PX_CLB, (uint32_t)mem->list.iova);
    ahci_port_write(a, AHCI_PX_CLBU, (uint32_t)(mem->list.iova >> 32));
    ahci_port_write(a, AHCI_PX_FB, (uint32_t)mem->fis.iova);
    ahci_port_write(a, AHCI_PX_FBU, (uint32_t)(mem->fis.iova >> 32));
    ahci_port_write(a, AHCI_PX_SERR, 0xffffffff);
    ahci_acknowledge(a);
    ahci_port_write(a, AHCI_PX_CMD, cmd | AHCI_PX_CMD_FRE | AHCI_PX_CMD_SUD);
    /* Commands are started once the device is at rest (section 10.3.1). */
    if (!wait_until(!(ahci_port_read(a, AHCI_PX_TFD) & (AHCI_PX_TFD_BSY | AHCI_PX_TFD_DRQ)),
                    AHCI_WAIT_US)) {
        return false;
    }
    ahci_port_write(a, AHCI_PX_CMD,
                    ahci_port_read(a, AHCI_PX_CMD) | AHCI_PX_CMD_FRE | AHCI_PX_CMD_ST);
    return wait_until(ahci_port_read(a, AHCI_PX_CMD) & AHCI_PX_CMD_CR, AHCI_WAIT_US);
}

bool ahci_port_reset(const struct ahci *a)
{
    uint32_t sctl = ahci_port_read(a, AHCI_PX_SCTL) & ~AHCI_SCTL_DET;
    deadline_t hold;

    ahci_port_write(a, AHCI_PX_SCTL, sctl | AHCI_SCTL_RESET);
    hold = deadline_in(1000); /* section 10.4.2: at least 1 ms */
    (void)wait_until(deadline_passed(hold), 2000);
    ahci_port_write(a, AHCI_PX_SCTL, sctl);
    return wait_until((ahci_port_read(a, AHCI_PX_SSTS) & AHCI_SSTS_DET) == AHCI_DET_READY,
                      AHCI_WAIT_US);
}

bool ahci_recover(struct ahci *a)
{
    struct ahci_memory mem = a->mem;

    return ahci_port_stop(a) && ahci_port_reset(a) && ahci_port_start(a, &mem);
}

void ahci_interrupts(const struct ahci *a, uint32_t port_enables, bool on)
{
    ahci_port_write(a, AHCI_PX_IE, port_enables);
    mmio_write32(a->base + AHCI_GHC, AHCI_GHC_AE | (on ? AHCI_GHC_IE : 0));
}

void ahci_acknowledge(const struct ahci *a)
{
    ahci_port_write(a, AHCI_PX_IS, 0xffffffff);
    mmio_write32(a->base + AHCI_IS, 1u << a->port);
}

uint32_t ahci_pending(const struct ahci *a)
{
    return mmio_read32(a->base + AHCI_IS);
}

/* The disk of this port, if it is one. */
static bool identify(struct ahci *a, const struct ahci_memory *mem, const struct ahci_page *data)
{
    struct ahci_region region = {data->iova, 512};
    const volatile uint16_t *id = (const volatile uint16_t *)data->spa;
    struct ahci_result res;

    if ((ahci_port_read(a, AHCI_PX_SSTS) & AHCI_SSTS_DET) != AHCI_DET_READY || !ahci_port_stop(a) ||
        !ahci_port_start(a, mem) || ahci_port_read(a, AHCI_PX_SIG) != AHCI_SIG_DISK) {
        return false;
    }
    ahci_prepare(a, AHCI_CMD_IDENTIFY, false, 0, 0, &region, 1);
    ahci_start(a);
    if (!ahci_finish(a, &res) || res.ci || (res.tfd & AHCI_PX_TFD_ERR)) {
        return false;
    }
    /* Words 100 to 103: sectors addressable with 48 bits. */
    a->sectors =
        (uint64_t)id[103] << 48 | (uint64_t)id[102] << 32 | (uint64_t)id[101] << 16 | id[100];
    return true;
}

static const char *discover_on(struct ahci *a, uint16_t devid, const struct ahci_memory *mem,
                               const struct ahci_page *data)
{
    uint32_t ports;

    *a = (struct ahci){.devid = devid, .base = pci_bar_mem(devid, AHCI_BAR)};
    if (!a->base || !paging_map(a->base, BAR_BYTES, true)) {
        return "the AHCI controller has no memory BAR";
    }
    pci_command(devid, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
    if (!ahci_reset(a)) {
        return "the AHCI controller does not end its reset";
    }
    if (!(mmio_read32(a->base + AHCI_CAP) & AHCI_CAP_S64A)) {
        return "the AHCI controller has no 64-bit addresses";
    }
    ports = mmio_read32(a->base + AHCI_PI);
    for (unsigned port = 0; port < AHCI_PORTS; port++) {
        a->port = port;
        a->regs = a->base + AHCI_PORT0 + (uint64_t)port * AHCI_PORT_BYTES;
        if (ports & 1u << port) {
            bool found = identify(a, mem, data);

            if (!ahci_port_stop(a)) {
                return "an AHCI port does not stop";
            }
            if (found) {
                return NULL;
            }
        }
    }
    return "no disk on an AHCI port";
}

const char *ahci_discover(struct ahci *a, const struct ahci_memory *mem,
                          const struct ahci_page *data)
{
    const char *why = "no AHCI controller";

    *a = (struct ahci){0};
    for (const struct pci_dev *dev = pci_find_class(AHCI_CLASS, 0xffffff, NULL); dev && why;
         dev = pci_find_class(AHCI_CLASS, 0xffffff, dev)) {
        why = discover_on(a, dev->devid, mem, data);
    }
    return why;
}

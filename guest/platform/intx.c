// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PCI interrupt pins of Intel's ICH9 (316972, sections 5.9 and 10.1): the pins of a slot of bus 0
 * lead to lines PIRQA to PIRQH, and these to interrupts 16 to 23.
 */
#include <stddef.h>

#include "arch/io.h"
#include "platform/ioapic.h"
#include "platform/pci.h"

#define LPC_DEVID   PCI_DEVID(0, 0x1f, 0)
#define LPC_VENDOR  0x8086
#define LPC_DEVICE  0x2918
#define LPC_RCBA    0xf0
#define RCBA_ENABLE 1u
#define RCBA_BASE   0xffffc000u

#define PIRQA_GSI 16u
#define PIRQE     4u

/* Routes of slots 25 to 31: 4 bits a pin, after reset pin A leads to PIRQA and so on. */
#define SLOT_FIRST    25u
#define SLOT_BRIDGE   30u
#define ROUTE_DEFAULT 0x3210u

static const uint16_t route_registers[] = {0x3150, 0x314c, 0x3148, 0x3146, 0x3144, 0, 0x3140};

/* Pins as 0 to 3 from here on. */
static uint32_t pirq_of(unsigned slot, unsigned pin)
{
    uint32_t rcba = pci_read32(LPC_DEVID, LPC_RCBA);
    uint32_t route = ROUTE_DEFAULT;

    if (slot < SLOT_FIRST || slot == SLOT_BRIDGE) {
        return (slot == SLOT_BRIDGE ? pin : (slot + pin) % 4) + PIRQE;
    }
    if (rcba & RCBA_ENABLE) {
        route = mmio_read16((rcba & RCBA_BASE) + route_registers[slot - SLOT_FIRST]);
    }
    return route >> (4 * pin) & 7;
}

bool ioapic_pci_intx(uint16_t devid, struct madt_gsi *out)
{
    const struct pci_dev *dev = pci_find_devid(devid);
    unsigned pin = dev != NULL ? pci_read8(devid, PCI_INTERRUPT_PIN) : 0;

    if (pin < 1 || pin > 4 || pci_read16(LPC_DEVID, PCI_VENDOR_ID) != LPC_VENDOR ||
        pci_read16(LPC_DEVID, PCI_DEVICE_ID) != LPC_DEVICE) {
        return false;
    }
    pin--;
    /* A bridge turns the pins by the slot behind it (PCI-to-PCI Bridge Architecture Specification
     * 1.2, section 9.1). More bridges in a row than buses cannot be. */
    for (unsigned depth = 0; dev != NULL && devid >> 8 != 0; depth++) {
        if (depth > 255) {
            return false;
        }
        pin = (pin + (devid >> 3 & 31)) % 4;
        devid = dev->parent_bridge;
        dev = pci_find_devid(devid);
    }
    if (dev == NULL) {
        return false;
    }
    /* As QEMU's own tables say it; its I/O APIC does not look at the polarity. */
    *out = (struct madt_gsi){.gsi = PIRQA_GSI + pirq_of(devid >> 3 & 31, pin), .level = true};
    return true;
}

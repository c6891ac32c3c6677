// SPDX-License-Identifier: GPL-2.0-or-later
#include "platform/msi.h"

#include "arch/apic_encode.h"
#include "platform/pci.h"

#define CAP_ID_MSI 0x05

/* Offsets in the capability; those behind the address depend on the form. */
#define MSI_CONTROL     2u
#define MSI_ADDRESS     4u
#define MSI_ADDRESS_HI  8u
#define MSI_DATA_32     8u
#define MSI_DATA_64     12u
#define MSI_MASK_BEHIND 4u /* from the data */

#define CONTROL_ENABLE   0x0001u
#define CONTROL_MULTIPLE 0x0070u /* log2 of the messages allotted */
#define CONTROL_64       0x0080u
#define CONTROL_MASKS    0x0100u

#define DEST_MAX 255u

uint8_t msi_cap(uint16_t devid)
{
    return pci_find_cap(devid, CAP_ID_MSI);
}

static uint16_t control_of(uint16_t devid, uint8_t cap)
{
    return pci_read16(devid, (uint16_t)(cap + MSI_CONTROL));
}

static uint16_t data_at(uint16_t control, uint8_t cap)
{
    return (uint16_t)(cap + (control & CONTROL_64 ? MSI_DATA_64 : MSI_DATA_32));
}

bool msi_program(uint16_t devid, uint64_t addr, uint16_t data)
{
    uint8_t cap = msi_cap(devid);
    uint16_t control;

    if (cap == 0) {
        return false;
    }
    control = (uint16_t)(control_of(devid, cap) & ~(CONTROL_ENABLE | CONTROL_MULTIPLE));
    if (addr >> 32 != 0 && !(control & CONTROL_64)) {
        return false;
    }
    pci_write16(devid, (uint16_t)(cap + MSI_CONTROL), control);
    pci_write32(devid, (uint16_t)(cap + MSI_ADDRESS), (uint32_t)addr);
    if (control & CONTROL_64) {
        pci_write32(devid, (uint16_t)(cap + MSI_ADDRESS_HI), (uint32_t)(addr >> 32));
    }
    pci_write16(devid, data_at(control, cap), data);
    (void)msi_mask(devid, false);
    pci_command(devid, PCI_COMMAND_MASTER, 0);
    return true;
}

void msi_enable(uint16_t devid, bool on)
{
    uint8_t cap = msi_cap(devid);
    uint16_t control;

    if (cap != 0) {
        control = control_of(devid, cap);
        pci_write16(devid, (uint16_t)(cap + MSI_CONTROL),
                    (uint16_t)(on ? control | CONTROL_ENABLE : control & ~CONTROL_ENABLE));
        (void)control_of(devid, cap); /* the write has arrived when this comes back */
    }
}

bool msi_mask(uint16_t devid, bool masked)
{
    uint8_t cap = msi_cap(devid);
    uint16_t control = cap != 0 ? control_of(devid, cap) : 0;
    uint16_t at = (uint16_t)(data_at(control, cap) + MSI_MASK_BEHIND);

    if (!(control & CONTROL_MASKS)) {
        return false;
    }
    pci_write32(devid, at, (pci_read32(devid, at) & ~1u) | (masked ? 1u : 0u));
    return true;
}

bool msi_connect(uint16_t devid, uint32_t dest, uint8_t vector)
{
    if (dest > DEST_MAX ||
        !msi_program(devid, apic_msi_address(dest), (uint16_t)apic_msi_data(vector))) {
        return false;
    }
    msi_enable(devid, true);
    return true;
}

struct msi_state msi_save(uint16_t devid)
{
    uint8_t cap = msi_cap(devid);
    struct msi_state s = {.master = pci_read16(devid, PCI_COMMAND) & PCI_COMMAND_MASTER};

    if (cap != 0) {
        s.control = control_of(devid, cap);
        s.addr = pci_read32(devid, (uint16_t)(cap + MSI_ADDRESS));
        if (s.control & CONTROL_64) {
            s.addr |= (uint64_t)pci_read32(devid, (uint16_t)(cap + MSI_ADDRESS_HI)) << 32;
        }
        s.data = pci_read16(devid, data_at(s.control, cap));
    }
    return s;
}

void msi_restore(uint16_t devid, const struct msi_state *state)
{
    uint8_t cap = msi_cap(devid);

    msi_enable(devid, false);
    if (cap != 0 && msi_program(devid, state->addr, state->data)) {
        pci_write16(devid, (uint16_t)(cap + MSI_CONTROL), state->control);
    }
    if (!state->master) {
        pci_command(devid, 0, PCI_COMMAND_MASTER);
    }
}

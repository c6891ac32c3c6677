// SPDX-License-Identifier: GPL-2.0-or-later
#include "platform/msix.h"

#include "arch/apic_encode.h"
#include "arch/io.h"
#include "platform/pci.h"

#define CAP_ID_MSIX 0x11

#define MSIX_CONTROL   2u
#define MSIX_TABLE     4u      /* offset, and the BAR in 2:0 */
#define CONTROL_SIZE   0x07ffu /* entries less 1 */
#define CONTROL_MASKED 0x4000u /* all of them */
#define CONTROL_ENABLE 0x8000u
#define ENTRY_BYTES    16u
#define ENTRY_ADDR     0u
#define ENTRY_ADDR_HI  4u
#define ENTRY_DATA     8u
#define ENTRY_CONTROL  12u
#define ENTRY_MASKED   0x1u
#define DEST_MAX       255u

bool msix_connect(uint16_t devid, unsigned n, uint32_t dest, uint8_t vector)
{
    uint8_t cap = pci_find_cap(devid, CAP_ID_MSIX);
    uint16_t control = cap ? pci_read16(devid, (uint16_t)(cap + MSIX_CONTROL)) : 0;
    uint32_t where = cap ? pci_read32(devid, (uint16_t)(cap + MSIX_TABLE)) : 0;
    uint64_t bar = cap ? pci_bar_mem(devid, where & 7) : 0;
    uint64_t entry = bar + (where & ~7u) + (uint64_t)n * ENTRY_BYTES;

    if (!bar || n > (control & CONTROL_SIZE) || dest > DEST_MAX) {
        return false;
    }
    pci_command(devid, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
    pci_write16(devid, (uint16_t)(cap + MSIX_CONTROL),
                (uint16_t)(control | CONTROL_ENABLE | CONTROL_MASKED));
    mmio_write32(entry + ENTRY_ADDR, (uint32_t)apic_msi_address(dest));
    mmio_write32(entry + ENTRY_ADDR_HI, 0);
    mmio_write32(entry + ENTRY_DATA, apic_msi_data(vector));
    mmio_write32(entry + ENTRY_CONTROL, mmio_read32(entry + ENTRY_CONTROL) & ~ENTRY_MASKED);
    pci_write16(devid, (uint16_t)(cap + MSIX_CONTROL),
                (uint16_t)((control | CONTROL_ENABLE) & ~CONTROL_MASKED));
    return true;
}

void msix_disable(uint16_t devid)
{
    uint8_t cap = pci_find_cap(devid, CAP_ID_MSIX);

    if (cap) {
        pci_write16(
            devid, (uint16_t)(cap + MSIX_CONTROL),
            (uint16_t)(pci_read16(devid, (uint16_t)(cap + MSIX_CONTROL)) & ~CONTROL_ENABLE));
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Between the parts of the PCI code.
 */
#ifndef PLATFORM_PCI_INTERNAL_H
#define PLATFORM_PCI_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_HEADER_TYPE_MASK 0x7f
#define PCI_HEADER_MULTI     0x80
#define PCI_HEADER_BRIDGE    1
#define PCI_PRIMARY_BUS      0x18
#define PCI_SUBORDINATE_BUS  0x1a
#define PCI_IO_BASE          0x1c
#define PCI_MEMORY_BASE      0x20
#define PCI_PREFETCH_BASE    0x24
#define PCI_IO_BASE_HIGH     0x30

/* Use this window from now on, ports where @base is 0. */
void pci_set_ecam(uint64_t base, uint8_t first, uint8_t last);

/* How many BARs a function of this header type has. */
unsigned pci_bar_count(uint16_t devid);

/*
 * Give every BAR and every bridge window an address, if no memory BAR of any function has one:
 * then firmware has not done it (qboot). If it has, an empty BAR is empty for a reason.
 * @first_free: lowest address that may be used.
 */
void pci_assign_resources(uint64_t first_free);

#endif

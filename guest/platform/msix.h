// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Message signalled interrupts of a PCI function, by its MSI-X capability. Source: PCI Local Bus
 * Specification 3.0, section 6.8.2.
 */
#ifndef PLATFORM_MSIX_H
#define PLATFORM_MSIX_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Have entry @n of the table of @devid interrupt the CPU with APIC ID @dest (below 256) at @vector,
 * and turn MSI-X on; entries are masked until they are connected. The BAR with the table must be
 * mapped (arch/paging.h), as the driver of the function does it. Returns false if there is no
 * capability, no such entry, or no memory BAR for the table.
 */
bool msix_connect(uint16_t devid, unsigned n, uint32_t dest, uint8_t vector);

/** Turn MSI-X off. Without a capability nothing happens. */
void msix_disable(uint16_t devid);

#endif

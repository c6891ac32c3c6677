// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * I/O APICs: wired interrupts, by their number in the machine (GSI). Sources: 82093AA I/O APIC data
 * sheet; ACPI Specification 6.4, section 5.2.12.
 */
#ifndef PLATFORM_IOAPIC_H
#define PLATFORM_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/madt.h"

#define IOAPIC_MAX 8

/** Find the I/O APICs of the MADT and mask all their pins. Returns how many there are. */
unsigned ioapic_init(void);

/**
 * Have interrupt @gsi come to the CPU with APIC ID @dest (below 256) at @vector, and unmask it.
 * Returns false if no I/O APIC has this interrupt.
 */
bool ioapic_connect(struct madt_gsi gsi, uint32_t dest, uint8_t vector);

/** Write all 64 bits of the entry of @gsi as they stand; false if no I/O APIC has it. */
bool ioapic_write(uint32_t gsi, uint64_t entry);

/** Mask or unmask; false if no I/O APIC has @gsi. */
bool ioapic_mask(uint32_t gsi, bool masked);

/** Has a CPU accepted the level interrupt @gsi and not ended it yet (Remote IRR)? */
bool ioapic_in_service(uint32_t gsi);

/** Where ISA interrupt @irq (0 to 15) arrives. */
struct madt_gsi ioapic_isa_irq(uint8_t irq);

/**
 * Where the interrupt pin of the PCI function @devid arrives when the I/O APICs are used. No AML is
 * read, so this is known for Intel's ICH9 alone (QEMU's q35), for functions on bus 0 and behind
 * bridges. Returns false elsewhere, and for a function without a pin.
 */
bool ioapic_pci_intx(uint16_t devid, struct madt_gsi *out);

#endif

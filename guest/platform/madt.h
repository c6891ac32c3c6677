// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The MADT ("APIC"), which names CPUs and interrupt controllers: walking over bytes. No privileged
 * instruction, so it is unit tested natively. Source: ACPI Specification 6.4, section 5.2.12.
 */
#ifndef PLATFORM_MADT_H
#define PLATFORM_MADT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * APIC IDs of the CPUs that are enabled, from local APIC (type 0) and x2APIC (type 9) entries in
 * the table's order, each ID once. At most @max are stored in @ids. Returns how many there are,
 * which may be more than @max. @broken is set if an entry's length does not fit; what stands before
 * it counts. @table is whole and checked (acpi_table_ok()), of @len bytes.
 */
unsigned madt_cpus(const void *table, size_t len, uint32_t *ids, unsigned max, bool *broken);

struct madt_ioapic {
    uint8_t id;
    uint32_t address;
    uint32_t gsi_base; /* the interrupt that arrives at pin 0 */
};

/** The @n-th I/O APIC (type 1). */
bool madt_ioapic(const void *table, size_t len, unsigned n, struct madt_ioapic *out);

struct madt_gsi {
    uint32_t gsi;
    bool level;
    bool active_low;
};

/**
 * Where ISA interrupt @irq (0 to 15) arrives, by the overrides (type 2); without one at the pin of
 * the same number, edge and active high.
 */
struct madt_gsi madt_isa_irq(const void *table, size_t len, uint8_t irq);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first steps of another CPU (trampoline.asm), and what it is told there.
 */
#ifndef ARCH_TRAMPOLINE_H
#define ARCH_TRAMPOLINE_H

#include <stdint.h>

/* One CPU that may come. Offsets are known to trampoline.asm. */
struct trampoline_slot {
    uint32_t apic_id;
    uint32_t claimed; /* set by the first CPU that comes with this ID */
    uint64_t stack_top;
    uint64_t cpu; /* argument of the entry */
};

_Static_assert(sizeof(struct trampoline_slot) == 24, "known to trampoline.asm");

/* At the end of the code; the layout is known to trampoline.asm. */
struct trampoline_params {
    uint32_t far_offset; /* of the jumps to 32-bit and 64-bit code */
    uint16_t far_selector;
    uint16_t pad0;
    uint32_t far64_offset;
    uint16_t far64_selector;
    uint16_t gdt_limit;
    uint32_t gdt_base;
    uint32_t cr3;
    uint32_t efer;
    uint32_t cpuid_leaf; /* Bh: APIC ID of 32 bits in EDX; 1: of 8 bits in EBX */
    uint64_t cr0;
    uint64_t cr4;
    uint64_t entry;
    uint64_t slots;
    uint64_t slot_count;
};

/** The code, to be copied to a page below 1 MiB, and where in it the parameters stand. */
extern const uint8_t trampoline_start[], trampoline_end[];
extern const uint8_t trampoline_code32[], trampoline_code64[], trampoline_gdt[],
    trampoline_gdt_end[], trampoline_params_at[];

#endif

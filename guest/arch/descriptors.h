// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GDT and TSS of a CPU.
 */
#ifndef ARCH_DESCRIPTORS_H
#define ARCH_DESCRIPTORS_H

#include <stdint.h>

#define SELECTOR_CODE 0x08 /* as in boot/entry.asm and arch/trampoline.asm */
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS  0x18

/* Entries of the interrupt stack table: vectors that may find no good stack. */
#define IST_DOUBLE_FAULT  1
#define IST_NMI           2
#define IST_MACHINE_CHECK 3
#define IST_COUNT         3

/* Source: AMD64 Architecture Programmer's Manual volume 2, section 12.2.5. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7]; /* ist[0] is IST1 */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map;
} __attribute__((packed));

_Static_assert(sizeof(struct tss) == 104, "a 64-bit TSS has 104 bytes");

/* What a CPU has of its own; it has to stay where it is. */
struct descriptors {
    uint64_t gdt[5];
    struct tss tss;
};

/**
 * Fill @d and load it into this CPU: flat code and data, and a TSS whose interrupt stack table has
 * IST_COUNT stacks of @ist_bytes bytes each, one after the other from @ist upwards.
 */
void descriptors_load(struct descriptors *d, uint64_t ist, uint64_t ist_bytes);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/descriptors.h"

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

void descriptors_load(struct descriptors *d, uint64_t ist, uint64_t ist_bytes)
{
    struct table_pointer p = {sizeof(d->gdt) - 1, (uintptr_t)d->gdt};
    uint64_t base = (uintptr_t)&d->tss;

    *d = (struct descriptors){0};
    for (unsigned i = 0; i < IST_COUNT; i++) {
        d->tss.ist[i] = ist + (i + 1) * ist_bytes;
    }
    d->tss.io_map = sizeof(d->tss);
    d->gdt[SELECTOR_CODE / 8] = 0x00af9b000000ffff; /* 64-bit code */
    d->gdt[SELECTOR_DATA / 8] = 0x00cf93000000ffff;
    /* Available 64-bit TSS: type 9, present; 16 bytes (same manual, section 4.8.3). */
    d->gdt[SELECTOR_TSS / 8] =
        (sizeof(d->tss) - 1) | (base & 0xffffff) << 16 | 0x89ULL << 40 | (base >> 24 & 0xff) << 56;
    d->gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
    __asm__ volatile("lgdt %0" : : "m"(p) : "memory");
    __asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS) : "memory");
}

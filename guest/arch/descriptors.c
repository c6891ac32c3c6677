// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/descriptors.h"

#include <stdint.h>

#define IST_STACK_BYTES 8192

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

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static struct tss tss __attribute__((aligned(16)));
static uint64_t gdt[5] __attribute__((aligned(16))) = {
    0, 0x00af9b000000ffff, /* SELECTOR_CODE: 64-bit code */
    0x00cf93000000ffff,    /* SELECTOR_DATA */
};
static uint8_t ist_stacks[3][IST_STACK_BYTES] __attribute__((aligned(16)));

void descriptors_init(void)
{
    struct table_pointer p = {sizeof(gdt) - 1, (uintptr_t)gdt};
    uint64_t base = (uintptr_t)&tss;

    for (int i = 0; i < 3; i++) {
        tss.ist[i] = (uintptr_t)ist_stacks[i] + IST_STACK_BYTES;
    }
    tss.io_map = sizeof(tss);
    /* Available 64-bit TSS: type 9, present; 16 bytes (same manual, section 4.8.3). */
    gdt[3] =
        (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ULL << 40 | (base >> 24 & 0xff) << 56;
    gdt[4] = base >> 32;
    __asm__ volatile("lgdt %0" : : "m"(p));
    __asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The MADT's bytes, good and broken, and what goes into interrupt controllers and messages. The
 * numbers are worked out by hand from the manuals.
 */
#include <stdlib.h>

#include "arch/apic_encode.h"
#include "platform/madt.h"
#include "unit/tap.h"

/* As QEMU's: CPUs 0, 1 and 5, of which 1 is disabled; an I/O APIC; overrides for 0 and 9; a second
 * I/O APIC; CPU 300 as x2APIC, and CPU 5 once more. */
static const uint8_t
    good[] =
        {
            'A',  'P',  'I',  'C',  156,  0,    0,    0,    3,    0, 'O', 'E',
            'M',  'O',  'E',  'M', /* 0 */
            0,    0,    0,    0,    0,    0,    0,    0,    0,    0, 0,   0,
            0,    0,    0,    0,    0,    0,    0,    0, /* 16 */
            0x00, 0x00, 0xe0, 0xfe, 1,    0,    0,    0, /* 36 */
            0,    8,    0,    0,    1,    0,    0,    0, /* 44: CPU 0 */
            0,    8,    1,    1,    2,    0,    0,    0, /* CPU 1, not enabled */
            0,    8,    2,    5,    3,    0,    0,    0, /* CPU 5 */
            1,    12,   7,    0,    0x00, 0x00, 0xc0, 0xfe, 0,    0, 0,   0, /* 68: I/O APIC 7 */
            2,    10,   0,    0,    2,    0,    0,    0,    0,    0,         /* 80: IRQ 0 at 2 */
            2,    10,   0,    9,    9,    0,    0,    0,    0x0f, 0,         /* IRQ 9 level, low */
            1,    12,   8,    0,    0x00, 0x10, 0xc0, 0xfe, 24,   0, 0,   0, /* 100: I/O APIC 8 */
            4,    6,    0xff, 0,    0,    1,                                 /* 112: local NMI */
            9,    16,   0,    0,    0x2c, 0x01, 0,    0,    1,    0, 0,   0,
            9,    0,    0,    0, /* 118: CPU 300 */
            9,    16,   0,    0,    0x05, 0x00, 0,    0,    1,    0, 0,   0,
            2,    0,    0,    0,             /* 134: CPU 5 again */
            2,    6,    0,    4,    99,   0, /* 150: too short */
};

_Static_assert(sizeof(good) == 156, "the table's length as it says itself");

/* A copy of exactly @len bytes, so that one more that is read is noticed. */
static uint8_t *copy(size_t len)
{
    uint8_t *p = malloc(len);

    memcpy(p, good, len);
    return p;
}

static void cpus(void)
{
    uint8_t *p = copy(sizeof(good));
    uint32_t ids[4] = {99, 99, 99, 99};
    bool broken = true;

    IS(madt_cpus(p, sizeof(good), ids, 4, &broken), 3, "CPUs, each once, without the disabled");
    OK(!broken, "a good table");
    IS(ids[0], 0, "first");
    IS(ids[1], 5, "second");
    IS(ids[2], 300, "third, an x2APIC");
    IS(ids[3], 99, "no more is stored");
    ids[1] = 99;
    IS(madt_cpus(p, sizeof(good), ids, 1, &broken), 4,
       "with no room to remember them, CPUs named twice count twice");
    IS(ids[1], 99, "no more is stored than there is room for");
    IS(madt_cpus(p, 44, ids, 4, &broken), 0, "a table without entries");
    free(p);

    for (size_t len = 45; len < sizeof(good); len++) {
        static const uint8_t ends[] = {44, 52, 60, 68, 80, 90, 100, 112, 118, 134, 150};
        bool at_end = false;
        unsigned n;

        p = copy(len);
        n = madt_cpus(p, len, ids, 4, &broken);
        for (size_t i = 0; i < sizeof(ends); i++) {
            at_end |= ends[i] == len;
        }
        if (broken == at_end || n != (len < 52 ? 0u : len < 68 ? 1u : len < 134 ? 2u : 3u)) {
            OK(false, "a table cut off");
        }
        free(p);
    }
    p = copy(sizeof(good));
    p[45] = 0;
    IS(madt_cpus(p, sizeof(good), ids, 4, &broken), 0, "an entry of length 0 ends the walk");
    OK(broken, "and is noticed");
    p[45] = 1;
    IS(madt_cpus(p, sizeof(good), ids, 4, &broken), 0, "so does one of length 1");
    p[45] = 255;
    IS(madt_cpus(p, sizeof(good), ids, 4, &broken), 0, "and one that goes beyond the table");
    OK(broken, "which is noticed");
    free(p);
}

static void controllers(void)
{
    uint8_t *p = copy(sizeof(good));
    struct madt_ioapic a;
    struct madt_gsi g;

    OK(madt_ioapic(p, sizeof(good), 0, &a), "first I/O APIC");
    IS(a.id, 7, "ID");
    IS(a.address, 0xfec00000, "address");
    IS(a.gsi_base, 0, "first interrupt");
    OK(madt_ioapic(p, sizeof(good), 1, &a), "second I/O APIC");
    IS(a.id, 8, "ID");
    IS(a.address, 0xfec01000, "address");
    IS(a.gsi_base, 24, "first interrupt");
    OK(!madt_ioapic(p, sizeof(good), 2, &a), "no third");

    g = madt_isa_irq(p, sizeof(good), 0);
    IS(g.gsi, 2, "IRQ 0 arrives at 2");
    OK(!g.level && !g.active_low, "as the bus has it");
    g = madt_isa_irq(p, sizeof(good), 9);
    IS(g.gsi, 9, "IRQ 9 arrives at 9");
    OK(g.level && g.active_low, "level, active low");
    p[98] = 0x05; /* the flags of that override */
    g = madt_isa_irq(p, sizeof(good), 9);
    OK(!g.level && !g.active_low, "edge and active high, said outright");
    p[98] = 0x0d;
    g = madt_isa_irq(p, sizeof(good), 9);
    OK(g.level && !g.active_low, "level, active high");
    g = madt_isa_irq(p, sizeof(good), 14);
    IS(g.gsi, 14, "IRQ 14 has no override");
    OK(!g.level && !g.active_low, "edge, active high");
    IS(madt_isa_irq(p, sizeof(good), 4).gsi, 4, "an override that is too short is none");
    free(p);
}

static void encode(void)
{
    struct ioapic_entry e = {.vector = 0x41, .dest = 0x12};

    IS(apic_icr(false, 1, APIC_ICR_INIT | APIC_ICR_ASSERT), 0x0100000000004500, "INIT to xAPIC 1");
    IS(apic_icr(false, 0xfe, APIC_ICR_STARTUP | 0x9e), 0xfe0000000000069e,
       "STARTUP at 9E000h to xAPIC 254");
    IS(apic_icr(true, 0x12c, APIC_ICR_FIXED | APIC_ICR_ASSERT | 0xf0), 0x0000012c000040f0,
       "fixed to x2APIC 300");
    IS(APIC_ICR_NMI, 0x400, "delivery mode NMI is 100b");

    IS(apic_msi_address(0), 0xfee00000, "message to APIC ID 0");
    IS(apic_msi_address(0xa5), 0xfeea5000, "message to APIC ID A5h");
    IS(apic_msi_data(0x91), 0x91, "fixed, edge, vector 91h");

    IS(apic_redirection(&e), 0x1200000000000041, "edge, active high");
    e.level = true;
    IS(apic_redirection(&e), 0x1200000000008041, "level");
    e.active_low = true;
    IS(apic_redirection(&e), 0x120000000000a041, "active low");
    e.level = false;
    e.masked = true;
    IS(apic_redirection(&e), 0x1200000000012041, "edge, active low, masked");
}

int main(void)
{
    cpus();
    controllers();
    encode();
    return tap_done();
}

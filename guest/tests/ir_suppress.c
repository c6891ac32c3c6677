// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What keeps the fault of an interrupt out of the log, and what of a device table entry interrupts
 * do not depend on (docs/rules.md section 3).
 */
#include "arch/irq.h"
#include "arch/smp.h"
#include "tests/env.h"
#include "tests/ir_rig.h"

/* q2: IG. q1: SE and SA. */
#define IG    0x0000000000000020ull
#define SE    0x0000000200000000ull
#define SA    0x0000000400000000ull
#define FIXED 0x01u

static uint8_t here(void)
{
    return (uint8_t)smp_apic_id(0);
}

/* Everything that drops a message at its entry. Bits 7:0 of entry 0a5h, and what is reserved above.
 */
static const struct cause {
    uint32_t low, reserved;
    uint64_t q2;
    uint32_t dw1, free;
    const char *what;
} causes[] = {
    {0x00, 0, IR_Q2, IR_FAULT_ABSENT, IR_FAULT_RW, "RemapEn=0"},
    /* IntTabLen=7: 128 entries */
    {FIXED, 0, 0x200000000000000f, IR_FAULT_ABSENT, IR_FAULT_RW, "an index behind the table"},
    {0x0d, 0, IR_Q2, IR_FAULT_RESERVED, IR_FAULT_RW | IR_FAULT_RZ, "IntType=3"},
    {FIXED, 0x80000000, IR_Q2, IR_FAULT_RESERVED, IR_FAULT_RW, "a reserved bit"},
};

#define CAUSES (sizeof(causes) / sizeof(causes[0]))

/* Twice the message that @cause drops; so many records are to come of it. */
static bool drop_twice(struct ir *x, const struct cause *cause, uint64_t q1, uint64_t q2,
                       unsigned records)
{
    const uint64_t q[3] = {IR_Q0, IR_DOMAIN | q1, cause->q2 | x->table | q2};
    struct check *c = x->r->c;

    ir_entry(x, 0xa5, cause->low, here(), IR_VECTOR_MOVED);
    ((volatile uint32_t *)x->table)[0xa5] |= cause->reserved;
    if (!rig_attach(x->r, x->r->testdev, q[0], q[1], q[2], 0)) {
        return false;
    }
    x->moved->count = x->wrong->count = 0;
    /* The entry stays between the two, so that SE has no occasion to start afresh. */
    if (!ir_fire(x, 0xa5) || !ir_send_entry(x, q, 0xfee00000, 0xa5)) {
        return false;
    }
    expect_true(c, x->moved->count == 0 && x->wrong->count == 0,
                "%s, IG=%u SE=%u SA=%u: expected no message, actual %u at 0x%x", cause->what,
                (q2 & IG) != 0, (q1 & SE) != 0, (q1 & SA) != 0, x->moved->count, IR_VECTOR_MOVED);
    if (records) {
        ir_expect_records(x, records, x->r->testdev, cause->dw1, cause->free, cause->what);
    } else {
        expect_no_event(x->r, cause->what);
    }
    return !rule_broken(c);
}

/* The device's DMA is refused and logged with IG=1 as well: I=0, PR=0, and RW=1 by choice. */
static void dma_is_logged(struct ir *x)
{
    struct rig *r = x->r;
    struct amdvi_pt pt;

    if (!rig_tree(r, &pt, 4) ||
        !rig_attach(r, r->testdev, 0x6000000000000803ull | pt.root, IR_DOMAIN,
                    IR_Q2 | IG | x->table, 0) ||
        !source_fire(r, SOURCE_EVENT)) {
        return;
    }
    expect_fault(r, "DMA with IG=1", r->testdev, IR_DOMAIN, FAULT_NOT_PRESENT, TO_MEMORY,
                 IRQ_RIG_BLOCKED, 4);
}

RULE("AMDVI-DTE-012", "M", dte_ig_suppresses, RULE_KEYS("2.2.2", "testdev,apic"),
     "IG=1 suppresses the IO_PAGE_FAULTs of the device's interrupts and nothing else; SE and SA "
     "suppress none of them")
{
    static const uint64_t kinds[] = {0, SE, SA, SE | SA};
    struct ir x;

    if (!ir_begin(&x, c)) {
        return;
    }
    ir_entry(&x, 0xa5, FIXED, here(), IR_VECTOR_MOVED);
    if (!ir_send(&x, IR_Q0, IR_Q2 | IG | x.table, 0xfee00000, 0xa5)) {
        return;
    }
    control_pos(c, x.moved->count == 1, "with IG=1 an entry that is right leads to its vector");
    if (!ir_send(&x, IR_Q0, IR_Q2 | IG | x.table, 0xfee00000, 0xa6)) {
        return;
    }
    control_neg(c, x.moved->count == 0, "an entry that is zero leads nowhere");
    rig_take_events(x.r);

    for (unsigned i = 0; i < CAUSES; i++) {
        for (unsigned k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            if (!drop_twice(&x, &causes[i], kinds[k], 0, 2) ||
                !drop_twice(&x, &causes[i], kinds[k], IG, 0)) {
                return;
            }
        }
    }
    dma_is_logged(&x);

    /* IG=1 of the functions next to it, and of device 0 */
    const uint16_t others[] = {x.r->testdev ^ 1, x.r->testdev ^ 8, 0};

    for (unsigned i = 0; i < 3; i++) {
        if (!rig_attach(x.r, others[i], IR_Q0, IR_DOMAIN, IR_Q2 | IG | x.table, 0)) {
            return;
        }
    }
    (void)drop_twice(&x, &causes[0], 0, 0, 2);
}

/* q0 of the entry; @tree: the root is that of a tree which maps FEE0_0000h, else of an empty table.
 */
static const struct half {
    uint64_t q0;
    bool root, tree;
    const char *what;
} halves[] = {
    {0x6000000000000003, false, false, "Mode 0"},
    {0x0000000000000003, false, false, "Mode 0, IR=IW=0"},
    {0x2000000000000003, false, false, "Mode 0, IW=0"},
    {0x4000000000000003, false, false, "Mode 0, IR=0"},
    {0x6000000000000001, false, false, "TV=0"},
    {0x0000000000000001, false, false, "TV=0, IR=IW=0"},
    {0x6000000000000801, true, false, "TV=0, Mode 4"},
    {0x6000000000000203, true, false, "Mode 1"},
    {0x6000000000000403, true, false, "Mode 2"},
    {0x6000000000000603, true, false, "Mode 3"},
    {0x6000000000000803, true, false, "Mode 4"},
    {0x0000000000000803, true, false, "Mode 4, IR=IW=0"},
    {0x6000000000000803, true, true, "Mode 4, FEE0_0000h mapped"},
    {0x2000000000000803, true, true, "Mode 4, FEE0_0000h mapped, IW=0"},
    {0x0000000000000801, true, true, "TV=0, Mode 4, FEE0_0000h mapped"},
};

#define HALVES (sizeof(halves) / sizeof(halves[0]))

/* q2 and where the message is to come. */
static const struct {
    uint64_t q2;
    unsigned moved, wrong;
    const char *what;
} ways[] = {
    {0x2000000000000013, 1, 0, "IntCtl=10"},
    {0x1000000000000013, 0, 1, "IntCtl=01"},
    {0x0000000000000013, 0, 0, "IntCtl=00"},
    {0x2000000000000012, 0, 1, "IV=0, IntCtl=10"},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

RULE("AMDVI-DTE-013", "A", dte_interrupts_apart, RULE_KEYS("2.2.2", "testdev,apic"),
     "With V=1 IV and IntCtl alone say what becomes of a message, whatever TV, Mode, IR and IW "
     "are; it is never written by the page tables")
{
    struct ir x;
    struct amdvi_pt pt;
    struct buf b;
    uint64_t empty;

    if (!ir_begin(&x, c) || !buf_new(x.r, &b, PAGE_HIGH, 1)) {
        return;
    }
    empty = page_alloc(PAGE_HIGH, PAGE_SIZE, PAGE_SIZE);
    if (!empty || !rig_tree(x.r, &pt, 4) ||
        !amdvi_pt_map(&pt, 0xfee00000, b.spa, 1, AMDVI_IR | AMDVI_IW) ||
        !amdvi_pt_map(&pt, 0x40000000, b.spa, 1, AMDVI_IR | AMDVI_IW)) {
        rule_error(c, "no memory for a page table");
        return;
    }
    /* The message has WRONG as its vector, and so 73h as its index. */
    ir_entry(&x, IR_VECTOR_WRONG, FIXED, here(), IR_VECTOR_MOVED);
    control_listener(c, x.moved);
    control_listener(c, x.wrong);
    if (!rig_attach(x.r, x.r->testdev, 0x6000000000000803ull | pt.root, IR_DOMAIN, IR_Q2 | x.table,
                    0)) {
        return;
    }
    control_neg(c, dma_probe(x.r, ENGINE_TESTDEV, TO_MEMORY, 0x40000000, &b, 0) == DMA_MOVED,
                "the page that FEE0_0000h is mapped to can be written");
    buf_canary(&b);

    for (unsigned i = 0; i < HALVES * WAYS && !rule_broken(c); i++) {
        const struct half *h = &halves[i / WAYS];
        unsigned way = i % WAYS;
        uint64_t root = h->tree ? pt.root : h->root ? empty : 0;

        if (!ir_send(&x, h->q0 | root, ways[way].q2 | x.table, 0xfee00000ull | smp_apic_id(0) << 12,
                     IR_VECTOR_WRONG)) {
            return;
        }
        expect_true(c, x.moved->count == ways[way].moved && x.wrong->count == ways[way].wrong,
                    "%s, %s: expected %u messages at 0x%x and %u at 0x%x, actual %u and %u",
                    h->what, ways[way].what, ways[way].moved, IR_VECTOR_MOVED, ways[way].wrong,
                    IR_VECTOR_WRONG, x.moved->count, x.wrong->count);
        expect_true(c, buf_untouched_but(&b, 0, 0), "%s, %s: expected memory to stay as it is",
                    h->what, ways[way].what);
        if (ways[way].moved || ways[way].wrong) {
            expect_no_event(x.r, h->what);
        } else {
            rig_take_events(x.r); /* U, see the table in section 3 */
        }
    }
}

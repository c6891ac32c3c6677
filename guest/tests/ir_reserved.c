// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entries of the interrupt remapping table that have RemapEn=1 and are not right (docs/rules.md
 * section 10).
 */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/smp.h"
#include "tests/env.h"
#include "tests/ir_rig.h"

#define INDEX    0x133u
#define FIXED    0x01ull
#define SUP_IOPF 0x02ull

/* An entry of 4 bytes for this CPU and IR_VECTOR_MOVED, and what makes it wrong. */
static void small_entry(const struct ir *x, uint32_t low, uint32_t wrong)
{
    ir_entry(x, INDEX, low, (uint8_t)smp_apic_id(0), IR_VECTOR_MOVED);
    ((volatile uint32_t *)x->table)[INDEX] |= wrong;
    memory_barrier();
}

/* The same of 16 bytes. */
static void large_entry(const struct ir *x, uint32_t low, uint64_t wrong_low, uint64_t wrong_high)
{
    volatile uint64_t *q = (volatile uint64_t *)(x->table + INDEX * 16ull);

    ir_entry_ga(x, INDEX, low, (uint8_t)smp_apic_id(0), IR_VECTOR_MOVED);
    q[1] |= wrong_high;
    q[0] |= wrong_low;
    memory_barrier();
}

static void expect_rejected(struct ir *x, uint32_t free, const char *what)
{
    ir_expect_dropped(x, INDEX, what);
    ir_expect_records(x, 1, x->r->testdev, IR_FAULT_RESERVED, IR_FAULT_RW | free, what);
}

static void expect_accepted(struct ir *x, const char *what)
{
    ir_expect_moved(x, INDEX, what);
    expect_no_event(x->r, what);
}

/* Without a word: SupIOPF of the entry. */
static void expect_quiet(struct ir *x, const char *what)
{
    ir_expect_dropped(x, INDEX, what);
    expect_no_event(x->r, what);
}

static void small_entries(struct ir *x)
{
    for (uint32_t type = 2; type <= 7 && !rule_broken(x->r->c); type++) {
        small_entry(x, FIXED | type << 2, 0);
        expect_rejected(x, IR_FAULT_RZ, "4 bytes, IntType above 1");
        small_entry(x, FIXED | SUP_IOPF | type << 2, 0);
        expect_quiet(x, "4 bytes, IntType above 1, SupIOPF=1");
    }
    for (unsigned bit = 24; bit <= 31 && !rule_broken(x->r->c); bit++) {
        small_entry(x, FIXED, 1u << bit);
        expect_rejected(x, 0, "4 bytes, a bit of 31:24");
        small_entry(x, FIXED | SUP_IOPF, 1u << bit);
        expect_quiet(x, "4 bytes, a bit of 31:24, SupIOPF=1");
    }
    /* What is not reserved: RqEoi, IntType=1, SupIOPF */
    small_entry(x, 0x21, 0);
    expect_accepted(x, "4 bytes, RqEoi=1");
    small_entry(x, 0x27, 0);
    expect_accepted(x, "4 bytes, RqEoi=1, IntType=1, SupIOPF=1");
}

static void large_entries(struct ir *x)
{
    for (uint32_t type = 2; type <= 7 && !rule_broken(x->r->c); type++) {
        large_entry(x, FIXED | type << 2, 0, 0);
        expect_rejected(x, IR_FAULT_RZ, "16 bytes, IntType above 1");
    }
    for (unsigned bit = 32; bit <= 63 && !rule_broken(x->r->c); bit++) {
        large_entry(x, FIXED, 1ull << bit, 0);
        expect_rejected(x, 0, "16 bytes, a bit of 63:32");
    }
    for (unsigned bit = 8; bit <= 55 && !rule_broken(x->r->c); bit++) {
        large_entry(x, FIXED, 0, 1ull << bit);
        expect_rejected(x, 0, "16 bytes, a bit of 119:72");
    }
    large_entry(x, FIXED | SUP_IOPF, 1ull << 40, 1ull << 40);
    expect_quiet(x, "16 bytes, reserved bits, SupIOPF=1");
    large_entry(x, 0x27, 0, 0);
    expect_accepted(x, "16 bytes, RqEoi=1, IntType=1, SupIOPF=1");
}

RULE("AMDVI-IR-005", "M", ir_reserved_drops, RULE_KEYS("2.2.5", "testdev,apic"),
     "RemapEn=1 with a reserved bit or IntType above 1: the message is dropped, IO_PAGE_FAULT with "
     "I=1, PR=1, RZ=1 unless SupIOPF")
{
    struct ir x;

    if (!ir_begin(&x, c)) {
        return;
    }
    small_entry(&x, FIXED, 0);
    if (!ir_send_index(&x, INDEX)) {
        return;
    }
    control_pos(c, x.moved->count == 1, "the entry leads to vector 0x%x", IR_VECTOR_MOVED);
    small_entry(&x, 0, 0);
    if (!ir_send_index(&x, INDEX)) {
        return;
    }
    control_neg(c, x.moved->count == 0, "with RemapEn=0 it does not");
    rig_take_events(x.r);

    small_entries(&x);
    if ((amdvi_read64(x.r->u, 0x30) & 0x80) && !rule_broken(c) && ir_mode(x.r, IR_GA)) {
        large_entries(&x);
    }
}

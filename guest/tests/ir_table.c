// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entries of the interrupt remapping table, and when a change of one is in force (docs/rules.md
 * sections 7 and 10).
 */
#include "arch/irq.h"
#include "arch/smp.h"
#include "arch/time.h"
#include "tests/env.h"
#include "tests/ir_rig.h"

/* RemapEn=1, fixed; RemapEn=1, arbitrated; RemapEn=0 with SupIOPF */
#define FIXED      0x01u
#define ARBITRATED 0x05u
#define OFF_QUIET  0x02u

/* Below 512, where the type of the message is fixed or arbitrated (IR-008). */
static const unsigned indices[] = {0x000, 0x001, 0x002, 0x00f, 0x033, 0x07f, 0x080,
                                   0x0ff, 0x100, 0x101, 0x191, 0x1fe, 0x1ff};

#define INDICES (sizeof(indices) / sizeof(indices[0]))

static uint8_t here(void)
{
    return (uint8_t)smp_apic_id(0);
}

/* The entry that leads to MOVED is met, and an entry that is off drops the message. */
static bool controls(struct ir *x)
{
    ir_entry(x, 0x55, FIXED, here(), IR_VECTOR_MOVED);
    if (!ir_send_index(x, 0x55)) {
        return false;
    }
    control_pos(x->r->c, x->moved->count == 1 && x->wrong->count == 0,
                "an entry leads to vector 0x%x", IR_VECTOR_MOVED);
    ir_entry(x, 0x56, FIXED, here(), IR_VECTOR_WRONG);
    if (!ir_send_index(x, 0x56)) {
        return false;
    }
    control_neg(x->r->c, x->moved->count == 0 && x->wrong->count == 1,
                "another one to vector 0x%x, which is seen too", IR_VECTOR_WRONG);
    rig_take_events(x->r);
    return true;
}

RULE("AMDVI-IR-001", "A", ir_index_is_low_data, RULE_KEYS("2.2.5", "testdev,apic"),
     "The entry is the one that bits 10:0 of the message's data name, whatever its address says")
{
    /* Bits 19:2: destination, redirection hint, destination mode, and what no local APIC looks at
     */
    static const uint64_t addresses[] = {0xfee00000, 0xfeeffffc, 0xfee0000c, 0xfee55554};
    struct ir x;

    if (!ir_begin(&x, c) || !controls(&x)) {
        return;
    }
    ir_fill_wrong(&x, 512);
    for (unsigned i = 0; i < INDICES && !rule_broken(c); i++) {
        ir_entry(&x, indices[i], FIXED, here(), IR_VECTOR_MOVED);
        for (unsigned a = 0; a < sizeof(addresses) / sizeof(addresses[0]); a++) {
            if (!ir_send(&x, IR_Q0, IR_Q2 | x.table, addresses[a], (uint16_t)indices[i])) {
                return;
            }
            expect_true(c, x.moved->count == 1 && x.wrong->count == 0,
                        "data 0x%x at 0x%llx: expected entry %u, actual %u messages of it, %u of "
                        "others",
                        indices[i], (unsigned long long)addresses[a], indices[i], x.moved->count,
                        x.wrong->count);
        }
        ir_entry(&x, indices[i], FIXED, here(), IR_VECTOR_WRONG);
    }
    expect_no_event(x.r, "messages with an entry each");
}

/*
 * Wherever an entry of either size is taken from, it leads to WRONG, or to a vector that nobody
 * listens at: of an entry of 16 bytes bits 7:0 of the third word are the vector, and have RemapEn=1
 * and RqEoi=1 as an entry of 4 bytes.
 */
static void fill_both(struct ir *x)
{
    for (unsigned k = 0; k < IR_TABLE_BYTES / 4; k++) {
        ir_entry(x, k, k % 4 == 2 ? 0x21 : FIXED, here(), IR_VECTOR_WRONG);
    }
}

RULE("AMDVI-IR-002", "A", ir_entry_size, RULE_KEYS("2.2.5", "testdev,apic"),
     "Entries have 4 bytes with GAEn=0 and 16 bytes with GAEn=1")
{
    struct ir x;

    if (!ir_begin(&x, c) || !controls(&x)) {
        return;
    }
    for (unsigned i = 0; i < INDICES && !rule_broken(c); i++) {
        unsigned n = indices[i];

        fill_both(&x);
        ir_entry(&x, n, FIXED, here(), IR_VECTOR_MOVED);
        ir_expect_moved(&x, n, "GAEn=0");
    }
    if (!(amdvi_read64(x.r->u, 0x30) & 0x80)) {
        observe(c, "ga", "no");
        return;
    }
    observe(c, "ga", "yes");
    if (!ir_mode(x.r, IR_GA)) {
        return;
    }
    /* Entry 0 begins at the same place in both sizes. */
    for (unsigned i = 1; i < INDICES && !rule_broken(c); i++) {
        unsigned n = indices[i];

        fill_both(&x);
        ir_entry_ga(&x, n, FIXED, here(), IR_VECTOR_MOVED);
        ir_expect_moved(&x, n, "GAEn=1");
    }
    if (!ir_mode(x.r, 0)) {
        return;
    }
    ir_fill_wrong(&x, 512);
    ir_entry(&x, 0x33, FIXED, here(), IR_VECTOR_MOVED);
    ir_expect_moved(&x, 0x33, "GAEn=0 again");
    expect_no_event(x.r, "messages with entries of both sizes");
}

/* Lengths that parts may lack or that are reserved: what becomes of entry 0 is reported. */
static void other_lengths(struct ir *x)
{
    for (unsigned len = 10; len <= 15; len++) {
        char key[] = "len1x";

        key[4] = (char)('0' + len - 10);
        if (!ir_send(x, IR_Q0, (IR_Q2 & ~0x1eull) | (uint64_t)len << 1 | x->table, 0xfee00000, 0)) {
            return;
        }
        rig_take_events(x->r);
        observe(x->r->c, key, "%s_%x", x->moved->count ? "used" : "dropped",
                x->r->event_count ? x->r->events[0].dw[1] >> 16 : 0);
    }
}

RULE("AMDVI-IR-003", "A", ir_table_length, RULE_KEYS("2.2.5", "testdev,apic"),
     "IntTabLen: 2^n entries; an index beyond drops the message, IO_PAGE_FAULT with I=1, PR=0")
{
    struct ir x;

    if (!ir_begin(&x, c) || !controls(&x)) {
        return;
    }
    /* Every entry would do, behind the table as well. */
    for (unsigned i = 0; i < 1024; i++) {
        ir_entry(&x, i, FIXED, here(), IR_VECTOR_MOVED);
    }
    for (unsigned len = 0; len <= 9 && !rule_broken(c); len++) {
        uint64_t q2 = (IR_Q2 & ~0x1eull) | (uint64_t)len << 1 | x.table;
        const unsigned inside[] = {0, (1u << len) - 1};
        const unsigned outside[] = {1u << len, (1u << len) + 1, 0x1ff};

        for (unsigned i = 0; i < 2; i++) {
            if (!ir_send(&x, IR_Q0, q2, 0xfee00000, (uint16_t)inside[i])) {
                return;
            }
            expect_true(c, x.moved->count == 1, "IntTabLen=%u: expected entry %u to be used", len,
                        inside[i]);
        }
        expect_no_event(x.r, "entries of the table");
        for (unsigned i = 0; i < 3 && len < 9; i++) {
            if (outside[i] > 0x1ff) {
                continue;
            }
            if (!ir_send(&x, IR_Q0, q2, 0xfee00000, (uint16_t)outside[i])) {
                return;
            }
            expect_true(c, x.moved->count == 0,
                        "IntTabLen=%u: expected entry %u, behind the table, not to be used", len,
                        outside[i]);
            ir_expect_fault(&x, "an index behind the table");
        }
    }
    other_lengths(&x);
}

RULE("AMDVI-IR-004", "A", ir_remap_off_drops, RULE_KEYS("2.2.5", "testdev,apic"),
     "RemapEn=0: the message is dropped, IO_PAGE_FAULT with I=1, PR=0 unless IG or SupIOPF")
{
    /* RemapEn=0 with nothing else, and with everything but SupIOPF and the bits that are reserved.
     */
    static const uint32_t lows[] = {0x00, 0x04, 0x60};
    struct ir x;

    if (!ir_begin(&x, c) || !controls(&x)) {
        return;
    }
    ir_fill_wrong(&x, 512);
    for (unsigned i = 0; i < INDICES && !rule_broken(c); i++) {
        uint32_t low = lows[i % 3];

        /* Destination and vector are good. */
        ir_entry(&x, indices[i], low, here(), IR_VECTOR_MOVED);
        ir_expect_dropped(&x, indices[i], "RemapEn=0");
        ir_expect_fault(&x, "RemapEn=0");

        ir_entry(&x, indices[i], low | OFF_QUIET, here(), IR_VECTOR_MOVED);
        ir_expect_dropped(&x, indices[i], "RemapEn=0, SupIOPF=1");
        expect_no_event(x.r, "RemapEn=0, SupIOPF=1");

        ir_entry(&x, indices[i], low, here(), IR_VECTOR_MOVED);
        if (!ir_send(&x, IR_Q0, IR_Q2 | 0x20 | x.table, 0xfee00000, (uint16_t)indices[i])) {
            return;
        }
        expect_true(c, x.moved->count == 0 && x.wrong->count == 0,
                    "RemapEn=0, IG=1: expected no message");
        expect_no_event(x.r, "RemapEn=0, IG=1");

        ir_entry(&x, indices[i], FIXED | OFF_QUIET, here(), IR_VECTOR_MOVED);
        ir_expect_moved(&x, indices[i], "RemapEn=1, SupIOPF=1");
        expect_no_event(x.r, "RemapEn=1, SupIOPF=1");
        ir_entry(&x, indices[i], FIXED, here(), IR_VECTOR_WRONG);
    }

    if (!(amdvi_read64(x.r->u, 0x30) & 0x80) || rule_broken(c)) {
        return;
    }
    if (!ir_mode(x.r, IR_GA)) {
        return;
    }
    for (unsigned i = 0; i < INDICES && !rule_broken(c); i++) {
        ir_entry_ga(&x, indices[i], 0, here(), IR_VECTOR_MOVED);
        ir_expect_dropped(&x, indices[i], "16 bytes, RemapEn=0");
        ir_expect_fault(&x, "16 bytes, RemapEn=0");
        ir_entry_ga(&x, indices[i], OFF_QUIET, here(), IR_VECTOR_MOVED);
        ir_expect_dropped(&x, indices[i], "16 bytes, RemapEn=0, SupIOPF=1");
        expect_no_event(x.r, "16 bytes, RemapEn=0, SupIOPF=1");
    }
}

RULE("AMDVI-IR-006", "A", ir_output_is_the_entry, RULE_KEYS("2.2.5", "testdev,apic,cpus2"),
     "Vector, destination and delivery mode are the entry's; nothing of them is the message's")
{
    /* What the message says: CPU 0 or all, logical or not, hint or not; the index, and with bit 8
     * arbitrated. */
    static const struct {
        uint64_t addr;
        uint16_t data;
    } sent[] = {{0xfee00000, 0x073}, {0xfeeff000, 0x073}, {0xfee0000c, 0x173}, {0xfee01008, 0x133}};
    struct ir x;

    if (!ir_begin(&x, c) || !controls(&x)) {
        return;
    }
    for (unsigned i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
        for (unsigned cpu = 0; cpu < 2; cpu++) {
            for (uint32_t low = FIXED; low <= ARBITRATED; low += ARBITRATED - FIXED) {
                ir_fill_wrong(&x, 512);
                ir_entry(&x, sent[i].data & 0x7ff, low, (uint8_t)smp_apic_id(cpu), IR_VECTOR_MOVED);
                x.moved->cpu = UINT32_MAX;
                if (!ir_send(&x, IR_Q0, IR_Q2 | x.table, sent[i].addr, sent[i].data)) {
                    return;
                }
                (void)wait_until(x.moved->count != 0, AMDVI_WAIT_US / 10);
                expect_true(c, x.moved->count == 1 && x.wrong->count == 0 && x.moved->cpu == cpu,
                            "message %u, entry %02x for CPU %u: expected vector 0x%x there, actual "
                            "%u on CPU %u, %u at 0x%x",
                            i, low, cpu, IR_VECTOR_MOVED, x.moved->count, x.moved->cpu,
                            x.wrong->count, IR_VECTOR_WRONG);
            }
        }
    }
    /* Each bit of the vector: 0x92 and its complement in what may be used. */
    struct listener *other = irq_listen(c, 0x6d);

    if (!other) {
        return;
    }
    ir_entry(&x, 0x21, FIXED, here(), 0x6d);
    if (!ir_send_index(&x, 0x21)) {
        return;
    }
    expect_u64(c, "messages at vector 0x6d", 1, other->count);
    expect_no_event(x.r, "messages with an entry each");
}

/* INVALIDATE_INTERRUPT_TABLE for the test device, and COMPLETION_WAIT. */
static bool flush(struct ir *x)
{
    if (!amdvi_cmd_and_wait(x->r->u, (struct amdvi_cmd){{x->r->testdev, 0x50000000u, 0, 0}})) {
        rule_error(x->r->c, "no completion");
        return false;
    }
    return true;
}

static void expect_attached(struct ir *x, unsigned index, unsigned moved, unsigned wrong,
                            const char *what)
{
    if (ir_send_attached(x, index)) {
        expect_true(x->r->c, x->moved->count == moved && x->wrong->count == wrong,
                    "%s, entry %u: expected %u messages at 0x%x and %u at 0x%x, actual %u and %u",
                    what, index, moved, IR_VECTOR_MOVED, wrong, IR_VECTOR_WRONG, x->moved->count,
                    x->wrong->count);
    }
}

static bool attach(struct ir *x)
{
    ir_fill_wrong(x, 512);
    ir_entry(x, IR_LATER, FIXED, here(), IR_VECTOR_LATER);
    return rig_attach(x->r, x->r->testdev, IR_Q0, IR_DOMAIN, IR_Q2 | x->table, 0) && flush(x);
}

RULE("AMDVI-CMD-019", "A", cmd_interrupt_table, RULE_KEYS("2.4.5", "testdev,apic"),
     "INVALIDATE_INTERRUPT_TABLE drops what is cached of all entries of the device it names")
{
    struct ir x;

    if (!ir_begin(&x, c) || !controls(&x) || !attach(&x)) {
        return;
    }
    for (unsigned round = 0; round < 4 && !rule_broken(c); round++) {
        unsigned moved = round % 2;

        for (unsigned i = 0; i < INDICES; i++) {
            ir_entry(&x, indices[i], FIXED, here(), moved ? IR_VECTOR_MOVED : IR_VECTOR_WRONG);
        }
        if (!flush(&x)) {
            return;
        }
        for (unsigned i = 0; i < INDICES && !rule_broken(c); i++) {
            expect_attached(&x, indices[i], moved, !moved, "all entries changed, one flush");
        }
    }
    expect_no_event(x.r, "messages with an entry each");
}

RULE("AMDVI-IR-011", "A", ir_change_in_force_after_flush, RULE_KEYS("2.2.5", "testdev,apic"),
     "An entry that changed is used, and the old one is not, once INVALIDATE_INTERRUPT_TABLE and "
     "COMPLETION_WAIT are done")
{
    /* On with either vector, off, and back. */
    static const struct {
        uint32_t low;
        uint8_t vector;
        unsigned moved, wrong;
    } states[] = {{FIXED, IR_VECTOR_MOVED, 1, 0},     {FIXED, IR_VECTOR_WRONG, 0, 1},
                  {OFF_QUIET, IR_VECTOR_WRONG, 0, 0}, {ARBITRATED, IR_VECTOR_MOVED, 1, 0},
                  {OFF_QUIET, IR_VECTOR_MOVED, 0, 0}, {FIXED, IR_VECTOR_WRONG, 0, 1},
                  {FIXED, IR_VECTOR_MOVED, 1, 0}};
    struct ir x;

    if (!ir_begin(&x, c) || !controls(&x) || !attach(&x)) {
        return;
    }
    for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]) && !rule_broken(c); i++) {
        ir_entry(&x, 0x191, states[i].low, here(), states[i].vector);
        if (!flush(&x)) {
            return;
        }
        /* Twice: the first one may be what makes it cached. */
        expect_attached(&x, 0x191, states[i].moved, states[i].wrong, "entry changed");
        expect_attached(&x, 0x191, states[i].moved, states[i].wrong, "entry changed, used again");
    }

    /* Another table by the device table entry: both flushes. */
    uint64_t old = x.table;

    x.table += IR_TABLE_BYTES;
    ir_fill_wrong(&x, 512);
    ir_entry(&x, IR_LATER, FIXED, here(), IR_VECTOR_LATER);
    amdvi_dte_write(x.r->u, x.r->testdev,
                    (struct amdvi_dte){{IR_Q0, IR_DOMAIN, IR_Q2 | x.table, 0}});
    amdvi_cmd_put(x.r->u, (struct amdvi_cmd){{x.r->testdev, 0x20000000u, 0, 0}});
    if (!flush(&x)) {
        return;
    }
    expect_attached(&x, 0x191, 0, 1, "another table");
    x.table = old;
    expect_no_event(x.r, "changed entries");
}

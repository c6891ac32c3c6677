// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entries of the device table that are illegal, and the event that tells so (docs/rules.md sections
 * 3 and 8).
 */
#include "arch/irq.h"
#include "arch/smp.h"
#include "lib/format.h"
#include "platform/msi.h"
#include "tests/env.h"
#include "tests/irq_rig.h"
#include "tests/requester.h"

/* The first has the higher priority. */
#define VECTOR_SENT  0x92
#define VECTOR_LATER 0x44

#define GOOD_Q0 0x6000000000000003ull /* V, TV, Mode 0, IR, IW */

/* ILLEGAL_DEV_TABLE_ENTRY of an interrupt: I=1, RW undefined; RZ as the rule says. */
#define ILLEGAL_RZ0    0x10080000u
#define ILLEGAL_RZ0_RW 0x10280000u
#define ILLEGAL_RZ1    0x10880000u
#define ILLEGAL_RZ1_RW 0x10a80000u

/* A message of the test device under this entry: does it arrive, and what is logged? */
static void expect_illegal_interrupt(struct rig *r, struct listener *sent, struct listener *later,
                                     uint64_t q2, const uint32_t dw1[4], const char *what)
{
    struct event_want want = {.dw0 = r->testdev,
                              .address = 0xfee00000ull | (uint64_t)smp_apic_id(0) << 12};

    for (unsigned i = 0; i < 4; i++) {
        want.dw1[i] = dw1[i];
    }
    sent->count = later->count = 0;
    if (!rig_attach(r, r->testdev, GOOD_Q0, 0x0042, q2, 0) ||
        !msi_connect(r->testdev, smp_apic_id(0), VECTOR_SENT) || !testdev_msi(&env.testdev)) {
        rule_error(r->c, "the test device cannot send its message");
        return;
    }
    expect_event(r, what, &want);
    if (!rig_attach(r, r->testdev, 0, 0, 0, 0) ||
        !msi_connect(r->testdev, smp_apic_id(0), VECTOR_LATER) || !testdev_msi(&env.testdev)) {
        rule_error(r->c, "the test device cannot send its message");
        return;
    }
    (void)irq_wait(later->count != 0, AMDVI_WAIT_US);
    expect_true(r->c, sent->count == 0 && later->count == 1,
                "%s: expected the message blocked and a later one not, actual %u and %u", what,
                sent->count, later->count);
    expect_no_event(r, "a message with V=0");
}

/* Listeners, and a good remapping table of 512 entries whose entry of VECTOR_SENT leads there. */
struct remapping {
    struct rig *r;
    struct listener *sent, *later;
    uint64_t table;
};

static bool remapping_begin(struct remapping *m, struct check *c)
{
    m->r = irq_rig_begin(c);
    m->sent = m->r ? irq_listen(c, VECTOR_SENT) : NULL;
    m->later = m->sent ? irq_listen(c, VECTOR_LATER) : NULL;
    m->table = m->later ? page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE) : 0;
    if (!m->table) {
        return false;
    }
    /* RemapEn=1, fixed, physical, destination 15:8, vector in 23:16. */
    ((volatile uint32_t *)m->table)[VECTOR_SENT] =
        0x00000001u | smp_apic_id(0) << 8 | VECTOR_SENT << 16;
    /* IV=1, IntTabLen=9, IntCtl=10 */
    if (!rig_attach(m->r, m->r->testdev, GOOD_Q0, 0x0042, 0x2000000000000013ull | m->table, 0) ||
        !msi_connect(m->r->testdev, smp_apic_id(0), VECTOR_SENT)) {
        rule_error(c, "the test device cannot send its message");
        return false;
    }
    control_pos(c, testdev_msi(&env.testdev) && irq_wait(m->sent->count == 1, AMDVI_WAIT_US),
                "with IntCtl=10 and 512 entries a message arrives");
    expect_no_event(m->r, "a message that is remapped");
    /* Entry 30h of the table has RemapEn=0. */
    if (!msi_program(m->r->testdev, 0xfee00000ull | (uint64_t)smp_apic_id(0) << 12, 0x30)) {
        rule_error(c, "the test device has no MSI capability");
        return false;
    }
    msi_enable(m->r->testdev, true);
    control_neg(c, testdev_msi(&env.testdev) && !irq_wait(m->sent->count != 1, 100),
                "by an entry with RemapEn=0 it does not");
    rig_take_events(m->r);
    return !rule_broken(c);
}

RULE("AMDVI-DTE-008", "M", dte_bad_encodings, RULE_KEYS("2.2.2", "testdev,apic"),
     "An interrupt that meets IntCtl=11 or a reserved IntTabLen: blocked, ILLEGAL_DEV_TABLE_ENTRY "
     "with I=1")
{
    /* RZ=0 is expected, both are accepted. */
    static const uint32_t records[] = {ILLEGAL_RZ0, ILLEGAL_RZ0_RW, ILLEGAL_RZ1, ILLEGAL_RZ1_RW};
    static const struct {
        uint64_t q2;
        const char *what;
    } cases[] = {
        {0x3000000000000013ull, "IntCtl=11"},    {0x3000000000000001ull, "IntCtl=11, 1 entry"},
        {0x2000000000000019ull, "IntTabLen=12"}, {0x200000000000001bull, "IntTabLen=13"},
        {0x200000000000001dull, "IntTabLen=14"}, {0x200000000000001full, "IntTabLen=15"},
    };
    struct remapping m;

    if (!remapping_begin(&m, c)) {
        return;
    }
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_illegal_interrupt(m.r, m.sent, m.later, cases[i].q2 | m.table, records,
                                 cases[i].what);
        if (i == 0 || i == 2) {
            observe(c, i == 0 ? "intctl_dw1" : "inttablen_dw1", "%08x", m.r->events[0].dw[1]);
        }
    }
}

RULE(
    "AMDVI-EVT-013", "A", evt_illegal_entry_record, RULE_KEYS("2.5.2", "testdev,apic"),
    "ILLEGAL_DEV_TABLE_ENTRY of reserved bits, for each requester, reads, writes and messages: all "
    "bits of the record")
{
    static const struct {
        uint64_t q0;
        const char *what;
    } cases[] = {{0x4, "bit 2"}, {0x8, "bit 3"}};
    /* Reserved bits 180 and 181 with IV=1: RZ=1. */
    static const uint32_t records[] = {ILLEGAL_RZ1, ILLEGAL_RZ1_RW};
    static const uint64_t q2[] = {0x2010000000000013ull, 0x2020000000000013ull};
    static struct requesters q;
    struct remapping m;

    if (!remapping_begin(&m, c)) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        char what[32];
        uint32_t dw1[4] = {records[0], records[1], 0, 0};

        format(what, sizeof(what), "bit %u with IV=1", 180 + i);
        expect_illegal_interrupt(m.r, m.sent, m.later, q2[i] | m.table, dw1, what);
    }

    if (rule_broken(c) || !requesters_begin(&q, c)) {
        return;
    }
    observe_requesters(&q);
    for (enum requester w = 0; w < REQUESTER_COUNT && !rule_broken(c); w++) {
        if (!q.who[w].here) {
            continue;
        }
        if (!requester_attach(&q, w) || !requester_controls(&q, w)) {
            return;
        }
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            if (!rig_attach(q.r, q.who[w].devid, 0x6000000000000803ull | cases[i].q0 | q.n.pt.root,
                            requester_domain(w), 0, 0)) {
                return;
            }
            for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
                struct event_want want = {q.who[w].devid,
                                          {d == TO_MEMORY ? 0x10a00000u : 0x10800000u},
                                          requester_iova(w),
                                          requester_bytes(w, d)};

                /* Neither gets as far as a write: one reads its table, one the frame. */
                if (w == REQUESTER_IDE) {
                    want = (struct event_want){q.r->ide, {0x10800000u}, RIG_PRDT_IOVA, 64};
                } else if (w == REQUESTER_RTL8139 && d == TO_MEMORY) {
                    want.dw1[0] = 0x10800000u;
                    want.address = NIC_TX_IOVA;
                }
                expect_true(c, requester_try(&q, w, d, requester_iova(w)) == DMA_BLOCKED,
                            "%s, %s: expected it to be blocked", cases[i].what,
                            requester_name(w, d));
                expect_event(q.r, requester_name(w, d), &want);
            }
        }
        if (!requester_attach(&q, w)) {
            return;
        }
    }
}

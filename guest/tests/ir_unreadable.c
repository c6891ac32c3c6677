// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An interrupt remapping table that cannot be read, at all or now and then (docs/rules.md section
 * 10).
 */
#include "arch/smp.h"
#include "drivers/amdvi/regs.h"
#include "tests/env.h"
#include "tests/hw_rig.h"
#include "tests/irq_rig.h"

#define VECTOR_SENT  0x91
#define VECTOR_MOVED 0x54
#define VECTOR_LATER 0x43

#define DOMAIN 0x0d17

/* V=TV=1, Mode 0, no rights; IV=1, IntTabLen=9 (512 entries), IntCtl=10. */
#define Q0 0x0000000000000003ull
#define Q2 0x2000000000000013ull

/* DTE bit 133: faults of interrupts are not logged, but this is none (EVT-009). */
#define IG 0x20ull

struct sender {
    struct rig *r;
    struct listener *sent, *moved, *later;
};

/* One message through the table at @root, then one that surely comes. False: the rule is an error.
 */
static bool send_through(struct sender *s, uint64_t root)
{
    s->sent->count = s->moved->count = 0;
    return irq_send_under(s->r, Q0, DOMAIN, Q2 | root, VECTOR_SENT, s->later);
}

/*
 * A table in memory whose entry 91h leads to VECTOR_MOVED, with the controls that it does, and that
 * a message can be dropped. False: the rule is an error.
 */
static bool sender_begin(struct sender *s, struct check *c, uint64_t *table)
{
    struct rig *r = s->r = irq_rig_begin(c);

    *table = r ? page_alloc(PAGE_LOW, 2 * PAGE_SIZE, PAGE_SIZE) : 0;
    s->sent = r ? irq_listen(c, VECTOR_SENT) : NULL;
    s->moved = s->sent ? irq_listen(c, VECTOR_MOVED) : NULL;
    s->later = s->moved ? irq_listen(c, VECTOR_LATER) : NULL;
    if (!s->later || !*table) {
        return false;
    }

    volatile uint32_t *irte = (volatile uint32_t *)*table + 0x91;

    *irte = 0;
    if (!send_through(s, *table)) {
        return false;
    }
    control_neg(c, s->sent->count == 0 && s->moved->count == 0 && s->later->count == 1,
                "an entry with RemapEn=0 drops the message");
    /* RemapEn=1, fixed, physical, destination 15:8, vector 54h in 23:16 */
    *irte = 0x00540001u | smp_apic_id(0) << 8;
    if (!send_through(s, *table)) {
        return false;
    }
    control_pos(c, s->sent->count == 0 && s->moved->count == 1 && s->later->count == 1,
                "a table in memory leads to vector 0x%x", VECTOR_MOVED);
    rig_take_events(r);
    return true;
}

/* Entry 91h of a table at @root is where nothing is: @spa. */
static bool expect_dropped(struct sender *s, uint64_t root, uint64_t spa, const char *what)
{
    if (!send_through(s, root)) {
        return false;
    }
    expect_true(s->r->c, s->sent->count == 0 && s->moved->count == 0,
                "%s: expected no message, actual %u at 0x%x, %u at 0x%x", what, s->sent->count,
                VECTOR_SENT, s->moved->count, VECTOR_MOVED);
    expect_u64(s->r->c, "a later message", 1, s->later->count);
    /* I=1; RW has no meaning then. */
    expect_hw_error(s->r, what, 1, 4, s->r->testdev, 0x40080000u | DOMAIN, HW_BUT_TYPE & ~0x200000u,
                    spa);
    return true;
}

RULE("AMDVI-IR-013", "M", ir_unreadable_drops_and_logs,
     "ref=2.5.5 needs=testdev,apic hw-safe=no may-kill=no controls=both timeout-ms=10000",
     "An interrupt remapping table that cannot be read: the message is dropped, "
     "PAGE_TAB_HARDWARE_ERROR with I=1 names device, domain and entry")
{
    struct sender s;
    uint64_t table;

    if (!sender_begin(&s, c, &table)) {
        return;
    }
    if (!expect_dropped(&s, HW_VOID, HW_VOID + 0x244, "4-byte entries at 512 GiB") ||
        !expect_dropped(&s, HW_VOID + 0x2fc0, HW_VOID + 0x3204, "4-byte entries, root ...2FC0h") ||
        !expect_dropped(&s, HW_VOID | IG, HW_VOID + 0x244, "IG=1")) {
        return;
    }
    if (!send_through(&s, table)) {
        return;
    }
    expect_true(c, s.moved->count == 1, "expected the table in memory to lead to vector 0x%x again",
                VECTOR_MOVED);
    expect_no_event(s.r, "the table in memory");

    /* 16-byte entries (GAEn, bit 17) where EFR.GASup (bit 7) has them. */
    if (!(amdvi_read64(s.r->u, AMDVI_EFR) & 0x80)) {
        return;
    }
    s.r->u->control |= 0x20000;
    if (!amdvi_disable(s.r->u) || !amdvi_enable(s.r->u)) {
        rule_error(c, "the IOMMU does not start with GAEn=1");
    }
    (void)expect_dropped(&s, HW_VOID, HW_VOID + 0x910, "16-byte entries at 512 GiB");
    s.r->u->control &= ~0x20000ull;
}

RULE("AMDVI-EVT-024", "M", ir_table_errors_are_counted,
     "ref=2.5.5 needs=testdev,apic,inject hw-safe=no may-kill=no controls=both timeout-ms=10000",
     "Each failed read of an interrupt remapping entry: the message is dropped, one "
     "PAGE_TAB_HARDWARE_ERROR with I=1; the next message and DMA work")
{
    struct sender s;
    uint64_t table;
    struct buf b;

    if (!sender_begin(&s, c, &table) || !buf_new(s.r, &b, PAGE_LOW, 1)) {
        return;
    }
    for (unsigned type = 1; type <= 3; type++) {
        unsigned count = type == 2 ? 3 : 1;

        if (!hw_arm(s.r, HW_IRT, s.r->testdev, count, hw_types[type])) {
            return;
        }
        /* No interrupt, no error. */
        expect_dma(s.r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, b.spa, &b, 0, "DMA with V=0");
        expect_no_event(s.r, "DMA with V=0");
        for (unsigned i = 0; i < count; i++) {
            if (!send_through(&s, table)) {
                return;
            }
            expect_true(c, s.sent->count == 0 && s.moved->count == 0,
                        "error %u of %u: expected no message", i + 1, count);
            expect_u64(c, "a later message", 1, s.later->count);
            /* RW has no meaning with I=1. */
            expect_hw_error(s.r, "an entry that cannot be read", 1, 1, s.r->testdev,
                            0x40080000u | DOMAIN | (uint32_t)type << 25, ~0x00200000u,
                            table + 0x244);
        }
        if (!send_through(&s, table)) {
            return;
        }
        expect_true(c, s.sent->count == 0 && s.moved->count == 1,
                    "after %u errors: expected the message at vector 0x%x", count, VECTOR_MOVED);
        expect_no_event(s.r, "after the errors");
    }
}

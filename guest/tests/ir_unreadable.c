// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An interrupt remapping table that cannot be read (docs/rules.md section 10).
 */
#include "arch/irq.h"
#include "arch/smp.h"
#include "drivers/amdvi/regs.h"
#include "platform/msi.h"
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

struct sender {
    struct rig *r;
    struct listener *sent, *moved, *later;
};

/* One message through the table at @root, then one that surely comes. False: the rule is an error.
 */
static bool send_through(struct sender *s, uint64_t root)
{
    struct rig *r = s->r;

    s->sent->count = s->moved->count = s->later->count = 0;
    if (!rig_attach(r, r->testdev, Q0, DOMAIN, Q2 | root, 0) ||
        !msi_connect(r->testdev, smp_apic_id(0), VECTOR_SENT) || !testdev_msi(&env.testdev)) {
        rule_error(r->c, "the test device cannot send its message");
        return false;
    }
    if (!rig_attach(r, r->testdev, 0, 0, 0, 0) ||
        !msi_connect(r->testdev, smp_apic_id(0), VECTOR_LATER) || !testdev_msi(&env.testdev)) {
        rule_error(r->c, "the test device cannot send its message");
        return false;
    }
    (void)irq_wait(s->later->count != 0, AMDVI_WAIT_US);
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
    struct sender s = {.r = irq_rig_begin(c)};
    uint64_t table = s.r ? page_alloc(PAGE_LOW, 2 * PAGE_SIZE, PAGE_SIZE) : 0;

    s.sent = s.r ? irq_listen(c, VECTOR_SENT) : NULL;
    s.moved = s.sent ? irq_listen(c, VECTOR_MOVED) : NULL;
    s.later = s.moved ? irq_listen(c, VECTOR_LATER) : NULL;
    if (!s.later || !table) {
        return;
    }

    /* Entry 91h: RemapEn=1, fixed, physical, destination 15:8, vector 54h in 23:16. */
    volatile uint32_t *irte = (volatile uint32_t *)table + 0x91;

    *irte = 0x00540001u | smp_apic_id(0) << 8;
    if (!send_through(&s, table)) {
        return;
    }
    control_pos(c, s.sent->count == 0 && s.moved->count == 1 && s.later->count == 1,
                "a table in memory leads to vector 0x%x", VECTOR_MOVED);
    *irte = 0;
    if (!send_through(&s, table)) {
        return;
    }
    control_neg(c, s.sent->count == 0 && s.moved->count == 0 && s.later->count == 1,
                "an entry with RemapEn=0 drops the message");
    rig_take_events(s.r);

    if (!expect_dropped(&s, HW_VOID, HW_VOID + 0x244, "4-byte entries at 512 GiB") ||
        !expect_dropped(&s, HW_VOID + 0x2fc0, HW_VOID + 0x3204, "4-byte entries, root ...2FC0h")) {
        return;
    }
    *irte = 0x00540001u | smp_apic_id(0) << 8;
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
    amdvi_write64(s.r->u, AMDVI_CONTROL, s.r->u->control | 0x21005ull);
    (void)expect_dropped(&s, HW_VOID, HW_VOID + 0x910, "16-byte entries at 512 GiB");
}

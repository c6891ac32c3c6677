// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The forms in which a COMPLETION_WAIT tells its end, by a store, by ComWaitInt and by a message,
 * while a transfer of the disk still uses a page that was flushed (docs/rules.md section 7.1).
 */
#include "arch/irq.h"
#include "arch/smp.h"
#include "arch/time.h"
#include "platform/msi.h"
#include "tests/inf_rig.h"
#include "tests/irq_rig.h"

#define VECTOR 0x8b

struct kind {
    uint32_t flags;
    unsigned enables;
    const char *what;
};

static const struct kind kinds[] = {
    {INF_STORE, COM_WAIT_INT_EN, "a wait by store"},
    {INF_INT, 0, "a wait by ComWaitInt"},
    {INF_INT, COM_WAIT_INT_EN, "a wait by message"},
    {INF_STORE | INF_INT, 0, "a wait by store and ComWaitInt"},
    {INF_STORE | INF_INT, COM_WAIT_INT_EN, "a wait by store and message"},
};

struct signs {
    struct inf q;
    struct listener *messages;
    bool status_first; /* ComWaitInt was seen, and no store that is due */
};

static bool ring(void *arg)
{
    struct signs *s = arg;

    return inf_ring_elsewhere(&s->q);
}

/* Memory before registers: an emulator that stands still answers from memory. */
static bool any_sign(void *arg)
{
    struct signs *s = arg;
    struct inf *q = &s->q;

    if (inf_scan(q)) {
        return true;
    }
    irq_window();
    if (s->messages->count || (amdvi_read64(q->t.r->u, 0x2020) & CMD_COM_WAIT_INT)) {
        inf_take(q);
        (void)inf_scan(q);
        s->status_first = (q->flags[0] & INF_STORE) && !q->stores[0];
    }
    return q->taken;
}

static bool kept_back(struct signs *s, const struct kind *k)
{
    const struct hold_watch w = {ring, any_sign, s};
    struct inf *q = &s->q;
    struct rig *r = q->t.r;
    bool bit = k->flags & INF_INT;
    unsigned messages = bit && k->enables;

    irq_enables(r, 0);
    irq_clear_status(r);
    if (!msi_connect(r->u->devid, smp_apic_id(0), VECTOR)) {
        rule_error(q->c, "the MSI capability cannot be programmed");
        return false;
    }
    irq_enables(r, k->enables);
    s->messages->count = 0;
    s->status_first = false;
    if (!inf_hold(q)) {
        return false;
    }
    inf_put(q, k->flags);
    if (!inf_await_by(q, &w) || !inf_judge(q, k->what)) {
        return false;
    }
    (void)wait_until(amdvi_read64(r->u, 0x2020) & CMD_COM_WAIT_INT, bit ? AMDVI_WAIT_US : 0);
    (void)irq_wait(s->messages->count != 0, messages ? AMDVI_WAIT_US : 0);
    irq_settle();
    expect_u64(q->c, "ComWaitInt", bit, amdvi_read64(r->u, 0x2020) >> 2 & 1);
    expect_u64(q->c, "messages", messages, s->messages->count);
    expect_true(q->c, !s->status_first, "%s: the store was not there when ComWaitInt was seen",
                k->what);
    return !rule_broken(q->c);
}

RULE("AMDVI-INF-033", "M", inf_every_kind_of_wait_is_kept_back,
     "ref=2.4 needs=ide,hold,apic hw-safe=no may-kill=no controls=both timeout-ms=60000",
     "COMPLETION_WAIT by store, by interrupt and by both, behind the flush of a page that a "
     "transfer uses: neither store nor ComWaitInt nor message comes while the page is touched")
{
    static struct signs s;

    if (!inf_begin(c, &s.q)) {
        return;
    }
    irq_rig_join(s.q.t.r);
    if (!msi_cap(s.q.t.r->u->devid)) {
        rule_error(c, "the IOMMU has no MSI capability");
        return;
    }
    s.messages = irq_listen(c, VECTOR);
    if (!s.messages) {
        return;
    }
    control_listener(c, s.messages);
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!kept_back(&s, &kinds[i])) {
            return;
        }
    }
}

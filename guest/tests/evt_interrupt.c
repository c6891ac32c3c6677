// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The overflow of the event log as a source of its interrupt, and enables that come late
 * (docs/rules.md sections 8 and 9).
 */
#include "arch/irq.h"
#include "arch/smp.h"
#include "arch/time.h"
#include "lib/format.h"
#include "platform/msi.h"
#include "tests/env.h"
#include "tests/evt_rig.h"
#include "tests/irq_rig.h"

/* The first has the higher priority, so what is there comes before what came later. */
#define VECTOR_WATCHED 0x9b
#define VECTOR_LATER   0x54

/* Control: IommuEn, CmdBufEn, EventLogEn, and EventIntEn */
#define LOG_SILENT 0x1005ull
#define LOG_TELLS  0x100dull

struct watch {
    struct rig *r;
    struct listener *watched, *later;
};

static bool watch_begin(struct watch *w, struct check *c)
{
    w->r = irq_rig_begin(c);
    w->watched = w->r ? irq_listen(c, VECTOR_WATCHED) : NULL;
    w->later = w->watched ? irq_listen(c, VECTOR_LATER) : NULL;
    if (!w->later) {
        return false;
    }
    control_listener(c, w->watched);
    control_listener(c, w->later);
    return !rule_broken(c);
}

/* From here on the IOMMU's messages count at the watched vector. */
static bool watch_start(struct watch *w, bool msi)
{
    irq_window();
    if (!msi_connect(w->r->u->devid, smp_apic_id(0), VECTOR_WATCHED)) {
        rule_error(w->r->c, "the MSI capability cannot be programmed");
        return false;
    }
    msi_enable(w->r->u->devid, msi);
    w->watched->count = 0;
    return true;
}

/* Wait for EventOverflow. */
static bool overflowed(struct rig *r)
{
    return wait_until(amdvi_read64(r->u, 0x2020) & EVT_OVERFLOW, AMDVI_WAIT_US / 4);
}

/*
 * A log with room for @room records takes these with EventIntEn=0, and then overflows, with Status
 * bit 1 cleared before or not, and Control as given. Then something else interrupts, which needs no
 * log. *@messages: how many came before that.
 */
static bool overflow_case(struct watch *w, unsigned room, uint64_t control, bool msi, bool cleared,
                          const char *what, unsigned *messages)
{
    struct rig *r = w->r;

    irq_enables(r, 0);
    if (!evt_ring_unread(r, 8, room + 1, 0)) {
        return false;
    }
    irq_clear_status(r);
    for (unsigned n = 0; n < room; n++) {
        (void)evt_fault(r, n);
    }
    expect_true(r->c, evt_tail_is(r, room * 16ull), "%s: expected %u records", what, room);
    expect_u64(r->c, "EventOverflow of a log that is just full", 0,
               amdvi_read64(r->u, 0x2020) & EVT_OVERFLOW);
    if (cleared) {
        amdvi_write64(r->u, 0x2020, EVT_INT);
    }
    amdvi_write64(r->u, 0x18, r->u->control | LOG_SILENT);
    if (!watch_start(w, msi)) {
        return false;
    }
    amdvi_write64(r->u, 0x18, r->u->control | control);
    irq_window();
    /* With EventLogInt still 1 the enable itself may interrupt (INT-003). */
    w->watched->count = 0;
    (void)evt_fault(r, room);
    expect_true(r->c, overflowed(r), "%s: expected EventOverflow=1, actual Status 0x%llx", what,
                (unsigned long long)amdvi_read64(r->u, 0x2020));
    if (msi && control == LOG_TELLS && cleared) {
        (void)irq_wait(w->watched->count != 0, AMDVI_WAIT_US / 4);
    }
    irq_window();
    amdvi_write64(r->u, 0x2020, EVT_OVERFLOW);
    expect_later(r, SOURCE_COMPLETION, w->later, what);
    *messages = w->watched->count;
    return !rule_broken(r->c);
}

RULE("AMDVI-EVT-006", "A", evt_overflow_interrupts, RULE_KEYS("2.5.1", "testdev,apic"),
     "EventOverflow from 0 to 1 interrupts once, if EventIntEn=1 and MSI is enabled, and not "
     "otherwise")
{
    static const struct {
        unsigned room;
        uint64_t control;
        bool msi;
        unsigned want;
        const char *what;
    } cases[] = {
        {0, LOG_TELLS, true, 1, "EventIntEn=1, a log that is full from the start"},
        {0, LOG_SILENT, true, 0, "EventIntEn=0"},
        {3, LOG_TELLS, true, 1, "EventIntEn=1, 3 records before"},
        {3, LOG_SILENT, true, 0, "EventIntEn=0, 3 records before"},
        {3, LOG_TELLS, false, 0, "EventIntEn=1, MSI disabled"},
        {1, LOG_TELLS, true, 1, "EventIntEn=1 again"},
    };
    struct watch w;
    unsigned messages;

    if (!watch_begin(&w, c) || !evt_attach(w.r)) {
        return;
    }
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]) && !rule_broken(c); i++) {
        if (!overflow_case(&w, cases[i].room, cases[i].control, cases[i].msi, true, cases[i].what,
                           &messages)) {
            return;
        }
        expect_true(c, messages == cases[i].want, "%s: expected %u messages, actual %u",
                    cases[i].what, cases[i].want, messages);
    }

    /* With EventLogInt still 1 there may be none. */
    if (overflow_case(&w, 2, LOG_TELLS, true, false, "EventLogInt=1 before", &messages)) {
        expect_true(c, messages <= 1, "EventLogInt=1 before: expected 0 or 1 messages, actual %u",
                    messages);
        observe(c, "with_event_log_int", "%u", messages);
    }

    /* Events that are lost later change no status bit: reported. */
    if (rule_broken(c) || !evt_ring_unread(w.r, 8, 1, 0) || !watch_start(&w, true)) {
        return;
    }
    irq_clear_status(w.r);
    amdvi_write64(w.r->u, 0x18, w.r->u->control | LOG_TELLS);
    for (unsigned n = 0; n < 4; n++) {
        (void)evt_fault(w.r, n);
        irq_window();
    }
    expect_true(c, overflowed(w.r), "expected EventOverflow=1");
    observe(c, "messages_of_4_lost", "%u", w.watched->count);
}

/* The bit of @s is 1 before its enable is. */
static void late_enable(struct watch *w, enum source s)
{
    struct rig *r = w->r;
    struct check *c = r->c;

    irq_enables(r, 0);
    irq_clear_status(r);
    if (!watch_start(w, true) || !source_fire(r, s)) {
        return;
    }
    expect_true(c, wait_until(amdvi_read64(r->u, 0x2020) & source_status(s), AMDVI_WAIT_US / 4),
                "%s: expected its bit in Status set, actual 0x%llx", source_names[s],
                (unsigned long long)amdvi_read64(r->u, 0x2020));
    irq_window();
    expect_u64(c, "messages before the enable", 0, w->watched->count);
    irq_enables(r, source_enable(s));
    for (unsigned i = 0; i < 4; i++) {
        irq_window();
    }

    unsigned first = w->watched->count;

    expect_true(c, first <= 1, "%s: expected 0 or 1 messages at the enable, actual %u",
                source_names[s], first);
    observe(c, s == SOURCE_EVENT ? "event_enable" : "completion_enable", "%s",
            first ? "message" : "none");

    /* Once cleared, the next one interrupts exactly once, in any case. */
    amdvi_write64(r->u, 0x2020, source_status(s));
    irq_window();
    expect_u64(c, "messages after the bit was cleared", first, w->watched->count);
    if (!source_fire(r, s)) {
        return;
    }
    (void)irq_wait(w->watched->count == first + 1, AMDVI_WAIT_US / 4);
    expect_u64(c, "messages after the next edge", first + 1, w->watched->count);
    expect_later(r, s, w->later, "a late enable");
    expect_u64(c, "messages at last", first + 1, w->watched->count);
}

RULE("AMDVI-INT-003", "U", int_enable_after_status, RULE_KEYS("3.4", "testdev,apic"),
     "An enable set while its status bit is 1 sends one message or none; the next edge sends one")
{
    struct watch w;

    if (!watch_begin(&w, c)) {
        return;
    }
    for (enum source s = 0; s < SOURCE_COUNT && !rule_broken(c); s++) {
        late_enable(&w, s);
    }
}

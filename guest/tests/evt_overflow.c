// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A full event log, and the way back (docs/rules.md section 8).
 */
#include "arch/time.h"
#include "tests/evt_rig.h"

/* Faults @from to @to-1. Returns whether all were refused. */
static bool faults(struct rig *r, unsigned from, unsigned to)
{
    bool refused = true;

    for (unsigned n = from; n < to; n++) {
        refused = evt_fault(r, n) && refused;
    }
    return refused;
}

/* Do entries @index to @index+@count-1 (modulo the ring) hold the faults from @n on? */
static bool records_are(struct rig *r, unsigned index, unsigned count, unsigned n)
{
    for (unsigned i = 0; i < count; i++) {
        if (!evt_record_is(r, (index + i) % r->u->evt_entries, n + i)) {
            return false;
        }
    }
    return true;
}

/* Wait for a Status bit to be 1. */
static bool status_set(struct rig *r, uint64_t bit)
{
    return wait_until(amdvi_read64(r->u, 0x2020) & bit, AMDVI_WAIT_US / 4);
}

/* Has EvtTail stayed at @tail for a short while? */
static bool tail_stays(struct rig *r, uint64_t tail)
{
    return !wait_until(amdvi_read64(r->u, 0x2018) != tail, AMDVI_WAIT_US / 200);
}

RULE("AMDVI-EVT-004", "A", evt_overflow_drops, RULE_KEYS("2.5.1", "testdev"),
     "2^n-1 records fit; the next is dropped and sets EventOverflow; none is overwritten, and none "
     "logged before the restart")
{
    static const struct {
        unsigned log2, start;
        uint64_t full_tail; /* one entry behind the head, backwards */
    } cases[] = {{8, 0, 0x0ff0}, {8, 100, 0x0630}, {9, 0, 0x1ff0}, {9, 300, 0x12b0}};
    struct rig *r = evt_begin(c);

    for (unsigned i = 0; r && i < sizeof(cases) / sizeof(cases[0]) && !rule_broken(c); i++) {
        unsigned start = cases[i].start, room = (1u << cases[i].log2) - 1;
        unsigned last = (start + room) % (room + 1);
        uint64_t full = cases[i].full_tail;

        if (!evt_ring(r, cases[i].log2, start)) {
            return;
        }
        control_neg(c, evt_entry_empty(r, last), "the last entry is empty to begin with");
        control_pos(c, faults(r, 0, room), "%u accesses are refused", room);
        expect_true(c, evt_tail_is(r, full),
                    "%u records in a log of %u entries: expected EvtTail 0x%llx, actual 0x%llx",
                    room, room + 1, (unsigned long long)full,
                    (unsigned long long)amdvi_read64(r->u, 0x2018));
        expect_true(c, records_are(r, start, room, 0), "expected all %u records", room);
        expect_u64(c, "EventOverflow of a log that is just full", 0,
                   amdvi_read64(r->u, 0x2020) & EVT_OVERFLOW);
        expect_true(c, evt_entry_empty(r, last), "expected the last entry of a full log empty");
        if (rule_broken(c)) {
            return;
        }

        /* One too many, and some more. */
        for (unsigned n = room; n < room + 3; n++) {
            expect_true(c, evt_fault(r, n), "expected access %u to be refused", n);
            expect_true(c, status_set(r, EVT_OVERFLOW),
                        "expected EventOverflow=1 after %u faults, actual Status 0x%llx", n + 1,
                        (unsigned long long)amdvi_read64(r->u, 0x2020));
            expect_true(c, tail_stays(r, full), "expected EvtTail to stay 0x%llx, actual 0x%llx",
                        (unsigned long long)full, (unsigned long long)amdvi_read64(r->u, 0x2018));
            expect_true(c, evt_entry_empty(r, last), "expected the last entry empty");
        }
        expect_true(c, records_are(r, start, room, 0),
                    "expected all %u records as before the overflow", room);
        expect_true(c, evt_behind_untouched(r), "expected memory behind the ring untouched");
        observe(c, "event_log_run_after_overflow", "%d", !!(amdvi_read64(r->u, 0x2020) & EVT_RUN));

        /* Head moves: there is room, but no restart. */
        amdvi_write64(r->u, 0x2010, (start + 50) % (room + 1) * 16ull);
        expect_true(c, faults(r, 600, 605), "expected 5 more accesses to be refused");
        expect_true(c, tail_stays(r, full),
                    "head moved, no restart: expected EvtTail 0x%llx, actual 0x%llx",
                    (unsigned long long)full, (unsigned long long)amdvi_read64(r->u, 0x2018));
        expect_true(c, records_are(r, start, room, 0),
                    "head moved, no restart: expected the records as they were");
        expect_u64(c, "EventOverflow, not cleared by software", EVT_OVERFLOW,
                   amdvi_read64(r->u, 0x2020) & EVT_OVERFLOW);
    }
}

/* The documented ways back: some parts stop by themselves, and software may wait for that or switch
 * off at once; with the log off it may read on in the ring, or begin a new one. */
enum way { WAIT_FIRST, AT_ONCE, NEW_RING, WAY_COUNT };

static const char *const way_names[WAY_COUNT] = {"EventLogRun waited for", "switched off at once",
                                                 "base written"};

/* Returns false if a step has failed. *@at: the tail afterwards, in entries. */
static bool recover(struct rig *r, enum way way, unsigned *at)
{
    struct amdvi *u = r->u;

    if (way == WAIT_FIRST) {
        (void)wait_until(!(amdvi_read64(u, 0x2020) & EVT_RUN), AMDVI_WAIT_US / 200);
    }
    if (!evt_control(r, EVT_LOG_OFF)) {
        expect_true(r->c, false, "expected EventLogRun=0 with EventLogEn=0");
        return false;
    }
    evt_wipe(r);
    if (way == NEW_RING) {
        amdvi_write64(u, 0x10, 0x0800000000000000ull | u->evt_log);
        amdvi_write64(u, 0x2010, 0);
        amdvi_write64(u, 0x2018, 0);
        *at = 0;
    } else {
        amdvi_write64(u, 0x2010, amdvi_read64(u, 0x2018));
    }
    amdvi_write64(u, 0x2020, EVT_OVERFLOW);
    expect_u64(r->c, "EventOverflow after it was cleared", 0,
               amdvi_read64(u, 0x2020) & EVT_OVERFLOW);
    expect_true(r->c, evt_control(r, EVT_LOG_ON), "expected EventLogRun=1 after the restart");
    return !rule_broken(r->c);
}

RULE(
    "AMDVI-EVT-005", "A", evt_overflow_recovery, RULE_KEYS("2.5.1", "testdev"),
    "After an overflow: EventLogEn=0, log read, EventOverflow cleared, EventLogEn=1; logging works")
{
    static const unsigned starts[] = {0, 200, 255};
    struct rig *r = evt_begin(c);

    for (unsigned i = 0; r && i < sizeof(starts) / sizeof(starts[0]) && !rule_broken(c); i++) {
        unsigned at = (starts[i] + 255) % 256;

        if (!evt_ring(r, 8, starts[i])) {
            return;
        }
        control_neg(c, !(amdvi_read64(r->u, 0x2020) & EVT_OVERFLOW),
                    "EventOverflow is 0 to begin with");
        control_pos(c, faults(r, 0, 258), "258 accesses are refused");
        expect_true(c, status_set(r, EVT_OVERFLOW),
                    "expected EventOverflow=1 in a log of 256 entries, actual Status 0x%llx",
                    (unsigned long long)amdvi_read64(r->u, 0x2020));
        expect_true(c, evt_tail_is(r, at * 16ull), "expected EvtTail 0x%x, actual 0x%llx", at * 16,
                    (unsigned long long)amdvi_read64(r->u, 0x2018));
        if (rule_broken(c)) {
            return;
        }

        /* More than once: it must not work the first time only. */
        for (enum way way = 0; way < WAY_COUNT && recover(r, way, &at); way++) {
            expect_true(c, tail_stays(r, at * 16ull),
                        "restart, %s: expected EvtTail 0x%x, actual 0x%llx", way_names[way],
                        at * 16, (unsigned long long)amdvi_read64(r->u, 0x2018));
            expect_true(c, faults(r, 300, 555), "expected 255 accesses to be refused");
            at = (at + 255) % 256;
            expect_true(c, evt_tail_is(r, at * 16ull),
                        "255 faults after the restart: expected EvtTail 0x%x, actual 0x%llx",
                        at * 16, (unsigned long long)amdvi_read64(r->u, 0x2018));
            expect_true(c, records_are(r, (at + 1) % 256, 255, 300),
                        "expected 255 records after the restart, and none from before");
            expect_u64(c, "EventOverflow of the log that is full again", 0,
                       amdvi_read64(r->u, 0x2020) & EVT_OVERFLOW);
            (void)faults(r, 555, 556);
            expect_true(c, status_set(r, EVT_OVERFLOW),
                        "expected EventOverflow=1 at the next overflow, actual Status 0x%llx",
                        (unsigned long long)amdvi_read64(r->u, 0x2020));
        }
    }
}

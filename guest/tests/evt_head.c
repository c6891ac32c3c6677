// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Software moves EvtHead (docs/rules.md section 8).
 */
#include "arch/time.h"
#include "tests/evt_rig.h"

struct head_case {
    unsigned log2, head, tail; /* as the log is to begin with */
    unsigned room;             /* records that fit */
    unsigned new_head, more;   /* where software moves the head to, and how many fit then */
};

static uint64_t overflow(struct rig *r)
{
    return amdvi_read64(r->u, 0x2020) & EVT_OVERFLOW;
}

/* @count faults from number @n on that have to fit; the first goes to entry @index. */
static void fit(struct rig *r, const struct head_case *h, unsigned n, unsigned count,
                unsigned index, unsigned head)
{
    unsigned size = 1u << h->log2;

    for (unsigned i = 0; i < count && !rule_broken(r->c); i++) {
        unsigned at = (index + i) % size, next = (at + 1) % size;

        expect_true(r->c, evt_fault(r, n + i), "expected access %u to be refused", n + i);
        expect_true(r->c, evt_tail_is(r, next * 16ull),
                    "2^%u entries, head %u: expected record %u to move EvtTail to 0x%x, actual "
                    "0x%llx",
                    h->log2, head, n + i, next * 16,
                    (unsigned long long)amdvi_read64(r->u, 0x2018));
        expect_true(r->c, evt_record_is(r, at, n + i),
                    "2^%u entries, head %u: expected record %u in entry %u", h->log2, head, n + i,
                    at);
    }
    expect_u64(r->c, "EventOverflow while there is room", 0, overflow(r));
    expect_u64(r->c, "EvtHead, which software owns", head * 16ull, amdvi_read64(r->u, 0x2010));
}

RULE("AMDVI-EVT-016", "A", evt_head_frees_slots, RULE_KEYS("2.5", "testdev"),
     "Moving EvtHead frees exactly the entries it passes, in logs of every length; hardware leaves "
     "it alone")
{
    static const struct head_case cases[] = {
        /* The tail wraps, then the head is moved by 3. */
        {8, 1, 254, 2, 4, 3},
        {9, 1, 510, 2, 4, 3},
        {10, 1, 1022, 2, 4, 3},
        {11, 1, 2046, 2, 4, 3},
        {12, 1, 4094, 2, 4, 3},
        {13, 1, 8190, 2, 4, 3},
        {14, 1, 16382, 2, 4, 3},
        {15, 1, 32766, 2, 4, 3},
        /* Full to begin with; by 1, within the ring and over its end. */
        {8, 101, 100, 0, 102, 1},
        {8, 255, 254, 0, 0, 1},
        {9, 0, 511, 0, 1, 1},
        /* The head wraps; by 200, to the tail itself: all but one entry is free. */
        {8, 101, 97, 3, 45, 200},
        {8, 9, 6, 2, 8, 255},
        /* Where a smaller ring ends. */
        {9, 256, 254, 1, 259, 3},
    };
    struct rig *r = evt_begin(c);

    for (unsigned i = 0; r && i < sizeof(cases) / sizeof(cases[0]) && !rule_broken(c); i++) {
        const struct head_case *h = &cases[i];
        unsigned size = 1u << h->log2, full = (h->head + size - 1) % size;
        unsigned new_full = (h->new_head + size - 1) % size;

        if (!evt_ring_unread(r, h->log2, h->head, h->tail)) {
            return;
        }
        control_neg(c, evt_entry_empty(r, h->tail) && !overflow(r),
                    "2^%u entries: the log has room, and nothing has been dropped", h->log2);
        fit(r, h, 0, h->room, h->tail, h->head);

        /* Now it is full. Software reads on, and zeroes what it has read. */
        expect_true(c, evt_entry_empty(r, full), "expected the last entry of a full log empty");
        for (unsigned e = h->head; e != h->new_head; e = (e + 1) % size) {
            evt_zero(r, e);
        }
        amdvi_write64(r->u, 0x2010, h->new_head * 16ull);
        fit(r, h, 100, h->more, full, h->new_head);

        /* One too many. */
        control_pos(c, evt_fault(r, 999), "one more access is refused");
        expect_true(c, wait_until(overflow(r), AMDVI_WAIT_US / 4),
                    "2^%u entries, head from %u to %u: expected EventOverflow=1 at record %u, "
                    "actual Status 0x%llx",
                    h->log2, h->head, h->new_head, h->more + 1,
                    (unsigned long long)amdvi_read64(r->u, 0x2020));
        expect_u64(c, "EvtTail of the log that is full again", new_full * 16ull,
                   amdvi_read64(r->u, 0x2018));
        expect_true(c, evt_entry_empty(r, new_full),
                    "2^%u entries: expected the last entry %u empty", h->log2, new_full);
        expect_true(c, evt_behind_untouched(r), "expected memory behind the ring untouched");
    }
}

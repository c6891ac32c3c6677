// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SE: only the first page fault of a device is logged (docs/rules.md DTE-011).
 */
#include "tests/requester.h"

/* Bits 97 and 98 of an entry in its second quadword */
#define SE 0x0000000200000000ull
#define SA 0x0000000400000000ull

static bool attach(struct requesters *q, enum requester w, uint64_t q1)
{
    return rig_attach(q->r, q->who[w].devid, 0x6000000000000803ull | q->n.pt.root,
                      q1 | requester_domain(w), 0, 0);
}

/* A page without an entry: one behind the page that is mapped, another one each time. */
static uint64_t nowhere(enum requester w, unsigned n)
{
    return requester_iova(w) + 0x1000 + n * 0x1000ull;
}

static void blocked(struct requesters *q, enum requester w, enum direction d, uint64_t iova)
{
    expect_true(q->r->c, requester_try(q, w, d, iova) == DMA_BLOCKED,
                "%s at 0x%llx: expected it to be blocked", requester_name(w, d),
                (unsigned long long)iova);
}

/* The first fault of a device whose entry was just written is logged, whatever its direction. */
static void first_only(struct requesters *q, enum requester w, enum direction d)
{
    blocked(q, w, d, nowhere(w, 0));
    expect_fault(q->r, "the first fault with SE=1", q->who[w].devid, requester_domain(w),
                 FAULT_NOT_PRESENT, d, nowhere(w, 0), requester_bytes(w, d));
    /* Not later ones: the same page, others, the other direction, another cause. */
    for (unsigned n = 0; n < 5; n++) {
        blocked(q, w, n % 2 ? TO_MEMORY : FROM_MEMORY, nowhere(w, n));
        expect_no_event(q->r, "a later fault with SE=1");
    }

    volatile uint64_t *leaf = requester_slot(q, w, 1);
    uint64_t good = *leaf;

    rig_store(leaf, good & ~0x6000000000000000ull);
    if (!rig_flush(q->r, requester_domain(w))) {
        return;
    }
    blocked(q, w, d, requester_iova(w));
    expect_no_event(q->r, "a denied access later, with SE=1");
    rig_store(leaf, good);
    (void)rig_flush(q->r, requester_domain(w));
}

RULE("AMDVI-DTE-011", "M", dte_se_logs_first_fault, RULE_KEYS("2.2.2", "testdev"),
     "SE=1: the first page fault of the device is logged, later ones are not; SA=1 silences all")
{
    static struct requesters q;

    if (!requesters_begin(&q, c)) {
        return;
    }
    if (!requesters_ready(&q)) {
        return;
    }

    /* All with SE=1 at the same time: each has a first fault of its own. */
    for (enum requester w = 0; w < REQUESTER_COUNT; w++) {
        if (q.who[w].here && !attach(&q, w, SE)) {
            return;
        }
    }
    for (enum requester w = 0; w < REQUESTER_COUNT; w++) {
        if (q.who[w].here) {
            first_only(&q, w, w % 2 ? TO_MEMORY : FROM_MEMORY);
        }
    }
    for (enum requester w = 0; w < REQUESTER_COUNT; w++) {
        enum direction d = w % 2 ? FROM_MEMORY : TO_MEMORY;

        if (!q.who[w].here) {
            continue;
        }
        /* What is mapped still works. */
        expect_true(c, requester_try(&q, w, d, requester_iova(w)) == DMA_MOVED,
                    "%s: expected the mapped page to be reached with SE=1", requester_name(w, d));
        expect_no_event(q.r, "a mapped page with SE=1");

        /* SA comes first. */
        if (!attach(&q, w, SE | SA)) {
            return;
        }
        for (unsigned n = 0; n < 2; n++) {
            blocked(&q, w, d, nowhere(w, n));
            expect_no_event(q.r, "SE=1 and SA=1");
        }

        /* Whether the flush of an entry with SE=1 as before makes the next fault a first one again
         * is unsure: reported. */
        if (!attach(&q, w, SE)) {
            return;
        }
        blocked(&q, w, d, nowhere(w, 0));
        rig_take_events(q.r);
        rig_take_events(q.r);
        blocked(&q, w, d, nowhere(w, 0));
        expect_no_event(q.r, "a fault after the flush, and not the first");

        /* With SE=0 all are logged. */
        if (!attach(&q, w, 0)) {
            return;
        }
        for (unsigned n = 0; n < 3; n++) {
            blocked(&q, w, d, nowhere(w, n));
            expect_fault(q.r, "SE=0 again", q.who[w].devid, requester_domain(w), FAULT_NOT_PRESENT,
                         d, nowhere(w, n), requester_bytes(w, d));
        }
    }

    /* Re-arming, by one of them. */
    if (!attach(&q, REQUESTER_TESTDEV, SE)) {
        return;
    }
    blocked(&q, REQUESTER_TESTDEV, TO_MEMORY, nowhere(REQUESTER_TESTDEV, 0));
    rig_take_events(q.r);
    if (!attach(&q, REQUESTER_TESTDEV, SE)) {
        return;
    }
    blocked(&q, REQUESTER_TESTDEV, TO_MEMORY, nowhere(REQUESTER_TESTDEV, 0));
    rig_take_events(q.r);
    observe(c, "flush_rearms", "%u", q.r->event_count != 0);
}

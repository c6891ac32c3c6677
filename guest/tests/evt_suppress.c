// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An access is blocked whether or not that can be told, and what keeps it from being told
 * (docs/rules.md sections 3 and 8).
 */
#include "lib/format.h"
#include "tests/env.h"
#include "tests/evt_rig.h"
#include "tests/requester.h"

/* Bits 97 and 98 of an entry in its second quadword */
#define SE 0x0000000200000000ull
#define SA 0x0000000400000000ull

/* What the device may do to the page of requester_iova() */
struct rights {
    const char *what;
    uint64_t entry; /* ORed into the leaf */
    bool write, read;
    enum fault fault;
};

static const struct rights rights[] = {
    {"not present", 0x6000000000000000ull, false, false, FAULT_NOT_PRESENT},
    {"read-only", 0x2000000000000001ull, false, true, FAULT_DENIED},
    {"write-only", 0x4000000000000001ull, true, false, FAULT_DENIED},
    {"both rights", 0x6000000000000001ull, true, true, FAULT_DENIED},
};

/* Each kind of page, in both directions: what may not pass is blocked, the rest moves. */
static void pages(struct requesters *q, enum requester w, const char *state)
{
    volatile uint64_t *leaf = requester_slot(q, w, 1);
    uint64_t good = *leaf;

    for (unsigned i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        rig_store(leaf, rights[i].entry | q->b.spa);
        if (!rig_flush(q->r, requester_domain(w))) {
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            bool may = d == TO_MEMORY ? rights[i].write : rights[i].read;
            enum outcome got = requester_try(q, w, d, requester_iova(w));

            expect_true(q->r->c, got == (may ? DMA_MOVED : DMA_BLOCKED),
                        "%s, %s, page %s: expected it to be %s, actual %s", state,
                        requester_name(w, d), rights[i].what, may ? "moved" : "blocked",
                        got == DMA_MOVED     ? "moved"
                        : got == DMA_BLOCKED ? "blocked"
                                             : "neither");
        }
    }
    rig_store(leaf, good);
    (void)rig_flush(q->r, requester_domain(w));
}

RULE("AMDVI-EVT-007", "M", evt_blocks_without_log, RULE_KEYS("2.5", "testdev"),
     "An access is blocked, or passes, alike with the log on, off, full, or its faults suppressed")
{
    static const struct {
        const char *what;
        uint64_t control, q1;
        bool full;
    } states[] = {
        {"log on", EVT_LOG_ON, 0, false},  {"log off", EVT_LOG_OFF, 0, false},
        {"log full", EVT_LOG_ON, 0, true}, {"SA=1", EVT_LOG_ON, SA, false},
        {"SE=1", EVT_LOG_ON, SE, false},   {"log full and SA=1", EVT_LOG_ON, SA, true},
    };
    static struct requesters q;

    if (!requesters_begin(&q, c)) {
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
        for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]) && !rule_broken(c); i++) {
            /* A log without a free entry overflows at the first event. */
            if (!evt_ring_unread(q.r, 8, states[i].full, 0) ||
                !rig_attach(q.r, q.who[w].devid, 0x6000000000000803ull | q.n.pt.root,
                            states[i].q1 | requester_domain(w), 0, 0)) {
                return;
            }
            (void)evt_control(q.r, states[i].control);
            pages(&q, w, states[i].what);
            if (states[i].full && !states[i].q1) {
                expect_u64(c, "EventOverflow of the full log", EVT_OVERFLOW,
                           amdvi_read64(q.r->u, 0x2020) & EVT_OVERFLOW);
            }
        }
        if (!evt_ring(q.r, 8, 0)) {
            return;
        }
    }
}

/* Refused accesses of @w that must leave no record. */
static void silent(struct requesters *q, enum requester w, const char *what)
{
    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
        expect_true(q->r->c, requester_try(q, w, d, requester_iova(w) + 0x1000) == DMA_BLOCKED,
                    "%s, %s: expected it to be blocked", what, requester_name(w, d));
        expect_no_event(q->r, what);
    }
}

/* Refused accesses of @w that must be logged. */
static void logged(struct requesters *q, enum requester w, const char *what)
{
    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
        uint64_t iova = requester_iova(w) + 0x1000;

        expect_true(q->r->c, requester_try(q, w, d, iova) == DMA_BLOCKED,
                    "%s, %s: expected it to be blocked", what, requester_name(w, d));
        expect_fault(q->r, what, q->who[w].devid, requester_domain(w), FAULT_NOT_PRESENT, d, iova,
                     requester_bytes(w, d));
    }
}

static bool attach(struct requesters *q, enum requester w, uint64_t q0, uint64_t q1, uint64_t q2)
{
    return rig_attach(q->r, q->who[w].devid, 0x6000000000000803ull | q->n.pt.root | q0,
                      q1 | requester_domain(w), q2, 0);
}

/* ILLEGAL_DEV_TABLE_ENTRY, whatever the suppression: reserved bit 2. The first read of each. */
static void illegal_logged(struct requesters *q, enum requester w, uint64_t q1, const char *what)
{
    struct event_want want = {q->who[w].devid,
                              {0x10800000u},
                              w == REQUESTER_IDE ? RIG_PRDT_IOVA : requester_iova(w),
                              requester_bytes(w, FROM_MEMORY)};

    if (!attach(q, w, 0x4, q1, 0)) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        expect_true(q->r->c, requester_try(q, w, FROM_MEMORY, requester_iova(w)) == DMA_BLOCKED,
                    "%s: expected the reserved bit to block", what);
        expect_event(q->r, what, &want);
    }
}

RULE("AMDVI-EVT-009", "M", evt_suppression, RULE_KEYS("2.5.3", "testdev"),
     "SA keeps a device's page faults out of the log, and nothing else: no other event, no fault "
     "of another device")
{
    static struct requesters q;

    if (!requesters_begin(&q, c)) {
        return;
    }
    if (!requesters_ready(&q)) {
        return;
    }
    for (enum requester w = 0; w < REQUESTER_COUNT && !rule_broken(c); w++) {
        if (!q.who[w].here) {
            continue;
        }
        logged(&q, w, "SA=SE=0");
        if (!attach(&q, w, 0, SA, 0)) {
            return;
        }
        silent(&q, w, "SA=1");
        for (enum requester other = 0; other < REQUESTER_COUNT; other++) {
            if (other != w && q.who[other].here) {
                logged(&q, other, "SA=1 of another device");
            }
        }
        silent(&q, w, "SA=1, after faults of others");
        illegal_logged(&q, w, SA, "SA=1, ILLEGAL_DEV_TABLE_ENTRY");
        illegal_logged(&q, w, SE, "SE=1, ILLEGAL_DEV_TABLE_ENTRY");

        /* IG is about interrupts: IV=1, IntCtl=01, IG=1. */
        if (!attach(&q, w, 0, 0, 0x1000000000000021ull)) {
            return;
        }
        logged(&q, w, "IG=1");
        if (!attach(&q, w, 0, 0, 0)) {
            return;
        }
        logged(&q, w, "SA=0 again");
    }
}

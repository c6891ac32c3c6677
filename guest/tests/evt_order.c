// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The order of events (docs/rules.md section 8).
 */
#include "tests/env.h"
#include "tests/requester.h"

#define ROUNDS 24

/* Pages in an order that is none: 11 and 24 have no common factor. */
static uint64_t page_of(enum requester w, unsigned round)
{
    return requester_iova(w) + 0x100000 + (round * 11 + 5) % ROUNDS * 0x1000ull;
}

static enum direction direction_of(enum requester w, unsigned round)
{
    return (round / 3 + w) % 2 ? TO_MEMORY : FROM_MEMORY;
}

/* The records of one requester among all: round after round, each at least once. */
static void expect_order(struct requesters *q, enum requester w, unsigned rounds)
{
    struct rig *r = q->r;
    unsigned round = 0, first = 0;

    for (unsigned i = 0; i < r->event_count; i++) {
        const struct amdvi_event *e = &r->events[i];
        uint64_t page = amdvi_event_address(e) & ~0xfffull;

        if ((e->dw[0] & 0xfffff) != q->who[w].devid) {
            continue;
        }
        /* There may be more than one of an access. */
        round += first && page != page_of(w, round);
        first = 1;
        /* With PR=0 RW is unsure. */
        if (round >= rounds || page != page_of(w, round) || amdvi_event_address(e) % 4 ||
            amdvi_event_address(e) - page >= requester_bytes(w, direction_of(w, round)) ||
            (e->dw[1] & 0xffdfffffu) != (0x20000000u | requester_domain(w))) {
            expect_true(r->c, false,
                        "%s: expected the record of request %u at 0x%llx, actual %08x %08x %08x "
                        "%08x",
                        requester_name(w, TO_MEMORY), round, (unsigned long long)page_of(w, round),
                        e->dw[0], e->dw[1], e->dw[2], e->dw[3]);
            return;
        }
    }
    expect_true(r->c, first && round + 1 == rounds,
                "%s: expected records of %u requests, actual %u", requester_name(w, TO_MEMORY),
                rounds, first ? round + 1 : 0);
}

RULE("AMDVI-EVT-014", "M", evt_order_of_a_device, RULE_KEYS("2.5", "testdev"),
     "The events of a device come in the order of its faults, whatever others do in between")
{
    static struct requesters q;
    struct rig *r;

    if (!requesters_begin(&q, c)) {
        return;
    }
    r = q.r;
    if (!requesters_ready(&q)) {
        return;
    }

    /* Nobody reads the log meanwhile. */
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < REQUESTER_COUNT; i++) {
            /* Another one is the first each time. */
            enum requester w = (enum requester)((round + i) % REQUESTER_COUNT);

            if (q.who[w].here) {
                expect_true(
                    c,
                    requester_try(&q, w, direction_of(w, round), page_of(w, round)) == DMA_BLOCKED,
                    "%s: expected request %u to be refused", requester_name(w, TO_MEMORY), round);
            }
        }
    }
    rig_take_events(r);
    observe(c, "records", "%u", r->event_count);
    for (enum requester w = 0; w < REQUESTER_COUNT; w++) {
        if (q.who[w].here) {
            expect_order(&q, w, ROUNDS);
        }
    }
    for (unsigned i = 0; i < r->event_count; i++) {
        bool known = false;

        for (enum requester w = 0; w < REQUESTER_COUNT; w++) {
            known = known || (q.who[w].here && (r->events[i].dw[0] & 0xfffff) == q.who[w].devid);
        }
        expect_true(c, known, "expected no record of another device, actual %08x %08x",
                    r->events[i].dw[0], r->events[i].dw[1]);
    }
}

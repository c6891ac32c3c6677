// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IO_PAGE_FAULT, for each cause and each requester (docs/rules.md sections 4 and 8).
 */
#include "lib/format.h"
#include "tests/requester.h"

/* The cause lies in the entry of a level, which becomes (good AND NOT clear) OR set. */
struct entry_cause {
    const char *what;
    unsigned level;
    uint64_t clear, set;
    enum fault fault;
    bool write, read; /* the directions that fault */
};

static const struct entry_cause entry_causes[] = {
    {"level 1, PR=0", 1, 0x1, 0, FAULT_NOT_PRESENT, true, true},
    {"level 2, PR=0", 2, 0x1, 0, FAULT_NOT_PRESENT, true, true},
    {"level 3, PR=0", 3, 0x1, 0, FAULT_NOT_PRESENT, true, true},
    {"level 4, PR=0", 4, 0x1, 0, FAULT_NOT_PRESENT, true, true},
    {"level 1, IW=0", 1, 0x4000000000000000ull, 0, FAULT_DENIED, true, false},
    {"level 1, IR=0", 1, 0x2000000000000000ull, 0, FAULT_DENIED, false, true},
    {"level 3, IW=0", 3, 0x4000000000000000ull, 0, FAULT_DENIED, true, false},
    {"level 2, IR=0", 2, 0x2000000000000000ull, 0, FAULT_DENIED, false, true},
    {"level 1, bit 52", 1, 0, 0x0010000000000000ull, FAULT_RESERVED, true, true},
    {"level 2, bit 60", 2, 0, 0x1000000000000000ull, FAULT_RESERVED, true, true},
    {"level 3, bit 53", 3, 0, 0x0020000000000000ull, FAULT_RESERVED, true, true},
    {"level 2, NextLevel 2", 2, 0xe00, 0x400, FAULT_BAD_LEVEL, true, true},
    {"level 3, NextLevel 5", 3, 0xe00, 0xa00, FAULT_BAD_LEVEL, true, true},
};

/* One request that has to be refused and logged. */
static void refused(struct requesters *q, enum requester w, enum direction d, enum fault fault,
                    uint64_t iova, const char *cause)
{
    char what[80];

    format(what, sizeof(what), "%s, %s", requester_name(w, d), cause);

    enum outcome got = requester_try(q, w, d, iova);

    expect_true(q->r->c, got == DMA_BLOCKED, "%s: expected it to be blocked, actual %s", what,
                got == DMA_MOVED ? "moved" : "neither moved nor blocked");
    expect_fault(q->r, what, q->who[w].devid, requester_domain(w), fault, d, iova,
                 requester_bytes(w, d));
}

/* The IDE controller does not get beyond its PRD table. */
static void table_refused(struct requesters *q, enum fault fault, const char *what)
{
    expect_true(q->r->c,
                requester_try(q, REQUESTER_IDE, TO_MEMORY, requester_iova(REQUESTER_IDE)) ==
                    DMA_BLOCKED,
                "IDE, %s: expected it to be blocked", what);
    expect_table_fault(q->r, what, requester_domain(REQUESTER_IDE), fault);
}

static void entry_cases(struct requesters *q, enum requester w)
{
    for (unsigned i = 0; i < sizeof(entry_causes) / sizeof(entry_causes[0]); i++) {
        const struct entry_cause *e = &entry_causes[i];
        volatile uint64_t *slot = requester_slot(q, w, e->level);
        uint64_t good = *slot;

        /* Below 512 GiB everything hangs on one entry of level 4. */
        if (e->level == 4 && !requester_is_wide(w)) {
            continue;
        }
        rig_store(slot, (good & ~e->clear) | e->set);
        if (!rig_flush(q->r, requester_domain(w))) {
            return;
        }
        if (e->write) {
            refused(q, w, TO_MEMORY, e->fault, requester_iova(w), e->what);
        }
        if (e->read) {
            refused(q, w, FROM_MEMORY, e->fault, requester_iova(w), e->what);
        }
        rig_store(slot, good);
    }

    /* Level 3 names the table of level 1 itself; bits 29:21 of the IOVA are not 0. */
    volatile uint64_t *slot = requester_slot(q, w, 3);
    uint64_t good = *slot;

    rig_store(slot, *requester_slot(q, w, 2));
    if (!rig_flush(q->r, requester_domain(w))) {
        return;
    }
    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
        refused(q, w, d, FAULT_SKIPPED, requester_iova(w), "level 2 skipped");
    }
    rig_store(slot, good);
}

/* The cause lies in the device table entry. Who cannot be brought to make the one request before
 * another one has faulted is left out. */
static void dte_cases(struct requesters *q, enum requester w)
{
    uint64_t root = q->n.pt.root;
    uint16_t devid = q->who[w].devid, domain = requester_domain(w);

    if (w != REQUESTER_RTL8139) {
        if (!rig_attach(q->r, devid, 0x2000000000000803ull | root, domain, 0, 0)) {
            return;
        }
        refused(q, w, TO_MEMORY, FAULT_DENIED, requester_iova(w), "DTE with IW=0");
    }
    if (!rig_attach(q->r, devid, 0x4000000000000803ull | root, domain, 0, 0)) {
        return;
    }
    if (w == REQUESTER_IDE) {
        table_refused(q, FAULT_DENIED, "DTE with IR=0");
    } else {
        refused(q, w, FROM_MEMORY, FAULT_DENIED, requester_iova(w), "DTE with IR=0");
    }

    /* Mode 0: the page's own address. */
    if (!rig_attach(q->r, devid, 0x4000000000000003ull, domain, 0, 0)) {
        return;
    }
    if (w == REQUESTER_IDE) {
        q->r->prdt_iova = (uint32_t)q->r->prdt;
        table_refused(q, FAULT_MODE0, "Mode 0 with IR=0");
    } else {
        refused(q, w, FROM_MEMORY, FAULT_MODE0, q->b.spa, "Mode 0 with IR=0");
    }
    if (w != REQUESTER_RTL8139) {
        if (!rig_attach(q->r, devid, 0x2000000000000003ull, domain, 0, 0)) {
            return;
        }
        refused(q, w, TO_MEMORY, FAULT_MODE0, q->b.spa, "Mode 0 with IW=0");
    }
    q->r->prdt_iova = RIG_PRDT_IOVA;
}

RULE("AMDVI-EVT-001", "A", evt_page_fault_record, RULE_KEYS("2.5.3", "testdev"),
     "IO_PAGE_FAULT of every walk failure and requester, reads and writes: all bits of the record")
{
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
        entry_cases(&q, w);
        dte_cases(&q, w);
        if (!requester_attach(&q, w)) {
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_true(c, requester_try(&q, w, d, requester_iova(w)) == DMA_MOVED,
                        "%s: expected the good entries to work as before", requester_name(w, d));
        }
        expect_no_event(q.r, "the good entries again");
    }
}

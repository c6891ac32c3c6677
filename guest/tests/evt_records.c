// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The records of one access: their address, and how many there are (docs/rules.md section 8).
 */
#include "arch/time.h"
#include "drivers/amdvi/regs.h"
#include "lib/format.h"
#include "tests/env.h"
#include "tests/requester.h"

/* A table of as many levels as there are, without an entry, for the test device. */
static unsigned attach_empty(struct rig *r, uint16_t domain)
{
    unsigned hats = (unsigned)(amdvi_read64(r->u, AMDVI_EFR) >> AMDVI_EFR_HATS_SHIFT & 3);
    unsigned levels = hats == 3 ? 4 : 4 + hats;
    uint64_t empty = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

    if (!empty) {
        rule_error(r->c, "no memory for page tables");
        return 0;
    }
    return rig_attach(r, r->testdev, 0x6000000000000003ull | (uint64_t)levels << 9 | empty, domain,
                      0, 0)
               ? levels
               : 0;
}

/* One refused access of 4 bytes, both ways, and the one record that it has. */
static void refused_word(struct rig *r, uint64_t iova)
{
    char what[48];

    format(what, sizeof(what), "4 bytes at 0x%llx", (unsigned long long)iova);
    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
        uint32_t word = 0x0badf00du, result = 0;
        bool ran = d == TO_MEMORY ? testdev_write(&env.testdev, iova, &word, 4, &result)
                                  : testdev_read(&env.testdev, iova, &word, 4, &result);

        if (!ran) {
            rule_error(r->c, "%s: the test device did not run: RESULT 0x%x", what, result);
            return;
        }
        expect_true(r->c, result, "%s: expected it to be refused", what);
        expect_fault(r, what, r->testdev, 0x0011, FAULT_NOT_PRESENT, d, iova, 4);
    }
}

RULE("AMDVI-EVT-011", "M", evt_fault_address, RULE_KEYS("2.5.3", "ide,testdev"),
     "The address of a page fault is the access's, or that of its page, in all 64 bits")
{
    /* All address bits that one access can have, in both states, and neighbours in a page. */
    static const uint64_t others[] = {
        0x0000000012345678ull, 0x0000fedcba987654ull, 0x0000012345678ffcull, 0x00007ffffffff004ull,
        0x0000800000000ffcull, 0x0000aaaaaaaaa554ull, 0x0000555555555aa8ull, 0x0000000000000000ull,
    };
    static const struct {
        uint32_t off, len;
    } pieces[] = {{0x000, 512}, {0x200, 512}, {0xe00, 512}, {0xc00, 1024}};
    struct rig *r = rig_begin(c);
    struct amdvi_pt pt;
    struct buf b;
    unsigned levels;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }
    control_pos(c, dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, b.spa, &b, 0) == DMA_MOVED,
                "the test device reaches memory with V=0");
    levels = attach_empty(r, 0x0011);
    if (!levels) {
        return;
    }
    control_neg(c, dma_misses(r, ENGINE_TESTDEV, TO_MEMORY, b.spa, &b),
                "through an empty table it does not");
    rig_take_events(r);
    for (unsigned bit = 2; bit < (levels == 6 ? 64 : 12 + 9 * levels); bit++) {
        refused_word(r, 1ull << bit);
    }
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        refused_word(r, others[i]);
    }
    if (levels == 6) {
        refused_word(r, 0xfedcba9876543210ull);
        refused_word(r, 0xfffffffffffffffcull);
    }

    /* Sectors that begin in the middle of a page. */
    if (!rig_tree(r, &pt, 3) || !rig_attach_tree(r, r->ide, &pt, 0x1100)) {
        return;
    }
    for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            char what[48];
            enum outcome got =
                dma(r, ENGINE_IDE, d, 0xabcde000ull, &b, pieces[i].off, pieces[i].len);

            format(what, sizeof(what), "%s at 0xabcde%03x", dma_name(ENGINE_IDE, d), pieces[i].off);
            expect_true(c, got == DMA_BLOCKED, "%s: expected it to be blocked", what);
            expect_fault(r, what, r->ide, 0x1100, FAULT_NOT_PRESENT, d,
                         0xabcde000ull + pieces[i].off, pieces[i].len);
        }
    }
}

/* What one access of the test device may leave in the log, and the bytes of it that are refused. */
struct long_access {
    uint64_t iova;
    uint32_t len;
    uint64_t fault; /* where the part begins that is not mapped */
    uint32_t fault_len;
    unsigned most; /* one record for each 64 bytes of that part */
};

static uint8_t bytes[16384];

static void long_access(struct rig *r, const struct long_access *a, enum direction d)
{
    uint32_t result = 0;
    char what[64];
    bool ran;

    format(what, sizeof(what), "%s of %u bytes at 0x%llx", dma_name(ENGINE_TESTDEV, d), a->len,
           (unsigned long long)a->iova);
    ran = d == TO_MEMORY ? testdev_write(&env.testdev, a->iova, bytes, a->len, &result)
                         : testdev_read(&env.testdev, a->iova, bytes, a->len, &result);
    if (!ran) {
        rule_error(r->c, "%s: the test device did not run: RESULT 0x%x", what, result);
        return;
    }
    if (!a->fault_len) {
        expect_true(r->c, !result, "%s: expected no error", what);
        expect_no_event(r, what);
        return;
    }
    expect_true(r->c, result, "%s: expected it to be refused", what);

    /* A long access lies in several pages, so its records name any of them. */
    (void)wait_until(amdvi_evt_pending(r->u), AMDVI_WAIT_US / 10);
    rig_take_events(r);
    expect_true(r->c, r->event_count >= 1 && r->event_count <= a->most,
                "%s: expected 1 to %u records, actual %u", what, a->most, r->event_count);
    for (unsigned i = 0; i < r->event_count; i++) {
        const struct amdvi_event *e = &r->events[i];
        uint64_t at = amdvi_event_address(e);
        uint32_t dw1 = e->dw[1];

        if ((e->dw[0] & 0xfffff) != r->testdev || (dw1 != 0x20000012u && dw1 != 0x20200012u) ||
            at - a->fault >= a->fault_len || at % 4) {
            expect_true(r->c, false,
                        "%s: expected 20000012 or 20200012, address 0x%llx to 0x%llx, actual "
                        "record %u of %u: %08x %08x %08x %08x",
                        what, (unsigned long long)a->fault,
                        (unsigned long long)a->fault + a->fault_len - 1, i + 1, r->event_count,
                        e->dw[0], dw1, e->dw[2], e->dw[3]);
            return;
        }
    }
}

RULE("AMDVI-EVT-012", "M", evt_records_per_access, RULE_KEYS("2.5.3", "testdev"),
     "A refused access logs at least one page fault, and at most one for each 64 bytes; one that "
     "passes logs none")
{
    static const struct long_access cases[] = {
        /* all of it mapped */
        {0x10000000, 4096, 0, 0, 0},
        {0x10000000, 16384, 0, 0, 0},
        /* nothing of it */
        {0x60000000, 4, 0x60000000, 4, 1},
        {0x60000040, 64, 0x60000040, 64, 1},
        {0x60000000, 512, 0x60000000, 512, 8},
        {0x60000000, 4096, 0x60000000, 4096, 64},
        {0x60000800, 4096, 0x60000800, 4096, 64},
        {0x60000000, 16384, 0x60000000, 16384, 256},
        /* its end */
        {0x1000f000, 8192, 0x10010000, 4096, 64},
        {0x1000ff00, 512, 0x10010000, 256, 4},
    };
    static struct requesters q;
    struct buf b;

    if (!requesters_begin(&q, c)) {
        return;
    }
    observe_requesters(&q);

    struct rig *r = q.r;

    if (!buf_new(r, &b, PAGE_HIGH, 16)) {
        return;
    }
    for (unsigned page = 0; page < 16; page++) {
        uint64_t off = page * PAGE_SIZE;

        if (!amdvi_pt_map(&q.n.pt, 0x10000000ull + off, b.spa + off, 1, AMDVI_IR | AMDVI_IW)) {
            rule_error(c, "no memory for page tables");
            return;
        }
    }
    /* Requests as each device makes them, of 128 bytes to a sector. */
    for (enum requester w = 0; w < REQUESTER_COUNT && !rule_broken(c); w++) {
        uint64_t nowhere = requester_iova(w) + 0x1000;

        if (!q.who[w].here) {
            continue;
        }
        if (!requester_attach(&q, w) || !requester_controls(&q, w)) {
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            char what[48];

            format(what, sizeof(what), "%s to no page", requester_name(w, d));
            expect_true(c, requester_try(&q, w, d, nowhere) == DMA_BLOCKED,
                        "%s: expected it to be blocked", what);
            expect_fault(r, what, q.who[w].devid, requester_domain(w), FAULT_NOT_PRESENT, d,
                         nowhere, requester_bytes(w, d));
        }
    }

    /* A whole page of sectors, and long accesses of the test device. */
    if (!rig_attach_tree(r, r->testdev, &q.n.pt, 0x0012)) {
        return;
    }
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]) && !rule_broken(c); i++) {
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            long_access(r, &cases[i], d);
        }
    }
    if (!q.who[REQUESTER_IDE].here) {
        return;
    }
    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
        expect_true(c, dma(r, ENGINE_IDE, d, 0xabcde000ull, &q.b, 0, 4096) == DMA_BLOCKED,
                    "%s of 4096 bytes: expected it to be blocked", dma_name(ENGINE_IDE, d));
        /* At most 64 records: 4096 bytes are 64 lines. */
        expect_fault(r, "IDE, 4096 bytes", r->ide, requester_domain(REQUESTER_IDE),
                     FAULT_NOT_PRESENT, d, 0xabcde000ull, 4096);
        observe(c, d == TO_MEMORY ? "ide_write_records" : "ide_read_records", "%u", r->event_count);
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Three requesters, three domains (docs/rules.md DTE-017).
 */
#include "arch/cpu.h"
#include "drivers/edu/edu.h"
#include "lib/string.h"
#include "tests/env.h"
#include "tests/rig.h"

#define SOURCE 0x12345000ull
#define TARGET 0x12346000ull
#define BYTES  256u

enum { IDE, TESTDEV, EDU, REQUESTERS };

/* A domain of its own: the same two IOVAs, other memory. */
struct domain {
    struct amdvi_pt pt;
    struct buf b;
    uint16_t devid, id;
};

static bool domain_new(struct rig *r, struct domain *d, uint16_t devid, uint16_t id)
{
    d->devid = devid;
    d->id = id;
    if (!buf_new(r, &d->b, PAGE_HIGH, 2) || !rig_tree(r, &d->pt, 3)) {
        return false;
    }
    for (unsigned page = 0; page < 2; page++) {
        volatile uint64_t *leaf = amdvi_pt_slot(&d->pt, SOURCE + page * PAGE_SIZE, 1);

        if (!leaf) {
            rule_error(r->c, "no memory for page tables");
            return false;
        }
        rig_store(leaf, 0x6000000000000001ull | (d->b.spa + page * PAGE_SIZE));
    }
    return rig_attach_tree(r, devid, &d->pt, id);
}

static bool edu_moves(struct rig *r, bool to_memory, uint64_t iova)
{
    if (!edu_dma(&env.edu, to_memory, iova, BYTES)) {
        rule_error(r->c, "the edu device does not end its transfer");
        return false;
    }
    return true;
}

/*
 * IDE and the test device use both IOVAs first, in both directions, so that what can be remembered
 * of them is. Then the third requester takes from the one IOVA and gives to the other.
 */
RULE("AMDVI-DTE-017", "A", dte_domains_are_apart, RULE_KEYS("2.2.2", "ide,testdev,edu"),
     "One IOVA in three domains: each requester reaches its own domain's memory, also after the "
     "others")
{
    struct domain d[REQUESTERS] = {0};
    struct rig *r = rig_begin(c);
    uint8_t want[BYTES];

    if (!r || !domain_new(r, &d[IDE], r->ide, 0x0121) ||
        !domain_new(r, &d[TESTDEV], r->testdev, 0x0122) ||
        !domain_new(r, &d[EDU], env.edu.devid, 0x0123)) {
        return;
    }
    for (enum engine e = ENGINE_IDE; e <= ENGINE_TESTDEV; e++) {
        for (enum direction dir = 0; dir < DIRECTION_COUNT; dir++) {
            control_pos(c,
                        dma_probe(r, e, dir, SOURCE, &d[e].b, 0) == DMA_MOVED &&
                            dma_probe(r, e, dir, SOURCE, &d[e].b, PAGE_SIZE) == DMA_MOVED,
                        "%s moves data in its domain", dma_name(e, dir));
        }
    }

    for (unsigned k = 0; k < REQUESTERS; k++) {
        buf_canary(&d[k].b);
    }
    for (unsigned i = 0; i < BYTES; i++) {
        want[i] = (uint8_t)(i * 37 + 11 + (r->nonce & 0xff));
    }
    memcpy((void *)d[EDU].b.spa, want, BYTES);
    memory_barrier();
    if (!edu_moves(r, false, SOURCE) || !edu_moves(r, true, TARGET)) {
        return;
    }
    expect_true(c, memcmp((const void *)(d[EDU].b.spa + PAGE_SIZE), want, BYTES) == 0,
                "edu: expected the data of its own domain's page %llx in its page %llx",
                (unsigned long long)d[EDU].b.spa, (unsigned long long)(d[EDU].b.spa + PAGE_SIZE));
    expect_true(c, buf_untouched_but(&d[IDE].b, 0, 0) && buf_untouched_but(&d[TESTDEV].b, 0, 0),
                "edu: expected the memory of the other domains as it was");
    expect_no_event(r, "three domains with both pages mapped");

    for (enum engine e = ENGINE_IDE; e <= ENGINE_TESTDEV; e++) {
        expect_dma(r, DMA_MOVED, e, TO_MEMORY, SOURCE, &d[e].b, PAGE_SIZE, "after edu");
    }

    /* In the test device's domain it does reach that one's memory. */
    buf_canary(&d[TESTDEV].b);
    if (!rig_attach_tree(r, env.edu.devid, &d[TESTDEV].pt, d[TESTDEV].id) ||
        !edu_moves(r, true, TARGET)) {
        return;
    }
    control_neg(c, !buf_untouched_but(&d[TESTDEV].b, 0, 0),
                "edu in another domain reaches that one's memory");
}

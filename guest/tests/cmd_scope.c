// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an invalidation has to reach besides a page (docs/rules.md section 7): directories, and the
 * device table entry of any device.
 */
#include "tests/cmd_rig.h"
#include "tests/env.h"

#define DOMAIN 0x0009
#define PAGES  3

/* Two trees that map the same pages to two sets of buffers. */
struct trees {
    struct amdvi_pt pt[2];
    struct buf b[2][PAGES];
};

/* A directory entry, pages that are found through it, and what flushes exactly its range. */
struct directory {
    unsigned level; /* of the table that the entry stands in */
    uint64_t iova[PAGES];
    struct amdvi_cmd flush[3]; /* the range, the domain, and one page: that of iova[1] */
};

static const struct directory directories[] = {
    /* 2 MB at 4000_0000h */
    {2,
     {0x40000000, 0x400ff000, 0x401ff000},
     {{{0, 0x30000009u, 0x400ff003u, 0}},
      {{0, 0x30000009u, 0xfffff003u, 0x7fffffffu}},
      {{0, 0x30000009u, 0x400ff002u, 0}}}},
    /* 1 GB at 8000_0000h */
    {3,
     {0x80000000, 0x92345000, 0xbffff000},
     {{{0, 0x30000009u, 0x9ffff003u, 0}},
      {{0, 0x30000009u, 0xfffff003u, 0x7fffffffu}},
      {{0, 0x30000009u, 0x92345002u, 0}}}},
    /* 512 GB at 0, the PRD table's page included */
    {4,
     {0x00100000, 0x76543000, 0xfffff000},
     {{{0, 0x30000009u, 0xfffff003u, 0x0000003fu}},
      {{0, 0x30000009u, 0xfffff003u, 0x7fffffffu}},
      {{0, 0x30000009u, 0x76543002u, 0}}}},
};

static bool trees_new(struct rig *r, struct trees *t, const uint64_t *iova)
{
    for (unsigned k = 0; k < 2; k++) {
        if (!rig_tree(r, &t->pt[k], 4)) {
            return false;
        }
        for (unsigned i = 0; i < PAGES; i++) {
            if (!buf_new(r, &t->b[k][i], PAGE_LOW, 1)) {
                return false;
            }

            volatile uint64_t *leaf = amdvi_pt_slot(&t->pt[k], iova[i], 1);

            if (!leaf) {
                rule_error(r->c, "no memory for page tables");
                return false;
            }
            *leaf = 0x6000000000000001ull | t->b[k][i].spa;
        }
    }
    return true;
}

/* Each page, or the one in the middle alone, leads to set @k of the buffers. */
static void expect_set(struct rig *r, enum engine e, struct trees *t, const struct directory *d,
                       unsigned k, bool one, const char *what)
{
    for (unsigned i = one ? 1 : 0; i < (one ? 2 : PAGES); i++) {
        expect_dma(r, DMA_MOVED, e, FROM_MEMORY, d->iova[i], &t->b[k][i], 0, what);
        expect_dma(r, DMA_MOVED, e, TO_MEMORY, d->iova[i], &t->b[k][i], 0, what);
    }
}

static void replace(struct rig *r, enum engine e, const struct directory *d, unsigned f)
{
    static const char *const names[] = {"the range", "the domain", "one page"};
    struct trees t;

    if (!trees_new(r, &t, d->iova) || !rig_attach_tree(r, engine_devid(r, e), &t.pt[0], DOMAIN)) {
        return;
    }

    volatile uint64_t *slot[2] = {amdvi_pt_slot(&t.pt[0], d->iova[0], d->level),
                                  amdvi_pt_slot(&t.pt[1], d->iova[0], d->level)};
    uint64_t first = *slot[0];
    bool one = f == 2;

    for (unsigned i = 0; i < PAGES; i++) {
        control_pos(r->c,
                    dma_probe(r, e, FROM_MEMORY, d->iova[i], &t.b[0][i], 0) == DMA_MOVED &&
                        dma_probe(r, e, TO_MEMORY, d->iova[i], &t.b[0][i], 0) == DMA_MOVED,
                    "%s of page %u goes by the first directory", dma_name(e, TO_MEMORY), i);
        control_neg(r->c, dma_misses(r, e, TO_MEMORY, d->iova[i], &t.b[1][i]),
                    "and not by the second one");
    }
    rig_store(slot[0], *slot[1]);
    if (!amdvi_cmd_and_wait(r->u, d->flush[f])) {
        rule_error(r->c, "no completion");
        return;
    }
    note(r->c, "%s, entry of level %u, flush of %s", dma_name(e, TO_MEMORY), d->level, names[f]);
    expect_set(r, e, &t, d, 1, one, "directory replaced, PDE=1");
    expect_no_event(r, "directory replaced, PDE=1");

    /* The PRD table of the IDE controller hangs on the entry of level 4. */
    if (d->level < 4 || e == ENGINE_TESTDEV) {
        rig_store(slot[0], 0);
        if (!amdvi_cmd_and_wait(r->u, d->flush[f])) {
            rule_error(r->c, "no completion");
            return;
        }
        expect_dma(r, DMA_BLOCKED, e, TO_MEMORY, d->iova[1], &t.b[1][1], 0,
                   "directory freed, PDE=1");
        rig_take_events(r); /* what is logged is the page tables' affair (PT-002) */
    }
    rig_store(slot[0], first);
    if (!amdvi_cmd_and_wait(r->u, d->flush[f])) {
        rule_error(r->c, "no completion");
        return;
    }
    expect_set(r, e, &t, d, 0, one, "first directory again, PDE=1");
    expect_no_event(r, "first directory again, PDE=1");
}

RULE("AMDVI-CMD-017", "A", cmd_pde_drops_directories, RULE_KEYS("2.4.3", "ide"),
     "INVALIDATE_IOMMU_PAGES with PDE=1 drops directories as well: one that was replaced or freed "
     "is "
     "never used again")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }
    for (unsigned i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        for (enum engine e = 0; e < engines(); e++) {
            /* The controller is slow, and what is flushed does not depend on who made it cached. */
            for (unsigned f = 0; f < (e == ENGINE_IDE ? 1 : 3) && !rule_broken(c); f++) {
                replace(r, e, &directories[i], f);
            }
        }
    }
}

#define IOVA     0x12345000ull
#define DEVICES  3
#define DOMAIN_A 0x0101

/* A device with two domains, each with a page of its own. */
struct device {
    const char *name;
    uint16_t devid;
    struct testdev *testdev; /* NULL: the IDE controller */
    struct amdvi_pt pt[2];
    struct buf b[2];
};

/* Does what the device writes to IOVA arrive in buffer @k and nowhere else? */
static bool arrives(struct rig *r, struct device *d, unsigned k)
{
    uint32_t result = 0;
    uint64_t data = ++r->nonce;

    if (!d->testdev) {
        return dma_probe(r, ENGINE_IDE, TO_MEMORY, IOVA, &d->b[k], 0) == DMA_MOVED;
    }
    buf_canary(&d->b[0]);
    buf_canary(&d->b[1]);
    return testdev_write(d->testdev, IOVA, &data, 8, &result) && result == 0 &&
           *(volatile uint64_t *)d->b[k].spa == data && buf_untouched_but(&d->b[k], 0, 8) &&
           buf_untouched_but(&d->b[1 - k], 0, 0);
}

static bool device_new(struct rig *r, struct device *d)
{
    for (unsigned k = 0; k < 2; k++) {
        if (!buf_new(r, &d->b[k], PAGE_LOW, 1) || !rig_tree(r, &d->pt[k], 3)) {
            return false;
        }
        if (!amdvi_pt_map(&d->pt[k], IOVA, d->b[k].spa, 1, AMDVI_IR | AMDVI_IW)) {
            rule_error(r->c, "no memory for page tables");
            return false;
        }
    }
    return true;
}

RULE("AMDVI-CMD-015", "A", cmd_devtab_entry_of_any_device, RULE_KEYS("2.4.2", "ide,testdev"),
     "INVALIDATE_DEVTAB_ENTRY alone puts the changed entry of the DeviceID it names in force, on "
     "any "
     "bus, and leaves the others' alone")
{
    struct rig *r = rig_begin(c);
    struct testdev far;
    struct device d[DEVICES] = {{.name = "IDE controller"},
                                {.name = "test device", .testdev = &env.testdev},
                                {.name = "test device behind a bridge", .testdev = &far}};
    unsigned count = DEVICES;

    if (!r) {
        return;
    }
    if (testdev_discover_behind_bridge(&far)) {
        count = DEVICES - 1;
    }
    observe(c, "devices", "%u", count);
    d[0].devid = r->ide;
    d[1].devid = r->testdev;
    d[2].devid = far.devid;
    for (unsigned i = 0; i < count; i++) {
        if (!device_new(r, &d[i]) ||
            !rig_attach_tree(r, d[i].devid, &d[i].pt[0], (uint16_t)(DOMAIN_A + i))) {
            return;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        control_pos(c, arrives(r, &d[i], 0), "%s reaches the page of its first domain", d[i].name);
        control_neg(c, !arrives(r, &d[i], 1), "and not that of its second one");
    }
    /* Not a control: whoever takes it for a device of bus 0 (EVT-010) breaks this rule as well. */
    expect_true(c, count < DEVICES || arrives(r, &d[2], 0),
                "expected the %s to reach the page of its first domain", d[2].name);
    for (unsigned i = 0; i < count; i++) {
        /* Another root and another domain that nothing can be cached of. */
        amdvi_dte_write(r->u, d[i].devid,
                        (struct amdvi_dte){{0x6000000000000603ull | d[i].pt[1].root,
                                            DOMAIN_A + 0x100u + i, 0, 0}});
        if (!amdvi_cmd_and_wait(r->u, (struct amdvi_cmd){{d[i].devid, 0x20000000u, 0, 0}})) {
            rule_error(c, "no completion");
            return;
        }
        for (unsigned k = 0; k < count; k++) {
            expect_true(c, arrives(r, &d[k], k <= i),
                        "entry of the %s changed: expected the %s in its %s domain", d[i].name,
                        d[k].name, k <= i ? "second" : "first");
        }
    }
    expect_no_event(r, "after the changes");
}

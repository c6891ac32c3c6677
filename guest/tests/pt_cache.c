// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What may be remembered and for how long (docs/rules.md sections 4 and 7), and mapping as a driver
 * does it (section 13).
 */
#include "drivers/amdvi/regs.h"
#include "lib/format.h"
#include "tests/cmd_rig.h"

#define IOVA   0x12345000ull
#define DOMAIN 0x0007

/* Two buffers and a tree that maps IOVA to the first; both devices in it. */
struct pair {
    struct amdvi_pt pt;
    struct buf old, new;
    volatile uint64_t *leaf;
};

static bool pair_new(struct rig *r, struct pair *p, uint16_t domain)
{
    if (!buf_new(r, &p->old, PAGE_LOW, 1) || !buf_new(r, &p->new, PAGE_LOW, 1) ||
        !rig_tree(r, &p->pt, 4)) {
        return false;
    }
    p->leaf = amdvi_pt_slot(&p->pt, IOVA, 1);
    if (!p->leaf) {
        rule_error(r->c, "no memory for page tables");
        return false;
    }
    rig_store(p->leaf, 0x6000000000000001ull | p->old.spa);
    return rig_attach_tree(r, r->ide, &p->pt, domain) &&
           rig_attach_tree(r, r->testdev, &p->pt, domain);
}

/* Use the mapping to @b in both directions, so that it is remembered if anything is. */
static bool warm_up(struct rig *r, enum engine e, const struct buf *b)
{
    return dma_probe(r, e, FROM_MEMORY, IOVA, b, 0) == DMA_MOVED &&
           dma_probe(r, e, TO_MEMORY, IOVA, b, 0) == DMA_MOVED;
}

RULE("AMDVI-PT-016", "A", pt_old_translation_gone_after_flush, RULE_KEYS("2.2.3", "ide"),
     "After INVALIDATE_IOMMU_PAGES and COMPLETION_WAIT the old translation and the old rights are "
     "never used")
{
    struct rig *r = rig_begin(c);
    struct pair p;

    if (!r || !pair_new(r, &p, DOMAIN)) {
        return;
    }
    /* One page, S=0: domain 7, address 12345000h. */
    const struct amdvi_cmd flush = {{0, 0x30000007u, 0x12345000u, 0}};

    for (enum engine e = 0; e < engines(); e++) {
        control_pos(c, warm_up(r, e, &p.old), "%s and back go to the first page",
                    dma_name(e, TO_MEMORY));
        control_neg(c, dma_misses(r, e, TO_MEMORY, IOVA, &p.new),
                    "and not to the second one, which would be seen");

        rig_store(p.leaf, 0x6000000000000001ull | p.new.spa);
        if (!amdvi_cmd_and_wait(r->u, flush)) {
            rule_error(c, "no completion");
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_MOVED, e, d, IOVA, &p.new, 0, "remapped");
        }
        expect_no_event(r, "remapped");

        rig_store(p.leaf, 0x2000000000000001ull | p.new.spa);
        if (!amdvi_cmd_and_wait(r->u, flush)) {
            rule_error(c, "no completion");
            return;
        }
        expect_dma(r, DMA_BLOCKED, e, TO_MEMORY, IOVA, &p.new, 0, "write permission revoked");
        expect_fault_or_none(r, "write permission revoked", engine_devid(r, e), DOMAIN,
                             FAULT_DENIED, TO_MEMORY, IOVA, dma_probe_bytes(e));
        expect_dma(r, DMA_MOVED, e, FROM_MEMORY, IOVA, &p.new, 0, "write permission revoked");

        rig_store(p.leaf, 0x4000000000000001ull | p.new.spa);
        if (!amdvi_cmd_and_wait(r->u, flush)) {
            rule_error(c, "no completion");
            return;
        }
        expect_dma(r, DMA_MOVED, e, TO_MEMORY, IOVA, &p.new, 0, "read permission revoked");
        expect_dma(r, DMA_BLOCKED, e, FROM_MEMORY, IOVA, &p.new, 0, "read permission revoked");
        expect_fault_or_none(r, "read permission revoked", engine_devid(r, e), DOMAIN, FAULT_DENIED,
                             FROM_MEMORY, IOVA, dma_probe_bytes(e));

        rig_store(p.leaf, 0);
        if (!amdvi_cmd_and_wait(r->u, flush)) {
            rule_error(c, "no completion");
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_BLOCKED, e, d, IOVA, &p.new, 0, "unmapped");
            expect_fault_or_none(r, "unmapped", engine_devid(r, e), DOMAIN, FAULT_NOT_PRESENT, d,
                                 IOVA, dma_probe_bytes(e));
        }

        rig_store(p.leaf, 0x6000000000000001ull | p.old.spa);
        if (!amdvi_cmd_and_wait(r->u, flush)) {
            rule_error(c, "no completion");
            return;
        }
        expect_no_event(r, "mapped again");
    }
}

RULE("AMDVI-CMD-016", "A", cmd_invalidate_pages_by_domain, RULE_KEYS("2.4", "ide,testdev"),
     "INVALIDATE_IOMMU_PAGES drops the named domain's page, DomainID 0 and FFFFh as any other; "
     "other domains stay correct")
{
    static const uint16_t domains[] = {0x0000, 0xffff, 0x8001};
    struct rig *r = rig_begin(c);
    struct pair mine, other;

    if (!r || !pair_new(r, &mine, 1) || !pair_new(r, &other, 2)) {
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        enum engine e = i % 2 ? ENGINE_IDE : ENGINE_TESTDEV;
        enum engine o = i % 2 ? ENGINE_TESTDEV : ENGINE_IDE;

        rig_store(mine.leaf, 0x6000000000000001ull | mine.old.spa);
        if (!rig_attach_tree(r, engine_devid(r, e), &mine.pt, domains[i]) ||
            !rig_attach_tree(r, engine_devid(r, o), &other.pt, 0x0100)) {
            return;
        }
        control_pos(c, warm_up(r, e, &mine.old), "domain %04x: %s arrives", domains[i],
                    dma_name(e, TO_MEMORY));
        control_neg(c, dma_misses(r, e, TO_MEMORY, IOVA, &other.old),
                    "domain 0100 has another page at the same IOVA");
        expect_dma(r, DMA_MOVED, o, TO_MEMORY, IOVA, &other.old, 0, "domain 0100 before");
        rig_store(mine.leaf, 0x6000000000000001ull | mine.new.spa);
        if (!amdvi_cmd_and_wait(
                r->u, (struct amdvi_cmd){{0, 0x30000000u | domains[i], 0x12345000u, 0}})) {
            rule_error(c, "no completion");
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_MOVED, e, d, IOVA, &mine.new, 0, "the domain that was flushed");
            expect_dma(r, DMA_MOVED, o, d, IOVA, &other.old, 0, "the domain that was not");
        }
    }
}

RULE("AMDVI-CMD-018", "A", cmd_invalidate_pages_by_size, RULE_KEYS("2.4", "testdev"),
     "INVALIDATE_IOMMU_PAGES with S=1 drops every page of the range that its size code names")
{
    /* Ranges and commands of the table in section 7 of docs/rules.md, domain 5. */
    static const struct {
        uint32_t dw2, dw3;
        uint64_t iova, size;
    } cases[] = {
        {0x00010001u, 0, 0x10000, 0x2000},
        {0x00011001u, 0, 0x10000, 0x4000},
        {0x400ff001u, 0, 0x40000000, 0x200000},
        {0x9ffff001u, 0, 0x80000000, 0x40000000},
        {0xfffff003u, 0x7fffffffu, 0x7654321000, 0x1000},
        {0x54321000u, 0x76u, 0x7654321000, 0x1000},
    };
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct amdvi_pt pt;
        struct buf old, new;
        uint64_t pages[3] = {cases[i].iova, cases[i].iova + (cases[i].size / 2 & ~0xfffull),
                             cases[i].iova + cases[i].size - 0x1000};
        char what[48];

        if (!buf_new(r, &old, PAGE_LOW, 1) || !buf_new(r, &new, PAGE_LOW, 1) ||
            !rig_tree(r, &pt, 4)) {
            return;
        }
        for (unsigned n = 0; n < 3; n++) {
            if (!amdvi_pt_map(&pt, pages[n], old.spa, 1, AMDVI_IR | AMDVI_IW)) {
                rule_error(c, "no memory for page tables");
                return;
            }
        }
        if (!rig_attach_tree(r, r->testdev, &pt, 5)) {
            return;
        }
        format(what, sizeof(what), "dw2=%08x dw3=%08x", cases[i].dw2, cases[i].dw3);
        for (unsigned n = 0; n < 3; n++) {
            control_pos(c, dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, pages[n], &old, 0) == DMA_MOVED,
                        "%s: IOVA 0x%llx leads to the first page", what,
                        (unsigned long long)pages[n]);
        }
        control_neg(c, dma_misses(r, ENGINE_TESTDEV, TO_MEMORY, pages[0], &new),
                    "and not to the second one, which would be seen");
        for (unsigned n = 0; n < 3; n++) {
            rig_store(amdvi_pt_slot(&pt, pages[n], 1), 0x6000000000000001ull | new.spa);
        }
        if (!amdvi_cmd_and_wait(r->u,
                                (struct amdvi_cmd){{0, 0x30000005u, cases[i].dw2, cases[i].dw3}})) {
            rule_error(c, "no completion");
            return;
        }
        for (unsigned n = 0; n < 3; n++) {
            expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, pages[n], &new, 0, what);
        }
    }
}

RULE(
    "AMDVI-CMD-020", "A", cmd_invalidate_all, RULE_KEYS("2.4", "ide,testdev"),
    "INVALIDATE_IOMMU_ALL drops every cached translation and DTE, of all domains and devices; with "
    "IASup=0 it is illegal")
{
    struct rig *r = rig_begin(c);
    struct pair p, q;

    if (!r) {
        return;
    }
    if (!(amdvi_read64(r->u, AMDVI_EFR) & AMDVI_EFR_IA_SUP)) {
        cmd_controls(r);

        uint64_t entry = r->u->cmd_buf + r->u->cmd_tail * 16ull;

        amdvi_cmd_put(r->u, (struct amdvi_cmd){{0, 0x80000000u, 0, 0}});
        amdvi_cmd_ring(r->u);
        cmd_expect_illegal(r, entry, "INVALIDATE_IOMMU_ALL with EFR.IASup=0");
        return;
    }
    if (!pair_new(r, &p, 21) || !pair_new(r, &q, 22) || !rig_attach_tree(r, r->ide, &p.pt, 21)) {
        return;
    }

    const struct amdvi_cmd all = {{0, 0x80000000u, 0, 0}};

    control_pos(c, warm_up(r, ENGINE_IDE, &p.old) && warm_up(r, ENGINE_TESTDEV, &q.old),
                "domains 21 (IDE) and 22 (test device) lead to their first pages");
    control_neg(c, dma_misses(r, ENGINE_TESTDEV, TO_MEMORY, IOVA, &q.new),
                "and not to the second ones, which would be seen");
    rig_store(p.leaf, 0x6000000000000001ull | p.new.spa);
    rig_store(q.leaf, 0x6000000000000001ull | q.new.spa);
    if (!amdvi_cmd_and_wait(r->u, all)) {
        rule_error(c, "no completion");
        return;
    }
    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
        expect_dma(r, DMA_MOVED, ENGINE_IDE, d, IOVA, &p.new, 0, "page of domain 21 changed");
        expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, d, IOVA, &q.new, 0, "page of domain 22 changed");
    }
    amdvi_dte_write(r->u, r->ide, (struct amdvi_dte){{0x0000000000000003ull, 23, 0, 0}});
    amdvi_dte_write(r->u, r->testdev, (struct amdvi_dte){{0x0000000000000003ull, 23, 0, 0}});
    if (!amdvi_cmd_and_wait(r->u, all)) {
        rule_error(c, "no completion");
        return;
    }
    for (enum engine e = 0; e < engines(); e++) {
        expect_dma(r, DMA_BLOCKED, e, TO_MEMORY, IOVA, e == ENGINE_IDE ? &p.new : &q.new, 0,
                   "both DTEs made blocking");
    }
}

RULE("AMDVI-INIT-008", "A", init_map_then_dma, RULE_KEYS("5", "ide,testdev"),
     "Write the page table, write the DTE, flush it, wait: disk sectors move through the page both "
     "ways")
{
    struct rig *r = rig_begin(c);
    struct pair p;
    struct buf plain;

    if (!r || !buf_new(r, &plain, PAGE_LOW, 1)) {
        return;
    }
    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
        control_pos(c, dma(r, ENGINE_IDE, d, plain.spa, &plain, 0, 4096) == DMA_MOVED,
                    "%s of 8 sectors goes untranslated with V=0", dma_name(ENGINE_IDE, d));
    }
    if (!pair_new(r, &p, DOMAIN)) {
        return;
    }
    control_neg(c, dma_probe(r, ENGINE_IDE, TO_MEMORY, IOVA + 0x1000, &p.old, 0) == DMA_BLOCKED,
                "the next page, which is not mapped, gets nothing");
    control_neg(c, dma_misses(r, ENGINE_IDE, TO_MEMORY, IOVA, &p.new),
                "a page that is not mapped here gets nothing");
    rig_take_events(r);
    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
        enum outcome got = dma(r, ENGINE_IDE, d, IOVA, &p.old, 0, 4096);

        expect_true(c, got == DMA_MOVED,
                    "%s of 8 sectors: expected all 4096 bytes, actual outcome %d",
                    dma_name(ENGINE_IDE, d), got);
        got = dma(r, ENGINE_TESTDEV, d, IOVA, &p.old, 0, 4096);
        expect_true(c, got == DMA_MOVED, "%s: expected all 4096 bytes, actual outcome %d",
                    dma_name(ENGINE_TESTDEV, d), got);
    }
    expect_no_event(r, "DMA without a fault");
}

RULE("AMDVI-INIT-009", "A", init_unmap_then_reuse, RULE_KEYS("5", "ide"),
     "Clear the entry, INVALIDATE_IOMMU_PAGES, COMPLETION_WAIT: the page belongs to someone else "
     "and is not touched again")
{
    struct rig *r = rig_begin(c);
    struct pair p;

    if (!r || !pair_new(r, &p, DOMAIN)) {
        return;
    }
    for (enum engine e = 0; e < engines(); e++) {
        rig_store(p.leaf, 0x6000000000000001ull | p.old.spa);
        if (!rig_flush(r, DOMAIN)) {
            return;
        }
        control_pos(c, warm_up(r, e, &p.old), "%s and back reach the page while it is mapped",
                    dma_name(e, TO_MEMORY));
        control_neg(c, !buf_untouched_but(&p.old, 0, 0),
                    "and that the last one, from the device, did is seen in the page");
        rig_take_events(r);
        rig_store(p.leaf, 0);
        if (!amdvi_cmd_and_wait(r->u, (struct amdvi_cmd){{0, 0x30000007u, 0x12345000u, 0}})) {
            rule_error(c, "no completion");
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_BLOCKED, e, d, IOVA, &p.old, 0, "after the unmap");
            expect_fault(r, "after the unmap", engine_devid(r, e), DOMAIN, FAULT_NOT_PRESENT, d,
                         IOVA, dma_probe_bytes(e));
        }
    }
}

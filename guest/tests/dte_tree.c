// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device table entries with a page table (docs/rules.md section 3).
 */
#include "lib/format.h"
#include "tests/rig.h"

#define IOVA   0x12345000ull
#define DOMAIN 0x0005

/* A buffer behind IOVA in a four-level tree. */
static bool make(struct rig *r, struct amdvi_pt *pt, struct buf *b)
{
    if (!buf_new(r, b, PAGE_LOW, 1) || !rig_tree(r, pt, 4)) {
        return false;
    }
    if (!amdvi_pt_map(pt, IOVA, b->spa, 1, AMDVI_IR | AMDVI_IW)) {
        rule_error(r->c, "no memory for page tables");
        return false;
    }
    return true;
}

/*
 * Which event it is, is unsure: ILLEGAL_DEV_TABLE_ENTRY with RZ=0, or IO_PAGE_FAULT, whose flags
 * nobody names. It is for the block that the rule stands, so no record at all fails elsewhere.
 */
static void expect_mode7_event(struct rig *r, enum engine e, enum direction d, uint64_t iova)
{
    struct event_want want = {
        engine_devid(r, e), {0x10000000u, 0x20000005u, 0x20100005u}, iova, dma_probe_bytes(e)};

    if (e == ENGINE_IDE) {
        want.address = r->prdt_iova; /* it does not get beyond its PRD table */
        want.len = 64;
    } else if (d == TO_MEMORY) {
        want.dw1[0] = 0x10200000u;
        want.dw1[3] = 0x20200005u;
        want.dw1[4] = 0x20300005u;
    }
    expect_event_or_none(r, "Mode 7", &want);
}

RULE("AMDVI-DTE-005", "A", dte_mode7_blocks, RULE_KEYS("2.2.2", "ide"),
     "Mode 7 is reserved: all DMA is blocked")
{
    struct rig *r = rig_begin(c);
    struct amdvi_pt pt;
    struct buf b;

    if (!r || !make(r, &pt, &b)) {
        return;
    }
    for (enum engine e = 0; e < engines(); e++) {
        uint16_t devid = engine_devid(r, e);

        if (!rig_attach_tree(r, devid, &pt, DOMAIN)) {
            return;
        }
        control_pos(c, dma_probe(r, e, TO_MEMORY, IOVA, &b, 0) == DMA_MOVED,
                    "%s arrives with the same table and Mode 4", dma_name(e, TO_MEMORY));
        control_neg(c, dma_probe(r, e, TO_MEMORY, IOVA + 0x1000, &b, 0) == DMA_BLOCKED,
                    "the next page, which is not mapped, is blocked");
        rig_take_events(r);
        if (!rig_attach(r, devid, 0x6000000000000e03ull | pt.root, DOMAIN, 0, 0)) {
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_BLOCKED, e, d, IOVA, &b, 0, "Mode 7");
            expect_mode7_event(r, e, d, IOVA);
            expect_dma(r, DMA_BLOCKED, e, d, b.spa, &b, 0, "Mode 7, the untranslated address");
            expect_mode7_event(r, e, d, b.spa);
        }
        observe(c, e == ENGINE_IDE ? "ide_event" : "testdev_event", "%08x",
                r->event_count ? r->events[0].dw[1] : 0);
    }
}

RULE("AMDVI-DTE-006", "A", dte_rights_limit_table, RULE_KEYS("2.2.2", "ide"),
     "An access needs IR or IW in the DTE as well, even if the page allows it; a denial is logged")
{
    static const struct {
        uint64_t rights;
        bool read, write;
    } cases[] = {
        {0x6000000000000000ull, true, true},
        {0x2000000000000000ull, true, false},
        {0x4000000000000000ull, false, true},
        {0x0000000000000000ull, false, false},
    };
    struct rig *r = rig_begin(c);
    struct amdvi_pt pt;
    struct buf b;

    if (!r || !make(r, &pt, &b)) {
        return;
    }
    for (enum engine e = 0; e < engines(); e++) {
        uint16_t devid = engine_devid(r, e);

        if (!rig_attach_tree(r, devid, &pt, DOMAIN)) {
            return;
        }
        control_neg(c, dma_probe(r, e, TO_MEMORY, IOVA + 0x1000, &b, 0) == DMA_BLOCKED,
                    "with both rights in the DTE a page that is not mapped is blocked");
        rig_take_events(r);
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            if (e == ENGINE_IDE && !cases[i].read) {
                continue; /* it could not read its PRD table */
            }
            char what[48];

            if (!rig_attach(r, devid, 0x0000000000000803ull | cases[i].rights | pt.root, DOMAIN, 0,
                            0)) {
                return;
            }
            format(what, sizeof(what), "DTE IR=%d IW=%d, page with both", cases[i].read,
                   cases[i].write);
            /* What is allowed first, so that a permission remembered from it shows. */
            for (unsigned pass = 0; pass < 2; pass++) {
                for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
                    bool allowed = d == TO_MEMORY ? cases[i].write : cases[i].read;

                    if (allowed != (pass == 0)) {
                        continue;
                    }
                    if (i == 0) {
                        control_pos(c, dma_probe(r, e, d, IOVA, &b, 0) == DMA_MOVED,
                                    "%s moves data with both rights", dma_name(e, d));
                        continue;
                    }
                    expect_dma(r, allowed ? DMA_MOVED : DMA_BLOCKED, e, d, IOVA, &b, 0, what);
                    if (allowed) {
                        expect_no_event(r, what);
                    } else {
                        expect_fault(r, what, devid, DOMAIN, FAULT_DENIED, d, IOVA,
                                     dma_probe_bytes(e));
                    }
                }
            }
        }
    }
}

RULE("AMDVI-DTE-015", "A", dte_change_effective_after_flush, RULE_KEYS("2.2.2", "ide"),
     "A changed DTE is in force once INVALIDATE_DEVTAB_ENTRY and COMPLETION_WAIT are done")
{
    struct rig *r = rig_begin(c);
    struct amdvi_pt one, two;
    struct buf a, b;

    if (!r || !make(r, &one, &a) || !make(r, &two, &b)) {
        return;
    }
    for (enum engine e = 0; e < engines(); e++) {
        uint16_t devid = engine_devid(r, e);
        struct amdvi_cmd flush = {{devid, 0x20000000u, 0, 0}};

        if (!rig_attach_tree(r, devid, &one, 11)) {
            return;
        }
        control_pos(c, dma_probe(r, e, TO_MEMORY, IOVA, &a, 0) == DMA_MOVED,
                    "%s goes through domain 11 first", dma_name(e, TO_MEMORY));
        control_neg(c, dma_misses(r, e, TO_MEMORY, IOVA, &b),
                    "the page of domain 12 is another one");

        /* Another domain and another root. Only the DTE is flushed: nothing of domain 12 can be
         * cached. */
        amdvi_dte_write(r->u, devid,
                        (struct amdvi_dte){{0x6000000000000803ull | two.root, 12, 0, 0}});
        if (!amdvi_cmd_and_wait(r->u, flush)) {
            rule_error(c, "no completion");
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_MOVED, e, d, IOVA, &b, 0, "moved to domain 12 and its root");
        }

        /* Blocking. */
        amdvi_dte_write(r->u, devid, (struct amdvi_dte){{0x0000000000000003ull, 13, 0, 0}});
        if (!amdvi_cmd_and_wait(r->u, flush)) {
            rule_error(c, "no completion");
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_BLOCKED, e, d, IOVA, &b, 0, "made blocking");
        }

        /* And passing through. */
        amdvi_dte_write(r->u, devid, (struct amdvi_dte){{0, 0, 0, 0}});
        if (!amdvi_cmd_and_wait(r->u, flush)) {
            rule_error(c, "no completion");
            return;
        }
        r->prdt_iova = (uint32_t)r->prdt;
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_MOVED, e, d, b.spa, &b, 0, "made invalid (V=0)");
        }
        r->prdt_iova = RIG_PRDT_IOVA;
    }
}

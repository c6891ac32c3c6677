// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reserved bits of a device table entry, and the suppression of its faults (docs/rules.md section
 * 3).
 */
#include "lib/format.h"
#include "tests/rig.h"

#define DOMAIN 0x0a5c
#define IOVA   0x123456000ull /* above 4 GiB: the test device alone */

/* A request that a reserved bit has to stop, both ways, with the record that tells of it:
 * ILLEGAL_DEV_TABLE_ENTRY with RZ=1, and RW=1 for a write. */
static void expect_illegal(struct rig *r, enum engine e, uint64_t iova, const struct buf *b,
                           const char *what)
{
    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
        expect_dma(r, DMA_BLOCKED, e, d, iova, b, 0, what);
        if (e == ENGINE_IDE) {
            /* It does not get beyond its PRD table. */
            expect_event(r, what, &(struct event_want){r->ide, {0x10800000u}, r->prdt_iova, 64});
            continue;
        }
        expect_event(r, what,
                     &(struct event_want){r->testdev,
                                          {d == TO_MEMORY ? 0x10a00000u : 0x10800000u},
                                          iova,
                                          dma_probe_bytes(e)});
    }
}

RULE("AMDVI-DTE-007", "A", dte_reserved_bits_block, RULE_KEYS("2.2.2", "ide"),
     "With V=1 reserved bits 2 and 3 block all DMA: ILLEGAL_DEV_TABLE_ENTRY, RZ=1")
{
    static const uint64_t bits[] = {0x4, 0x8, 0xc};
    struct rig *r = rig_begin(c);
    struct amdvi_pt pt;
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1) || !rig_tree(r, &pt, 4)) {
        return;
    }
    if (!amdvi_pt_map(&pt, IOVA, b.spa, 1, AMDVI_IR | AMDVI_IW) ||
        !amdvi_pt_map(&pt, 0x40000000ull, b.spa, 1, AMDVI_IR | AMDVI_IW)) {
        rule_error(c, "no memory for page tables");
        return;
    }

    uint64_t good[] = {0x6000000000000803ull | pt.root, 0x6000000000000003ull,
                       0x0000000000000001ull};

    for (enum engine e = 0; e < engines(); e++) {
        uint16_t devid = engine_devid(r, e);
        uint64_t iova = e == ENGINE_IDE ? 0x40000000ull : IOVA;

        if (!rig_attach(r, devid, good[0], DOMAIN, 0, 0)) {
            return;
        }
        control_pos(c, dma_probe(r, e, TO_MEMORY, iova, &b, 0) == DMA_MOVED,
                    "%s arrives through the entry without them", dma_name(e, TO_MEMORY));
        control_neg(c, dma_misses(r, e, TO_MEMORY, iova + 0x1000, &b),
                    "a page that is not mapped blocks it");
        rig_take_events(r);
        for (unsigned g = 0; g < 3; g++) {
            for (unsigned i = 0; i < 3; i++) {
                char what[48];

                if (!rig_attach(r, devid, good[g] | bits[i], DOMAIN, 0, 0)) {
                    return;
                }
                format(what, sizeof(what), "DTE q0=0x%llx",
                       (unsigned long long)(good[g] | bits[i]));
                expect_illegal(r, e, iova, &b, what);
            }
        }

        /* With IV=0 the bits of the other half do not matter: 181:180, 206:192. */
        if (!rig_attach(r, devid, good[0], DOMAIN, 0x0030000000000000ull, 0x0000000000007fffull)) {
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_MOVED, e, d, iova, &b, 0, "IV=0, reserved bits in 255:129");
        }
        expect_no_event(r, "IV=0, reserved bits in 255:129");
    }

    /* Whether they matter to DMA with IV=1 is unsure: reported. */
    if (engines() != ENGINE_COUNT ||
        !rig_attach(r, r->testdev, good[0], DOMAIN, 0x1030000000000001ull, 0)) {
        return;
    }
    observe(c, "iv1_blocks_dma", "%d", dma_misses(r, ENGINE_TESTDEV, TO_MEMORY, IOVA, &b));
    rig_take_events(r);
}

/* Entries and accesses that fault; q1 gets SA or not. */
struct fault_case {
    const char *what;
    uint64_t q0;
    uint64_t iova;
    bool write;
    enum fault fault;
};

RULE("AMDVI-DTE-010", "A", dte_sa_suppresses_page_faults, RULE_KEYS("2.2.2", "ide,testdev"),
     "SA=1: accesses are blocked as ever, but no IO_PAGE_FAULT of the device is logged")
{
    struct rig *r = rig_begin(c);
    struct amdvi_pt pt;
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1) || !rig_tree(r, &pt, 4)) {
        return;
    }
    if (!amdvi_pt_map(&pt, IOVA, b.spa, 1, AMDVI_IR | AMDVI_IW) ||
        !amdvi_pt_map(&pt, IOVA + 0x1000, b.spa, 1, AMDVI_IR) ||
        !amdvi_pt_map(&pt, IOVA + 0x2000, b.spa, 1, AMDVI_IW) ||
        !amdvi_pt_map(&pt, 0x40000000ull, b.spa, 1, AMDVI_IR)) {
        rule_error(c, "no memory for page tables");
        return;
    }

    const uint64_t tree = 0x6000000000000803ull | pt.root;
    const struct fault_case cases[] = {
        {"a page that is not present", tree, IOVA + 0x3000, true, FAULT_NOT_PRESENT},
        {"a page that is not present", tree, IOVA + 0x3000, false, FAULT_NOT_PRESENT},
        {"a read-only page", tree, IOVA + 0x1000, true, FAULT_DENIED},
        {"a write-only page", tree, IOVA + 0x2000, false, FAULT_DENIED},
        {"IW=0", 0x2000000000000803ull | pt.root, IOVA, true, FAULT_DENIED},
        {"Mode 0 with IW=0", 0x2000000000000003ull, b.spa, true, FAULT_MODE0},
        {"Mode 0 with IR=0", 0x4000000000000003ull, b.spa, false, FAULT_MODE0},
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct fault_case *f = &cases[i];
        enum direction d = f->write ? TO_MEMORY : FROM_MEMORY;

        if (!rig_attach(r, r->testdev, f->q0, 0x0000000000000000ull | DOMAIN, 0, 0)) {
            return;
        }
        control_neg(c, dma_misses(r, ENGINE_TESTDEV, d, f->iova, &b), "%s: blocked with SA=0",
                    f->what);
        expect_fault(r, f->what, r->testdev, DOMAIN, f->fault, d, f->iova,
                     dma_probe_bytes(ENGINE_TESTDEV));

        /* Bit 98 of the entry is bit 34 of this quadword. */
        if (!rig_attach(r, r->testdev, f->q0, 0x0000000400000000ull | DOMAIN, 0, 0)) {
            return;
        }
        expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, d, f->iova, &b, 0, f->what);
        expect_no_event(r, f->what);
    }

    /* The device still works. */
    if (!rig_attach(r, r->testdev, tree, 0x0000000400000000ull | DOMAIN, 0, 0)) {
        return;
    }
    control_pos(c, dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, IOVA, &b, 0) == DMA_MOVED,
                "what is mapped is reached with SA=1");

    /* SA of one device is not that of another: the IDE controller, same domain. */
    if (!rig_attach(r, r->ide, tree, 0x0000000000000000ull | DOMAIN, 0, 0)) {
        return;
    }
    expect_dma(r, DMA_BLOCKED, ENGINE_IDE, TO_MEMORY, 0x40000000ull, &b, 0,
               "IDE with SA=0, a read-only page");
    expect_fault(r, "IDE with SA=0 beside a device with SA=1", r->ide, DOMAIN, FAULT_DENIED,
                 TO_MEMORY, 0x40000000ull, dma_probe_bytes(ENGINE_IDE));
    if (!rig_attach(r, r->ide, tree, 0x0000000400000000ull | DOMAIN, 0, 0)) {
        return;
    }
    expect_dma(r, DMA_BLOCKED, ENGINE_IDE, TO_MEMORY, 0x40000000ull, &b, 0,
               "IDE with SA=1, a read-only page");
    expect_no_event(r, "IDE with SA=1, a read-only page");

    /* Other events are logged with SA=1 too. */
    if (!rig_attach(r, r->testdev, tree | 0x4, 0x0000000400000000ull | DOMAIN, 0, 0)) {
        return;
    }
    expect_illegal(r, ENGINE_TESTDEV, IOVA, &b, "SA=1 and reserved bit 2");
}

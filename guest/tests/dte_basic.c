// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device table entries that decide without a page table (docs/rules.md section 3).
 */
#include "arch/cpu.h"
#include "drivers/amdvi/regs.h"
#include "lib/format.h"
#include "tests/rig.h"

#define DENY_ALL     0x0000000000000003ull /* V=1 TV=1 Mode 0 IR=IW=0 */
#define PASS_MODE0   0x6000000000000003ull /* V=1 TV=1 Mode 0 IR=IW=1 */
#define PASS_INVALID 0x0000000000000000ull /* V=0 */

/*
 * Controls of a rule about one DTE: the DMA works through an entry that passes, @pass, and an entry
 * with an empty table of one level is seen to stop it. Neither is what the rule is about.
 */
static bool controls(struct rig *r, const struct buf *b, enum engine e, uint64_t pass)
{
    uint64_t empty = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

    if (!empty) {
        rule_error(r->c, "no memory for page tables");
        return false;
    }
    if (!rig_attach(r, engine_devid(r, e), pass, 0, 0, 0)) {
        return false;
    }
    control_pos(r->c, dma_probe(r, e, TO_MEMORY, b->spa, b, 0) == DMA_MOVED,
                "%s arrives through a DTE q0=0x%llx", dma_name(e, TO_MEMORY),
                (unsigned long long)pass);
    if (!rig_attach(r, engine_devid(r, e), 0x6000000000000203ull | empty, 0, 0, 0)) {
        return false;
    }
    control_neg(r->c, dma_probe(r, e, TO_MEMORY, b->spa, b, 0) == DMA_BLOCKED,
                "an entry with an empty table blocks it");
    rig_take_events(r);
    return !rule_broken(r->c);
}

RULE("AMDVI-DTE-001", "A", dte_invalid_passes_through, RULE_KEYS("2.2.2", "ide"),
     "V=0 forwards all DMA unchanged, whatever bits 127:1 hold")
{
    static const uint64_t cases[][2] = {
        {0x0000000000000000ull, 0},
        {0xfffffffffffffffeull, 0xffffffffffffffffull}, /* everything else set, reserved bits too */
        {0x0000000000000002ull, 0},                     /* TV alone */
        {0x0000000000000e02ull, 0},                     /* Mode 7 */
        {0x0000000000000004ull, 0}, /* each bit that is reserved in all revisions */
        {0x0000000000000008ull, 0},
        {0x2000000000000802ull, 5}, /* a table at 0, read only */
    };
    struct rig *r = rig_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }
    for (enum engine e = 0; e < engines(); e++) {
        if (!controls(r, &b, e, PASS_MODE0)) {
            return;
        }
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            char what[48];

            if (!rig_attach(r, engine_devid(r, e), cases[i][0], cases[i][1], 0, 0)) {
                return;
            }
            format(what, sizeof(what), "DTE q0=0x%llx", (unsigned long long)cases[i][0]);
            expect_dma(r, DMA_MOVED, e, TO_MEMORY, b.spa, &b, 0, what);
            expect_dma(r, DMA_MOVED, e, FROM_MEMORY, b.spa, &b, 0, what);
            expect_no_event(r, what);
        }
    }
}

/* If it is logged, as IO_PAGE_FAULT; RW is unsure. The controller does not get beyond its table. */
static void expect_no_table_event(struct rig *r, enum engine e, enum direction d, uint64_t iova,
                                  const char *what)
{
    if (e == ENGINE_IDE) {
        expect_fault_or_none(r, what, r->ide, 5, FAULT_NO_TABLE, FROM_MEMORY, r->prdt_iova, 64);
    } else {
        expect_fault_or_none(r, what, r->testdev, 5, FAULT_NO_TABLE, d, iova, dma_probe_bytes(e));
    }
}

RULE("AMDVI-DTE-002", "A", dte_translation_invalid_blocks, RULE_KEYS("2.2.2", "ide"),
     "V=1 TV=0 blocks all DMA, whatever IR, IW, Mode and Root say")
{
    struct rig *r = rig_begin(c);
    struct amdvi_pt pt;
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }

    /* The tree maps the buffer 1:1, so that an emulator that walks it gets somewhere. */
    if (!amdvi_pt_init(&pt, 4) || !amdvi_pt_map(&pt, b.spa, b.spa, 1, AMDVI_IR | AMDVI_IW) ||
        !amdvi_pt_map(&pt, r->prdt, r->prdt, 1, AMDVI_IR | AMDVI_IW)) {
        rule_error(c, "no memory for page tables");
        return;
    }

    const uint64_t cases[] = {
        0x0000000000000001ull,           /* V alone */
        0x6000000000000001ull,           /* IR and IW */
        0x2000000000000001ull,           /* IR */
        0x4000000000000001ull,           /* IW */
        0x6000000000000801ull | pt.root, /* and a good table */
    };

    for (enum engine e = 0; e < engines(); e++) {
        if (!controls(r, &b, e, PASS_INVALID)) {
            return;
        }
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            char what[48];

            if (!rig_attach(r, engine_devid(r, e), cases[i], 5, 0, 0)) {
                return;
            }
            format(what, sizeof(what), "DTE q0=0x%llx", (unsigned long long)cases[i]);
            for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
                expect_dma(r, DMA_BLOCKED, e, d, b.spa, &b, 0, what);
                expect_no_table_event(r, e, d, b.spa, what);
            }
        }
        /* That it is logged rests on one source: reported, not judged. */
        observe(c, e == ENGINE_IDE ? "ide_event" : "testdev_event", "%08x",
                r->event_count ? r->events[0].dw[1] : 0);
    }
}

RULE("AMDVI-DTE-003", "A", dte_mode0_honours_rights, RULE_KEYS("2.2.2", "ide"),
     "Mode 0: address unchanged, reads need IR and writes IW; a denial is logged")
{
    static const struct {
        uint64_t q0;
        bool read, write;
    } cases[] = {
        {0x6000000000000003ull, true, true},
        {0x2000000000000003ull, true, false},
        {0x4000000000000003ull, false, true},
        {0x0000000000000003ull, false, false},
    };
    struct rig *r = rig_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }
    for (enum engine e = 0; e < engines(); e++) {
        if (!controls(r, &b, e, PASS_INVALID)) {
            return;
        }
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            /* The IDE controller has to read its PRD table, so it cannot show a device that may not
             * read. */
            if (e == ENGINE_IDE && !cases[i].read) {
                continue;
            }
            char what[48];

            if (!rig_attach(r, engine_devid(r, e), cases[i].q0, 0x1234, 0, 0)) {
                return;
            }
            format(what, sizeof(what), "DTE q0=0x%llx", (unsigned long long)cases[i].q0);
            for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
                bool allowed = d == TO_MEMORY ? cases[i].write : cases[i].read;

                expect_dma(r, allowed ? DMA_MOVED : DMA_BLOCKED, e, d, b.spa, &b, 0, what);
                if (allowed) {
                    expect_no_event(r, what);
                } else {
                    expect_fault(r, what, engine_devid(r, e), 0x1234, FAULT_MODE0, d, b.spa,
                                 dma_probe_bytes(e));
                }
            }
        }
    }
}

RULE("AMDVI-DTE-004", "A", dte_mode0_ignores_root, RULE_KEYS("2.2.2", "ide"),
     "Mode 0: any value in Root (51:12) has no effect")
{
    struct rig *r = rig_begin(c);
    uint64_t zeroes = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }
    if (!zeroes) {
        rule_error(c, "no memory");
        return;
    }

    const uint64_t roots[] = {0x000ffffffffff000ull, 0x0000000000001000ull, 0x0008000000000000ull,
                              0x00000000fed80000ull, zeroes};

    for (enum engine e = 0; e < engines(); e++) {
        uint16_t devid = engine_devid(r, e);

        if (!rig_attach(r, devid, 0x6000000000000003ull, 3, 0, 0)) {
            return;
        }
        control_pos(c, dma_probe(r, e, TO_MEMORY, b.spa, &b, 0) == DMA_MOVED,
                    "%s arrives with Mode 0 and Root 0", dma_name(e, TO_MEMORY));
        if (!rig_attach(r, devid, 0x6000000000000203ull | zeroes, 3, 0, 0)) {
            return;
        }
        control_neg(c, dma_probe(r, e, TO_MEMORY, b.spa, &b, 0) == DMA_BLOCKED,
                    "with Mode 1 and an empty table as Root it is blocked");
        rig_take_events(r);
        for (unsigned i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
            char what[48];

            if (!rig_attach(r, devid, 0x6000000000000003ull | roots[i], 3, 0, 0)) {
                return;
            }
            format(what, sizeof(what), "Root 0x%llx", (unsigned long long)roots[i]);
            expect_dma(r, DMA_MOVED, e, TO_MEMORY, b.spa, &b, 0, what);
            expect_dma(r, DMA_MOVED, e, FROM_MEMORY, b.spa, &b, 0, what);
            expect_no_event(r, what);
        }
    }
}

RULE("AMDVI-DTE-009", "A", dte_beyond_table_blocks, RULE_KEYS("2.2.2", "testdev"),
     "A DeviceID past the end of the device table is blocked; memory beyond is not read as a DTE")
{
    struct rig *r = rig_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }
    if (r->testdev < 128) {
        rule_skip(c, "the test device's DeviceID 0x%04x lies in the smallest device table",
                  r->testdev);
        return;
    }
    control_pos(c, dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, b.spa, &b, 0) == DMA_MOVED,
                "DeviceID 0x%04x passes with V=0 in a table of %u pages", r->testdev,
                r->u->dev_tab_pages);
    if (!rig_attach(r, r->testdev, DENY_ALL, 0, 0, 0)) {
        return;
    }
    control_neg(c, dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, b.spa, &b, 0) == DMA_BLOCKED,
                "a denying entry in that table blocks it");
    rig_take_events(r);

    /* One page of table: 128 entries. What follows in memory is zero, and would let it pass. */
    static const uint64_t entries[] = {0x0000000000000000ull, 0x6000000000000003ull};

    for (unsigned i = 0; i < 2; i++) {
        if (!amdvi_disable(r->u)) {
            rule_error(c, "the IOMMU does not stop");
            return;
        }
        amdvi_dte_write(r->u, r->testdev, (struct amdvi_dte){{entries[i], 0, 0, 0}});
        amdvi_write64(r->u, 0x00, r->u->dev_tab | 0);
        if (!amdvi_enable(r->u)) {
            rule_error(c, "the IOMMU does not start");
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            uint32_t rw = d == TO_MEMORY ? 0x00200000u : 0;

            expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, d, b.spa, &b, 0,
                       "device table of 128 entries, memory behind it says pass");
            /* Which event it is, is unsure, and with it RZ of the one and RW of the other. */
            expect_event_or_none(
                r, "past the table",
                &(struct event_want){r->testdev,
                                     {0x10000000u | rw, 0x10800000u | rw, 0x20000000u, 0x20200000u},
                                     b.spa,
                                     dma_probe_bytes(ENGINE_TESTDEV)});
        }
    }
    observe(c, "event", "%08x", r->event_count ? r->events[0].dw[1] : 0);
}

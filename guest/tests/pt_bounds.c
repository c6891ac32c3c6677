// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What lies outside: size codes that do not belong to their level, and IOVAs that the table does
 * not reach (docs/rules.md section 4).
 */
#include "drivers/amdvi/regs.h"
#include "lib/format.h"
#include "tests/rig.h"

#define RW     0x6000000000000000ull
#define DOMAIN 0x00b9

/* Size codes, ORed into the address of a leaf with NextLevel 7. */
static const struct {
    unsigned log2;
    uint64_t code;
} sizes[] = {
    {13, 0x0000000000ull}, {14, 0x0000001000ull}, {15, 0x0000003000ull}, {16, 0x0000007000ull},
    {17, 0x000000f000ull}, {18, 0x000001f000ull}, {19, 0x000003f000ull}, {20, 0x000007f000ull},
    {21, 0x00000ff000ull}, {22, 0x00001ff000ull}, {23, 0x00003ff000ull}, {24, 0x00007ff000ull},
    {26, 0x0001fff000ull}, {29, 0x000ffff000ull}, {30, 0x001ffff000ull}, {31, 0x003ffff000ull},
    {32, 0x007ffff000ull}, {34, 0x01fffff000ull}, {38, 0x1ffffff000ull}, {39, 0x3ffffff000ull},
    {40, 0x7ffffff000ull},
};

/* The default sizes of levels 1 to 4, as numbers of bits. */
static const unsigned default_log2[] = {0, 12, 21, 30, 39};

/*
 * A leaf of @level with a size code, so that, were it accepted, @iova led to @b. What is within the
 * bounds moves, what is outside faults; a code for the default size may do either.
 */
static void size_case(struct rig *r, struct amdvi_pt *pt, unsigned level, unsigned i,
                      const struct buf *b)
{
    unsigned log2 = sizes[i].log2;
    uint64_t size = 1ull << log2;
    uint64_t iova = (log2 <= 30 ? 0x80000000ull : 0x400000000000ull) | (b->spa & (size - 1));
    volatile uint64_t *slot = amdvi_pt_slot(pt, iova, level);
    bool good = log2 > default_log2[level] && log2 < default_log2[level + 1];
    char what[48];

    if (!slot) {
        rule_error(r->c, "no memory for page tables");
        return;
    }
    rig_store(slot, RW | 0xe01 | (b->spa & ~(size - 1)) | sizes[i].code);
    if (!rig_flush(r, DOMAIN)) {
        return;
    }
    format(what, sizeof(what), "level %u, code of 2^%u bytes", level, log2);
    for (enum engine e = 0; e < engines(); e++) {
        if (e == ENGINE_IDE && iova >> 32) {
            continue;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            if (log2 == default_log2[level]) {
                enum outcome got = dma_probe(r, e, d, iova, b, 0);

                expect_true(r->c, got == DMA_MOVED || got == DMA_BLOCKED,
                            "%s: expected the page or a fault", what);
                rig_take_events(r);
                format(what, sizeof(what), "default_code_level%u", level);
                if (e == ENGINE_TESTDEV && d == TO_MEMORY) {
                    observe(r->c, what, "%s", got == DMA_MOVED ? "accepted" : "fault");
                }
                continue;
            }
            expect_dma(r, good ? DMA_MOVED : DMA_BLOCKED, e, d, iova, b, 0, what);
            if (good) {
                expect_no_event(r, what);
            } else {
                expect_fault(r, what, engine_devid(r, e), DOMAIN, FAULT_BAD_LEVEL, d, iova,
                             dma_probe_bytes(e));
            }
        }
    }
    rig_store(slot, 0);
}

RULE("AMDVI-PT-005", "M", pt_size_code_bounds, RULE_KEYS("2.2.3", "ide"),
     "A size code below the default size of its level, or not below that of the next level, faults")
{
    struct rig *r = rig_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }
    for (unsigned level = 1; level <= 3 && !rule_broken(c); level++) {
        struct amdvi_pt pt;

        if (!rig_tree(r, &pt, 4) || !rig_attach_tree(r, r->ide, &pt, DOMAIN) ||
            !rig_attach_tree(r, r->testdev, &pt, DOMAIN)) {
            return;
        }
        if (level == 1) {
            if (!amdvi_pt_map(&pt, 0x20000000, b.spa, 1, AMDVI_IR | AMDVI_IW) ||
                !rig_flush(r, DOMAIN)) {
                rule_error(c, "no memory for page tables");
                return;
            }
            for (enum engine e = 0; e < engines(); e++) {
                control_pos(c, dma_probe(r, e, TO_MEMORY, 0x20000000, &b, 0) == DMA_MOVED,
                            "%s arrives through a 4 KB page", dma_name(e, TO_MEMORY));
                control_neg(c, dma_misses(r, e, TO_MEMORY, 0x20001000, &b),
                            "the page behind it is blocked");
            }
            rig_take_events(r);
        }
        for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            size_case(r, &pt, level, i, &b);
        }
    }
}

/* A page at 145000h, which a table of any depth reaches. */
#define IOVA 0x145000ull

/* That page with one more address bit, from the first that no level takes. */
static void wide_cases(struct rig *r, enum engine e, unsigned mode, const struct buf *b)
{
    for (unsigned bit = 12 + 9 * mode; bit < (e == ENGINE_IDE ? 32 : 64); bit++) {
        uint64_t iova = IOVA | 1ull << bit;
        char what[48];

        format(what, sizeof(what), "Mode %u, IOVA bit %u", mode, bit);
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_BLOCKED, e, d, iova, b, 0, what);
            expect_fault(r, what, engine_devid(r, e), DOMAIN, FAULT_TOO_WIDE, d, iova,
                         dma_probe_bytes(e));
        }
    }
}

RULE("AMDVI-PT-009", "M", pt_iova_wider_than_mode, RULE_KEYS("2.2.3", "ide"),
     "An IOVA with a bit at or above 12+9*Mode faults, and reaches no page below")
{
    struct rig *r = rig_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }

    unsigned hats = (unsigned)(amdvi_read64(r->u, AMDVI_EFR) >> AMDVI_EFR_HATS_SHIFT & 3);
    unsigned deepest = hats == 3 ? 4 : 4 + hats;

    for (unsigned mode = 1; mode <= deepest && mode < 6 && !rule_broken(c); mode++) {
        struct amdvi_pt pt;

        if (!rig_tree(r, &pt, mode) || !amdvi_pt_map(&pt, IOVA, b.spa, 1, AMDVI_IR | AMDVI_IW)) {
            rule_error(c, "no memory for page tables");
            return;
        }
        for (enum engine e = 0; e < engines(); e++) {
            if (!rig_attach(r, engine_devid(r, e), RW | (uint64_t)mode << 9 | 3 | pt.root, DOMAIN,
                            0, 0)) {
                return;
            }
            control_pos(c, dma_probe(r, e, TO_MEMORY, IOVA, &b, 0) == DMA_MOVED,
                        "Mode %u: %s reaches the page", mode, dma_name(e, TO_MEMORY));
            control_neg(c, dma_misses(r, e, TO_MEMORY, IOVA + 0x1000, &b),
                        "the page behind it is blocked");
            rig_take_events(r);
            wide_cases(r, e, mode, &b);
            expect_dma(r, DMA_MOVED, e, FROM_MEMORY, IOVA, &b, 0, "the page itself, at last");
            expect_no_event(r, "the page itself, at last");
        }
    }
}

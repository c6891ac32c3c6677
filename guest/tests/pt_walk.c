// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walk itself: depth, directories, skipped levels (docs/rules.md section 4).
 */
#include "arch/cpu.h"
#include "drivers/amdvi/regs.h"
#include "lib/format.h"
#include "tests/env.h"
#include "tests/rig.h"

#define RW     0x6000000000000000ull
#define DOMAIN 0x0042

static uint64_t table(struct rig *r)
{
    uint64_t t = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

    if (!t) {
        rule_error(r->c, "no memory for page tables");
    }
    return t;
}

static volatile uint64_t *entry(uint64_t t, unsigned index)
{
    return (volatile uint64_t *)t + index;
}

/*
 * The index of each level in IOVA AB33_557F_D234_5000h, taken apart by hand: bits 20:12, 29:21,
 * 38:30, 47:39, 56:48 and 63:57.
 */
static const unsigned deep_index[7] = {0, 0x145, 0x091, 0x1ff, 0x0aa, 0x133, 0x055};

static const uint64_t deep_iova[7] = {
    0,
    0x0000000000145000ull, /* Mode 1: 21 bits */
    0x0000000012345000ull, /* Mode 2: 30 bits */
    0x0000007fd2345000ull, /* Mode 3: 39 bits */
    0x0000557fd2345000ull, /* Mode 4: 48 bits */
    0x0133557fd2345000ull, /* Mode 5: 57 bits */
    0xab33557fd2345000ull, /* Mode 6: 64 bits */
};

/*
 * One path of @mode levels from @top to @spa by raw entries: PR, NextLevel, IR, IW. Tables that are
 * there are used.
 */
static bool deep_path(struct rig *r, uint64_t top, unsigned mode, const unsigned index[7],
                      uint64_t spa)
{
    uint64_t t = top;

    for (unsigned level = mode; level > 1; level--) {
        uint64_t next = *entry(t, index[level]) & 0x000ffffffffff000ull;

        if (!next) {
            next = table(r);
            if (!next) {
                return false;
            }
            *entry(t, index[level]) = RW | (uint64_t)(level - 1) << 9 | 1 | next;
        }
        t = next;
    }
    *entry(t, index[1]) = RW | 1 | spa;
    memory_barrier();
    return true;
}

/* Levels that this machine has (EFR.HATS: 0, 1, 2 for 4, 5, 6; 3 is reserved). */
static unsigned levels(struct rig *r)
{
    unsigned hats = (unsigned)(amdvi_read64(r->u, AMDVI_EFR) >> AMDVI_EFR_HATS_SHIFT & 3);

    return hats == 3 ? 4 : 4 + hats;
}

RULE("AMDVI-PT-001", "A", pt_depths_one_to_six, RULE_KEYS("2.2.3", "ide,testdev"),
     "Tables of 1 to 6 levels: each level takes its own nine bits of the IOVA, NextLevel 0 ends "
     "the walk")
{
    struct rig *r = rig_begin(c);
    struct buf b, first, other;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1) || !buf_new(r, &first, PAGE_LOW, 1) ||
        !buf_new(r, &other, PAGE_LOW, 1)) {
        return;
    }
    unsigned deepest = levels(r);
    uint64_t empty = table(r);

    observe(c, "levels", "%u", deepest);
    if (!empty) {
        return;
    }
    for (enum engine e = 0; e < engines(); e++) {
        control_pos(c, dma_probe(r, e, TO_MEMORY, b.spa, &b, 0) == DMA_MOVED,
                    "%s arrives untranslated with V=0", dma_name(e, TO_MEMORY));
        if (!rig_attach(r, engine_devid(r, e), RW | 0x203 | empty, DOMAIN, 0, 0)) {
            return;
        }
        control_neg(c, dma_probe(r, e, TO_MEMORY, b.spa, &b, 0) == DMA_BLOCKED,
                    "through an empty table it is blocked");
    }
    rig_take_events(r);

    /* Disk sectors through each depth, within the 32 bits that the controller has. */
    for (unsigned mode = 1; mode <= deepest; mode++) {
        uint64_t iova = mode == 1 ? 0x145000 : 0x12345000;
        struct amdvi_pt pt;
        char what[48];

        if (!rig_tree(r, &pt, mode) || !amdvi_pt_map(&pt, iova, b.spa, 1, AMDVI_IR | AMDVI_IW) ||
            !rig_attach_tree(r, r->ide, &pt, DOMAIN)) {
            return;
        }
        format(what, sizeof(what), "Mode %u", mode);
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_MOVED, ENGINE_IDE, d, iova, &b, 512, what);
        }
        expect_dma(r, DMA_BLOCKED, ENGINE_IDE, TO_MEMORY, iova + 0x1000, &b, 0,
                   "the page behind it");
        expect_fault(r, what, r->ide, DOMAIN, FAULT_NOT_PRESENT, TO_MEMORY, iova + 0x1000,
                     dma_probe_bytes(ENGINE_IDE));
    }

    for (unsigned mode = 1; mode <= deepest; mode++) {
        uint64_t top = table(r);
        char what[48];

        if (!top || !deep_path(r, top, mode, deep_index, b.spa) ||
            !rig_attach(r, r->testdev, RW | (uint64_t)mode << 9 | 3 | top, DOMAIN, 0, 0)) {
            return;
        }
        format(what, sizeof(what), "Mode %u", mode);
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, d, deep_iova[mode], &b, 0x7f8, what);
        }
        expect_no_event(r, what);
        /* The neighbour in the last table is empty; its fault carries all bits of the address. */
        expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, TO_MEMORY, deep_iova[mode] + 0x1000, &b, 0,
                   what);
        expect_fault(r, what, r->testdev, DOMAIN, FAULT_NOT_PRESENT, TO_MEMORY,
                     deep_iova[mode] + 0x1000, dma_probe_bytes(ENGINE_TESTDEV));

        /* The first and the last page of the whole range: index 0 and the highest index in every
         * table. */
        static const unsigned first_index[7] = {0};
        static const unsigned last_index[7] = {0, 0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x07f};
        uint64_t last_iova = mode == 6 ? 0xfffffffffffff000ull : (1ull << (12 + 9 * mode)) - 0x1000;

        if (!deep_path(r, top, mode, first_index, first.spa) ||
            !deep_path(r, top, mode, last_index, other.spa) || !rig_flush(r, DOMAIN)) {
            return;
        }
        expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, 0, &first, 0, "index 0 in every table");
        expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, last_iova, &other, 0xfe0,
                   "the last index in every table");
        expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, deep_iova[mode], &b, 0, what);

        /* Turn each bit of the top level's index alone: another page, never the first one. */
        unsigned bits = mode == 6 ? 7 : 9;

        for (unsigned bit = 0; bit < bits && !rule_broken(c); bit++) {
            unsigned index[7];

            for (unsigned l = 0; l < 7; l++) {
                index[l] = deep_index[l];
            }
            index[mode] ^= 1u << bit;
            uint64_t iova = deep_iova[mode] ^ 1ull << (12 + 9 * (mode - 1) + bit);

            if (!deep_path(r, top, mode, index, other.spa) || !rig_flush(r, DOMAIN)) {
                return;
            }
            expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, deep_iova[mode], &b, 0, what);
            expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, iova, &other, 0,
                       "one bit of the top index turned");
        }
    }
}

RULE("AMDVI-PT-007", "A", pt_level_skipping, RULE_KEYS("2.2.3", "ide,testdev"),
     "A directory may name a level more than one below its own; the levels between are not fetched")
{
    static const struct {
        unsigned mode, from, next; /* the entry in the table of level `from` names level `next` */
    } cases[] = {{3, 3, 1}, {4, 4, 1}, {4, 4, 2}, {4, 3, 1}, {5, 5, 2}, {6, 6, 1}, {6, 4, 1}};
    struct rig *r = rig_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }
    struct amdvi_pt pt;

    if (!rig_tree(r, &pt, 4) || !amdvi_pt_map(&pt, 0x145000, b.spa, 1, AMDVI_IR | AMDVI_IW) ||
        !rig_attach_tree(r, r->testdev, &pt, DOMAIN)) {
        return;
    }
    control_pos(c, dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, 0x145000, &b, 0) == DMA_MOVED,
                "the same page is reached with no level skipped");
    control_neg(c, dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, 0x146000, &b, 0) == DMA_BLOCKED,
                "the page behind it is not mapped and blocked");
    rig_take_events(r);

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (cases[i].mode > levels(r)) {
            continue;
        }

        uint64_t top = table(r), t = top;
        /* Index 145h at level 1, 091h at level 2 where it is not skipped; all others 0. */
        unsigned l2 = cases[i].next == 2 ? 0x091 : 0;
        uint64_t iova = 0x145000 | (uint64_t)l2 << 21;
        char what[48];

        for (unsigned level = cases[i].mode; t && level > 1;) {
            unsigned next = level == cases[i].from ? cases[i].next : level - 1;
            uint64_t n = table(r);

            if (!n) {
                return;
            }
            *entry(t, level == 2 ? l2 : 0) = RW | (uint64_t)next << 9 | 1 | n;
            t = n;
            level = next;
        }
        if (!t) {
            return;
        }
        *entry(t, 0x145) = RW | 1 | b.spa;
        /* The PRD table: level 1 index 7, in the table that IOVA bits 29:21 = 0 lead to. */
        if (l2 == 0) {
            *entry(t, 7) = RW | 1 | r->prdt;
        }
        memory_barrier();
        r->prdt_iova = RIG_PRDT_IOVA;
        format(what, sizeof(what), "Mode %u, level %u names level %u", cases[i].mode, cases[i].from,
               cases[i].next);
        for (enum engine e = 0; e < engines(); e++) {
            if (e == ENGINE_IDE && l2) {
                continue; /* its PRD table lies in another part of the tree */
            }
            if (!rig_attach(r, engine_devid(r, e), RW | (uint64_t)cases[i].mode << 9 | 3 | top,
                            DOMAIN, 0, 0)) {
                return;
            }
            for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
                expect_dma(r, DMA_MOVED, e, d, iova, &b, 0, what);
            }
            expect_no_event(r, what);
        }
    }
}

RULE("AMDVI-PT-008", "A", pt_skipped_bits_must_be_zero, RULE_KEYS("2.2.3", "ide,testdev"),
     "Where levels are skipped, an IOVA with one of their bits set faults")
{
    struct rig *r = rig_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }

    uint64_t top = table(r), leaf = table(r);

    if (!top || !leaf) {
        return;
    }
    /* Level 3, entry 0 names level 1: IOVA bits 29:21 are skipped. */
    *entry(top, 0) = 0x6000000000000201ull | leaf;
    *entry(leaf, 1) = RW | 1 | b.spa;
    *entry(leaf, 7) = RW | 1 | r->prdt;
    memory_barrier();
    r->prdt_iova = RIG_PRDT_IOVA;
    for (enum engine e = 0; e < engines(); e++) {
        uint16_t devid = engine_devid(r, e);

        if (!rig_attach(r, devid, 0x6000000000000603ull | top, DOMAIN, 0, 0)) {
            return;
        }
        control_pos(c, dma_probe(r, e, TO_MEMORY, 0x1000, &b, 0) == DMA_MOVED,
                    "%s to IOVA 1000h arrives", dma_name(e, TO_MEMORY));
        control_neg(c, dma_probe(r, e, TO_MEMORY, 0x2000, &b, 0) == DMA_BLOCKED,
                    "to IOVA 2000h, which is not mapped, it is blocked");
        rig_take_events(r);
        for (unsigned bit = 21; bit <= 29; bit++) {
            uint64_t iova = 0x1000 | 1ull << bit;
            char what[48];

            format(what, sizeof(what), "IOVA bit %u set", bit);
            for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
                expect_dma(r, DMA_BLOCKED, e, d, iova, &b, 0, what);
                expect_fault(r, what, devid, DOMAIN, FAULT_SKIPPED, d, iova, dma_probe_bytes(e));
            }
        }
    }

    /* Other skips, by the test device: each bit of each level that is not fetched. */
    static const struct {
        unsigned mode, next;
    } skips[] = {{4, 1}, {4, 2}, {5, 1}, {6, 1}, {6, 3}};

    for (unsigned i = 0; i < sizeof(skips) / sizeof(skips[0]); i++) {
        unsigned mode = skips[i].mode, next = skips[i].next;

        if (mode > levels(r)) {
            continue;
        }
        /* The top table names level `next` at once; below it a path of index 0 down to entry 1 of
         * level 1. */
        uint64_t t = table(r), first = t;

        for (unsigned level = mode; t && level > 1; level = level == mode ? next : level - 1) {
            uint64_t n = table(r);

            if (!n) {
                return;
            }
            *entry(t, 0) = RW | (uint64_t)(level == mode ? next : level - 1) << 9 | 1 | n;
            t = n;
        }
        if (!t) {
            return;
        }
        *entry(t, 1) = RW | 1 | b.spa;
        memory_barrier();
        if (!rig_attach(r, r->testdev, RW | (uint64_t)mode << 9 | 3 | first, DOMAIN, 0, 0)) {
            return;
        }
        expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, 0x1000, &b, 0, "skipped bits 0");
        for (unsigned bit = 12 + 9 * next; bit < 12 + 9 * (mode - 1); bit++) {
            uint64_t iova = 0x1000 | 1ull << bit;
            char what[48];

            format(what, sizeof(what), "Mode %u, NextLevel %u, IOVA bit %u", mode, next, bit);
            expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, TO_MEMORY, iova, &b, 0, what);
            expect_fault(r, what, r->testdev, DOMAIN, FAULT_SKIPPED, TO_MEMORY, iova,
                         dma_probe_bytes(ENGINE_TESTDEV));
        }
    }
}

/*
 * On stock 10.0 a directory that refers to itself sends the emulator round for ever, so this has a
 * boot of its own.
 */

/*
 * Indices 0, F9h and 145h. A unit that takes a bad directory for a leaf goes to this address in the
 * first GiB, where the machines that this is run on have no memory, or to 145000h in the 2 MiB of
 * the table that is named. Those are the test's own, so it does no harm.
 */
#define PT_011_IOVA 0x1f345000ull
#define PT_011_SIZE 0x200000ull

RULE("AMDVI-PT-011", "A", pt_bad_next_level_faults,
     "ref=2.2.3 needs=testdev hw-safe=no may-kill=yes controls=both timeout-ms=5000",
     "NextLevel not below the level of the table that holds it: a fault, and no endless walk")
{
    struct rig *r = rig_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }

    uint64_t top = table(r), below = table(r);
    uint64_t leaf = page_alloc(PAGE_LOW, PT_011_SIZE, PT_011_SIZE);

    if (!top || !below || !leaf) {
        rule_error(c, "no memory for page tables");
        return;
    }
    *entry(top, 0) = 0x6000000000000401ull | below;
    *entry(below, 0) = *entry(below, 0x0f9) = 0x6000000000000201ull | leaf;
    *entry(leaf, 0x145) = RW | 1 | b.spa;
    memory_barrier();
    if (!rig_attach(r, r->testdev, 0x6000000000000603ull | top, DOMAIN, 0, 0)) {
        return;
    }
    control_pos(c, dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, PT_011_IOVA, &b, 0) == DMA_MOVED,
                "with good levels 3, 2, 1 data arrives");
    control_neg(c,
                dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, PT_011_IOVA + 0x1000, &b, 0) == DMA_BLOCKED,
                "a page that is not mapped is blocked");
    rig_take_events(r);

    /* First the level-3 table, then the level-2 table: NextLevel equal to its own level and above,
     * naming good tables. */
    for (unsigned level = 3; level >= 2; level--) {
        volatile uint64_t *slot = entry(level == 3 ? top : below, level == 3 ? 0 : 0x0f9);
        uint64_t good = *slot;

        for (unsigned next = level; next <= 6; next++) {
            char what[48];

            rig_store(slot, (good & ~0xe00ull) | (uint64_t)next << 9);
            if (!rig_flush(r, DOMAIN)) {
                return;
            }
            format(what, sizeof(what), "NextLevel %u in a level %u table", next, level);
            for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
                expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, d, PT_011_IOVA, &b, 0, what);
                expect_fault(r, what, r->testdev, DOMAIN, FAULT_BAD_LEVEL, d, PT_011_IOVA,
                             dma_probe_bytes(ENGINE_TESTDEV));
            }
        }
        rig_store(slot, good);
    }

    /* A directory that names itself, at its own level. */
    rig_store(entry(top, 0), 0x6000000000000601ull | top);
    if (!rig_flush(r, DOMAIN)) {
        return;
    }
    expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, TO_MEMORY, PT_011_IOVA, &b, 0,
               "a directory that names itself");
    expect_fault(r, "a directory that names itself", r->testdev, DOMAIN, FAULT_BAD_LEVEL, TO_MEMORY,
                 PT_011_IOVA, dma_probe_bytes(ENGINE_TESTDEV));
}

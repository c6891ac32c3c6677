// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page sizes: the default one of each level, and those by size code (docs/rules.md section 4).
 */
#include "arch/cpu.h"
#include "lib/format.h"
#include "tests/rig.h"

#define RW     0x6000000000000000ull
#define DOMAIN 0x00a7

/* Both engines, as domain DOMAIN, to one tree. */
static bool attach_both(struct rig *r, const struct amdvi_pt *pt)
{
    return rig_attach_tree(r, r->ide, pt, DOMAIN) && rig_attach_tree(r, r->testdev, pt, DOMAIN);
}

/*
 * Data of both engines in both directions at the first and the last bytes of @b, which stands @at
 * bytes behind the start of the page mapped at @iova.
 */
static void expect_page(struct rig *r, uint64_t iova, uint64_t at, const struct buf *b,
                        const char *what)
{
    for (enum engine e = 0; e < engines(); e++) {
        uint32_t last = e == ENGINE_IDE ? b->len - 512 : b->len - 16;

        if (e == ENGINE_IDE && iova + at + b->len > 0x100000000ull) {
            continue; /* beyond what its 32 bits reach */
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_MOVED, e, d, iova + at, b, 0, what);
            expect_dma(r, DMA_MOVED, e, d, iova + at, b, last, what);
        }
    }
    expect_no_event(r, what);
}

/* What an access may leave in the log where there is no page. */
static void expect_no_page(struct rig *r, enum engine e, enum direction d, uint64_t iova,
                           const char *what)
{
    expect_fault_or_none(r, what, engine_devid(r, e), DOMAIN, FAULT_NOT_PRESENT, d, iova,
                         dma_probe_bytes(e));
}

RULE("AMDVI-PT-003", "A", pt_default_sizes, RULE_KEYS("2.2.3", "ide"),
     "NextLevel 0 maps 4 KB at level 1, 2 MB at level 2, 1 GB at level 3")
{
    struct rig *r = rig_begin(c);
    struct amdvi_pt pt;
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1) || !rig_tree(r, &pt, 4)) {
        return;
    }

    /* The 2 MB in the middle of a block, so that the pages around it are the test's as well. */
    uint64_t block = page_alloc(PAGE_LOW, 0x600000, 0x200000);
    struct buf before = {block + 0x1fd000, 0x1000}, first = {block + 0x200000, 0x1000},
               middle = {block + 0x2ff000, 0x1000}, last = {block + 0x3ff000, 0x1000};
    volatile uint64_t *l1 = amdvi_pt_slot(&pt, 0x20000000, 1);
    volatile uint64_t *l2 = amdvi_pt_slot(&pt, 0x40200000, 2);
    volatile uint64_t *l3 = amdvi_pt_slot(&pt, 0x80000000, 3);

    if (!block || !l1 || !l2 || !l3) {
        rule_error(c, "no memory");
        return;
    }
    rig_store(l1, RW | 1 | b.spa);
    rig_store(l2, RW | 1 | (block + 0x200000));
    uint64_t gb_low = b.spa & ~0x3fffffffull;

    rig_store(l3, RW | 1 | gb_low);
    if (!attach_both(r, &pt)) {
        return;
    }
    for (enum engine e = 0; e < engines(); e++) {
        control_pos(c, dma_probe(r, e, TO_MEMORY, 0x20000000, &b, 0) == DMA_MOVED,
                    "%s through a 4 KB page arrives", dma_name(e, TO_MEMORY));
        control_neg(c, dma_probe(r, e, TO_MEMORY, 0x20001000, &b, 0) == DMA_BLOCKED,
                    "the page behind it is not mapped and blocked");
    }
    rig_take_events(r);
    expect_page(r, 0x20000000, 0, &b, "4 KB page");
    expect_page(r, 0x40200000, 0, &first, "2 MB page, first 4 KB");
    expect_page(r, 0x40200000, 0xff000, &middle, "2 MB page, middle 4 KB");
    expect_page(r, 0x40200000, 0x1ff000, &last, "2 MB page, last 4 KB");
    expect_page(r, 0x80000000, b.spa - gb_low, &b, "1 GB page");
    /* Two that differ in bit 21, so that a 2 MB part that lands beside its place shows. */
    if (before.spa >> 30 == b.spa >> 30 && last.spa >> 30 == b.spa >> 30) {
        expect_page(r, 0x80000000, before.spa & 0x3fffffff, &before, "1 GB page");
        expect_page(r, 0x80000000, last.spa & 0x3fffffff, &last, "1 GB page");
    }

    /* None is larger than that: what lies before and behind is not mapped. */
    static const uint64_t outside[] = {0x1ffff000, 0x20001000, 0x401ff000,
                                       0x40400000, 0x7ffff000, 0xc0000000};

    enum engine prober = engines() - 1;

    for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_BLOCKED, prober, d, outside[i], &b, 0, "next to a page");
            expect_no_page(r, prober, d, outside[i], "next to a page");
        }
    }

    /* A 1 GB page that is not at 0, where there is memory above 4 GB. */
    struct buf high;
    uint64_t free_high = page_free_count(PAGE_HIGH);

    observe(c, "high_memory", "%s", free_high ? "yes" : "no");
    if (free_high && buf_new(r, &high, PAGE_HIGH, 1)) {
        uint64_t gb = high.spa & ~0x3fffffffull;

        rig_store(l3, RW | 1 | gb);
        if (!rig_flush(r, DOMAIN)) {
            return;
        }
        expect_page(r, 0x80000000, high.spa - gb, &high, "1 GB page above 4 GB");
    }
}

/*
 * Each size with its code from the table of section 4 (size/2 - 1 without the low 12 bits), the
 * level it stands in and the number of slots it takes there.
 */
static const struct {
    uint64_t size, code;
    unsigned level, slots;
} sizes[] = {
    {0x0000002000ull, 0x0000000000ull, 1, 2},   {0x0000004000ull, 0x0000001000ull, 1, 4},
    {0x0000008000ull, 0x0000003000ull, 1, 8},   {0x0000010000ull, 0x0000007000ull, 1, 16},
    {0x0000020000ull, 0x000000f000ull, 1, 32},  {0x0000040000ull, 0x000001f000ull, 1, 64},
    {0x0000080000ull, 0x000003f000ull, 1, 128}, {0x0000100000ull, 0x000007f000ull, 1, 256},
    {0x0000400000ull, 0x00001ff000ull, 2, 2},   {0x0000800000ull, 0x00003ff000ull, 2, 4},
    {0x0001000000ull, 0x00007ff000ull, 2, 8},   {0x0002000000ull, 0x0000fff000ull, 2, 16},
    {0x0004000000ull, 0x0001fff000ull, 2, 32},  {0x0008000000ull, 0x0003fff000ull, 2, 64},
    {0x0010000000ull, 0x0007fff000ull, 2, 128}, {0x0020000000ull, 0x000ffff000ull, 2, 256},
    {0x0080000000ull, 0x003ffff000ull, 3, 2},   {0x0100000000ull, 0x007ffff000ull, 3, 4},
};

RULE("AMDVI-PT-004", "A", pt_sizes_by_code,
     "ref=2.2.3 needs=ide,testdev hw-safe=yes may-kill=no controls=both timeout-ms=30000",
     "NextLevel 7: the lowest zero bit of the address gives the size, 8 KB to 4 GB; the offset is "
     "the IOVA modulo it")
{
    struct rig *r = rig_begin(c);
    struct buf b[4];

    if (!r) {
        return;
    }

    /* 8 MB to place buffers in: its parts differ in every address bit from 12 to 22. */
    uint64_t block = page_alloc(PAGE_LOW, 0x800000, 0x400000);

    if (!block) {
        rule_error(c, "no memory");
        return;
    }
    b[0] = (struct buf){block + 0x1000, 0x1000};
    b[1] = (struct buf){block + 0x2f7000, 0x1000};
    b[2] = (struct buf){block + 0x555000, 0x1000};
    b[3] = (struct buf){block + 0x7fe000, 0x1000};

    /* Controls by a page of the default size. */
    struct amdvi_pt plain;

    if (!rig_tree(r, &plain, 4) ||
        !amdvi_pt_map(&plain, 0x80000000, b[0].spa, 1, AMDVI_IR | AMDVI_IW) ||
        !attach_both(r, &plain)) {
        rule_error(c, "no memory for page tables");
        return;
    }
    for (enum engine e = 0; e < engines(); e++) {
        control_pos(c, dma_probe(r, e, TO_MEMORY, 0x80000000, &b[0], 0) == DMA_MOVED,
                    "%s through a 4 KB page arrives", dma_name(e, TO_MEMORY));
        control_neg(c, dma_probe(r, e, TO_MEMORY, 0x80001000, &b[0], 0) == DMA_BLOCKED,
                    "behind the page it is blocked");
    }
    rig_take_events(r);

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !rule_broken(c); i++) {
        for (unsigned k = 0; k < 4; k++) {
            uint64_t size = sizes[i].size, spa = b[k].spa & ~(size - 1);
            /* An IOVA aligned to the size whose slots are not the first of their table; within 32
             * bits up to 512 MB. */
            uint64_t iova = size <= 0x40000000 ? 0x80000000 + size : 0x1000000000 + size;
            uint64_t at = b[k].spa - spa;
            struct amdvi_pt pt;
            char what[64];

            if (!rig_tree(r, &pt, 4)) {
                return;
            }

            volatile uint64_t *slot = amdvi_pt_slot(&pt, iova, sizes[i].level);

            if (!slot) {
                rule_error(c, "no memory for page tables");
                return;
            }
            for (unsigned n = 0; n < sizes[i].slots; n++) {
                rig_store(slot + n, 0x6000000000000e01ull | spa | sizes[i].code);
            }
            if (!attach_both(r, &pt)) {
                return;
            }
            format(what, sizeof(what), "page of 0x%llx bytes, offset 0x%llx",
                   (unsigned long long)size, (unsigned long long)at);
            expect_page(r, iova, at, &b[k], what);
            /* It ends where its slots end. */
            if (engines() == ENGINE_COUNT) {
                expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, TO_MEMORY, iova + size + at, &b[k], 0,
                           what);
                expect_no_page(r, ENGINE_TESTDEV, TO_MEMORY, iova + size + at, what);
                expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, TO_MEMORY, iova - 0x1000, &b[k], 0,
                           what);
                expect_no_page(r, ENGINE_TESTDEV, TO_MEMORY, iova - 0x1000, what);
            }
        }
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables that cannot be read (docs/rules.md sections 4 and 8).
 */
#include "arch/cpu.h"
#include "drivers/amdvi/regs.h"
#include "lib/format.h"
#include "tests/env.h"
#include "tests/hw_rig.h"

#define RW     0x6000000000000000ull
#define DOMAIN 0x0e4d
/* DTE bits 98 and 97, in its second quadword */
#define SA     0x0000000400000000ull
#define SE     0x0000000200000000ull

#define KEYS_VOID(ref) \
    "ref=" ref " needs=ide,testdev hw-safe=no may-kill=no controls=both timeout-ms=10000"

/* How a device may split what is refused (EVT-012). */
#define MANY 64u

/* Another device table, which may only be exchanged while nothing uses it (REG-012). */
static bool use_table(struct rig *r, uint64_t base)
{
    if (!amdvi_disable(r->u)) {
        rule_error(r->c, "the IOMMU does not stop");
        return false;
    }
    amdvi_write64(r->u, AMDVI_DEV_TAB_BASE, base | (r->u->dev_tab_pages - 1));
    if (!amdvi_enable(r->u)) {
        rule_error(r->c, "no completion with the device table at 0x%llx", (unsigned long long)base);
        return false;
    }
    return true;
}

RULE("AMDVI-EVT-019", "A", dte_unreadable_blocks_and_logs, KEYS_VOID("2.5.4"),
     "A device table entry that cannot be read: all DMA is blocked, DEV_TAB_HARDWARE_ERROR names "
     "device, request and entry")
{
    static const uint64_t tables[] = {HW_VOID, HW_VOID + 0x7ff000ull};
    struct rig *r = rig_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }
    for (enum engine e = 0; e < ENGINE_COUNT; e++) {
        control_pos(c, dma_probe(r, e, TO_MEMORY, b.spa, &b, 0) == DMA_MOVED,
                    "%s arrives through an entry with V=0 in memory", dma_name(e, TO_MEMORY));
        if (!rig_attach(r, engine_devid(r, e), 0x0000000000000003ull, DOMAIN, 0, 0)) {
            return;
        }
        control_neg(c, dma_misses(r, e, TO_MEMORY, b.spa, &b),
                    "an entry in memory that denies everything blocks it");
        if (!rig_attach(r, engine_devid(r, e), 0, 0, 0, 0)) {
            return;
        }
    }
    rig_take_events(r);

    for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (!use_table(r, tables[i])) {
            return;
        }
        expect_no_event(r, "a table that nobody has asked for");
        for (enum engine e = 0; e < ENGINE_COUNT; e++) {
            uint16_t devid = engine_devid(r, e);

            for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
                /* What the IDE controller asks for first is a PRD, by reading. */
                bool write = e == ENGINE_TESTDEV && d == TO_MEMORY;
                char what[64];

                format(what, sizeof(what), "%s, table at 0x%llx", dma_name(e, d),
                       (unsigned long long)tables[i]);
                expect_dma(r, DMA_BLOCKED, e, d, b.spa, &b, 0, what);
                expect_hw_error(r, what, 1, MANY, devid, write ? 0x30200000u : 0x30000000u,
                                HW_BUT_TYPE, tables[i] + devid * 0x20ull);
                if (r->event_count) {
                    observe(c, "type", "%u", r->events[0].dw[1] >> 25 & 3);
                }
            }
        }
        if (rule_broken(c)) {
            break;
        }
    }

    /* With the table back all is as before. */
    if (!use_table(r, r->u->dev_tab)) {
        return;
    }
    for (enum engine e = 0; e < ENGINE_COUNT; e++) {
        expect_dma(r, DMA_MOVED, e, TO_MEMORY, b.spa, &b, 0, "with the table back");
    }
    expect_no_event(r, "with the table back");
}

/*
 * The index of each level in IOVA AA7F_C08C_D535_5000h, taken apart by hand: bits 20:12, 29:21,
 * 38:30, 47:39, 56:48 and 63:57; and the place of that entry in its table.
 */
static const unsigned path_index[7] = {0, 0x155, 0x0a9, 0x033, 0x181, 0x07f, 0x055};
static const uint64_t path_place[7] = {0, 0xaa8, 0x548, 0x198, 0xc08, 0x3f8, 0x2a8};

static const uint64_t path_iova[7] = {
    0,
    0x0000000000155000ull, /* Mode 1: 21 bits */
    0x0000000015355000ull, /* Mode 2: 30 bits */
    0x0000000cd5355000ull, /* Mode 3: 39 bits */
    0x0000c08cd5355000ull, /* Mode 4: 48 bits */
    0x007fc08cd5355000ull, /* Mode 5: 57 bits */
    0xaa7fc08cd5355000ull, /* Mode 6: 64 bits */
};

static volatile uint64_t *entry(uint64_t t, unsigned index)
{
    return (volatile uint64_t *)t + index;
}

/* A path of @mode levels to @spa by raw entries. tables[level]: the table of each level. */
static bool make_path(struct rig *r, unsigned mode, uint64_t spa, uint64_t tables[7])
{
    for (unsigned level = 1; level <= mode; level++) {
        tables[level] = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
        if (!tables[level]) {
            rule_error(r->c, "no memory for page tables");
            return false;
        }
        *entry(tables[level], path_index[level]) =
            level == 1 ? RW | 1 | spa : RW | (uint64_t)(level - 1) << 9 | 1 | tables[level - 1];
    }
    memory_barrier();
    return true;
}

/* Both directions of the test device at @iova: blocked, and a record of the entry at @spa. */
static void expect_unreadable(struct rig *r, uint64_t iova, const struct buf *b, uint64_t spa,
                              const char *what)
{
    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
        expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, d, iova, b, 0, what);
        expect_hw_error(r, what, 1, MANY, r->testdev,
                        d == TO_MEMORY ? 0x40200000u | DOMAIN : 0x40000000u | DOMAIN, HW_BUT_TYPE,
                        spa);
        if (r->event_count) {
            observe(r->c, "type", "%u", r->events[0].dw[1] >> 25 & 3);
        }
    }
}

/* Each table of a path of @mode levels in its turn lies where nothing is, and comes back. */
static bool each_level(struct rig *r, unsigned mode, const struct buf *b, uint64_t q1)
{
    uint64_t tables[7];
    uint64_t iova = path_iova[mode];
    uint64_t q0 = RW | (uint64_t)mode << 9 | 3;
    char what[64];

    if (!make_path(r, mode, b->spa, tables)) {
        return false;
    }
    for (unsigned level = 1; level <= mode; level++) {
        uint64_t gone = HW_VOID + level * 0x11000ull;
        volatile uint64_t *above =
            level < mode ? entry(tables[level + 1], path_index[level + 1]) : NULL;
        uint64_t good = above ? *above : 0;

        if (above) {
            rig_store(above, RW | (uint64_t)level << 9 | 1 | gone);
        }
        if (!rig_attach(r, r->testdev, q0 | (above ? tables[mode] : gone), q1, 0, 0)) {
            return false;
        }
        format(what, sizeof(what), "Mode %u, table of level %u at 0x%llx, DTE q1=0x%llx", mode,
               level, (unsigned long long)gone, (unsigned long long)q1);
        expect_unreadable(r, iova, b, gone + path_place[level], what);

        /* The same table in memory. */
        if (above) {
            rig_store(above, good);
        }
        if (!rig_attach(r, r->testdev, q0 | tables[mode], q1, 0, 0)) {
            return false;
        }
        expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, iova, b, 0, "with the table back");
        expect_no_event(r, "with the table back");
        if (rule_broken(r->c)) {
            return false;
        }
    }
    return true;
}

/*
 * The IDE controller with its data behind a table of level 1 or 2 that is not there, its PRD table
 * behind others. IOVA DEAD_B000h has the indices 0DBh, 0F5h and 3.
 */
static void ide_levels(struct rig *r, const struct buf *b)
{
    static const uint64_t place[3] = {0, 0x6d8, 0x7a8};
    const uint64_t iova = 0xdeadb000ull;

    for (unsigned level = 1; level <= 2; level++) {
        uint64_t gone = HW_VOID + 0x300000ull;
        struct amdvi_pt pt;

        if (!rig_tree(r, &pt, 3)) {
            return;
        }
        if (!amdvi_pt_map(&pt, iova, b->spa, 1, AMDVI_IR | AMDVI_IW)) {
            rule_error(r->c, "no memory for page tables");
            return;
        }

        volatile uint64_t *above = amdvi_pt_slot(&pt, iova, level + 1);
        uint64_t good = *above;

        rig_store(above, RW | (uint64_t)level << 9 | 1 | gone);
        if (!rig_attach_tree(r, r->ide, &pt, DOMAIN)) {
            return;
        }
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_BLOCKED, ENGINE_IDE, d, iova, b, 0, "a data table that is not there");
            expect_hw_error(r, dma_name(ENGINE_IDE, d), 1, MANY, r->ide,
                            d == TO_MEMORY ? 0x40200000u | DOMAIN : 0x40000000u | DOMAIN,
                            HW_BUT_TYPE, gone + place[level]);
        }
        rig_store(above, good);
        if (!rig_flush(r, DOMAIN)) {
            return;
        }
        expect_dma(r, DMA_MOVED, ENGINE_IDE, TO_MEMORY, iova, b, 0, "with the table back");
        expect_no_event(r, "with the table back");
    }
}

RULE("AMDVI-PT-014", "A", pt_unreadable_blocks_and_logs, KEYS_VOID("2.5.5"),
     "A page table that cannot be read, at any level: blocked, PAGE_TAB_HARDWARE_ERROR names "
     "device, domain, request and entry, also with SA=1")
{
    struct rig *r = rig_begin(c);
    struct amdvi_pt pt;
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1) || !rig_tree(r, &pt, 3)) {
        return;
    }
    if (!amdvi_pt_map(&pt, 0x40000000ull, b.spa, 1, AMDVI_IR | AMDVI_IW)) {
        rule_error(c, "no memory for page tables");
        return;
    }
    for (enum engine e = 0; e < ENGINE_COUNT; e++) {
        if (!rig_attach_tree(r, engine_devid(r, e), &pt, DOMAIN)) {
            return;
        }
        control_pos(c, dma_probe(r, e, TO_MEMORY, 0x40000000ull, &b, 0) == DMA_MOVED,
                    "%s arrives through tables in memory", dma_name(e, TO_MEMORY));
        control_neg(c, dma_misses(r, e, TO_MEMORY, 0x40001000ull, &b),
                    "a page that is not mapped blocks it");
    }
    rig_take_events(r);

    /* EFR.HATS: 0, 1, 2 for 4, 5, 6 levels; 3 is reserved. */
    unsigned hats = (unsigned)(amdvi_read64(r->u, AMDVI_EFR) >> AMDVI_EFR_HATS_SHIFT & 3);
    unsigned deepest = hats == 3 ? 4 : 4 + hats;

    for (unsigned mode = 1; mode <= deepest; mode++) {
        if (!each_level(r, mode, &b, DOMAIN)) {
            return;
        }
    }
    if (!each_level(r, 3, &b, SA | DOMAIN)) {
        return;
    }
    ide_levels(r, &b);
}

RULE("AMDVI-EVT-025", "M", hw_errors_not_suppressed,
     "ref=2.5.5 needs=testdev hw-safe=no may-kill=no controls=both timeout-ms=10000",
     "SA and SE, alone and together, suppress no PAGE_TAB_HARDWARE_ERROR, neither the first nor a "
     "later one")
{
    static const uint64_t suppress[] = {SA, SE, SA | SE};
    struct rig *r = rig_begin(c);
    uint64_t tables[7];
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1) || !make_path(r, 2, b.spa, tables) ||
        !rig_attach(r, r->testdev, RW | 0x403 | tables[2], SA | DOMAIN, 0, 0)) {
        return;
    }
    control_pos(c, dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, path_iova[2], &b, 0) == DMA_MOVED,
                "the test device reaches memory with SA=1");
    rig_take_events(r);
    control_neg(c,
                dma_misses(r, ENGINE_TESTDEV, TO_MEMORY, path_iova[2] + 0x1000, &b) &&
                    (rig_take_events(r), r->event_count == 0),
                "a page fault with SA=1 is not logged");
    for (unsigned i = 0; i < sizeof(suppress) / sizeof(suppress[0]); i++) {
        if (!each_level(r, 2, &b, suppress[i] | DOMAIN)) {
            return;
        }
    }
}

#define HEV 0x1ull
#define HEO 0x2ull

/* The registers that hold the last hardware error: 0040h has dw1:dw0, 0048h dw3:dw2. */
static bool registers_hold(struct rig *r, const struct amdvi_event *e)
{
    return amdvi_read64(r->u, 0x40) == ((uint64_t)e->dw[1] << 32 | e->dw[0]) &&
           amdvi_read64(r->u, 0x48) == amdvi_event_address(e);
}

/* The record that has just come stands in the registers, and it is the first since they were
 * emptied. */
static void expect_registers(struct rig *r, const char *what)
{
    if (r->event_count == 0) {
        return;
    }
    expect_true(r->c, registers_hold(r, &r->events[0]),
                "%s: expected the record %08x %08x %08x %08x, actual 0040h 0x%llx, 0048h 0x%llx",
                what, r->events[0].dw[0], r->events[0].dw[1], r->events[0].dw[2],
                r->events[0].dw[3], (unsigned long long)amdvi_read64(r->u, 0x40),
                (unsigned long long)amdvi_read64(r->u, 0x48));
    /* A request that was split may have met the error more than once. */
    expect_u64(r->c, "HwEvtStatus after an error", r->event_count > 1 ? HEV | HEO : HEV,
               amdvi_read64(r->u, 0x50));
}

static void empty_registers(struct rig *r)
{
    amdvi_write64(r->u, 0x50, HEV | HEO);
    expect_u64(r->c, "HwEvtStatus after a 1 to both bits", 0, amdvi_read64(r->u, 0x50));
}

/* One write of 4 bytes by the test device, which has to fail: a single request, so one error. */
static bool touch(struct rig *r, uint64_t iova)
{
    uint32_t word = 0, result = 0;

    if (!testdev_write(&env.testdev, iova, &word, 4, &result)) {
        rule_error(r->c, "the test device did not run a write: RESULT 0x%x", result);
        return false;
    }
    expect_true(r->c, result, "expected the write at 0x%llx to be refused",
                (unsigned long long)iova);
    return true;
}

RULE("AMDVI-REG-015", "M", hw_error_registers,
     "ref=3.4 needs=testdev hw-safe=no may-kill=no controls=both timeout-ms=10000",
     "With HESup=1 a DEV_TAB, PAGE_TAB or COMMAND_HARDWARE_ERROR stands in 0040h and 0048h with "
     "HEV=1, another one sets HEO; both are W1C")
{
    const uint64_t hole = HW_VOID + 0x5000;
    struct rig *r = rig_begin(c);
    struct amdvi_event first;
    uint64_t tables[7];
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1) || !make_path(r, 2, b.spa, tables)) {
        return;
    }

    uint64_t efr = amdvi_read64(r->u, AMDVI_EFR);
    uint64_t iova = path_iova[2];

    if (!(efr & 0x100)) {
        rule_skip(c, "HESup=0: EFR 0x%llx", (unsigned long long)efr);
        return;
    }
    if (!rig_attach(r, r->testdev, RW | 0x403 | tables[2], DOMAIN, 0, 0)) {
        return;
    }
    amdvi_write64(r->u, 0x50, HEV | HEO);
    control_pos(c, dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, iova, &b, 0) == DMA_MOVED,
                "the test device reaches memory through its tables");
    control_neg(c, dma_misses(r, ENGINE_TESTDEV, TO_MEMORY, iova + 0x1000, &b),
                "a page that is not mapped blocks it");
    rig_take_events(r);

    /* A page fault is no hardware error. An entry of level 2 leads where nothing is, then it is. */
    expect_u64(c, "HwEvtStatus after a page fault", 0, amdvi_read64(r->u, 0x50));
    rig_store(entry(tables[2], path_index[2]), RW | 0x200 | 1 | hole);
    if (!rig_flush(r, DOMAIN) || !touch(r, iova)) {
        return;
    }
    expect_hw_error(r, "a page table", 1, MANY, r->testdev, 0x40200000u | DOMAIN, HW_BUT_TYPE,
                    hole + path_place[1]);
    expect_registers(r, "a page table");
    if (rule_broken(c)) {
        return;
    }

    /* Another one before it was seen. Which one of the two stays is not said. */
    first = r->events[0];
    if (!touch(r, iova + 0x1000)) {
        return;
    }
    expect_hw_error(r, "another entry", 1, MANY, r->testdev, 0x40200000u | DOMAIN, HW_BUT_TYPE,
                    hole + path_place[1] + 8);
    expect_u64(c, "HwEvtStatus after two errors", HEV | HEO, amdvi_read64(r->u, 0x50));
    expect_true(c, registers_hold(r, &first) || registers_hold(r, &r->events[0]),
                "expected one of the two records, actual 0040h 0x%llx, 0048h 0x%llx",
                (unsigned long long)amdvi_read64(r->u, 0x40),
                (unsigned long long)amdvi_read64(r->u, 0x48));
    observe(c, "kept", "%s", registers_hold(r, &first) ? "first" : "last");

    amdvi_write64(r->u, 0x50, 0);
    expect_u64(c, "HwEvtStatus after a 0", HEV | HEO, amdvi_read64(r->u, 0x50));
    amdvi_write64(r->u, 0x50, HEO);
    expect_u64(c, "HwEvtStatus after a 1 to HEO", HEV, amdvi_read64(r->u, 0x50));
    empty_registers(r);

    /* The device table. */
    if (!use_table(r, HW_VOID)) {
        return;
    }
    expect_u64(c, "HwEvtStatus before anybody has asked for an entry", 0, amdvi_read64(r->u, 0x50));
    if (!touch(r, iova)) {
        return;
    }
    expect_hw_error(r, "the device table", 1, MANY, r->testdev, 0x30200000u, HW_BUT_TYPE,
                    HW_VOID + r->testdev * 0x20ull);
    expect_registers(r, "the device table");
    empty_registers(r);
    if (!use_table(r, r->u->dev_tab)) {
        return;
    }

    /* An illegal command is none, a command that cannot be read is one. */
    uint64_t illegal = r->u->cmd_buf + r->u->cmd_tail * 16ull;

    amdvi_cmd_put(r->u, (struct amdvi_cmd){{0, 0, 0, 0}});
    amdvi_cmd_ring(r->u);
    expect_event(r, "an illegal command", &(struct event_want){0, {0x50000000u}, illegal, 0});
    expect_u64(c, "HwEvtStatus after an illegal command", 0, amdvi_read64(r->u, 0x50));
    amdvi_write64(r->u, 0x18, r->u->control | 0x0005);
    amdvi_write64(r->u, 0x08, 0x0800000000000000ull | HW_VOID);
    amdvi_write64(r->u, 0x2000, 0x20);
    amdvi_write64(r->u, 0x2008, 0x30);
    amdvi_write64(r->u, 0x18, r->u->control | 0x1005);
    expect_hw_error(r, "a command", 1, 1, 0, 0x60000000u, HW_BUT_TYPE, HW_VOID + 0x20);
    expect_registers(r, "a command");
    empty_registers(r);
}

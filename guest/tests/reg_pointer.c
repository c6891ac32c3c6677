// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The head and tail registers of the rings, with nothing running (docs/rules.md section 2.4).
 */
#include "arch/time.h"
#include "tests/rig.h"

struct pointer {
    const char *name;
    unsigned reg;
};

static const struct pointer pointers[] = {
    {"CmdHead", 0x2000},
    {"CmdTail", 0x2008},
    {"EvtHead", 0x2010},
    {"EvtTail", 0x2018},
};

#define POINTERS (sizeof(pointers) / sizeof(pointers[0]))

/* A rig whose IOMMU stands still: pointers may be written then (REG-007). */
static struct rig *begin_stopped(struct check *c)
{
    struct rig *r = rig_begin(c);

    if (r && !amdvi_disable(r->u)) {
        rule_error(c, "the IOMMU does not stop");
        return NULL;
    }
    return r;
}

RULE("AMDVI-REG-008", "A", reg_pointer_reserved_bits, RULE_KEYS("3.4", "none"),
     "Bits 3:0 and 63:19 of head and tail read 0, whatever is written there")
{
    /* Within the rings: 256 commands and 8192 events. */
    static const struct {
        uint64_t write, read;
    } cases[] = {
        {0x000000000000012full, 0x0000000000000120ull},
        {0x0000000000000ff1ull, 0x0000000000000ff0ull},
        {0x0000000000080450ull, 0x0000000000000450ull},
        {0x0000000080000450ull, 0x0000000000000450ull},
        {0x0000000100000450ull, 0x0000000000000450ull},
        {0x8000000000000450ull, 0x0000000000000450ull},
        {0xfffffffffff8000full, 0x0000000000000000ull},
        {0xfffffffffff80a5full, 0x0000000000000a50ull},
    };
    struct rig *r = begin_stopped(c);

    if (!r) {
        return;
    }
    for (unsigned p = 0; p < POINTERS; p++) {
        unsigned reg = pointers[p].reg;

        amdvi_write64(r->u, reg, 0x0000000000000560ull);
        uint64_t one = amdvi_read64(r->u, reg);
        amdvi_write64(r->u, reg, 0x0000000000000670ull);
        uint64_t two = amdvi_read64(r->u, reg);

        control_pos(c, one == 0x560 && two == 0x670, "%s takes 560h and 670h", pointers[p].name);
        control_neg(c, one != two, "a change of it is seen");
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            amdvi_write64(r->u, reg, cases[i].write);
            expect_u64(c, pointers[p].name, cases[i].read, amdvi_read64(r->u, reg));
            amdvi_write64(r->u, reg, 0);
        }
        /* By halves. */
        amdvi_write32(r->u, reg, 0xfff8033fu);
        amdvi_write32(r->u, reg + 4, 0xffffffffu);
        expect_u64(c, pointers[p].name, 0x330, amdvi_read64(r->u, reg));
        expect_u64(c, "its low dword", 0x330, amdvi_read32(r->u, reg));
        expect_u64(c, "its high dword", 0, amdvi_read32(r->u, reg + 4));
        amdvi_write64(r->u, reg, 0);
    }
}

/* Give each pair of pointers values that are neither 0 nor those of the other pair. */
static void scatter(struct rig *r)
{
    amdvi_write64(r->u, 0x2000, 0x120);
    amdvi_write64(r->u, 0x2008, 0x120);
    amdvi_write64(r->u, 0x2010, 0x340);
    amdvi_write64(r->u, 0x2018, 0x340);
}

static void expect_pair(struct rig *r, const char *what, unsigned head, unsigned tail)
{
    expect_u64(r->c, what, 0, amdvi_read64(r->u, head));
    expect_u64(r->c, what, 0, amdvi_read64(r->u, tail));
}

RULE("AMDVI-REG-005", "M", reg_base_write_resets_pointers, RULE_KEYS("2.4", "testdev"),
     "Writing CmdBufBase makes CmdHead and CmdTail 0, writing EvtLogBase EvtHead and EvtTail")
{
    struct rig *r = begin_stopped(c);

    if (!r) {
        return;
    }

    struct amdvi *u = r->u;
    uint64_t cmd_base = amdvi_read64(u, 0x08), evt_base = amdvi_read64(u, 0x10);
    uint64_t word = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
    uint64_t empty = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
    uint64_t rings = page_alloc(PAGE_LOW, 2 * PAGE_SIZE, PAGE_SIZE);

    if (!word || !empty || !rings) {
        rule_error(c, "no memory");
        return;
    }

    scatter(r);
    control_neg(c,
                amdvi_read64(u, 0x2000) == 0x120 && amdvi_read64(u, 0x2008) == 0x120 &&
                    amdvi_read64(u, 0x2010) == 0x340 && amdvi_read64(u, 0x2018) == 0x340,
                "the pointers take other values than 0");
    amdvi_write64(u, 0x08, cmd_base);
    expect_pair(r, "CmdHead and CmdTail after the same CmdBufBase again", 0x2000, 0x2008);
    observe(c, "event_pointers_after_command_base", "%llx %llx",
            (unsigned long long)amdvi_read64(u, 0x2010),
            (unsigned long long)amdvi_read64(u, 0x2018));
    scatter(r);
    amdvi_write64(u, 0x10, evt_base);
    expect_pair(r, "EvtHead and EvtTail after the same EvtLogBase again", 0x2010, 0x2018);
    scatter(r);
    amdvi_write64(u, 0x08, 0x0800000000000000ull | rings);
    amdvi_write64(u, 0x10, 0x0800000000000000ull | (rings + PAGE_SIZE));
    expect_pair(r, "CmdHead and CmdTail after a new CmdBufBase", 0x2000, 0x2008);
    expect_pair(r, "EvtHead and EvtTail after a new EvtLogBase", 0x2010, 0x2018);

    /* Not only what the registers show: both rings begin at their first entry. */
    scatter(r);
    amdvi_write64(u, 0x08, 0x0800000000000000ull | rings);
    amdvi_write64(u, 0x10, 0x0800000000000000ull | (rings + PAGE_SIZE));
    u->cmd_buf = rings;
    u->cmd_tail = 0;
    u->evt_log = rings + PAGE_SIZE;
    u->evt_entries = 256;
    amdvi_write64(u, 0x18, u->control | 0x1005);
    amdvi_dte_write(u, r->testdev, (struct amdvi_dte){{0x6000000000000203ull | empty, 5, 0, 0}});
    amdvi_cmd_put(u, (struct amdvi_cmd){{r->testdev, 0x20000000u, 0, 0}});
    amdvi_cmd_put(u, (struct amdvi_cmd){{(uint32_t)word | 1, 0x10000000u, 0x0000600du, 0}});
    amdvi_cmd_ring(u);

    volatile uint64_t *done = (volatile uint64_t *)word;

    expect_true(c, wait_until(*done == 0x600d, AMDVI_WAIT_US / 4),
                "expected the first two entries of the new ring to be run, actual CmdHead 0x%llx",
                (unsigned long long)amdvi_read64(u, 0x2000));
    expect_u64(c, "CmdHead behind them", 0x20, amdvi_read64(u, 0x2000));

    struct buf b;

    if (rule_broken(c) || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }
    control_pos(c, dma_misses(r, ENGINE_TESTDEV, TO_MEMORY, 0x1000, &b),
                "a DMA is blocked by an empty table");

    volatile uint32_t *first = (volatile uint32_t *)(rings + PAGE_SIZE);

    expect_true(c, wait_until(first[1] >> 28 == 2, AMDVI_WAIT_US / 4),
                "expected its record in the first entry of the new log, actual %08x %08x", first[0],
                first[1]);
    rig_take_events(r);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MMIO registers: read-only, write-1-to-clear, access width (docs/rules.md section 2.4).
 */
#include "arch/cpu.h"
#include "arch/time.h"
#include "drivers/amdvi/regs.h"
#include "tests/evt_rig.h"

RULE("AMDVI-REG-002", "A", reg_read_only_stays, RULE_KEYS("3.4", "none"),
     "EFR and the run bits of Status ignore writes")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }

    struct amdvi *u = r->u;
    uint64_t efr = amdvi_read64(u, 0x30);

    for (unsigned bit = 0; bit < 64 && !rule_broken(c); bit++) {
        amdvi_write64(u, 0x30, efr ^ 1ull << bit);
        expect_u64(c, "EFR after a write with one bit turned", efr, amdvi_read64(u, 0x30));
    }
    amdvi_write32(u, 0x30, ~(uint32_t)efr);
    amdvi_write32(u, 0x34, ~(uint32_t)(efr >> 32));
    expect_u64(c, "EFR after two writes of its complement's halves", efr, amdvi_read64(u, 0x30));
    amdvi_write64(u, 0x30, efr);

    /* Running: bits 3 and 4 are 1 and stay so. */
    amdvi_write64(u, 0x2020, 0);
    expect_u64(c, "Status run bits while running, written 0", 0x18, amdvi_read64(u, 0x2020) & 0x18);
    amdvi_write64(u, 0x2020, 0x18);
    expect_u64(c, "Status run bits while running, written 1", 0x18, amdvi_read64(u, 0x2020) & 0x18);
    if (!amdvi_disable(u)) {
        rule_error(c, "the IOMMU does not stop");
        return;
    }
    amdvi_write64(u, 0x2020, 0x18);
    expect_u64(c, "Status run bits while stopped, written 1", 0, amdvi_read64(u, 0x2020) & 0x18);

    uint64_t before = amdvi_read64(u, 0x00);

    amdvi_write64(u, 0x00, 0x0000000089abc003ull);
    uint64_t after = amdvi_read64(u, 0x00);
    control_pos(c, after == 0x0000000089abc003ull, "DevTabBase, which is RW, takes a write");
    amdvi_write64(u, 0x00, before);
    control_neg(c, amdvi_read64(u, 0x00) == before && before != after,
                "and goes back to 0x%llx, so that what is written is what is read",
                (unsigned long long)before);
    observe(c, "efr", "%016llx", (unsigned long long)efr);
}

/* How a 64-bit register is written. */
enum width { QWORD, LOW_HIGH, HIGH_LOW, WIDTH_COUNT };

static const char *const width_names[] = {"one qword", "low dword, then high",
                                          "high dword, then low"};

static void write_as(struct amdvi *u, unsigned reg, uint64_t v, enum width w)
{
    if (w == QWORD) {
        amdvi_write64(u, reg, v);
    } else if (w == LOW_HIGH) {
        amdvi_write32(u, reg, (uint32_t)v);
        amdvi_write32(u, reg + 4, (uint32_t)(v >> 32));
    } else {
        amdvi_write32(u, reg + 4, (uint32_t)(v >> 32));
        amdvi_write32(u, reg, (uint32_t)v);
    }
}

/*
 * Point the command buffer at @ring, which holds one COMPLETION_WAIT with store, by writing its
 * base as @w; run it. Returns true if the store came.
 */
static bool ring_runs(struct rig *r, uint64_t ring, volatile uint64_t *sem, enum width w)
{
    struct amdvi *u = r->u;
    uint64_t base = 0x0800000000000000ull | ring;

    *sem = 0;
    if (!amdvi_disable(u)) {
        rule_error(r->c, "the IOMMU does not stop");
        return false;
    }
    /* Somewhere else first, so that a half that is ignored shows. */
    amdvi_write64(u, 0x08, 0x0900000000000000ull);
    write_as(u, 0x08, base, w);
    expect_u64(r->c, "CmdBufBase read as a qword", base, amdvi_read64(u, 0x08));
    expect_u64(r->c, "CmdBufBase low half", base & 0xffffffff, amdvi_read32(u, 0x08));
    expect_u64(r->c, "CmdBufBase high half", base >> 32, amdvi_read32(u, 0x0c));
    write_as(u, 0x2000, 0, w);
    write_as(u, 0x2008, 0, w);
    write_as(u, 0x18, u->control | 0x1001, w);
    write_as(u, 0x2008, 16, w);
    return wait_until(*sem == 0x5a5a0000a5a50001ull, AMDVI_WAIT_US / 4);
}

RULE("AMDVI-REG-003", "A", reg_halves_equal_whole, RULE_KEYS("3.4", "testdev"),
     "A register written as two dwords, in either order, has the effect of one qword")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }

    uint64_t ring = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
    uint64_t table = page_alloc(PAGE_LOW, r->u->dev_tab_pages * PAGE_SIZE, PAGE_SIZE);
    uint64_t sem_page = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
    struct buf b;

    if (!ring || !table || !sem_page || !buf_new(r, &b, PAGE_LOW, 1)) {
        rule_error(c, "no memory");
        return;
    }

    volatile uint32_t *cmd = (volatile uint32_t *)ring;
    volatile uint64_t *sem = (volatile uint64_t *)sem_page;

    cmd[0] = (uint32_t)sem_page | 1;
    cmd[1] = 0x10000000u;
    cmd[2] = 0xa5a50001u;
    cmd[3] = 0x5a5a0000u;
    memory_barrier();

    control_pos(c, ring_runs(r, ring, sem, QWORD), "a ring whose base is written as a qword runs");
    *sem = 0;
    control_neg(c, !wait_until(*sem != 0, AMDVI_WAIT_US / 50),
                "without another tail write nothing is stored");
    for (enum width w = LOW_HIGH; w < WIDTH_COUNT; w++) {
        expect_true(c, ring_runs(r, ring, sem, w),
                    "expected a completion with registers written as: %s; "
                    "actual none",
                    width_names[w]);
    }

    /* The device table: its entry for the test device denies all DMA, the one in the table before
     * does not exist (V=0). */
    volatile uint64_t *dte = (volatile uint64_t *)(table + r->testdev * 32ull);

    dte[0] = 0x0000000000000003ull;
    for (enum width w = QWORD; w < WIDTH_COUNT; w++) {
        if (!amdvi_disable(r->u)) {
            rule_error(c, "the IOMMU does not stop");
            return;
        }
        /* From the table before, which lets everything pass, so that a half that is ignored shows.
         */
        amdvi_write64(r->u, 0x00, r->u->dev_tab | (r->u->dev_tab_pages - 1));
        write_as(r->u, 0x00, table | (r->u->dev_tab_pages - 1), w);
        amdvi_write64(r->u, 0x08, 0x0800000000000000ull | r->u->cmd_buf);
        amdvi_write64(r->u, 0x2000, 0);
        amdvi_write64(r->u, 0x2008, 0);
        r->u->cmd_tail = 0;
        if (!amdvi_enable(r->u)) {
            rule_error(c, "the IOMMU does not start");
            return;
        }

        enum outcome got = dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, b.spa, &b, 0);

        expect_true(c, got == DMA_BLOCKED,
                    "DevTabBase written as %s: expected the new table's entry to block DMA, "
                    "actual outcome %d",
                    width_names[w], got);
    }
}

/*
 * EventOverflow (bit 0), EventLogInt and ComWaitInt all set: each combination of the three is
 * written, as a qword and as a dword, and clears what it names.
 */
static void w1c_alone(struct rig *r)
{
    struct amdvi *u = r->u;

    for (unsigned i = 0; i < 16; i++) {
        unsigned write = i & 7;

        /* Room for one record; the second access overflows. */
        if (!evt_attach(r) || !evt_ring_unread(r, 8, 2, 0)) {
            return;
        }
        (void)evt_fault(r, 0);
        (void)evt_fault(r, 1);
        amdvi_cmd_put(u, (struct amdvi_cmd){{0x00000002u, 0x10000000u, 0, 0}});
        if (!amdvi_wait_completion(u, AMDVI_WAIT_US)) {
            rule_error(r->c, "no completion");
            return;
        }
        (void)wait_until((amdvi_read64(u, 0x2020) & 7) == 7, AMDVI_WAIT_US / 10);
        expect_u64(r->c, "Status bits 2:0 after all three causes", 7, amdvi_read64(u, 0x2020) & 7);
        if (rule_broken(r->c)) {
            return;
        }
        if (i < 8) {
            amdvi_write64(u, 0x2020, write);
        } else {
            amdvi_write32(u, 0x2020, write);
        }
        expect_true(r->c, (amdvi_read64(u, 0x2020) & 7) == (7 & ~write),
                    "%u written to Status bits 2:0 = 7: expected %u, actual %u", write, 7 & ~write,
                    (unsigned)amdvi_read64(u, 0x2020) & 7);
    }
    (void)evt_ring(r, 8, 0);
}

RULE("AMDVI-REG-004", "A", reg_status_w1c, RULE_KEYS("3.4", "testdev"),
     "Writing 1 to a W1C bit of Status clears exactly that bit, writing 0 clears nothing")
{
    struct rig *r = rig_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }

    struct amdvi *u = r->u;
    uint64_t running = amdvi_read64(u, 0x2020) & 0x18;

    control_neg(c, running == 0x18, "Status is live: its run bits read 0x%llx while running",
                (unsigned long long)running);

    /* EventLogInt (bit 1) by a denied write, ComWaitInt (bit 2) by a COMPLETION_WAIT with i=1. */
    if (!rig_attach(r, r->testdev, 0x0000000000000003ull, 0, 0, 0)) {
        return;
    }
    /* One access of 4 bytes, so that no second event sets the bit again. */
    (void)dma(r, ENGINE_TESTDEV, TO_MEMORY, b.spa, &b, 0, 4);
    rig_take_events(r);
    amdvi_cmd_put(u, (struct amdvi_cmd){{0x00000002u, 0x10000000u, 0, 0}});
    if (!amdvi_wait_completion(u, AMDVI_WAIT_US)) {
        rule_error(c, "no completion");
        return;
    }
    control_pos(c, wait_until(amdvi_read64(u, 0x2020) & 4, AMDVI_WAIT_US),
                "COMPLETION_WAIT with i=1 sets ComWaitInt");
    (void)wait_until((amdvi_read64(u, 0x2020) & 6) == 6, AMDVI_WAIT_US / 10);
    expect_u64(c, "Status bits 2:1 after both causes", 6, amdvi_read64(u, 0x2020) & 6);
    amdvi_write64(u, 0x2020, 0);
    expect_u64(c, "Status bits 2:1 after writing 0", 6, amdvi_read64(u, 0x2020) & 6);
    amdvi_write64(u, 0x2020, 4);
    expect_u64(c, "Status bits 2:1 after writing 4", 2, amdvi_read64(u, 0x2020) & 6);
    amdvi_cmd_put(u, (struct amdvi_cmd){{0x00000002u, 0x10000000u, 0, 0}});
    if (!amdvi_wait_completion(u, AMDVI_WAIT_US)) {
        rule_error(c, "no completion");
        return;
    }
    (void)wait_until(amdvi_read64(u, 0x2020) & 4, AMDVI_WAIT_US / 10);
    amdvi_write32(u, 0x2020, 2);
    expect_u64(c, "Status bits 2:1 set again, after writing 2 as a dword", 4,
               amdvi_read64(u, 0x2020) & 6);
    w1c_alone(r);
    amdvi_write64(u, 0x2020, 0x68e67);
    expect_u64(c, "Status W1C bits after writing all of them", 0,
               amdvi_read64(u, 0x2020) & 0x68e67);
    expect_u64(c, "Status run bits after all that", 0x18, amdvi_read64(u, 0x2020) & 0x18);
}

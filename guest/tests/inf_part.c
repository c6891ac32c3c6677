// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One page of several is taken away from a transfer of the disk that is under way (docs/rules.md
 * section 7.1): the page is its new owner's, and the others are not harmed.
 */
#include "check/mark.h"
#include "drivers/ide/regs.h"
#include "lib/string.h"
#include "tests/env.h"
#include "tests/hold_rig.h"

/* Four regions of a page each; the third is taken away. */
static const ide_entry four[] = {
    {0x40000000, 0x00001000},
    {0x40001000, 0x00001000},
    {0x40002000, 0x00001000},
    {0x40003000, 0x80001000},
};
#define THIRD      2u
#define THIRD_IOVA 0x40002000u

/* Page 4000_2000h of domain 0410h. */
static const struct amdvi_cmd flush_third = {{0, 0x30000410u, 0x40002000u, 0}};

/* The new owner's: canary into the third page. */
static void own_third(struct ide_rig *t)
{
    uint64_t spa = ide_rig_at(t, THIRD_IOVA);

    for (unsigned i = 0; i < PAGE_SIZE; i++) {
        t->sectors[i] = buf_canary_byte(spa + i);
    }
    ide_rig_put(t, THIRD_IOVA, t->sectors, PAGE_SIZE);
    mark(MARK_GIVE, "the third page");
}

static bool third_holds(const struct ide_rig *t)
{
    uint64_t spa = ide_rig_at(t, THIRD_IOVA);

    bool same =
        memcmp((const void *)spa, (const void *)(t->image + (spa - t->mem.spa)), PAGE_SIZE) == 0;

    mark(same ? MARK_UNCHANGED : MARK_CHANGED, "the third page");
    return same;
}

/* Of a transfer that has ended without an error: the other pages, or their sectors. */
static bool others_moved(struct ide_rig *t, bool write)
{
    if (write) {
        return memcmp(t->sectors, t->data, THIRD * PAGE_SIZE) == 0 &&
               memcmp(t->sectors + (THIRD + 1) * PAGE_SIZE, t->data + (THIRD + 1) * PAGE_SIZE,
                      PAGE_SIZE) == 0;
    }
    ide_rig_want(t, IDE_IOVA, t->data, THIRD * PAGE_SIZE);
    ide_rig_want(t, THIRD_IOVA + PAGE_SIZE, t->data + (THIRD + 1) * PAGE_SIZE, PAGE_SIZE);
    return ide_rig_holds(t);
}

/* Four pages that lie one behind the other, so that all of them may be one mapping to an emulator.
 */
static bool one_piece(struct check *c, struct ide_rig *t)
{
    if (!ide_rig_piece(c, t, IDE_IOVA, HOLD_PAGES, HOLD_BYTES)) {
        return false;
    }
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        uint32_t iova = IDE_IOVA + p * (uint32_t)PAGE_SIZE;

        if (!amdvi_pt_map(&t->pt, iova, ide_rig_at(t, iova), 1, AMDVI_IR | AMDVI_IW)) {
            rule_error(c, "no memory for the tables");
            return false;
        }
    }
    return rig_flush(t->r, IDE_DOMAIN);
}

/* @piece: the pages lie in order, and one entry of the PRD table has all of them. */
static void give_third_away(struct check *c, bool write, bool piece)
{
    const ide_entry *e = piece ? hold_one : four;
    unsigned n = piece ? 1 : 4;
    struct ide_rig t;
    enum hold_state then, now;
    struct ide_result res;
    uint32_t lba;
    unsigned requests;

    if (piece ? !one_piece(c, &t) : !ide_rig(c, &t, HOLD_PAGES)) {
        return;
    }
    lba = ide_rig_lba(&t, write);
    if (!ide_rig_table(&t, write, lba, HOLD_SECTORS, e, n, &res)) {
        return;
    }
    control_pos(c, ide_rig_moved(&t, write, e, n, lba, HOLD_BYTES),
                "a plain %s moves its sectors and is seen", ide_rig_name(write));
    if (!hold_begin_table(&t, "part", write, lba, e, n, HOLD_PREPARE_MS)) {
        return;
    }
    control_neg(c,
                !hold_leaks(&t, t.before, 0, HOLD_PAGES) && !hold_leaks(&t, t.data, 0, HOLD_PAGES),
                "neither what the disk held nor what moves looks like the new owner's page");
    rig_store(amdvi_pt_slot(&t.pt, THIRD_IOVA, 1), 0);
    if (!hold_complete(t.r, "part", flush_third, HOLD_LOOK_MS, HOLD_RELEASE_MS, &then)) {
        return;
    }
    own_third(&t);
    if ((then == HOLD_HELD && !host_release(c, "part", true)) || !hold_end(&t, write, &res) ||
        !host_hold_state(c, "part", &now, &requests)) {
        return;
    }
    control_pos(c, now == HOLD_RELEASED && requests == 1,
                "the transfer was %s when the completion came, and has gone on since",
                then == HOLD_HELD ? "held" : "over");
    expect_true(c, third_holds(&t),
                "%s: expected the new owner's page unchanged, actual changed by the old transfer "
                "(BMISTA 0x%02x, status 0x%02x)",
                ide_rig_name(write), res.bm_status, res.status);
    if (write) {
        if (!ide_rig_pio(&t, lba, HOLD_SECTORS, t.sectors)) {
            return;
        }
        expect_true(c, !hold_leaks(&t, t.sectors, THIRD, 1),
                    "%s: expected nothing of the new owner's page on the disk, actual written by "
                    "the old transfer (BMISTA 0x%02x, status 0x%02x)",
                    ide_rig_name(write), res.bm_status, res.status);
    }
    /* One that was aborted may have moved any part of them. */
    bool aborted = (res.bm_status & IDE_BM_STATUS_ERROR) || (res.status & IDE_STATUS_ERR);

    if (!aborted && third_holds(&t)) {
        expect_true(c, others_moved(&t, write),
                    "%s, which ended without an error: expected the three other pages moved whole",
                    ide_rig_name(write));
    }
    rig_take_events(t.r); /* one that was aborted may log */
    observe(c, piece ? "end_of_piece" : "end", "%s",
            aborted             ? "aborted"
            : then == HOLD_HELD ? "moved"
                                : "moved_before");
}

static void give_third_away_both(struct check *c, bool write)
{
    give_third_away(c, write, false);
    if (!rule_broken(c)) {
        give_third_away(c, write, true);
    }
}

RULE("AMDVI-INF-008", "M", inf_read_ends_before_one_page_goes, HOLD_KEYS,
     "Disk read into four pages under way, the third unmapped, INVALIDATE_IOMMU_PAGES, "
     "COMPLETION_WAIT seen: that page's new owner finds nothing changed, the others arrive")
{
    give_third_away_both(c, false);
}

RULE("AMDVI-INF-014", "M", inf_write_ends_before_one_page_goes, HOLD_KEYS,
     "Disk write from four pages under way, the third unmapped, INVALIDATE_IOMMU_PAGES, "
     "COMPLETION_WAIT seen: nothing of that page's new owner reaches the disk, the others do")
{
    give_third_away_both(c, true);
}

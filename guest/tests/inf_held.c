// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Invalidations while a transfer of the disk is under way (docs/rules.md section 7.1). The host
 * holds the disk's answer, so that it is, for as long as the rule needs.
 */
#include "drivers/ide/regs.h"
#include "tests/env.h"
#include "tests/hold_rig.h"

#define PAGES 4

#define INF_KEYS "ref=2.4 needs=ide,hold hw-safe=no may-kill=no controls=both timeout-ms=60000"

/*
 * An emulator may keep the completion back until the transfer has ended, and stands still
 * meanwhile: then the host lets the transfer go by itself after this time, which runs from the
 * moment when all is prepared. Where the completion comes at once nobody waits so long; it is long
 * enough for a slow host to see that.
 */
#define RELEASE_MS    1000u
#define COMPLETES_MS  3000u /* where the completion has to come before */
#define PREPARE_MS    30000u
#define COMPLETION_US (COMPLETES_MS * 1000u + 5000000u)

/* One command, and the completion of all before it, with transfer @tag under way. */
static bool complete(struct ide_rig *t, const char *tag, struct amdvi_cmd cmd, unsigned ms)
{
    amdvi_cmd_put(t->r->u, cmd);
    if (!host_arm_release(t->c, tag, true, ms)) {
        return false;
    }
    if (!amdvi_wait_completion(t->r->u, COMPLETION_US)) {
        expect_true(t->c, false,
                    "expected a completion while a transfer is under way, or after "
                    "its end, actual none");
        return false;
    }
    return true;
}

/* The transfer as it ought to be: exactly the sectors have moved, and nothing was logged. */
static void expect_moved(struct ide_rig *t, bool write, uint32_t lba, const struct ide_result *res,
                         const char *what)
{
    static const ide_entry one[] = {{0x40000000, 0x80004000}};

    expect_true(t->c,
                (res->bm_status & IDE_BM_STATE) == 0x04 && !(res->status & IDE_STATUS_ERR) &&
                    ide_rig_moved(t, write, one, 1, lba, HOLD_BYTES),
                "%s, %s: expected all sectors moved and nothing else, BMISTA bits 2:0 = 4, actual "
                "0x%02x, status 0x%02x",
                ide_rig_name(write), what, res->bm_status, res->status);
    expect_no_event(t->r, what);
}

/* A request that the host fails: what the disk says decides, so the transfer really waits for it.
 */
static bool fails_on_request(struct ide_rig *t, bool write)
{
    uint32_t lba = ide_rig_lba(t, write);
    struct ide_result res;

    if (!hold_begin(t, "fails", write, lba, PREPARE_MS) || !host_release(t->c, "fails", false) ||
        !hold_end(t, write, &res)) {
        return false;
    }
    control_neg(t->c, (res.status & IDE_STATUS_ERR) && ide_rig_untouched(t, lba, HOLD_SECTORS),
                "%s that the host has failed moves nothing: status 0x%02x", ide_rig_name(write),
                res.status);
    return true;
}

RULE("AMDVI-INF-020", "M", inf_flush_of_nothing_does_not_wait, INF_KEYS,
     "A flush of a domain in which nothing has changed completes while a transfer is under way, "
     "which then goes on unharmed")
{
    /* All of domain 0410h, directories too. */
    const struct amdvi_cmd flush = {{0, 0x30000410u, 0xfffff003u, 0x7fffffffu}};
    struct ide_rig t;

    if (!ide_rig(c, &t, PAGES)) {
        return;
    }
    for (unsigned write = 0; write < 2; write++) {
        uint32_t lba = ide_rig_lba(&t, write);
        struct ide_result res;
        enum hold_state state;
        unsigned requests;

        if (!fails_on_request(&t, write) || !hold_begin(&t, "goes-on", write, lba, PREPARE_MS) ||
            !complete(&t, "goes-on", flush, COMPLETES_MS) ||
            !host_hold_state(c, "goes-on", &state, &requests)) {
            return;
        }
        expect_true(c, state == HOLD_HELD,
                    "%s: expected the completion while the transfer is held, actual only when it "
                    "was released",
                    ide_rig_name(write));
        if (state == HOLD_HELD) {
            expect_true(c,
                        (ide_bm_read(&env.ide, IDE_BM_STATUS) & IDE_BM_STATE) == 0x01 &&
                            ide_rig_holds(&t),
                        "%s: expected the transfer still under way and nothing moved after the "
                        "completion",
                        ide_rig_name(write));
            if (!host_release(c, "goes-on", true)) {
                return;
            }
        }
        if (!hold_end(&t, write, &res)) {
            return;
        }
        expect_moved(&t, write, lba, &res, "after a flush that changed nothing");
    }
}

/* The pages of the transfer and what their entries held. */
struct leaves {
    volatile uint64_t *slot[PAGES];
    uint64_t found[PAGES];
};

static void unmap(struct ide_rig *t, struct leaves *l)
{
    for (unsigned p = 0; p < PAGES; p++) {
        l->slot[p] = amdvi_pt_slot(&t->pt, IDE_IOVA + p * PAGE_SIZE, 1);
        l->found[p] = *l->slot[p];
        rig_store(l->slot[p], 0);
    }
}

static bool map_again(struct ide_rig *t, const struct leaves *l)
{
    for (unsigned p = 0; p < PAGES; p++) {
        rig_store(l->slot[p], l->found[p]);
    }
    return rig_flush(t->r, IDE_DOMAIN);
}

/* What drops the four pages at 4000_0000h of domain 0410h. */
static const struct {
    unsigned count;
    struct amdvi_cmd cmd[PAGES];
    const char *name, *key;
} flushes[] = {
    {4,
     {{{0, 0x30000410u, 0x40000000u, 0}},
      {{0, 0x30000410u, 0x40001000u, 0}},
      {{0, 0x30000410u, 0x40002000u, 0}},
      {{0, 0x30000410u, 0x40003000u, 0}}},
     "page by page",
     "completion_pages"},
    /* 16 KiB: S=1, bit 12 set, bit 13 clear */
    {1, {{{0, 0x30000410u, 0x40001001u, 0}}}, "as a range", "completion_range"},
    {1,
     {{{0, 0x30000410u, 0xfffff003u, 0x7fffffffu}}},
     "with the whole domain",
     "completion_domain"},
};

/* Does what the sectors hold contain a quadword of the new owner's pages, at its place? */
static bool leaks(const struct ide_rig *t, const uint8_t *sectors)
{
    for (uint32_t off = 0; off < HOLD_BYTES; off += 8) {
        uint64_t spa = ide_rig_at(t, IDE_IOVA + off);
        unsigned same = 0;

        while (same < 8 && sectors[off + same] == buf_canary_byte(spa + same)) {
            same++;
        }
        if (same == 8) {
            return true;
        }
    }
    return false;
}

/*
 * Unmap the pages of a transfer that is under way, flush them as number @f says, and give them to
 * somebody else once the completion is seen. Whether the transfer ends before, goes elsewhere or is
 * aborted is free.
 */
static bool give_away(struct ide_rig *t, bool write, unsigned f)
{
    struct check *c = t->c;
    uint32_t lba = ide_rig_lba(t, write);
    enum hold_state then, now;
    struct ide_result res;
    struct leaves leaves;
    unsigned requests;

    if (!hold_begin(t, "old", write, lba, PREPARE_MS)) {
        return false;
    }
    control_neg(c, !leaks(t, t->before) && !leaks(t, t->data),
                "neither what the disk held nor what moves looks like the new owner's pages");
    unmap(t, &leaves);
    for (unsigned i = 0; i + 1 < flushes[f].count; i++) {
        amdvi_cmd_put(t->r->u, flushes[f].cmd[i]);
    }
    if (!complete(t, "old", flushes[f].cmd[flushes[f].count - 1], RELEASE_MS)) {
        return false;
    }

    bool active = ide_bm_read(&env.ide, IDE_BM_STATUS) & IDE_BM_STATUS_ACTIVE;

    ide_rig_canary(t); /* by the new owner */
    if (!host_hold_state(c, "old", &then, &requests) ||
        (then == HOLD_HELD && !host_release(c, "old", true)) || !hold_end(t, write, &res) ||
        !host_hold_state(c, "old", &now, &requests)) {
        return false;
    }
    control_pos(c, now == HOLD_RELEASED && requests == 1,
                "the transfer was %s when the completion came, Active=%d, and has gone on since",
                then == HOLD_HELD ? "held" : "over", active);
    expect_true(c, ide_rig_holds(t),
                "%s, unmapped and flushed %s: expected the new owner's pages unchanged, actual "
                "changed by the old transfer (BMISTA 0x%02x, status 0x%02x)",
                ide_rig_name(write), flushes[f].name, res.bm_status, res.status);
    if (write) {
        if (!ide_rig_pio(t, lba, HOLD_SECTORS, t->sectors)) {
            return false;
        }
        expect_true(c, !leaks(t, t->sectors),
                    "%s, unmapped and flushed %s: expected nothing of the new owner's pages on the "
                    "disk, actual written by the old transfer (BMISTA 0x%02x, status 0x%02x)",
                    ide_rig_name(write), flushes[f].name, res.bm_status, res.status);
    }
    rig_take_events(t->r); /* one that was aborted may log */
    observe(c, flushes[f].key, "%s",
            then != HOLD_HELD ? "after_the_transfer"
            : active          ? "while_under_way"
                              : "after_an_abort");
    return map_again(t, &leaves);
}

static void give_away_all(struct check *c, bool write)
{
    struct ide_rig t;

    if (!ide_rig(c, &t, PAGES)) {
        return;
    }
    for (unsigned f = 0; f < sizeof(flushes) / sizeof(flushes[0]); f++) {
        control_pos(c, ide_rig_moves(&t, &env.ide, write, IDE_IOVA),
                    "a plain %s moves its sector and is seen", ide_rig_name(write));
        if (!give_away(&t, write, f)) {
            return;
        }
    }
}

RULE("AMDVI-INF-001", "M", inf_read_ends_before_the_pages_go, INF_KEYS,
     "Disk read under way, its pages unmapped, INVALIDATE_IOMMU_PAGES, COMPLETION_WAIT seen: the "
     "pages' new owner finds nothing changed")
{
    give_away_all(c, false);
}

RULE("AMDVI-INF-011", "M", inf_write_ends_before_the_pages_go, INF_KEYS,
     "Disk write under way, its pages unmapped, INVALIDATE_IOMMU_PAGES, COMPLETION_WAIT seen: "
     "nothing of the pages' new owner reaches the disk")
{
    give_away_all(c, true);
}

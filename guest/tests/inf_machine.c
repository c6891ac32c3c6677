// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a host does to the whole machine while a transfer of a disk is under way (docs/rules.md
 * section 7.1): it stops it for a while, and it resets it.
 */
#include "arch/cpu.h"
#include "arch/time.h"
#include "drivers/amdvi/regs.h"
#include "drivers/ide/regs.h"
#include "tests/disk_hold.h"
#include "tests/env.h"

/* The four pages at 4000_0000h of domain 0410h: S=1, bit 12 set, bit 13 clear. */
static const struct amdvi_cmd flush_pages = {{0, 0x30000410u, 0x40001001u, 0}};

/* How long the machine stands still, besides what the emulator needs to end the transfer. */
#define PAUSE_MS 100u

/*
 * A plain transfer, for control, and then one that is under way, whose pages are taken away, with
 * their flush and a completion asked for, at *@asked (time_us()). False: the rule is an error.
 */
static bool take_away(struct ide_rig *t, bool write, uint32_t lba, uint64_t *asked)
{
    struct check *c = t->c;
    struct ide_result res;

    if (!ide_rig_table(t, write, lba, HOLD_SECTORS, hold_one, 1, &res)) {
        return false;
    }
    control_pos(c, ide_rig_moved(t, write, hold_one, 1, lba, HOLD_BYTES),
                "a plain %s moves its sectors and is seen", ide_rig_name(write));
    if (!hold_begin(t, "old", write, lba, HOLD_PREPARE_MS)) {
        return false;
    }
    control_neg(c,
                !hold_leaks(t, t->before, 0, HOLD_PAGES) && !hold_leaks(t, t->data, 0, HOLD_PAGES),
                "neither what the disk held nor what moves looks like the new owner's pages");
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        rig_store(amdvi_pt_slot(&t->pt, IDE_IOVA + p * PAGE_SIZE, 1), 0);
    }
    amdvi_cmd_put(t->r->u, flush_pages);
    *asked = time_us();
    if (!host_arm_release(c, "old", true, HOLD_RELEASE_MS)) {
        return false;
    }
    amdvi_ask_completion(t->r->u);
    return true;
}

/*
 * The machine is stopped with a transfer under way and its completion asked for. An emulator may
 * have the transfer end before, but what was asked for must not get lost.
 */
static void pause_over(struct check *c, bool write)
{
    struct ide_rig t;
    enum hold_state before, after;
    struct ide_result res;
    unsigned requests;

    if (!ide_rig(c, &t, HOLD_PAGES)) {
        return;
    }

    uint32_t lba = ide_rig_lba(&t, write);
    uint64_t asked;

    if (!take_away(&t, write, lba, &asked)) {
        return;
    }

    bool early = wait_until(amdvi_completed(t.r->u), HOLD_LOOK_MS * 1000u);
    uint64_t took = time_us() - asked;

    if (early) {
        ide_rig_canary(&t); /* by the new owner */
    }
    if (!host_hold_state(c, "old", &before, &requests)) {
        return;
    }
    /* Over, but the completion had not waited for that: who was first is not known. */
    if (early && before != HOLD_HELD && took < HOLD_RELEASE_MS * 900u) {
        rule_error(c, "the transfer ended before the guest had looked: the host is too slow");
        return;
    }
    if (!host_pause(c, PAUSE_MS)) {
        return;
    }
    if (!early) {
        expect_true(c, wait_until(amdvi_completed(t.r->u), 5000000u),
                    "%s: expected a completion after the machine has stood still, actual none",
                    ide_rig_name(write));
        if (rule_broken(c)) {
            return;
        }
        ide_rig_canary(&t);
    }
    if (!hold_end(&t, write, &res) || !host_hold_state(c, "old", &after, &requests)) {
        return;
    }
    control_pos(c, after == HOLD_RELEASED && requests == 1,
                "the transfer was %s before the machine stood still, and has gone on since",
                before == HOLD_HELD ? "held" : "over");
    expect_true(c, ide_rig_holds(&t),
                "%s, its pages flushed, the machine stopped: expected the new owner's pages "
                "unchanged, actual changed by the old transfer (BMISTA 0x%02x, status 0x%02x)",
                ide_rig_name(write), res.bm_status, res.status);
    if (write) {
        if (!ide_rig_pio(&t, lba, HOLD_SECTORS, t.sectors)) {
            return;
        }
        expect_true(c, !hold_leaks(&t, t.sectors, 0, HOLD_PAGES),
                    "%s, its pages flushed, the machine stopped: expected nothing of the new "
                    "owner's pages on the disk, actual written by the old transfer (BMISTA 0x%02x, "
                    "status 0x%02x)",
                    ide_rig_name(write), res.bm_status, res.status);
    }
    rig_take_events(t.r); /* one that was aborted may log */
    observe(c, write ? "completion_write" : "completion_read", "%s",
            early && before == HOLD_HELD ? "while_under_way"
            : early                      ? "before_the_pause"
                                         : "after_the_pause");
}

RULE("AMDVI-INF-048", "M", inf_pause_loses_no_completion, HOLD_KEYS,
     "Disk transfer under way, its pages unmapped, INVALIDATE_IOMMU_PAGES, COMPLETION_WAIT, the "
     "machine stopped and continued: the completion comes, and the pages' new owner has them alone")
{
    for (unsigned write = 0; write < 2 && !rule_broken(c); write++) {
        pause_over(c, write);
    }
}

/*
 * Long enough for the kernel to start again while the transfer is held, where a reset does not end
 * it; where it does, the reset takes so long.
 */
#define RESET_RELEASE_MS 1500u

/* How long something is looked for that ought not to come any more. */
#define RESET_LOOK_US 100000u

/* What the kernel that starts again has to know. */
struct left {
    struct buf mem;     /* pages of the transfer */
    uint64_t semaphore; /* of the completion that was asked for */
};

static void before_reset(struct check *c)
{
    struct disk_rig *d = disk_rig_begin(c, DISK_NVME);

    if (!d || !disk_controls(d)) {
        return;
    }

    uint32_t lba = disk_read_lba(d, HOLD_SECTORS);
    struct left left = {d->data, d->r->u->semaphore};

    control_pos(c, disk_plain(d, false, lba), "a plain NVMe read moves its sectors and is seen");
    if (rule_broken(c) || !disk_hold_begin(d, false, lba)) {
        return;
    }
    disk_unmap_four(d);
    amdvi_cmd_put(d->r->u, disk_flush_four);
    if (host_arm_release(c, "old", true, RESET_RELEASE_MS)) {
        amdvi_ask_completion(d->r->u);
        rule_reset_machine(c, &left, sizeof(left));
    }
}

/* As the machine starts: nothing on, nothing running, the rings at their beginning (REG-001). */
static void expect_reset(struct check *c)
{
    const struct amdvi *u = &env.iommu;

    /* IommuEn, EventLogEn, EventIntEn, ComWaitIntEn, CmdBufEn */
    expect_u64(c, "Control bits 0, 2, 3, 4 and 12", 0, amdvi_read64(u, 0x18) & 0x101d);
    expect_u64(c, "CmdHeadPtr", 0, amdvi_read64(u, 0x2000));
    expect_u64(c, "CmdTailPtr", 0, amdvi_read64(u, 0x2008));
    expect_u64(c, "EvtHeadPtr", 0, amdvi_read64(u, 0x2010));
    expect_u64(c, "EvtTailPtr", 0, amdvi_read64(u, 0x2018));
    expect_u64(c, "Status", 0, amdvi_read64(u, 0x2020));
}

/* The disk moves data through the IOMMU again, with the pages that the old transfer had. */
static void expect_works(struct check *c, const struct left *left)
{
    struct disk_rig *d = disk_rig_begin(c, DISK_NVME);

    if (!d) {
        return;
    }
    control_pos(c, d->data.spa == left->mem.spa,
                "a new transfer has the pages that the old one had");
    expect_true(c, disk_plain(d, false, disk_read_lba(d, HOLD_SECTORS)),
                "NVMe read after the reset: expected its sectors moved, actual something else, "
                "status 0x%x",
                d->status);
    control_neg(c, !buf_untouched_but(&left->mem, 0, 0),
                "what a transfer changes of these pages is seen");
    expect_true(c, disk_plain(d, true, disk_write_lba(d, HOLD_SECTORS)),
                "NVMe write after the reset: expected its sectors moved, actual something else, "
                "status 0x%x",
                d->status);
}

static void after_reset(struct check *c, const struct left *left)
{
    volatile uint64_t *semaphore = (volatile uint64_t *)left->semaphore;
    enum hold_state state, now;
    unsigned requests;

    /* Both are somebody else's now. */
    buf_canary(&left->mem);
    rig_store(semaphore, 0x5a5a5a5a5a5a5a5aull);
    if (!host_hold_state(c, "old", &state, &requests) ||
        (state == HOLD_HELD && !host_release(c, "old", true)) || !rule_find_devices(c)) {
        return;
    }
    expect_reset(c);
    (void)wait_until(!buf_untouched_but(&left->mem, 0, 0), RESET_LOOK_US);
    if (!host_hold_state(c, "old", &now, &requests)) {
        return;
    }
    control_pos(c, now == HOLD_RELEASED && requests == 1,
                "the transfer was %s when the kernel had started again, and has gone on since",
                state == HOLD_HELD ? "held" : "over");
    expect_true(c, buf_untouched_but(&left->mem, 0, 0),
                "expected the pages that the old transfer had unchanged after the reset, actual "
                "changed");
    expect_u64(c, "where the old COMPLETION_WAIT would store", 0x5a5a5a5a5a5a5a5aull, *semaphore);
    observe(c, "transfer", "%s", state == HOLD_HELD ? "outlives_the_reset" : "ends_before");
    if (!rule_broken(c)) {
        expect_works(c, left);
    }
}

RULE(
    "AMDVI-INF-047", "M", inf_reset_ends_transfers,
    "ref=2.4 needs=nvme,hold hw-safe=no may-kill=yes controls=both timeout-ms=60000",
    "NVMe read under way, its pages unmapped, INVALIDATE_IOMMU_PAGES, COMPLETION_WAIT, the machine "
    "reset: nothing touches the pages when it has started again, IOMMU and disk are as new")
{
    struct left left;

    if (!rule_was_reset(c, &left, sizeof(left))) {
        before_reset(c);
    } else if (!rule_broken(c)) {
        after_reset(c, &left);
    }
}

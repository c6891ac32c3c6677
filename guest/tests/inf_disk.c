// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages above 4 GiB that are taken away from a transfer of an AHCI or NVMe disk that is under way
 * (docs/rules.md section 7.1). The host holds the disk's answer.
 */
#include "tests/disk_hold.h"

#define INF_DISK_KEYS(disk) \
    "ref=2.4 needs=" disk ",hold hw-safe=no may-kill=no controls=both timeout-ms=60000"

static bool give_pages_away(struct disk_rig *d, bool write)
{
    struct check *c = d->r->c;
    uint32_t lba = write ? disk_write_lba(d, HOLD_SECTORS) : disk_read_lba(d, HOLD_SECTORS);
    enum hold_state then, now;
    enum disk_end end;
    unsigned requests;

    /* After a write the sectors hold nothing that another rule has let through. */
    control_pos(c, disk_plain(d, write, lba), "a plain %s moves its sectors and is seen",
                disk_transfer_name(d, write));
    if (rule_broken(c) || !disk_hold_begin(d, write, lba)) {
        return false;
    }
    disk_unmap_four(d);
    if (!hold_complete(d->r, "old", disk_flush_four, HOLD_LOOK_MS, HOLD_RELEASE_MS, &then)) {
        return false;
    }
    buf_canary(&d->data); /* by the new owner */
    if (then == HOLD_HELD && !host_release(c, "old", true)) {
        return false;
    }
    end = disk_finish(d);
    if (!host_hold_state(c, "old", &now, &requests)) {
        return false;
    }
    control_pos(c, now == HOLD_RELEASED && requests == 1 && end != DISK_SILENT,
                "the transfer was %s when the completion came, and has gone on since: %s",
                then == HOLD_HELD ? "held" : "over", disk_end_name(end));
    expect_true(c, disk_rest_untouched(d, NULL, 0),
                "%s: expected the new owner's pages unchanged, actual changed by the old transfer "
                "(%s, status 0x%x)",
                disk_transfer_name(d, write), disk_end_name(end), d->status);
    if (write) {
        if (!disk_look(d, lba)) {
            return false;
        }
        expect_true(c, !disk_leaks(d),
                    "%s: expected nothing of the new owner's pages on the disk, actual written by "
                    "the old transfer (%s, status 0x%x)",
                    disk_transfer_name(d, write), disk_end_name(end), d->status);
    }
    rig_take_events(d->r); /* one that was aborted may log */
    observe(c, write ? "completion_write" : "completion_read", "%s",
            then == HOLD_HELD ? "while_under_way" : "after_the_transfer");
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        if (!disk_rights(d, p, DISK_PAGE_RW)) {
            return false;
        }
    }
    return true;
}

static void give_away(struct check *c, enum disk kind)
{
    struct disk_rig *d = disk_rig_begin(c, kind);

    if (d && disk_controls(d) && give_pages_away(d, false)) {
        (void)give_pages_away(d, true);
    }
}

RULE("AMDVI-INF-015", "M", inf_ahci_ends_before_the_pages_go, INF_DISK_KEYS("ahci"),
     "AHCI transfer above 4 GiB under way, its pages unmapped, INVALIDATE_IOMMU_PAGES, "
     "COMPLETION_WAIT seen: a read changes nothing of the pages' new owner, a write takes nothing "
     "from him")
{
    give_away(c, DISK_AHCI);
}

RULE("AMDVI-INF-016", "M", inf_nvme_ends_before_the_pages_go, INF_DISK_KEYS("nvme"),
     "NVMe transfer above 4 GiB under way, its pages unmapped, INVALIDATE_IOMMU_PAGES, "
     "COMPLETION_WAIT seen: a read changes nothing of the pages' new owner, a write takes nothing "
     "from him")
{
    give_away(c, DISK_NVME);
}

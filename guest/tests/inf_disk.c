// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages above 4 GiB that are taken away from a transfer of an AHCI or NVMe disk that is under way
 * (docs/rules.md section 7.1). The host holds the disk's answer.
 */
#include "arch/cpu.h"
#include "lib/string.h"
#include "tests/disk_rig.h"
#include "tests/hold_rig.h"

#define INF_DISK_KEYS(disk) \
    "ref=2.4 needs=" disk ",hold hw-safe=no may-kill=no controls=both timeout-ms=60000"

/* Four pages in their order: 16 KiB at 35A7_1234_0000h of domain A6C1h. */
static const struct disk_region four[HOLD_PAGES] = {
    {0x35a712340000, 4096},
    {0x35a712341000, 4096},
    {0x35a712342000, 4096},
    {0x35a712343000, 4096},
};

/* All of them: S=1, bit 12 set, bit 13 clear. */
static const struct amdvi_cmd flush_four = {{0, 0x3000a6c1u, 0x12341001u, 0x35a7u}};

/* What the disk holds, or is to hold, and what came of it. */
static uint8_t data[HOLD_BYTES], sectors[HOLD_BYTES];

static const char *transfer_name(const struct disk_rig *d, bool write)
{
    static const char *const names[2][2] = {{"AHCI read", "AHCI write"},
                                            {"NVMe read", "NVMe write"}};

    return names[d->kind == DISK_NVME][write];
}

/* The sectors as they are now, to @to. */
static bool look(struct disk_rig *d, uint32_t lba, uint8_t *to)
{
    for (uint32_t s = 0; s < HOLD_SECTORS; s++) {
        if (!disk_sector(d, lba + s, to + s * DISK_SECTOR)) {
            return false;
        }
    }
    return true;
}

static void new_data(struct disk_rig *d)
{
    uint32_t x = (uint32_t)++d->r->nonce * 0x9e3779b9u;

    for (uint32_t i = 0; i < HOLD_BYTES; i++) {
        x = x * 1664525u + 1013904223u;
        data[i] = (uint8_t)(x >> 24);
    }
}

/* Memory as it has to be before a transfer: canary, or of a write new data. */
static void prepare(struct disk_rig *d, bool write)
{
    buf_canary(&d->data);
    if (write) {
        new_data(d);
        disk_scatter(d, four, HOLD_PAGES, data);
    }
}

/* Does the memory hold the data in the four pages, and canary elsewhere? */
static bool holds_data(const struct disk_rig *d)
{
    static uint8_t got[HOLD_BYTES];

    memory_barrier();
    disk_gather(d, four, HOLD_PAGES, got);
    return memcmp(got, data, HOLD_BYTES) == 0 && disk_rest_untouched(d, four, HOLD_PAGES);
}

/* Undisturbed; after a write the sectors hold nothing that another rule has let through. */
static bool plain(struct disk_rig *d, bool write, uint32_t lba)
{
    enum disk_end end;
    bool moved;

    prepare(d, write);
    end = disk_move(d, write, lba, HOLD_SECTORS, four, HOLD_PAGES);
    if (!look(d, lba, sectors)) {
        return false;
    }
    if (!write) {
        memcpy(data, sectors, HOLD_BYTES);
    }
    moved = end == DISK_DONE && holds_data(d) && memcmp(sectors, data, HOLD_BYTES) == 0;
    control_pos(d->r->c, moved, "a plain %s moves its sectors and is seen",
                transfer_name(d, write));
    return moved;
}

static bool looks_given_away(const struct disk_rig *d, const uint8_t *bytes)
{
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        if (hold_looks_like(bytes + p * PAGE_SIZE, disk_page(d, p), PAGE_SIZE)) {
            return true;
        }
    }
    return false;
}

/* A transfer that is under way, with the controls that it is and that all would be seen. */
static bool under_way(struct disk_rig *d, bool write, uint32_t lba)
{
    struct check *c = d->r->c;
    enum hold_state state;
    unsigned requests;
    bool held;

    prepare(d, write);
    if (!host_hold(c, "old", write, lba, HOLD_SECTORS) ||
        !host_arm_release(c, "old", true, HOLD_PREPARE_MS) ||
        !disk_begin(d, write, lba, HOLD_SECTORS, four, HOLD_PAGES) || !host_wait_held(c, "old") ||
        !host_hold_state(c, "old", &state, &requests)) {
        return false;
    }
    held = state == HOLD_HELD && requests == 1 && disk_active(d) &&
           (write ? holds_data(d) : disk_rest_untouched(d, NULL, 0));
    control_pos(c, held, "%s under way: one request, held, and nothing has moved",
                transfer_name(d, write));
    control_neg(c, !looks_given_away(d, sectors) && !looks_given_away(d, data),
                "neither what the disk held nor what moves looks like the new owner's pages");
    return held;
}

static bool give_pages_away(struct disk_rig *d, bool write)
{
    struct check *c = d->r->c;
    uint32_t lba = write ? disk_write_lba(d, HOLD_SECTORS) : disk_read_lba(d, HOLD_SECTORS);
    enum hold_state then, now;
    enum disk_end end;
    unsigned requests;

    if (!plain(d, write, lba) || !under_way(d, write, lba)) {
        return false;
    }
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        rig_store(amdvi_pt_slot(&d->pt, DISK_BUF_IOVA + p * PAGE_SIZE, 1), 0);
    }
    if (!hold_complete(d->r, "old", flush_four, HOLD_LOOK_MS, HOLD_RELEASE_MS, &then)) {
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
                transfer_name(d, write), disk_end_name(end), d->status);
    if (write) {
        if (!look(d, lba, sectors)) {
            return false;
        }
        expect_true(c, !looks_given_away(d, sectors),
                    "%s: expected nothing of the new owner's pages on the disk, actual written by "
                    "the old transfer (%s, status 0x%x)",
                    transfer_name(d, write), disk_end_name(end), d->status);
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

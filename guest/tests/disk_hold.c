// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/disk_hold.h"

#include "arch/cpu.h"
#include "lib/string.h"

const struct disk_region disk_four[HOLD_PAGES] = {
    {0x35a712340000, 4096},
    {0x35a712341000, 4096},
    {0x35a712342000, 4096},
    {0x35a712343000, 4096},
};

const struct amdvi_cmd disk_flush_four = {{0, 0x3000a6c1u, 0x12341001u, 0x35a7u}};

/* What the disk holds, or is to hold, and what came of it. */
static uint8_t data[HOLD_BYTES], sectors[HOLD_BYTES];

const char *disk_transfer_name(const struct disk_rig *d, bool write)
{
    static const char *const names[2][2] = {{"AHCI read", "AHCI write"},
                                            {"NVMe read", "NVMe write"}};

    return names[d->kind != DISK_AHCI][write];
}

bool disk_look(struct disk_rig *d, uint32_t lba)
{
    for (uint32_t s = 0; s < HOLD_SECTORS; s++) {
        if (!disk_sector(d, lba + s, sectors + s * DISK_SECTOR)) {
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
        disk_scatter(d, disk_four, HOLD_PAGES, data);
    }
}

/* Does the memory hold the data in the four pages, and canary elsewhere? */
static bool holds_data(const struct disk_rig *d)
{
    static uint8_t got[HOLD_BYTES];

    memory_barrier();
    disk_gather(d, disk_four, HOLD_PAGES, got);
    return memcmp(got, data, HOLD_BYTES) == 0 && disk_rest_untouched(d, disk_four, HOLD_PAGES);
}

bool disk_plain(struct disk_rig *d, bool write, uint32_t lba)
{
    enum disk_end end;

    prepare(d, write);
    end = disk_move(d, write, lba, HOLD_SECTORS, disk_four, HOLD_PAGES);
    if (!disk_look(d, lba)) {
        return false;
    }
    if (!write) {
        memcpy(data, sectors, HOLD_BYTES);
    }
    return end == DISK_DONE && holds_data(d) && memcmp(sectors, data, HOLD_BYTES) == 0;
}

/* Do @bytes, as many as the transfer has, contain some of the canary of its pages? */
static bool looks_given_away(const struct disk_rig *d, const uint8_t *bytes)
{
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        if (hold_looks_like(bytes + p * PAGE_SIZE, disk_page(d, p), PAGE_SIZE)) {
            return true;
        }
    }
    return false;
}

bool disk_leaks(const struct disk_rig *d)
{
    return looks_given_away(d, sectors);
}

void disk_unmap_four(struct disk_rig *d)
{
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        rig_store(amdvi_pt_slot(&d->pt, DISK_BUF_IOVA + p * PAGE_SIZE, 1), 0);
    }
}

bool disk_hold_begin(struct disk_rig *d, bool write, uint32_t lba)
{
    struct check *c = d->r->c;
    enum hold_state state;
    unsigned requests;
    bool held;

    prepare(d, write);
    if (!host_hold(c, "old", write, lba, HOLD_SECTORS) ||
        !host_arm_release(c, "old", true, HOLD_PREPARE_MS) ||
        !disk_begin(d, write, lba, HOLD_SECTORS, disk_four, HOLD_PAGES) ||
        !host_wait_held(c, "old") || !host_hold_state(c, "old", &state, &requests)) {
        return false;
    }
    held = state == HOLD_HELD && requests == 1 && disk_active(d) &&
           (write ? holds_data(d) : disk_rest_untouched(d, NULL, 0));
    control_pos(c, held, "%s under way: one request, held, and nothing has moved",
                disk_transfer_name(d, write));
    control_neg(c, !looks_given_away(d, sectors) && !looks_given_away(d, data),
                "neither what the disk held nor what moves looks like the new owner's pages");
    return held;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A transfer that ends in an error after its memory was taken away (docs/rules.md section 7.1). An
 * error by itself moves nothing, so the transfer is longer than the 1 MiB that the host lets an
 * emulator ask for at once: the first part succeeds, and the rest fails.
 */
#include "arch/time.h"
#include "lib/string.h"
#include "tests/disk_rig.h"
#include "tests/hold_rig.h"

#define INF_ERROR_KEYS \
    "ref=2.4 needs=ahci,hold hw-safe=no may-kill=no controls=both timeout-ms=60000"

/* A page of 2 MiB of domain A6C1h, and the transfer at its beginning. */
#define LARGE       0x35a712600000ull
#define LARGE_BYTES 0x200000u

#define FIRST_SECTORS  2048u
#define SECOND_SECTORS 32u
#define FIRST_BYTES    0x100000u
#define BYTES          0x104000u

/* S=1, bits 19:12 set, bit 20 clear. */
static const struct amdvi_cmd flush_large = {{0, 0x3000a6c1u, 0x126ff001u, 0x35a7u}};

static const struct disk_region all = {LARGE, BYTES}, first = {LARGE, FIRST_BYTES};

/* Until when the second part has to have come and is failed by the host, if the guest does not do
 * it: the first one may take HOLD_RELEASE_MS. */
#define SECOND_MS 1500u

/* How often the host is asked for the second part. */
#define LOOKS   400u
#define LOOK_US 5000u

struct error_rig {
    struct disk_rig *d;
    struct check *c;
    struct buf mem;
    uint8_t *data; /* BYTES of them */
};

static const char *transfer_name(bool write)
{
    return write ? "write" : "read";
}

/* IR=IW=1, NextLevel=0, PR=1 of level 2, or nothing. */
static bool set_page(struct error_rig *e, bool mapped)
{
    volatile uint64_t *slot = amdvi_pt_slot(&e->d->pt, LARGE, 2);

    if (!slot) {
        rule_error(e->c, "no memory for page tables");
        return false;
    }
    rig_store(slot, mapped ? 0x6000000000000001ull | e->mem.spa : 0);
    return true;
}

static bool begin(struct check *c, struct error_rig *e)
{
    uint64_t block; /* the page, and what lies in front of it, which is watched */

    *e = (struct error_rig){.d = disk_rig_begin(c, DISK_AHCI), .c = c};
    if (!e->d) {
        return false;
    }
    block = page_alloc(PAGE_HIGH, 2ull * LARGE_BYTES, LARGE_BYTES);
    e->data = (uint8_t *)page_alloc(PAGE_HIGH, BYTES, PAGE_SIZE);
    if (!block || !e->data) {
        rule_error(c, "no memory for a page of 2 MiB above 4 GiB");
        return false;
    }
    e->mem = (struct buf){block + LARGE_BYTES, BYTES};
    return set_page(e, true) && rig_flush(e->d->r, e->d->domain);
}

static bool holds_data(const struct error_rig *e)
{
    return memcmp((const void *)e->mem.spa, e->data, BYTES) == 0;
}

/* Memory before a transfer: canary, or of a write new data. */
static void prepare(struct error_rig *e, bool write)
{
    uint32_t x = (uint32_t)++e->d->r->nonce * 0x9e3779b9u;

    buf_canary(&e->mem);
    for (uint32_t i = 0; write && i < BYTES; i++) {
        x = x * 1664525u + 1013904223u;
        e->data[i] = (uint8_t)(x >> 24);
    }
    if (write) {
        memcpy((void *)e->mem.spa, e->data, BYTES);
    }
}

/* Undisturbed: what it moves is read, or read back, through the same page. */
static bool plain(struct error_rig *e, bool write, uint32_t lba)
{
    enum disk_end end;
    bool moved;

    prepare(e, write);
    end = disk_move(e->d, write, lba, FIRST_SECTORS + SECOND_SECTORS, &all, 1);
    if (write && end == DISK_DONE) {
        buf_canary(&e->mem);
        end = disk_move(e->d, false, lba, FIRST_SECTORS + SECOND_SECTORS, &all, 1);
    } else {
        memcpy(e->data, (const void *)e->mem.spa, BYTES);
    }
    moved = end == DISK_DONE && holds_data(e) && buf_untouched_but(&e->mem, 0, BYTES);
    control_pos(e->c, moved, "a plain %s of 1040 KiB moves its sectors and is seen",
                transfer_name(write));
    control_neg(e->c, !hold_looks_like(e->data, e->mem.spa, BYTES),
                "what the disk holds does not look like the new owner's page");
    return moved;
}

/* The first part is held, and the second has not been asked for. */
static bool under_way(struct error_rig *e, bool write, uint32_t lba)
{
    struct check *c = e->c;
    enum hold_state state[2];
    unsigned requests[2];
    bool held;

    prepare(e, write);
    if (!host_hold(c, "first", write, lba, FIRST_SECTORS) ||
        !host_hold(c, "second", write, lba + FIRST_SECTORS, SECOND_SECTORS) ||
        !host_arm_release(c, "first", true, HOLD_PREPARE_MS) ||
        !host_arm_release(c, "second", false, 2 * HOLD_PREPARE_MS) ||
        !disk_begin(e->d, write, lba, FIRST_SECTORS + SECOND_SECTORS, &all, 1) ||
        !host_wait_held(c, "first") || !host_hold_state(c, "first", &state[0], &requests[0]) ||
        !host_hold_state(c, "second", &state[1], &requests[1])) {
        return false;
    }
    held = state[0] == HOLD_HELD && requests[0] == 1 && state[1] == HOLD_WAITING &&
           requests[1] == 0 && disk_active(e->d) &&
           (write ? holds_data(e) : buf_untouched_but(&e->mem, 0, 0));
    control_pos(c, held, "%s under way: one request of 1 MiB, held, and nothing has moved",
                transfer_name(write));
    return held;
}

/* Once the first part has gone on: fail the second. A transfer that was aborted has none. */
static bool fail_second(struct error_rig *e)
{
    for (unsigned i = 0; i < LOOKS; i++) {
        enum hold_state state;
        unsigned requests;

        if (!host_hold_state(e->c, "second", &state, &requests)) {
            return false;
        }
        if (state == HOLD_HELD) {
            return host_release(e->c, "second", false);
        }
        if (wait_until(!disk_active(e->d), LOOK_US)) {
            return true;
        }
    }
    rule_error(e->c, "the transfer does not go on after its first part was released");
    return false;
}

/* Has anything of the new owner's got to the disk? It is read through the page, mapped again. */
static bool expect_no_leak(struct error_rig *e, uint32_t lba, enum disk_end end, uint32_t status)
{
    if (!set_page(e, true) || !rig_flush(e->d->r, e->d->domain)) {
        return false;
    }
    if (disk_move(e->d, false, lba, FIRST_SECTORS, &first, 1) != DISK_DONE) {
        rule_error(e->c, "the sectors cannot be read back: status 0x%x", e->d->status);
        return false;
    }
    expect_true(e->c, !hold_looks_like((const uint8_t *)e->mem.spa, e->mem.spa, FIRST_BYTES),
                "write, whose end fails: expected nothing of the new owner's page on the disk, "
                "actual written by the old transfer (%s, status 0x%x)",
                disk_end_name(end), status);
    return true;
}

static bool fail(struct error_rig *e, bool write)
{
    struct check *c = e->c;
    uint32_t total = FIRST_SECTORS + SECOND_SECTORS;
    uint32_t lba = write ? disk_write_lba(e->d, total) : disk_read_lba(e->d, total);
    enum hold_state then;
    enum disk_end end;
    uint32_t status;

    if (!plain(e, write, lba) || !under_way(e, write, lba) || !set_page(e, false) ||
        !host_arm_release(c, "second", false, SECOND_MS) ||
        !hold_complete(e->d->r, "first", flush_large, HOLD_LOOK_MS, HOLD_RELEASE_MS, &then)) {
        return false;
    }
    buf_canary(&e->mem); /* by the new owner */
    if (then == HOLD_HELD && (!host_arm_release(c, "second", false, HOLD_PREPARE_MS) ||
                              !host_release(c, "first", true) || !fail_second(e))) {
        return false;
    }
    end = disk_finish(e->d);
    status = e->d->status;
    control_pos(c, end == DISK_REFUSED,
                "the transfer was %s when the completion came, and the disk says that it has "
                "failed: %s, status 0x%x",
                then == HOLD_HELD ? "held" : "over", disk_end_name(end), status);
    expect_true(c, buf_untouched_but(&e->mem, 0, 0),
                "%s, whose end fails: expected the new owner's page unchanged, actual changed by "
                "the old transfer (%s, status 0x%x)",
                transfer_name(write), disk_end_name(end), status);
    rig_take_events(e->d->r); /* one that was aborted may log */
    observe(c, write ? "completion_write" : "completion_read", "%s",
            then == HOLD_HELD ? "while_under_way" : "after_the_transfer");
    return write ? expect_no_leak(e, lba, end, status)
                 : set_page(e, true) && rig_flush(e->d->r, e->d->domain);
}

RULE("AMDVI-INF-050", "M", inf_failing_transfer_ends_before_the_page_goes, INF_ERROR_KEYS,
     "Transfer under way whose first part succeeds and whose end fails, its page unmapped, "
     "INVALIDATE_IOMMU_PAGES: the COMPLETION_WAIT comes, and once it is seen a read changes "
     "nothing of the page's new owner, a write takes nothing from him")
{
    static struct error_rig e;

    if (begin(c, &e) && fail(&e, false)) {
        (void)fail(&e, true);
    }
}

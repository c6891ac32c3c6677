// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The forms of PRP2, and queues above 4 GiB (docs/rules.md section 20).
 */
#include "arch/cpu.h"
#include "drivers/nvme/nvme.h"
#include "lib/string.h"
#include "tests/disk_rig.h"
#include "tests/env.h"

#define B DISK_BUF_IOVA

/* Two more pages for lists. */
#define LIST_IOVA 0x2c5789870000ull

struct form {
    const char *what;
    uint32_t sectors;
    struct disk_region regions[DISK_REGIONS_MAX];
    unsigned n;
    uint32_t list_offset; /* of the first list in its page */
    unsigned first;       /* entries in front of the pointer to the next list; 0: there is none */
};

static const struct form forms[] = {
    {"PRP1 alone", 8, {{B + 0x2000, 0x1000}}, 1, 0, 0},
    {"PRP1 with an offset", 3, {{B + 0x2404, 0x600}}, 1, 0, 0},
    {"PRP2 is a page", 16, {{B + 0x5000, 0x1000}, {B + 0x1000, 0x1000}}, 2, 0, 0},
    {"PRP2 is a page, PRP1 has an offset", 9, {{B + 0x5dfc, 0x204}, {B, 0xffc}}, 2, 0, 0},
    {"a list at an offset",
     24,
     {{B + 0x5000, 0x1000}, {B + 0x7000, 0x1000}, {B + 0x3000, 0x1000}},
     3,
     0x7e8,
     0},
    {"a list that goes on in another page",
     32,
     {{B + 0x4000, 0x1000}, {B + 0x1000, 0x1000}, {B + 0x6000, 0x1000}, {B + 0x2000, 0x1000}},
     4,
     0xff0,
     1},
};

/* Write the lists of @f; the value of PRP2. */
static uint64_t lists(const struct form *f, const uint64_t page[2])
{
    volatile uint64_t *at = (volatile uint64_t *)(page[0] + f->list_offset);

    if (f->n < 3) {
        return f->n == 2 ? f->regions[1].iova : 0;
    }
    for (unsigned i = 1; i < f->n; i++) {
        if (f->first && i == f->first + 1) {
            *at = LIST_IOVA + 3 * PAGE_SIZE;
            at = (volatile uint64_t *)page[1];
        }
        *at++ = f->regions[i].iova;
    }
    memory_barrier();
    return LIST_IOVA + f->list_offset;
}

static void one_form(struct disk_rig *d, const struct form *f, const uint64_t page[2])
{
    static uint8_t want[DISK_BYTES_MAX], got[DISK_BYTES_MAX];
    uint32_t lba = disk_read_lba(d, f->sectors), len = f->sectors * DISK_SECTOR;
    enum disk_end end;

    for (uint32_t s = 0; s < f->sectors; s++) {
        disk_contents(d, lba + s, want + s * DISK_SECTOR);
    }
    buf_canary(&d->data);
    buf_canary(&d->decoy);
    end = disk_move_nvme(d, false, lba, f->sectors, f->regions[0].iova, lists(f, page));
    expect_true(d->r->c, end == DISK_DONE, "%s: expected done, actual %s, status 0x%x", f->what,
                disk_end_name(end), d->status);
    disk_gather(d, f->regions, f->n, got);
    expect_true(d->r->c, memcmp(want, got, len) == 0,
                "%s: expected the %u bytes of the disk in the pages", f->what, len);
    expect_true(d->r->c, disk_rest_untouched(d, f->regions, f->n),
                "%s: expected nothing else in the pages changed, nor at the lower 32 bits",
                f->what);
}

RULE(
    "NVME-DMA-003", "A", nvme_prp2_is_a_page_or_a_list, RULE_KEYS("4.3", "nvme"),
    "PRP2 is unused, the second page, or a list as the length says; a list may begin at an offset, "
    "and its last place leads to the next one where more follow")
{
    struct disk_rig *d = disk_rig_begin(c, DISK_NVME);
    uint64_t page[2];

    if (!d || !disk_controls(d)) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        page[i] = page_alloc(PAGE_HIGH, PAGE_SIZE, PAGE_SIZE);
        if (!page[i]) {
            rule_error(c, "no memory above 4 GiB");
            return;
        }
        if (!disk_map(d, LIST_IOVA + i * 3 * PAGE_SIZE, page[i], DISK_PAGE_RW)) {
            return;
        }
    }
    if (!rig_flush(d->r, d->domain)) {
        return;
    }
    for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        one_form(d, &forms[i], page);
    }
    expect_no_event(d->r, "reads of mapped pages");
}

/* More commands than the queues have places, so that both go round and the phase changes twice. */
#define COMMANDS (2 * NVME_QUEUE_LEN + 5)

RULE("NVME-DMA-004", "A", nvme_queues_above_4_gib, RULE_KEYS("4.1", "nvme"),
     "The queues may lie above 4 GiB; they go round, with the phase of the completions inverted "
     "each time, and each completion names its command and the head of the submission queue")
{
    struct disk_rig *d = disk_rig_begin(c, DISK_NVME);
    uint8_t want[DISK_SECTOR], got[DISK_SECTOR];
    struct disk_region region = {B, DISK_SECTOR};

    if (!d || !disk_controls(d)) {
        return;
    }
    buf_canary(&d->decoy);
    if (!disk_raise(d)) {
        return;
    }
    for (unsigned i = 0; i < COMMANDS && !rule_broken(c); i++) {
        uint32_t lba = disk_read_lba(d, 1);
        enum disk_end end = disk_move(d, false, lba, 1, &region, 1);

        disk_contents(d, lba, want);
        disk_gather(d, &region, 1, got);
        expect_true(c, end == DISK_DONE && memcmp(want, got, DISK_SECTOR) == 0,
                    "command %u: expected sector %u, actual %s, status 0x%x", i, lba,
                    disk_end_name(end), d->status);
        expect_u64(c, "head of the submission queue", (i + 1) % NVME_QUEUE_LEN, d->nvme.sq_head);
    }
    expect_true(c, buf_untouched_but(&d->decoy, 0, 0),
                "expected nothing at the lower 32 bits of the addresses");
    expect_no_event(d->r, "reads of mapped pages");
}

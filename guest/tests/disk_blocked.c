// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A page in the middle of a request that the IOMMU blocks (docs/rules.md sections 19 and 20): the
 * device must not say that all is well, and nothing of that page moves.
 */
#include "arch/cpu.h"
#include "lib/string.h"
#include "tests/disk_rig.h"

#define B       DISK_BUF_IOVA
#define SECTORS 24u
#define MIDDLE  1u /* region and page that are blocked */

/* Three pages, of which the middle one is blocked. */
static const struct disk_region regions[] = {
    {B, 0x1000}, {B + 0x1000, 0x1000}, {B + 0x2000, 0x1000}};

#define REGIONS (sizeof(regions) / sizeof(regions[0]))

/* Quadwords of @len bytes that are the same in both. */
static unsigned same_quadwords(const uint8_t *a, const uint8_t *b, uint32_t len)
{
    unsigned same = 0;

    for (uint32_t i = 0; i < len; i += 8) {
        same += memcmp(a + i, b + i, 8) == 0;
    }
    return same;
}

static void fill(struct disk_rig *d, uint8_t *data, uint32_t len)
{
    uint32_t x = (uint32_t)++d->r->nonce * 0x9e3779b9u;

    for (uint32_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        data[i] = (uint8_t)(x >> 24);
    }
}

static void expect_refused(struct disk_rig *d, const char *what, enum disk_end end)
{
    expect_true(d->r->c, end == DISK_REFUSED,
                "%s: expected that the device reports an error, actual %s, status 0x%x", what,
                disk_end_name(end), d->status);
    observe(d->r->c, "status", "%x", d->status);
    if (d->kind == DISK_AHCI && end == DISK_REFUSED) {
        /* Bits 30 to 27: TFES, HBFS, HBDS, IFS, each of them fatal; PxCMD.CR is bit 15. */
        expect_true(d->r->c, d->ahci.is & 0x78000000, "%s: expected a fatal error, PxIS 0x%x", what,
                    d->ahci.is);
        expect_u64(d->r->c, "PxCMD.CR after it", 0, d->ahci.cmd & 0x8000);
        expect_u64(d->r->c, "PxCI after it", 1, d->ahci.ci);
    }
}

/* Reading: the page gets no byte, what lies behind it gets none but the disk's. */
static void blocked_read(struct disk_rig *d, uint64_t rights, enum fault fault, const char *what)
{
    static uint8_t want[SECTORS * DISK_SECTOR];
    uint32_t lba = disk_read_lba(d, SECTORS);

    for (uint32_t s = 0; s < SECTORS; s++) {
        disk_contents(d, lba + s, want + s * DISK_SECTOR);
    }
    buf_canary(&d->data);
    buf_canary(&d->decoy);
    if (!disk_rights(d, MIDDLE, rights)) {
        return;
    }
    expect_refused(d, what, disk_move(d, false, lba, SECTORS, regions, REGIONS));
    expect_fault(d->r, what, d->devid, d->domain, fault, TO_MEMORY, regions[MIDDLE].iova, 0x1000);
    expect_u64(d->r->c, "quadwords of the disk in the blocked page", 0,
               same_quadwords((const uint8_t *)disk_page(d, MIDDLE), want + MIDDLE * PAGE_SIZE,
                              PAGE_SIZE));
    for (uint64_t a = disk_page(d, MIDDLE); a < disk_page(d, MIDDLE) + PAGE_SIZE; a += 8) {
        if (!buf_canary_intact(a)) {
            expect_true(d->r->c, false, "%s: the blocked page changed at 0x%llx", what,
                        (unsigned long long)a);
            break;
        }
    }
    expect_true(d->r->c, disk_rest_untouched(d, regions, REGIONS),
                "%s: expected nothing outside the three pages changed", what);
    (void)disk_rights(d, MIDDLE, DISK_PAGE_RW);
}

/* Writing: no quadword of the page gets to the disk, and the sectors that were to hold it hold what
 * they held, or data of the other pages. */
static void blocked_write(struct disk_rig *d)
{
    static uint8_t old[SECTORS * DISK_SECTOR], data[SECTORS * DISK_SECTOR], got[DISK_SECTOR];
    uint32_t lba = disk_write_lba(d, SECTORS);
    unsigned leaked = 0, changed = 0;

    fill(d, old, sizeof(old));
    disk_scatter(d, regions, REGIONS, old);
    if (disk_move(d, true, lba, SECTORS, regions, REGIONS) != DISK_DONE) {
        rule_error(d->r->c, "a write from mapped pages is not done: status 0x%x", d->status);
        return;
    }
    fill(d, data, sizeof(data));
    disk_scatter(d, regions, REGIONS, data);
    if (!disk_rights(d, MIDDLE, DISK_PAGE_BLOCKED)) {
        return;
    }
    expect_refused(d, "a write from a page with PR=0",
                   disk_move(d, true, lba, SECTORS, regions, REGIONS));
    expect_fault(d->r, "a write from a page with PR=0", d->devid, d->domain, FAULT_NOT_PRESENT,
                 FROM_MEMORY, regions[MIDDLE].iova, 0x1000);
    for (uint32_t s = MIDDLE * 8; s < MIDDLE * 8 + 8; s++) {
        if (!disk_sector(d, lba + s, got)) {
            return;
        }
        leaked += same_quadwords(got, data + s * DISK_SECTOR, DISK_SECTOR);
        changed += DISK_SECTOR / 8 - same_quadwords(got, old + s * DISK_SECTOR, DISK_SECTOR);
    }
    expect_u64(d->r->c, "quadwords of the blocked page on the disk", 0, leaked);
    expect_u64(d->r->c, "quadwords of its sectors that changed", 0, changed);
    (void)disk_rights(d, MIDDLE, DISK_PAGE_RW);
}

/* Once everything is mapped again, the device works. */
static void works_again(struct disk_rig *d)
{
    struct disk_region good = {B, 0x1000};

    expect_true(d->r->c, disk_move(d, false, disk_read_lba(d, 8), 8, &good, 1) == DISK_DONE,
                "expected the device to work again once everything is mapped, status 0x%x",
                d->status);
    expect_no_event(d->r, "a read of mapped pages");
}

static void write_rule(struct check *c, enum disk kind)
{
    struct disk_rig *d = disk_rig_begin(c, kind);

    if (d && disk_controls(d)) {
        blocked_write(d);
        works_again(d);
    }
}

static void read_rule(struct check *c, enum disk kind)
{
    struct disk_rig *d = disk_rig_begin(c, kind);

    if (d && disk_controls(d)) {
        blocked_read(d, DISK_PAGE_BLOCKED, FAULT_NOT_PRESENT, "a read into a page with PR=0");
        blocked_read(d, DISK_PAGE_RO, FAULT_DENIED, "a read into a page with IW=0");
        works_again(d);
    }
}

RULE(
    "AHCI-BLK-001", "A", ahci_reports_a_blocked_source, RULE_KEYS("6.2.2", "ahci"),
    "WRITE DMA EXT from a region in the middle that is blocked ends with a fatal error, nothing of "
    "it gets to the disk, and the port works again after a restart")
{
    write_rule(c, DISK_AHCI);
}

RULE(
    "AHCI-BLK-002", "M", ahci_reports_a_blocked_target, RULE_KEYS("6.2.2", "ahci"),
    "READ DMA EXT into a region in the middle that is blocked ends with a fatal error, that region "
    "keeps every byte, and the port works again after a restart")
{
    read_rule(c, DISK_AHCI);
}

RULE("NVME-BLK-001", "A", nvme_reports_a_blocked_source, RULE_KEYS("4.6.1.2.1", "nvme"),
     "WRITE from a page in the middle that is blocked ends with a status that is not success, "
     "nothing of it gets to the disk, and the next command works")
{
    write_rule(c, DISK_NVME);
}

RULE("NVME-BLK-002", "M", nvme_reports_a_blocked_target, RULE_KEYS("4.6.1.2.1", "nvme"),
     "READ into a page in the middle that is blocked ends with a status that is not success, that "
     "page keeps every byte, and the next command works")
{
    read_rule(c, DISK_NVME);
}

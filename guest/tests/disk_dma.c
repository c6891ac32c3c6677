// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads and writes of disks with 64-bit addresses, through many regions and the IOMMU
 * (docs/rules.md sections 19 and 20).
 */
#include "arch/cpu.h"
#include "drivers/ahci/regs.h"
#include "lib/string.h"
#include "tests/disk_rig.h"
#include "tests/env.h"

#define B       DISK_BUF_IOVA
#define SECTORS 24u

/*
 * 24 sectors. Their order is not that of the addresses, none ends with a sector but the last one,
 * the second one crosses into a page that lies elsewhere in memory, the third one is as short as
 * can be.
 */
static const struct disk_region ahci_regions[] = {
    {B + 0x3e04, 0x1fc},  {B + 0x0400, 0x1000}, {B + 0x2010, 0x002},
    {B + 0x4000, 0x1000}, {B + 0x6802, 0x7fe},  {B + 0x7200, 0x604},
};

/*
 * The same for PRPs: all but the first begin with a page, all but the last end with one.
 */
static const struct disk_region nvme_regions[] = {
    {B + 0x3e04, 0x1fc}, {B + 0x6000, 0x1000}, {B + 0x1000, 0x1000}, {B + 0x7000, 0xe04}};

struct layout {
    const struct disk_region *regions;
    unsigned n;
};

static struct layout layout_of(enum disk kind)
{
    if (kind == DISK_NVME) {
        return (struct layout){nvme_regions, sizeof(nvme_regions) / sizeof(nvme_regions[0])};
    }
    return (struct layout){ahci_regions, sizeof(ahci_regions) / sizeof(ahci_regions[0])};
}

/* A line for people about the first byte that differs. */
static void expect_same(struct disk_rig *d, const char *what, const uint8_t *want,
                        const uint8_t *got, uint32_t len)
{
    uint32_t i = 0;

    while (i < len && want[i] == got[i]) {
        i++;
    }
    expect_true(d->r->c, i == len, "%s: byte %u of %u: expected %02x, actual %02x", what, i, len,
                i < len ? want[i] : 0, i < len ? got[i] : 0);
}

static void expect_done(struct disk_rig *d, const char *what, enum disk_end end)
{
    expect_true(d->r->c, end == DISK_DONE, "%s: expected done, actual %s, status 0x%x", what,
                disk_end_name(end), d->status);
}

static void read_rule(struct check *c, enum disk kind)
{
    static uint8_t want[SECTORS * DISK_SECTOR], got[SECTORS * DISK_SECTOR];
    struct disk_rig *d = disk_rig_begin(c, kind);
    struct layout l = layout_of(kind);

    if (!d || !disk_controls(d)) {
        return;
    }
    for (unsigned round = 0; round < 2; round++) {
        uint32_t lba = disk_read_lba(d, SECTORS);

        for (uint32_t s = 0; s < SECTORS; s++) {
            disk_contents(d, lba + s, want + s * DISK_SECTOR);
        }
        buf_canary(&d->data);
        buf_canary(&d->decoy);
        expect_done(d, "a read", disk_move(d, false, lba, SECTORS, l.regions, l.n));
        disk_gather(d, l.regions, l.n, got);
        expect_same(d, "what was read", want, got, sizeof(want));
        expect_true(c, disk_rest_untouched(d, l.regions, l.n),
                    "expected nothing else in the pages changed, nor at the lower 32 bits");
    }
    expect_no_event(d->r, "reads of mapped pages");
}

static void write_rule(struct check *c, enum disk kind)
{
    static uint8_t want[SECTORS * DISK_SECTOR], got[SECTORS * DISK_SECTOR];
    struct disk_rig *d = disk_rig_begin(c, kind);
    struct layout l = layout_of(kind);
    uint8_t before[2][DISK_SECTOR], after[2][DISK_SECTOR];

    if (!d || !disk_controls(d)) {
        return;
    }
    for (unsigned round = 0; round < 2; round++) {
        uint32_t lba = disk_write_lba(d, SECTORS);
        uint32_t x = (uint32_t)++d->r->nonce;

        for (uint32_t i = 0; i < sizeof(want); i++) {
            x = x * 1664525u + 1013904223u;
            want[i] = (uint8_t)(x >> 24);
        }
        if (!disk_sector(d, lba - 1, before[0]) || !disk_sector(d, lba + SECTORS, before[1])) {
            return;
        }
        buf_canary(&d->data);
        buf_canary(&d->decoy);
        disk_scatter(d, l.regions, l.n, want);
        expect_done(d, "a write", disk_move(d, true, lba, SECTORS, l.regions, l.n));
        disk_gather(d, l.regions, l.n, got);
        expect_same(d, "the source in memory", want, got, sizeof(want));
        expect_true(c, disk_rest_untouched(d, l.regions, l.n),
                    "expected nothing else in the pages changed, nor at the lower 32 bits");
        for (uint32_t s = 0; s < SECTORS; s++) {
            if (!disk_sector(d, lba + s, got + s * DISK_SECTOR)) {
                return;
            }
        }
        expect_same(d, "what the disk holds", want, got, sizeof(want));
        if (!disk_sector(d, lba - 1, after[0]) || !disk_sector(d, lba + SECTORS, after[1])) {
            return;
        }
        expect_true(c, memcmp(before, after, sizeof(before)) == 0,
                    "expected the sectors in front of and behind those from %u on as they were",
                    lba);
    }
    expect_no_event(d->r, "writes from mapped pages");
}

RULE("AHCI-DMA-001", "A", ahci_reads_through_the_prdt, RULE_KEYS("4.2.3", "ahci"),
     "READ DMA EXT fills the regions of the PRDT in their order, wherever their pages lie, by "
     "64-bit addresses")
{
    read_rule(c, DISK_AHCI);
}

RULE("AHCI-DMA-002", "A", ahci_writes_through_the_prdt, RULE_KEYS("4.2.3", "ahci"),
     "WRITE DMA EXT takes its data from the regions of the PRDT in their order, by 64-bit "
     "addresses, and writes no sector more")
{
    write_rule(c, DISK_AHCI);
}

RULE("NVME-DMA-001", "A", nvme_reads_through_prps, RULE_KEYS("4.3", "nvme"),
     "READ fills the pages of PRP1 and the PRP list in their order, wherever they lie, by 64-bit "
     "addresses, the first one from its offset on")
{
    read_rule(c, DISK_NVME);
}

RULE("NVME-DMA-002", "A", nvme_writes_through_prps, RULE_KEYS("4.3", "nvme"),
     "WRITE takes its data from the pages of PRP1 and the PRP list in their order, by 64-bit "
     "addresses, and writes no sector more")
{
    write_rule(c, DISK_NVME);
}

/*
 * The received FIS at 40h: type 34h, bit 6 of byte 1 the interrupt, byte 2 the status that PxTFD
 * has too (50h: DRDY, and an obsolete bit that need not be set).
 */
RULE("AHCI-DMA-003", "A", ahci_tells_the_end_in_memory, RULE_KEYS("4.2.1", "ahci"),
     "Command list, table and received FIS area may lie above 4 GiB; at the end of a DMA command "
     "the register FIS stands at 40h, PRDBC tells the bytes moved, PxCI is 0 and PxIS.DHRS is 1")
{
    struct disk_rig *d = disk_rig_begin(c, DISK_AHCI);
    static const uint32_t lengths[] = {1, 8, 3};
    const volatile uint8_t *fis;
    const volatile uint32_t *header;

    if (!d || !disk_controls(d) || !disk_raise(d)) {
        return;
    }
    fis = (const volatile uint8_t *)env.ahci.mem.fis.spa;
    header = (const volatile uint32_t *)env.ahci.mem.list.spa;
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct disk_region region = {B + 0x400, lengths[i] * DISK_SECTOR};
        uint32_t lba = disk_read_lba(d, lengths[i]);

        memset((void *)env.ahci.mem.fis.spa, 0xcc, PAGE_SIZE);
        buf_canary(&d->decoy);
        memory_barrier();
        expect_done(d, "a read", disk_move(d, false, lba, lengths[i], &region, 1));
        expect_u64(c, "PRDBC", lengths[i] * DISK_SECTOR, header[1]);
        expect_u64(c, "PxCI", 0, d->ahci.ci);
        expect_u64(c, "PxIS.DHRS", 1, d->ahci.is & 1);
        expect_u64(c, "PxTFD: BSY, DF, DRQ, ERR", 0, d->ahci.tfd & 0xa9);
        expect_u64(c, "FIS type at 40h", 0x34, fis[0x40]);
        expect_u64(c, "its interrupt bit", 0x40, fis[0x41] & 0x40);
        expect_u64(c, "its status", d->ahci.tfd & 0xff, fis[0x42]);
        for (unsigned k = 0x100; k < PAGE_SIZE; k++) {
            if (fis[k] != 0xcc) {
                expect_true(c, false, "byte %u behind the FIS area: expected cc, actual %02x", k,
                            fis[k]);
                break;
            }
        }
        expect_true(c, buf_untouched_but(&d->decoy, 0, 0),
                    "expected nothing at the lower 32 bits of the addresses");
    }
    expect_no_event(d->r, "reads of mapped pages");
}

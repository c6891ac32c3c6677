// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command list and received FIS area of a port that runs come to lie in other pages
 * (docs/rules.md AHCI-DMA-004). A port keeps nothing of them but their addresses, which the IOMMU
 * translates, so it has to find them where they are after the flush.
 */
#include "arch/cpu.h"
#include "drivers/ahci/command.h"
#include "drivers/ahci/regs.h"
#include "lib/string.h"
#include "tests/disk_rig.h"
#include "tests/env.h"

#define FILL 0xcc

/* Where what is asked for arrives, and where what a decoy asks for would. */
#define WANTED (DISK_BUF_IOVA + 0x1400)
#define BAIT   (DISK_BUF_IOVA + 0x5800)

/* IOVA of the command table of the decoys, behind what the rig maps there. */
#define BAIT_TABLE 0x1b46987f0000ull

/* The two areas, as they are and as they were. */
struct move {
    struct ahci_page *page;  /* of the driver's own book */
    uint64_t old;            /* page of memory */
    uint8_t left[PAGE_SIZE]; /* what it held when the port was given another one */
};

static struct move list, fis;

static void fill(uint64_t spa)
{
    memset((void *)spa, FILL, PAGE_SIZE);
    memory_barrier();
}

/* A command in the list as it is now: a sector from @lba to @to, by @table. */
static void put(const struct ahci_page *table, uint32_t lba, uint64_t to, uint32_t sectors)
{
    struct ahci a = env.ahci;
    struct ahci_region region = {to, sectors * DISK_SECTOR};

    a.mem.table = *table;
    ahci_prepare(&a, AHCI_CMD_READ_DMA_EXT, false, lba, sectors, &region, 1);
}

/* Give the area a new page of memory. No flush yet. */
static bool give_page(struct disk_rig *d, struct move *m)
{
    uint64_t spa = page_alloc(PAGE_HIGH, PAGE_SIZE, PAGE_SIZE);

    if (!spa) {
        rule_error(d->r->c, "no memory above 4 GiB");
        return false;
    }
    fill(spa);
    m->old = m->page->spa;
    memcpy(m->left, (const void *)m->old, PAGE_SIZE);
    m->page->spa = spa;
    return disk_map(d, m->page->iova, spa, DISK_PAGE_RW);
}

static void expect_left(struct check *c, const struct move *m, const char *what)
{
    if (m->old) {
        memory_barrier();
        expect_true(c, memcmp(m->left, (const void *)m->old, PAGE_SIZE) == 0,
                    "expected the page that the %s was in as it was left", what);
    }
}

/* Have slot 0 done, and look at all that comes of it: @sectors from @lba in the buffer at @to. */
static void expect_read(struct disk_rig *d, uint32_t lba, uint64_t to, uint32_t sectors)
{
    static uint8_t want[4 * DISK_SECTOR], got[4 * DISK_SECTOR];
    struct disk_region region = {to, sectors * DISK_SECTOR};
    const volatile uint8_t *area = (const volatile uint8_t *)fis.page->spa;
    struct check *c = d->r->c;
    struct ahci_result res;

    for (uint32_t s = 0; s < sectors; s++) {
        disk_contents(d, lba + s, want + s * DISK_SECTOR);
    }
    ahci_start(&env.ahci);
    expect_true(c, ahci_finish(&env.ahci, &res) && !(res.is & AHCI_PX_IS_FATAL) && !res.ci,
                "expected the command in the list done, actual PxCI 0x%x PxIS 0x%x PxTFD 0x%x",
                res.ci, res.is, res.tfd);
    disk_gather(d, &region, 1, got);
    expect_true(c, memcmp(want, got, region.bytes) == 0,
                "expected what the command in the list asks for");
    expect_true(c, disk_rest_untouched(d, &region, 1),
                "expected nothing else in the pages changed, nor at the lower 32 bits");
    expect_u64(c, "PRDBC in the list", region.bytes, res.bytes);
    expect_u64(c, "FIS type at 40h of the area", 0x34, area[0x40]);
    expect_u64(c, "its status", res.tfd & 0xff, area[0x42]);
    expect_left(c, &list, "command list");
    expect_left(c, &fis, "FIS area");
}

/* The list with a decoy in it, and what is to be fetched and written instead of it. False: there is
 * no next time. */
static bool act(struct disk_rig *d, const struct ahci_page *bait, bool with_list, bool with_fis)
{
    uint32_t sectors = 1 + (uint32_t)(d->r->nonce % 3);
    uint32_t lba = disk_read_lba(d, 2 * sectors);
    struct check *c = d->r->c;

    list.old = fis.old = 0;
    buf_canary(&d->data);
    buf_canary(&d->decoy);
    fill(fis.page->spa);
    /* The decoy is one that works, and asks for other sectors and more of them. */
    put(bait, lba + sectors, BAIT, sectors + 1);
    if ((with_list && !give_page(d, &list)) || (with_fis && !give_page(d, &fis))) {
        return false;
    }
    if (!amdvi_cmd_and_wait(d->r->u, amdvi_cmd_invalidate_domain(d->domain))) {
        expect_true(c, false, "expected the completion of the flush while the port runs");
        return false;
    }
    put(&env.ahci.mem.table, lba, WANTED, sectors);
    expect_true(c, ahci_port_read(&env.ahci, AHCI_PX_CMD) & AHCI_PX_CMD_CR,
                "expected the port to run still");
    expect_read(d, lba, WANTED, sectors);
    return true;
}

/* The decoy is a command as any other: where its list is in force, it is done. */
static void controls(struct disk_rig *d, const struct ahci_page *bait)
{
    struct disk_region region = {BAIT, DISK_SECTOR};
    uint8_t want[DISK_SECTOR], got[DISK_SECTOR];
    uint32_t lba = disk_read_lba(d, 1);
    struct ahci_result res;

    buf_canary(&d->data);
    put(bait, lba, BAIT, 1);
    control_pos(d->r->c, disk_rest_untouched(d, &region, 0), "nothing has been read so far");
    ahci_start(&env.ahci);
    disk_contents(d, lba, want);
    (void)ahci_finish(&env.ahci, &res);
    disk_gather(d, &region, 1, got);
    control_neg(d->r->c, memcmp(want, got, DISK_SECTOR) == 0 && !disk_rest_untouched(d, &region, 0),
                "a decoy that is fetched is seen");
}

RULE(
    "AHCI-DMA-004", "A", ahci_lists_come_to_lie_elsewhere, RULE_KEYS("4.2.1", "ahci"),
    "Command list and received FIS area of a running port lead to other pages after "
    "INVALIDATE_IOMMU_PAGES and COMPLETION_WAIT: the next command is fetched from there, PRDBC and "
    "FIS are written there, and the old pages keep every byte")
{
    struct disk_rig *d = disk_rig_begin(c, DISK_AHCI);
    struct ahci_page bait = {.iova = BAIT_TABLE};

    if (!d || !disk_controls(d) || !disk_raise(d)) {
        return;
    }
    bait.spa = page_alloc(PAGE_HIGH, PAGE_SIZE, PAGE_SIZE);
    if (!bait.spa) {
        rule_error(c, "no memory above 4 GiB");
        return;
    }
    if (!disk_map(d, BAIT_TABLE, bait.spa, DISK_PAGE_RW) || !rig_flush(d->r, d->domain)) {
        return;
    }
    list = (struct move){.page = &env.ahci.mem.list};
    fis = (struct move){.page = &env.ahci.mem.fis};
    controls(d, &bait);
    if (rule_broken(c)) {
        return;
    }
    /* Nothing moves, one of them, both, and both again. */
    if (act(d, &bait, false, false) && act(d, &bait, true, false) && act(d, &bait, false, true) &&
        act(d, &bait, true, true) && act(d, &bait, true, true)) {
        expect_no_event(d->r, "commands of a port with all its memory mapped");
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One request over many pages (docs/rules.md PT-015).
 */
#include "arch/cpu.h"
#include "drivers/ide/regs.h"
#include "lib/string.h"
#include "tests/env.h"
#include "tests/rig.h"

#define IOVA   0x40000000u
#define DOMAIN 0x0300
#define PAGES  3
#define BYTES  0x2000u

/*
 * The request: 16 sectors through three PRDs over the IOVA range +800h .. +27FFh, not in its order.
 * The first crosses from the first page to the second, the second from the second to the third, as
 * a transfer of a real driver would.
 */
static const struct ide_prd prds[] = {
    {IOVA + 0x1800, 0x0a00}, /* page 1 from 800h, page 2 to 1FFh */
    {IOVA + 0x0800, 0x1000}, /* page 0 from 800h, page 1 to 7FFh */
    {IOVA + 0x2200, 0x0600}, /* page 2 from 200h */
};

/* Which byte of the request lies at byte @off of page @page, or -1. Worked out from the list above.
 */
static int request_byte(unsigned page, unsigned off)
{
    if (page == 0) {
        return off >= 0x800 ? (int)(0xa00 + off - 0x800) : -1;
    }
    if (page == 1) {
        return off >= 0x800 ? (int)(off - 0x800) : (int)(0x1200 + off);
    }
    if (off < 0x200) {
        return (int)(0x800 + off);
    }
    return off < 0x800 ? (int)(0x1a00 + off - 0x200) : -1;
}

static bool page_holds(const struct buf *b, unsigned page, const uint8_t *data)
{
    static const struct {
        uint32_t off, len;
    } part[PAGES] = {{0x800, 0x800}, {0, 0x1000}, {0, 0x800}};

    if (!buf_untouched_but(b, part[page].off, part[page].len)) {
        return false;
    }
    for (unsigned off = part[page].off; off < part[page].off + part[page].len; off++) {
        if (*(const uint8_t *)(b->spa + off) != data[request_byte(page, off)]) {
            return false;
        }
    }
    return true;
}

static bool transfer(struct rig *r, bool write, uint32_t lba)
{
    struct ide_result res;

    if (write && !env_may_write(lba, BYTES / IDE_SECTOR)) {
        rule_error(r->c, "sectors from %u on are not in the scratch area: nothing is written", lba);
        return false;
    }
    r->used[ENGINE_IDE] = true;
    ide_prdt_build(r->prdt, prds, 3);
    if (!ide_dma(&env.ide, write, lba, BYTES / IDE_SECTOR, r->prdt_iova, &res)) {
        rule_error(r->c, "the request did not end: bus master 0x%02x status 0x%02x", res.bm_status,
                   res.status);
        return false;
    }
    return true;
}

static bool read_disk(struct rig *r, uint32_t lba, uint8_t *data)
{
    for (unsigned s = 0; s < BYTES / IDE_SECTOR; s++) {
        if (!ide_pio_read(&env.ide, lba + s, data + s * IDE_SECTOR)) {
            rule_error(r->c, "sector %u cannot be read by PIO", lba + s);
            return false;
        }
    }
    return true;
}

RULE("AMDVI-PT-015", "M", pt_pages_of_a_request_checked_each, RULE_KEYS("2.2.3", "ide,testdev"),
     "A request over scattered pages is translated page by page; of a page that is not mapped "
     "nothing is read or written")
{
    static uint8_t disk[BYTES];
    struct rig *r = rig_begin(c);
    struct amdvi_pt pt;
    struct buf b[PAGES];
    volatile uint64_t *slot[PAGES];

    if (!r || !rig_tree(r, &pt, 4)) {
        return;
    }
    /* Adjacent in IOVA; in memory far from each other, in falling order, the middle one above 4 GB
     * where there is such memory. */
    for (unsigned i = 0; i < PAGES; i++) {
        if (!buf_new(r, &b[PAGES - 1 - i],
                     i == 1 && page_free_count(PAGE_HIGH) ? PAGE_HIGH : PAGE_LOW, 1)) {
            return;
        }
    }
    for (unsigned i = 0; i < PAGES; i++) {
        slot[i] = amdvi_pt_slot(&pt, IOVA + i * 0x1000, 1);
        if (!slot[i]) {
            rule_error(c, "no memory for page tables");
            return;
        }
        rig_store(slot[i], 0x6000000000000001ull | b[i].spa);
    }
    if (!rig_attach_tree(r, r->ide, &pt, DOMAIN) || !rig_attach_tree(r, r->testdev, &pt, DOMAIN)) {
        return;
    }
    control_pos(c, dma_probe(r, ENGINE_IDE, TO_MEMORY, IOVA, &b[0], 0) == DMA_MOVED,
                "a sector within one page arrives");
    control_neg(c,
                dma_probe(r, ENGINE_IDE, TO_MEMORY, IOVA + PAGES * 0x1000, &b[0], 0) == DMA_BLOCKED,
                "one behind the three pages does not");
    rig_take_events(r);

    /* Disk to memory. */
    uint32_t lba = env.read_lba + 100;

    for (unsigned i = 0; i < PAGES; i++) {
        buf_canary(&b[i]);
    }
    if (!read_disk(r, lba, disk) || !transfer(r, false, lba)) {
        return;
    }
    for (unsigned i = 0; i < PAGES; i++) {
        expect_true(c, page_holds(&b[i], i, disk),
                    "READ DMA: expected page %u to hold its part and no more", i);
    }
    expect_no_event(r, "READ DMA over mapped pages");

    /* And back to the scratch area: what was read last is what is written. */
    if (!transfer(r, true, env.scratch_lba + 64)) {
        return;
    }

    static uint8_t back[BYTES];

    if (!read_disk(r, env.scratch_lba + 64, back)) {
        return;
    }
    expect_true(c, memcmp(disk, back, BYTES) == 0,
                "WRITE DMA: expected the same 16 sectors on the disk");

    /* The page in the middle taken away. What happens to the rest is the implementation's; that
     * page keeps still. */
    rig_store(slot[1], 0);
    if (!rig_flush(r, DOMAIN)) {
        return;
    }
    for (unsigned i = 0; i < PAGES; i++) {
        buf_canary(&b[i]);
    }
    if (!transfer(r, false, lba)) {
        return;
    }
    expect_true(c, buf_untouched_but(&b[1], 0, 0),
                "READ DMA: expected the page that is not mapped untouched");
    expect_true(c, buf_untouched_but(&b[0], 0x800, 0x800) && buf_untouched_but(&b[2], 0, 0x800),
                "READ DMA: expected nothing outside of the request");
    observe(c, "read_rest", "%d%d", page_holds(&b[0], 0, disk), page_holds(&b[2], 2, disk));

    /* Nothing of it reaches the disk. It holds a secret now, in every quadword. */
    for (uint64_t a = b[1].spa; a < b[1].spa + PAGE_SIZE; a += 8) {
        *(volatile uint64_t *)a = 0x5ec2e75ec2e75ec2ull ^ a;
    }
    memory_barrier();
    if (!transfer(r, true, env.scratch_lba + 64) || !read_disk(r, env.scratch_lba + 64, back)) {
        return;
    }

    unsigned leaked = 0;

    for (uint64_t a = b[1].spa; a < b[1].spa + PAGE_SIZE; a += 8) {
        for (unsigned i = 0; i < BYTES; i += 8) {
            uint64_t v;

            memcpy(&v, back + i, 8);
            leaked += v == (0x5ec2e75ec2e75ec2ull ^ a);
        }
    }
    expect_u64(c, "WRITE DMA: quadwords of the page that is not mapped on the disk", 0, leaked);

    /* The same with one access of the test device over all three pages. */
    static uint8_t data[PAGES * 0x1000];
    uint32_t result;

    for (unsigned i = 0; i < PAGES; i++) {
        buf_canary(&b[i]);
    }
    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + 1);
    }
    if (!testdev_write(&env.testdev, IOVA, data, sizeof(data), &result)) {
        rule_error(c, "the test device did not run: RESULT 0x%x", result);
        return;
    }
    expect_true(c, buf_untouched_but(&b[1], 0, 0),
                "testdev write: expected the page that is not mapped untouched");
    expect_true(c, result != 0, "testdev write: expected an error in RESULT, actual 0");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/ide_rig.h"

#include "arch/cpu.h"
#include "check/mark.h"
#include "drivers/ide/regs.h"
#include "lib/string.h"
#include "tests/env.h"

/* All that a rig has besides the memory. */
static bool surround(struct ide_rig *t)
{
    t->image = page_alloc(PAGE_HIGH, t->mem.len, PAGE_SIZE);
    t->table = page_alloc(PAGE_HIGH, IDE_TABLE_PAGES * PAGE_SIZE, PAGE_SIZE);
    t->data = (uint8_t *)page_alloc(PAGE_HIGH, IDE_SECTORS_MAX * IDE_SECTOR, PAGE_SIZE);
    t->sectors = (uint8_t *)page_alloc(PAGE_HIGH, IDE_SECTORS_MAX * IDE_SECTOR, PAGE_SIZE);

    t->before = (uint8_t *)page_alloc(PAGE_HIGH, IDE_SECTORS_MAX * IDE_SECTOR, PAGE_SIZE);

    return t->image && t->table && t->data && t->sectors && t->before &&
           amdvi_pt_map(&t->pt, IDE_TABLE, t->table + PAGE_SIZE, 1, AMDVI_IR) &&
           amdvi_pt_map(&t->pt, IDE_TABLE + PAGE_SIZE, t->table, 1, AMDVI_IR);
}

static bool attach(struct ide_rig *t, bool ok)
{
    if (!ok) {
        rule_error(t->c, "no memory for the IDE rig");
        return false;
    }
    t->r->used[ENGINE_IDE] = true;
    if (!ide_reset(&env.ide)) {
        rule_error(t->c, "the IDE channel stays busy after a reset");
        return false;
    }
    ide_rig_canary(t);
    return rig_attach_tree(t->r, t->r->ide, &t->pt, IDE_DOMAIN);
}

bool ide_rig(struct check *c, struct ide_rig *t, unsigned pages)
{
    *t = (struct ide_rig){.r = rig_begin(c), .c = c, .iova = IDE_IOVA, .pages = pages};
    if (!t->r || !rig_tree(t->r, &t->pt, 3) || !buf_new(t->r, &t->mem, PAGE_HIGH, pages)) {
        return false;
    }

    bool ok = surround(t);

    for (unsigned i = 0; ok && i < pages; i++) {
        uint32_t iova = IDE_IOVA + i * (uint32_t)PAGE_SIZE;

        ok = amdvi_pt_map(&t->pt, iova, ide_rig_at(t, iova), 1, AMDVI_IR | AMDVI_IW);
    }
    return attach(t, ok);
}

bool ide_rig_piece(struct check *c, struct ide_rig *t, uint32_t iova, unsigned pages,
                   uint64_t align)
{
    *t =
        (struct ide_rig){.r = rig_begin(c), .c = c, .iova = iova, .pages = pages, .in_order = true};
    if (!t->r || !rig_tree(t->r, &t->pt, 3)) {
        return false;
    }

    /* What lies around it is the rule's as well, so that it can be watched. */
    uint64_t block = page_alloc(PAGE_HIGH, 3 * align, align);

    t->mem = (struct buf){block + align + (iova & (align - 1)), (uint32_t)(pages * PAGE_SIZE)};
    return attach(t, block && surround(t));
}

void ide_rig_prd(struct ide_rig *t, unsigned n, uint32_t dw0, uint32_t dw1)
{
    volatile uint32_t *e =
        (volatile uint32_t *)(n < 512 ? t->table + PAGE_SIZE + n * 8 : t->table + (n - 512) * 8);

    e[0] = dw0;
    e[1] = dw1;
    memory_barrier();
}

uint64_t ide_rig_at(const struct ide_rig *t, uint32_t iova)
{
    uint32_t off = iova - t->iova;

    if (t->in_order) {
        return t->mem.spa + off;
    }
    return t->mem.spa + (t->pages - 1 - off / PAGE_SIZE) * PAGE_SIZE + off % PAGE_SIZE;
}

void ide_rig_canary(struct ide_rig *t)
{
    buf_canary(&t->mem);
    memcpy((void *)t->image, (const void *)t->mem.spa, t->mem.len);
}

void ide_rig_want(struct ide_rig *t, uint32_t iova, const uint8_t *data, uint32_t len)
{
    uint8_t *image = (uint8_t *)t->image;

    for (uint32_t i = 0; i < len; i++) {
        image[ide_rig_at(t, iova + i) - t->mem.spa] = data[i];
    }
}

bool ide_rig_holds(const struct ide_rig *t)
{
    memory_barrier();
    if (memcmp((const void *)t->image, (const void *)t->mem.spa, t->mem.len) != 0) {
        mark(MARK_CHANGED, "memory");
        return false;
    }
    return buf_untouched_but(&t->mem, 0, t->mem.len);
}

void ide_rig_put(struct ide_rig *t, uint32_t iova, const uint8_t *data, uint32_t len)
{
    ide_rig_want(t, iova, data, len);
    for (uint32_t i = 0; i < len; i++) {
        *(volatile uint8_t *)ide_rig_at(t, iova + i) = data[i];
    }
    memory_barrier();
}

uint32_t ide_rig_lba(const struct ide_rig *t, bool write)
{
    /* Each area has ENV_SECTORS_MIN sectors, twice what a request moves. */
    return (write ? env.scratch_lba : env.read_lba) + (uint32_t)(t->r->nonce % IDE_SECTORS_MAX);
}

void ide_rig_data(struct ide_rig *t)
{
    uint32_t x = (uint32_t)++t->r->nonce * 0x9e3779b9u;

    for (uint32_t i = 0; i < IDE_SECTORS_MAX * IDE_SECTOR; i++) {
        x = x * 1664525u + 1013904223u;
        t->data[i] = (uint8_t)(x >> 24);
    }
}

bool ide_rig_pio(struct ide_rig *t, uint32_t lba, unsigned count, uint8_t *to)
{
    for (unsigned s = 0; s < count; s++) {
        if (!ide_pio_read(&env.ide, lba + s, to + s * IDE_SECTOR)) {
            rule_error(t->c, "sector %u cannot be read by PIO", lba + s);
            return false;
        }
    }
    return true;
}

const char *ide_rig_name(bool write)
{
    return write ? "WRITE DMA" : "READ DMA";
}

bool ide_rig_request(struct ide_rig *t, struct ide *d, bool write, uint32_t lba, unsigned count,
                     uint32_t table, struct ide_result *res)
{
    if (write && !env_may_write(lba, count)) {
        rule_error(t->c, "sectors from %u on are not in the scratch area: nothing is written", lba);
        return false;
    }
    if (!ide_dma(d, write, lba, count, table, res)) {
        rule_error(t->c, "%s did not end: bus master 0x%02x status 0x%02x", ide_rig_name(write),
                   res->bm_status, res->status);
        return false;
    }
    return true;
}

bool ide_rig_read_sector(struct ide_rig *t, struct ide *d, uint32_t table, uint32_t lba)
{
    ide_bm_set_table(d, table);
    ide_bm_write(d, IDE_BM_STATUS, 0x06);
    ide_bm_write(d, IDE_BM_COMMAND, 0x08);
    if (!ide_command(d, false, lba, 1)) {
        rule_error(t->c, "the drive stays busy");
        return false;
    }
    ide_bm_write(d, IDE_BM_COMMAND, 0x09);
    if (!ide_bm_wait(d)) {
        rule_error(t->c, "no end: BMISTA 0x%02x", ide_bm_read(d, IDE_BM_STATUS));
        return false;
    }
    ide_bm_write(d, IDE_BM_COMMAND, 0x08);
    return true;
}

bool ide_rig_moves(struct ide_rig *t, struct ide *d, bool write, uint32_t iova)
{
    struct ide_result res;

    ide_rig_data(t);

    uint32_t lba = ide_rig_lba(t, write);

    ide_rig_prd(t, 0, iova, 0x80000200);
    ide_rig_canary(t);
    if (write) {
        ide_rig_put(t, iova, t->data, IDE_SECTOR);
        return ide_rig_request(t, d, true, lba, 1, IDE_TABLE, &res) &&
               ide_rig_pio(t, lba, 1, t->sectors) && memcmp(t->sectors, t->data, IDE_SECTOR) == 0 &&
               ide_rig_holds(t);
    }
    if (!ide_rig_pio(t, lba, 1, t->sectors) ||
        !ide_rig_request(t, d, false, lba, 1, IDE_TABLE, &res)) {
        return false;
    }
    ide_rig_want(t, iova, t->sectors, IDE_SECTOR);
    return ide_rig_holds(t);
}

/* Give the first @bytes of the request to @fn, region by region. A count of 0 means 64 KiB. */
static void spread(struct ide_rig *t, const ide_entry *e, unsigned n, uint32_t bytes,
                   void (*fn)(struct ide_rig *, uint32_t, const uint8_t *, uint32_t))
{
    uint32_t done = 0;

    for (unsigned i = 0; i < n && done < bytes; i++) {
        uint32_t len = e[i][1] & 0xffff ? e[i][1] & 0xffff : 0x10000;

        len = len < bytes - done ? len : bytes - done;
        fn(t, e[i][0], t->data + done, len);
        done += len;
    }
}

bool ide_rig_table(struct ide_rig *t, bool write, uint32_t lba, unsigned count, const ide_entry *e,
                   unsigned n, struct ide_result *res)
{
    if (!ide_rig_pio(t, lba, count, t->before)) {
        return false;
    }
    ide_rig_data(t);
    ide_rig_canary(t);
    for (unsigned i = 0; i < n; i++) {
        ide_rig_prd(t, i, e[i][0], e[i][1]);
    }
    if (write) {
        spread(t, e, n, count * IDE_SECTOR, ide_rig_put);
    } else {
        memcpy(t->data, t->before, count * IDE_SECTOR);
    }
    return ide_rig_request(t, &env.ide, write, lba, count, IDE_TABLE, res);
}

bool ide_rig_untouched(struct ide_rig *t, uint32_t lba, unsigned count)
{
    return ide_rig_holds(t) && ide_rig_pio(t, lba, count, t->sectors) &&
           memcmp(t->sectors, t->before, count * IDE_SECTOR) == 0;
}

bool ide_rig_moved(struct ide_rig *t, bool write, const ide_entry *e, unsigned n, uint32_t lba,
                   uint32_t bytes)
{
    if (!write) {
        spread(t, e, n, bytes, ide_rig_want);
        return ide_rig_holds(t);
    }
    return ide_rig_holds(t) &&
           ide_rig_pio(t, lba, (bytes + IDE_SECTOR - 1) / IDE_SECTOR, t->sectors) &&
           memcmp(t->sectors, t->data, bytes) == 0;
}

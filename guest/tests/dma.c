// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DMA by the IDE controller and by the test device, judged by what memory and disk hold afterwards.
 */
#include "tests/rig.h"

#include "arch/cpu.h"
#include "check/mark.h"
#include "drivers/ide/regs.h"
#include "lib/string.h"
#include "tests/env.h"

#define CHUNK_MAX 4096u

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

static uint64_t canary_at(uint64_t addr)
{
    return 0xcaca0000caca0000ull ^ addr;
}

uint8_t buf_canary_byte(uint64_t addr)
{
    return (uint8_t)(canary_at(addr & ~7ull) >> (addr % 8 * 8));
}

bool buf_canary_intact(uint64_t addr)
{
    return *(volatile uint64_t *)addr == canary_at(addr);
}

void buf_canary(const struct buf *b)
{
    for (uint64_t a = b->spa - PAGE_SIZE; a < b->spa + b->len + PAGE_SIZE; a += 8) {
        *(volatile uint64_t *)a = canary_at(a);
    }
    mark(MARK_GIVE, "canary");
}

bool buf_new(struct rig *r, struct buf *b, enum page_zone zone, unsigned pages)
{
    uint64_t block = page_alloc(zone, (pages + 2) * PAGE_SIZE, PAGE_SIZE);

    if (!block) {
        rule_error(r->c, "no memory for a buffer of %u pages %s 4 GiB", pages,
                   zone == PAGE_LOW ? "below" : "above");
        return false;
    }
    *b = (struct buf){block + PAGE_SIZE, (uint32_t)(pages * PAGE_SIZE)};
    buf_canary(b);
    return true;
}

/* Do the bytes [from, to) of the address space hold the canary? @from and @to are multiples of 8.
 */
static bool canary_intact(uint64_t from, uint64_t to)
{
    for (uint64_t a = from; a < to; a += 8) {
        if (!buf_canary_intact(a)) {
            return false;
        }
    }
    return true;
}

static bool untouched_but(const struct buf *b, uint32_t off, uint32_t len)
{
    uint64_t hole = (b->spa + off) & ~7ull, hole_end = (b->spa + off + len + 7) & ~7ull;

    if (!canary_intact(b->spa - PAGE_SIZE, hole) ||
        !canary_intact(hole_end, b->spa + b->len + PAGE_SIZE)) {
        return false;
    }
    /* The bytes of the two border quadwords that the hole leaves over. */
    for (uint64_t a = hole; a < hole_end; a++) {
        if ((a < b->spa + off || a >= b->spa + off + len) &&
            *(volatile uint8_t *)a != buf_canary_byte(a)) {
            return false;
        }
    }
    return true;
}

bool buf_untouched_but(const struct buf *b, uint32_t off, uint32_t len)
{
    bool same = untouched_but(b, off, len);

    mark(same ? MARK_UNCHANGED : MARK_CHANGED, "memory");
    return same;
}

static const char *const names[ENGINE_COUNT][DIRECTION_COUNT] = {
    {"IDE READ DMA", "IDE WRITE DMA"},
    {"testdev write", "testdev read"},
};

enum engine engines(void)
{
    return env.testdev_missing ? ENGINE_TESTDEV : ENGINE_COUNT;
}

const char *dma_name(enum engine e, enum direction d)
{
    return names[e][d];
}

/* The data of one transfer: different in every quadword and in every transfer. */
static void payload(uint8_t *p, uint32_t len, uint64_t nonce)
{
    for (uint32_t i = 0; i < len; i++) {
        p[i] = (uint8_t)(mix(mix(nonce) + i / 8) >> (i % 8 * 8));
    }
}

/* One request between @iova and sectors from @lba on. False if the channel did not come to an end.
 */
static bool ide_move(struct rig *r, bool write, uint32_t lba, uint64_t iova, uint32_t len)
{
    struct ide_prd prd = {(uint32_t)iova, len};
    struct ide_result res;

    if (write && !env_may_write(lba, len / IDE_SECTOR)) {
        rule_error(r->c, "sectors from %u on are not in the scratch area: nothing is written", lba);
        return false;
    }
    ide_prdt_build(r->prdt, &prd, 1);
    if (!ide_dma(&env.ide, write, lba, len / IDE_SECTOR, r->prdt_iova, &res)) {
        rule_error(r->c, "%s did not end: bus master 0x%02x status 0x%02x error 0x%02x",
                   write ? "WRITE DMA" : "READ DMA", res.bm_status, res.status, res.error);
        return false;
    }
    return true;
}

static bool ide_pio(struct rig *r, uint32_t lba, uint8_t *buf, uint32_t len)
{
    for (uint32_t s = 0; s < len / IDE_SECTOR; s++) {
        if (!ide_pio_read(&env.ide, lba + s, buf + s * IDE_SECTOR)) {
            rule_error(r->c, "sector %u cannot be read by PIO", lba + s);
            return false;
        }
    }
    return true;
}

/* How the device says the transfer went; the IDE controller cannot tell (its status is a rule of
 * its own). */
enum said { SAID_NOTHING, SAID_OK, SAID_ERROR };

/* The first byte in which @got differs from @want goes into a line for people. */
static enum outcome wrong(struct rig *r, const char *name, uint64_t iova, const char *why,
                          const uint8_t *want, const uint8_t *got, uint32_t len)
{
    uint32_t i = 0;

    while (i + 1 < len && want[i] == got[i]) {
        i++;
    }
    if (r->quiet) {
        return DMA_WRONG;
    }
    note(r->c, "%s of %u bytes at 0x%llx: %s; byte %u: sent %02x, found %02x", name, len,
         (unsigned long long)iova, why, i, want[i], got[i]);
    return DMA_WRONG;
}

static enum outcome to_memory(struct rig *r, enum engine e, uint64_t iova, const struct buf *b,
                              uint32_t off, uint32_t len)
{
    static uint8_t want[CHUNK_MAX];
    const char *name = dma_name(e, TO_MEMORY);
    enum said said = SAID_NOTHING;

    buf_canary(b);
    if (e == ENGINE_IDE) {
        uint32_t lba =
            env.read_lba + (uint32_t)(mix(r->nonce) % (env.read_count - len / IDE_SECTOR + 1));

        if (!ide_pio(r, lba, want, len) || !ide_move(r, false, lba, iova, len)) {
            return DMA_BROKEN;
        }
    } else {
        uint32_t result;

        payload(want, len, r->nonce);
        if (!testdev_write(&env.testdev, iova, want, len, &result)) {
            rule_error(r->c, "the test device did not run a write: RESULT 0x%x", result);
            return DMA_BROKEN;
        }
        said = result ? SAID_ERROR : SAID_OK;
    }

    const uint8_t *got = (const uint8_t *)(b->spa + off);

    if (!buf_untouched_but(b, off, len)) {
        return wrong(r, name, iova, "memory outside of the target changed", want, got, len);
    }
    if (memcmp(want, got, len) == 0) {
        return said == SAID_ERROR
                   ? wrong(r, name, iova, "all data arrived, but the device saw an error", want,
                           got, len)
                   : DMA_MOVED;
    }
    if (buf_untouched_but(b, 0, 0)) {
        return said == SAID_OK
                   ? wrong(r, name, iova, "nothing arrived, but the device saw no error", want, got,
                           len)
                   : DMA_BLOCKED;
    }
    return wrong(r, name, iova, "only a part of the data arrived", want, got, len);
}

/* Did any of the contents get through? In quadwords, so that single equal bytes mean nothing. */
static bool any_quadword(const uint8_t *want, const uint8_t *got, uint32_t len)
{
    for (uint32_t i = 0; i + 8 <= len; i += 8) {
        if (memcmp(want + i, got + i, 8) == 0) {
            return true;
        }
    }
    return len < 8 && memcmp(want, got, len) == 0;
}

static enum outcome from_memory(struct rig *r, enum engine e, uint64_t iova, const struct buf *b,
                                uint32_t off, uint32_t len)
{
    static uint8_t want[CHUNK_MAX], got[CHUNK_MAX];
    const char *name = dma_name(e, FROM_MEMORY);
    uint8_t *source = (uint8_t *)(b->spa + off);
    enum said said = SAID_NOTHING;

    payload(want, len, r->nonce);
    buf_canary(b);
    memcpy(source, want, len);
    memory_barrier();
    if (e == ENGINE_IDE) {
        uint32_t sectors = len / IDE_SECTOR;
        uint32_t lba =
            env.scratch_lba + (uint32_t)(mix(r->nonce) % (env.scratch_count - sectors + 1));

        if (!ide_move(r, true, lba, iova, len) || !ide_pio(r, lba, got, len)) {
            return DMA_BROKEN;
        }
    } else {
        uint32_t result;

        if (!testdev_read(&env.testdev, iova, got, len, &result)) {
            rule_error(r->c, "the test device did not run a read: RESULT 0x%x", result);
            return DMA_BROKEN;
        }
        said = result ? SAID_ERROR : SAID_OK;
    }

    if (memcmp(source, want, len) != 0 || !buf_untouched_but(b, off, len)) {
        return wrong(r, name, iova, "memory changed", want, source, len);
    }
    if (memcmp(want, got, len) == 0) {
        return said == SAID_ERROR
                   ? wrong(r, name, iova, "all data arrived, but the device saw an error", want,
                           got, len)
                   : DMA_MOVED;
    }
    if (!any_quadword(want, got, len)) {
        return said == SAID_OK
                   ? wrong(r, name, iova, "other data arrived, and the device saw no error", want,
                           got, len)
                   : DMA_BLOCKED;
    }
    return wrong(r, name, iova, "only a part of the data arrived", want, got, len);
}

enum outcome dma(struct rig *r, enum engine e, enum direction d, uint64_t iova, const struct buf *b,
                 uint32_t off, uint32_t len)
{
    r->nonce++;
    r->used[e] = true;
    if (len > CHUNK_MAX || off + len > b->len) {
        rule_error(r->c, "a DMA of %u bytes at offset %u does not fit its buffer", len, off);
        return DMA_BROKEN;
    }
    return d == TO_MEMORY ? to_memory(r, e, iova + off, b, off, len)
                          : from_memory(r, e, iova + off, b, off, len);
}

uint32_t dma_probe_bytes(enum engine e)
{
    return e == ENGINE_IDE ? IDE_SECTOR : 16;
}

enum outcome dma_probe(struct rig *r, enum engine e, enum direction d, uint64_t iova,
                       const struct buf *b, uint32_t off)
{
    return dma(r, e, d, iova, b, off, dma_probe_bytes(e));
}

bool dma_misses(struct rig *r, enum engine e, enum direction d, uint64_t iova, const struct buf *b)
{
    r->quiet = true;

    enum outcome got = dma_probe(r, e, d, iova, b, 0);

    r->quiet = false;
    return got == DMA_BLOCKED || got == DMA_WRONG;
}

void expect_dma(struct rig *r, enum outcome want, enum engine e, enum direction d, uint64_t iova,
                const struct buf *b, uint32_t off, const char *what)
{
    static const char *const words[] = {"moved", "blocked", "wrong", "broken"};
    enum outcome got = dma_probe(r, e, d, iova, b, off);

    expect_true(r->c, got == want, "%s: %s at IOVA 0x%llx: expected %s, actual %s", what,
                dma_name(e, d), (unsigned long long)(iova + off), words[want], words[got]);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/bench.h"

#include "check/rule.h"
#include "lib/page_alloc.h"

#define DOMAIN    0x0be0
#define DATA_IOVA 0x40000000u /* no RAM there */

#define RINGS_LOG2 8u

static struct bench bench;

uint64_t bench_data(const struct bench *b, unsigned i)
{
    /* Neighbours never lie side by side, so that each page is a translation of its own. */
    return b->mem + (b->path == BENCH_DOMAIN ? (i * 5 + 3) % BENCH_PAGES : i) * PAGE_SIZE;
}

static bool map(struct bench *b, uint64_t iova, uint64_t spa)
{
    return b->path != BENCH_DOMAIN || amdvi_pt_map(&b->pt, iova, spa, 1, AMDVI_IR | AMDVI_IW);
}

uint64_t bench_page(struct bench *b)
{
    uint64_t page = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

    if (!page || !map(b, page, page)) {
        rule_error(b->c, "no memory for the structures of the %s disk", b->disk->name);
        return 0;
    }
    return page;
}

static void end(void *arg)
{
    struct bench *b = arg;

    if (!b->disk->rest()) {
        rule_error(b->c, "the %s disk does not come to rest", b->disk->name);
    }
    if (b->path != BENCH_BARE && !amdvi_disable(&env.iommu)) {
        rule_error(b->c, "the IOMMU does not stop");
    }
}

static bool memory(struct bench *b)
{
    bool ok = b->path != BENCH_DOMAIN || amdvi_pt_init(&b->pt, 3);

    /* A PRD does not cross 64 KiB. */
    b->mem = page_alloc(PAGE_LOW, BENCH_BYTES, BENCH_BYTES);
    b->iova = b->path == BENCH_DOMAIN ? DATA_IOVA : b->mem;
    ok = ok && b->mem;
    for (unsigned i = 0; ok && i < BENCH_PAGES; i++) {
        ok = map(b, b->iova + i * PAGE_SIZE, bench_data(b, i));
    }
    if (!ok) {
        rule_error(b->c, "no memory for the data");
    }
    return ok;
}

/* All entries of a new device table have V=0. */
static bool iommu(struct bench *b)
{
    struct amdvi *u = &env.iommu;
    uint16_t devid = b->disk->devid();

    if (b->path == BENCH_BARE) {
        return true;
    }
    if (!amdvi_disable(u) || !amdvi_setup(u, env.devids, RINGS_LOG2, RINGS_LOG2)) {
        return false;
    }
    if (b->path == BENCH_DOMAIN) {
        amdvi_dte_write(
            u, devid,
            (struct amdvi_dte){
                {0x6000000000000003ull | (uint64_t)b->pt.mode << 9 | b->pt.root, DOMAIN, 0, 0}});
    }
    return amdvi_enable(u) && amdvi_flush_device(u, devid, DOMAIN);
}

struct bench *bench_begin(struct check *c, const struct bench_disk *d, enum bench_path path)
{
    struct bench *b = &bench;

    *b = (struct bench){.c = c, .disk = d, .path = path};
    rule_at_end(c, end, b);
    if (!memory(b)) {
        return NULL;
    }
    if (!iommu(b)) {
        rule_error(c, "the IOMMU does not start");
        return NULL;
    }
    if (!d->start(b)) {
        rule_error(c, "the %s disk does not start", d->name);
        return NULL;
    }
    return b;
}

void bench_report(struct check *c, unsigned requests, const uint64_t us[BENCH_BLOCKS])
{
    uint64_t quickest = us[0], all = 0;

    for (unsigned i = 0; i < BENCH_BLOCKS; i++) {
        quickest = us[i] < quickest ? us[i] : quickest;
        all += us[i];
    }
    observe(c, "requests", "%u", requests);
    observe(c, "quickest_us", "%llu", (unsigned long long)quickest);
    observe(c, "all_us", "%llu", (unsigned long long)all);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads of 64 KiB one behind the other, and of 4 KiB anywhere. The disk is what the host has in its
 * memory, so that what is measured is the way and not the disk.
 */
#include "arch/time.h"
#include "bench/bench.h"
#include "lib/page_alloc.h"
#include "lib/string.h"

struct load {
    uint32_t bytes;
    unsigned requests; /* of a block */
    bool random;
};

static const struct load seq64k = {BENCH_BYTES, 12, false};
static const struct load rand4k = {0x1000, 20, true};

/* xorshift64; 0 would stay 0. */
static uint64_t state;

static uint64_t number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void choose_seed(void)
{
    state = env.seed * 0x9e3779b97f4a7c15ull | 1;
}

/* The first sector of request @i, in the part of the disk whose contents are known. */
static uint32_t place(const struct bench *b, const struct load *l, unsigned i)
{
    uint32_t sectors = l->bytes / BENCH_SECTOR;
    uint32_t places = (b->disk->area()->first - 1) / sectors;

    return 1 + (l->random ? (uint32_t)(number() % places) : i % places) * sectors;
}

/* Request @i goes to another page than the one before. */
static uint64_t target(const struct bench *b, const struct load *l, unsigned i)
{
    return b->iova + (uint64_t)i * l->bytes % BENCH_BYTES;
}

static bool holds(const struct bench *b, uint32_t lba, uint64_t off, uint32_t bytes)
{
    static uint8_t want[BENCH_SECTOR];

    for (uint32_t at = 0; at < bytes; at += BENCH_SECTOR) {
        uint64_t where = off + at;

        env_disk_contents(b->disk->area(), lba + at / BENCH_SECTOR, want);
        if (memcmp((const void *)(bench_data(b, (unsigned)(where / PAGE_SIZE)) + where % PAGE_SIZE),
                   want, BENCH_SECTOR) != 0) {
            return false;
        }
    }
    return true;
}

/* Request @i, outside the time that is taken: does the data come? */
static bool moves(struct bench *b, const struct load *l, unsigned i)
{
    uint32_t lba = place(b, l, i);
    uint64_t iova = target(b, l, i);

    memset((void *)b->mem, 0x5a, BENCH_BYTES);
    control_neg(b->c, !holds(b, lba, iova - b->iova, l->bytes),
                "before the read of sector %u its data is not there", lba);
    if (!b->disk->read(b, lba, iova, l->bytes)) {
        rule_error(b->c, "the %s disk does not read sector %u", b->disk->name, lba);
        return false;
    }
    control_pos(b->c, holds(b, lba, iova - b->iova, l->bytes),
                "%u bytes of the disk from sector %u on arrive as the harness wrote them", l->bytes,
                lba);
    return !rule_broken(b->c);
}

static void measure(struct check *c, const struct bench_disk *d, enum bench_path path,
                    const struct load *l)
{
    struct bench *b = bench_begin(c, d, path);
    uint64_t us[BENCH_BLOCKS];
    unsigned i = 0;

    choose_seed();
    if (!b || !moves(b, l, i++)) {
        return;
    }
    for (unsigned block = 0; block < BENCH_BLOCKS; block++) {
        uint64_t begin = time_us();

        for (unsigned n = 0; n < l->requests; n++, i++) {
            if (!d->read(b, place(b, l, i), target(b, l, i), l->bytes)) {
                rule_error(c, "request %u of the %s disk fails", i, d->name);
                return;
            }
        }
        us[block] = time_us() - begin;
    }
    if (moves(b, l, i)) {
        bench_report(c, l->requests, us);
    }
}

#define READ(id, name, needs, disk, path, load, title) \
    RULE(id, "A", name, BENCH_KEYS(needs), title)      \
    {                                                  \
        measure(c, &(disk), path, &(load));            \
    }

#define READS_ON(ID, name, need, disk, what)                                                   \
    READ(ID "-SEQ64K-DOMAIN", name##_seq64k_domain, "iommu," need, disk, BENCH_DOMAIN, seq64k, \
         what ": 64 KiB one behind the other, through page tables")                            \
    READ(ID "-SEQ64K-PASS", name##_seq64k_pass, "iommu," need, disk, BENCH_PASS, seq64k,       \
         what ": 64 KiB one behind the other, V=0")                                            \
    READ(ID "-SEQ64K-BARE", name##_seq64k_bare, "no-iommu," need, disk, BENCH_BARE, seq64k,    \
         what ": 64 KiB one behind the other, without an IOMMU")                               \
    READ(ID "-RAND4K-DOMAIN", name##_rand4k_domain, "iommu," need, disk, BENCH_DOMAIN, rand4k, \
         what ": 4 KiB anywhere, through page tables")                                         \
    READ(ID "-RAND4K-PASS", name##_rand4k_pass, "iommu," need, disk, BENCH_PASS, rand4k,       \
         what ": 4 KiB anywhere, V=0")                                                         \
    READ(ID "-RAND4K-BARE", name##_rand4k_bare, "no-iommu," need, disk, BENCH_BARE, rand4k,    \
         what ": 4 KiB anywhere, without an IOMMU")

READS_ON("IDE", ide, "ide", bench_ide, "IDE")
READS_ON("AHCI", ahci, "ahci", bench_ahci, "AHCI")
READS_ON("NVME", nvme, "nvme", bench_nvme, "NVMe")
READS_ON("VIRTIO", virtio, "virtio", bench_virtio, "virtio")

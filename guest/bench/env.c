// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices of a machine that is measured. Unlike the tests' surroundings they may lack an IOMMU.
 */
#include "tests/env.h"

#include "bench/bench.h"
#include "check/env.h"
#include "check/report.h"
#include "drivers/ide/ide.h"
#include "lib/page_alloc.h"
#include "lib/string.h"

#define HOST_US 2000000u

struct env env;
struct virtio_blk bench_virtio_blk;
struct env_disk bench_ide_disk, bench_virtio_disk;

static const char *iommu_missing;

bool env_may_write(uint32_t lba, uint32_t sectors)
{
    (void)lba;
    (void)sectors;
    return false; /* nothing is written here */
}

static void find_ide(void)
{
    static uint8_t sector[BENCH_SECTOR];

    env_find_ide();
    if (env.ide_missing || !ide_pio_read(&env.ide, 0, sector)) {
        bench_ide_disk.missing = "no IDE disk";
        return;
    }
    bench_ide_disk = env_disk_area(sector, env.ide.sectors);
}

static void find_virtio(void)
{
    struct virtio_blk *v = &bench_virtio_blk;
    struct env_disk *disk = &bench_virtio_disk;
    uint64_t queue = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
    uint64_t data = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

    disk->missing = queue && data ? virtio_blk_discover(v) : "no memory for the virtio disk";
    if (disk->missing) {
        return;
    }
    if (virtio_blk_start(v, queue) && virtio_blk_read(v, 0, data, BENCH_SECTOR)) {
        *disk = env_disk_area((const void *)data, v->sectors);
    } else {
        disk->missing = "the first sector of the virtio disk cannot be read";
    }
    if (!virtio_blk_reset(v)) {
        disk->missing = "the virtio disk cannot be reset";
    }
}

const char *env_init(const struct env_options *opt)
{
    env.seed = opt->seed;
    env.budget = opt->budget;
    env.devids = 256; /* the root bus */
    env.testdev_missing = "it is not looked for";
    iommu_missing = amdvi_discover(&env.iommu);
    find_ide();
    env_find_disks();
    find_virtio();
    return NULL;
}

static const char *word(const char *missing)
{
    return missing ? missing : "yes";
}

void env_platform(void)
{
    static char answer[128];

    env.hold_missing = report_host(HOST_US, answer, sizeof(answer), "holds?") ? NULL : answer;
    report_platform("iommu", "%s", word(iommu_missing));
    report_platform("ide", "%s", word(bench_ide_disk.missing));
    report_platform("ahci", "%s", word(env.ahci_disk.missing));
    report_platform("nvme", "%s", word(env.nvme_disk.missing));
    report_platform("virtio", "%s", word(bench_virtio_disk.missing));
    report_platform("hold", "%s", word(env.hold_missing));
}

bool env_has(const char *need, const char **why)
{
    const struct {
        const char *need, *missing;
    } needs[] = {
        {"iommu", iommu_missing},        {"no-iommu", iommu_missing ? NULL : "there is an IOMMU"},
        {"ide", bench_ide_disk.missing}, {"ahci", env.ahci_disk.missing},
        {"nvme", env.nvme_disk.missing}, {"virtio", bench_virtio_disk.missing},
        {"hold", env.hold_missing},
    };

    *why = "this kernel knows no such need";
    for (unsigned i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (strcmp(need, needs[i].need) == 0) {
            *why = needs[i].missing;
        }
    }
    return !*why;
}

void env_restore(void)
{
    env_rest_disks();
    if (bench_virtio_blk.common) {
        (void)virtio_blk_reset(&bench_virtio_blk);
    }
    if (!iommu_missing) {
        (void)amdvi_disable(&env.iommu);
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The scratch area of a disk, and the disks with 64-bit addresses. They are read by DMA, as they
 * know nothing else, while nothing translates.
 */
#include "drivers/ide/regs.h"
#include "drivers/nvme/regs.h"
#include "lib/page_alloc.h"
#include "lib/string.h"
#include "tests/env.h"

/* The scratch disk's first sector: docs/results-format.md, "Scratch disk". */
static const char scratch_signature[] = "AMDVI-CHECK SCRATCH DISK v1\n";

struct scratch_header {
    char signature[64];
    uint64_t seed;
    uint32_t first_lba;
    uint32_t count;
} __attribute__((packed));

struct env_disk env_disk_area(const void *sector, uint64_t sectors)
{
    struct scratch_header h;

    memcpy(&h, sector, sizeof(h));
    /*
     * Without the whole signature, and an area that lies on the disk with room for the rules on
     * both sides of its start, nothing is ever written.
     */
    if (memcmp(h.signature, scratch_signature, sizeof(scratch_signature)) == 0 &&
        h.first_lba > ENV_SECTORS_MIN && h.count >= ENV_SECTORS_MIN && h.first_lba < sectors &&
        h.count <= sectors - h.first_lba) {
        return (struct env_disk){.seed = h.seed, .first = h.first_lba, .count = h.count};
    }
    return (struct env_disk){.missing =
                                 "the disk carries no scratch signature, so it is not written to"};
}

bool env_disk_may_write(const struct env_disk *d, uint32_t lba, uint32_t sectors)
{
    return sectors <= d->count && lba >= d->first && lba - d->first <= d->count - sectors;
}

void env_disk_contents(const struct env_disk *d, uint32_t lba, uint8_t *to)
{
    for (uint32_t i = 0; i < IDE_SECTOR / 8; i++) {
        uint64_t z = (d->seed ^ ((uint64_t)lba * 64 + i)) + 0x9e3779b97f4a7c15ull;

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        z ^= z >> 31;
        memcpy(to + 8 * (size_t)i, &z, 8);
    }
}

void env_find_ide(void)
{
    static uint8_t sector[IDE_SECTOR];
    struct env_disk area;

    env.ide_missing = ide_discover(&env.ide);
    if (env.ide_missing) {
        return;
    }
    env.read_lba = 1;
    env.read_count = env.ide.sectors > 1 ? env.ide.sectors - 1 : 0;
    if (!ide_pio_read(&env.ide, 0, sector)) {
        env.ide_missing = "the disk's first sector cannot be read by PIO";
        return;
    }
    area = env_disk_area(sector, env.ide.sectors);
    if (!area.missing) {
        env.read_count = area.first - 1;
        env.scratch_lba = area.first;
        env.scratch_count = area.count;
    }
    if (env.read_count < ENV_SECTORS_MIN) {
        env.ide_missing = "the disk is too small";
    }
}

static void find_ahci(void)
{
    struct ahci_page p[4];
    struct ahci *a = &env.ahci;
    struct ahci_memory mem;
    struct ahci_result res;

    for (unsigned i = 0; i < 4; i++) {
        p[i].spa = p[i].iova = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
        if (!p[i].spa) {
            env.ahci_disk.missing = "no memory for the AHCI controller";
            return;
        }
    }
    mem = (struct ahci_memory){p[0], p[1], p[2]};
    env.ahci_disk.missing = ahci_discover(a, &mem, &p[3]);
    if (env.ahci_disk.missing) {
        return;
    }

    struct ahci_region region = {p[3].iova, 512};

    if (!ahci_port_start(a, &mem) || !ahci_dma(a, false, 0, 1, &region, 1, &res) || res.ci) {
        env.ahci_disk.missing = "the first sector of the AHCI disk cannot be read";
    } else {
        env.ahci_disk = env_disk_area((const void *)p[3].spa, a->sectors);
    }
    if (!ahci_port_stop(a)) {
        env.ahci_disk.missing = "the AHCI port does not stop";
    }
}

const struct pci_dev *env_find_nvme(bool below)
{
    const struct pci_dev *dev = pci_find_class(NVME_CLASS, 0xffffff, NULL);

    do {
        dev = below && dev ? pci_find_class(NVME_CLASS, 0xffffff, dev) : dev;
    } while (below && dev && dev->parent_bridge == dev->devid);
    return dev;
}

static void find_nvme(struct nvme *n, struct env_disk *disk, bool below)
{
    struct nvme_page p[5];
    struct nvme_memory mem;
    struct nvme_result res;

    for (unsigned i = 0; i < 5; i++) {
        p[i].spa = p[i].iova = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
        if (!p[i].spa) {
            disk->missing = "no memory for the NVMe controller";
            return;
        }
    }
    mem = (struct nvme_memory){p[0], p[1], p[2], p[3]};
    disk->missing = nvme_discover(n, env_find_nvme(below), &mem, &p[4]);
    if (disk->missing) {
        return;
    }
    if (!nvme_enable(n, &mem, false) || !nvme_rw(n, false, 0, 1, p[4].iova, 0, &res) ||
        res.status) {
        disk->missing = "the first sector of the NVMe disk cannot be read";
    } else {
        *disk = env_disk_area((const void *)p[4].spa, n->sectors);
    }
    if (!nvme_shutdown(n)) {
        disk->missing = "the NVMe controller does not end";
    }
}

void env_find_disks(void)
{
    /* The pages stay taken: those of page tables for the controllers' registers are among them. */
    find_ahci();
    find_nvme(&env.nvme, &env.nvme_disk, false);
    find_nvme(&env.nvme_below, &env.nvme_below_disk, true);
}

void env_rest_disks(void)
{
    if (env.ahci.base) {
        (void)ahci_reset(&env.ahci);
    }
    if (env.nvme.base) {
        (void)nvme_shutdown(&env.nvme);
    }
    if (env.nvme_below.base) {
        (void)nvme_shutdown(&env.nvme_below);
    }
}

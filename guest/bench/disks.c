// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How each disk is put to work and reads. All that can be prepared is prepared once, and each
 * request is polled for.
 */
#include "bench/bench.h"
#include "drivers/ahci/ahci.h"
#include "drivers/ide/ide.h"
#include "drivers/ide/regs.h"
#include "drivers/nvme/nvme.h"
#include "lib/page_alloc.h"

static uint16_t ide_devid(void)
{
    return env.ide.devid;
}

static bool ide_start(struct bench *b)
{
    b->lists = bench_page(b);
    return b->lists && ide_reset(&env.ide);
}

static bool ide_read(struct bench *b, uint32_t lba, uint64_t iova, uint32_t bytes)
{
    struct ide_prd prd = {(uint32_t)iova, bytes};
    struct ide_result res;

    ide_prdt_build(b->lists, &prd, 1);
    return ide_dma(&env.ide, false, lba, bytes / BENCH_SECTOR, (uint32_t)b->lists, &res) &&
           !(res.status & IDE_STATUS_ERR) && !(res.bm_status & IDE_BM_STATUS_ERROR);
}

static bool ide_rest(void)
{
    return ide_reset(&env.ide);
}

static const struct env_disk *ide_area(void)
{
    return &bench_ide_disk;
}

const struct bench_disk bench_ide = {"IDE", ide_devid, ide_start, ide_read, ide_rest, ide_area};

static uint16_t ahci_devid(void)
{
    return env.ahci.devid;
}

static bool ahci_start_port(struct bench *b)
{
    uint64_t list = bench_page(b), fis = bench_page(b), table = bench_page(b);
    struct ahci_memory mem = {{list, list}, {fis, fis}, {table, table}};

    return list && fis && table && ahci_port_stop(&env.ahci) && ahci_port_start(&env.ahci, &mem);
}

static bool ahci_read(struct bench *b, uint32_t lba, uint64_t iova, uint32_t bytes)
{
    struct ahci_region region = {iova, bytes};
    struct ahci_result res;

    (void)b;
    return ahci_dma(&env.ahci, false, lba, bytes / BENCH_SECTOR, &region, 1, &res) &&
           !(res.tfd & 1) && res.bytes == bytes;
}

static bool ahci_rest(void)
{
    return ahci_port_stop(&env.ahci);
}

static const struct env_disk *ahci_area(void)
{
    return &env.ahci_disk;
}

const struct bench_disk bench_ahci = {"AHCI",    ahci_devid, ahci_start_port,
                                      ahci_read, ahci_rest,  ahci_area};

static uint16_t nvme_devid(void)
{
    return env.nvme.devid;
}

static bool nvme_start_queues(struct bench *b)
{
    struct nvme_memory mem;
    struct nvme_page *pages[] = {&mem.admin_sq, &mem.admin_cq, &mem.io_sq, &mem.io_cq};

    for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        pages[i]->spa = pages[i]->iova = bench_page(b);
        if (!pages[i]->spa) {
            return false;
        }
    }
    b->lists = bench_page(b);
    if (!b->lists) {
        return false;
    }
    /* PRP1 is the first page of the data, the list has all that follow. */
    for (unsigned i = 1; i < BENCH_PAGES; i++) {
        ((volatile uint64_t *)b->lists)[i - 1] = b->iova + i * PAGE_SIZE;
    }
    return nvme_enable(&env.nvme, &mem, false);
}

/* All of the data, or one page of it. */
static bool nvme_read(struct bench *b, uint32_t lba, uint64_t iova, uint32_t bytes)
{
    struct nvme_result res;

    return nvme_rw(&env.nvme, false, lba, bytes / BENCH_SECTOR, iova,
                   bytes > PAGE_SIZE ? b->lists : 0, &res) &&
           res.status == 0;
}

static bool nvme_rest(void)
{
    return nvme_shutdown(&env.nvme);
}

static const struct env_disk *nvme_area(void)
{
    return &env.nvme_disk;
}

const struct bench_disk bench_nvme = {"NVMe",    nvme_devid, nvme_start_queues,
                                      nvme_read, nvme_rest,  nvme_area};

static uint16_t virtio_devid(void)
{
    return bench_virtio_blk.devid;
}

static bool virtio_start(struct bench *b)
{
    uint64_t page = bench_page(b);

    return page && virtio_blk_start(&bench_virtio_blk, page);
}

static bool virtio_read(struct bench *b, uint32_t lba, uint64_t iova, uint32_t bytes)
{
    (void)b;
    return virtio_blk_read(&bench_virtio_blk, lba, iova, bytes);
}

static bool virtio_rest(void)
{
    return virtio_blk_reset(&bench_virtio_blk);
}

static const struct env_disk *virtio_area(void)
{
    return &bench_virtio_disk;
}

const struct bench_disk bench_virtio = {"virtio",    virtio_devid, virtio_start,
                                        virtio_read, virtio_rest,  virtio_area};

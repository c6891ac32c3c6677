// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * amdvi-bench.elf: what DMA costs on this machine. A workload is a rule to the framework: that it
 * passes says that the data moved as it should, and how long that took stands in what it observed.
 * Nothing is judged here (docs/performance.md).
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "check/rule.h"
#include "drivers/amdvi/amdvi.h"
#include "drivers/amdvi/pte.h"
#include "drivers/virtio/virtio_blk.h"
#include "tests/env.h"

/* What a workload says of itself. */
#define BENCH_KEYS(needs)                                                           \
    "ref=docs:performance.md needs=" needs " hw-safe=no may-kill=no controls=both " \
    "timeout-ms=30000"

/* Where the addresses of the device go. */
enum bench_path {
    BENCH_DOMAIN, /* through page tables, to pages that lie scattered */
    BENCH_PASS,   /* through an IOMMU that is on, and a device table entry with V=0 */
    BENCH_BARE,   /* straight to memory: the machine has no IOMMU */
};

/* The data: 16 pages. */
#define BENCH_BYTES 0x10000u
#define BENCH_PAGES (BENCH_BYTES / 0x1000u)

#define BENCH_SECTOR 512u

struct bench;

/* A disk that is measured. */
struct bench_disk {
    const char *name;
    uint16_t (*devid)(void);
    /* Have it at work, with structures of bench_page(). */
    bool (*start)(struct bench *b);
    /* One read to its end. */
    bool (*read)(struct bench *b, uint32_t lba, uint64_t iova, uint32_t bytes);
    bool (*rest)(void);
    const struct env_disk *(*area)(void);
};

extern const struct bench_disk bench_ide, bench_ahci, bench_nvme, bench_virtio;

struct bench {
    struct check *c;
    enum bench_path path;
    const struct bench_disk *disk;
    struct amdvi_pt pt;
    uint64_t mem;   /* BENCH_BYTES in one piece below 4 GiB */
    uint64_t iova;  /* where the device finds them, page by page */
    uint64_t lists; /* PRD table or PRP list of @iova */
};

/**
 * The disk at work, and the data where the path says. Ends by itself with the workload. NULL: the
 * workload is an error.
 */
struct bench *bench_begin(struct check *c, const struct bench_disk *d, enum bench_path path);

/** A page for the device, which finds it at its address in memory. 0: the workload is an error. */
uint64_t bench_page(struct bench *b);

/** Where page @i of the data lies in memory. */
uint64_t bench_data(const struct bench *b, unsigned i);

/* A workload repeats a short block of requests; what other programs of the host take away, they
 * take from some of the blocks. */
#define BENCH_BLOCKS 100u

/** Report how long the quickest block of @requests requests took, and all of them together. */
void bench_report(struct check *c, unsigned requests, const uint64_t us[BENCH_BLOCKS]);

/* The virtio disk, which the tests do not know. */
extern struct virtio_blk bench_virtio_blk;
extern struct env_disk bench_ide_disk, bench_virtio_disk;

#endif

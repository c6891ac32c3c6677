// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk with 64-bit addresses behind the IOMMU, for rules that AHCI and NVMe have in common: a
 * tree in which the data lies above 4 GiB, and what came of a request, byte by byte.
 *
 * Each page that is mapped there has a decoy: the IOVA of its lower 32 bits leads to another page,
 * which must stay as it is.
 */
#ifndef TESTS_DISK_RIG_H
#define TESTS_DISK_RIG_H

#include "drivers/ahci/ahci.h"
#include "drivers/nvme/nvme.h"
#include "tests/irq_rig.h"
#include "tests/rig.h"

/* The last one is behind a bridge. */
enum disk { DISK_AHCI, DISK_NVME, DISK_NVME_BELOW };

/* Rights of a leaf: PR, IR and IW. */
#define DISK_PAGE_RW      0x6000000000000001ull
#define DISK_PAGE_RO      0x2000000000000001ull
#define DISK_PAGE_BLOCKED 0x6000000000000000ull

#define DISK_SECTOR      512u
#define DISK_PAGES       8u
#define DISK_BUF_IOVA    0x35a712340000ull /* the pages of the buffer, one behind the other */
#define DISK_BYTES_MAX   16384u            /* of a request */
#define DISK_REGIONS_MAX 8u

struct disk_region {
    uint64_t iova;
    uint32_t bytes;
};

enum disk_end {
    DISK_DONE,    /* the device says that all is well */
    DISK_REFUSED, /* it says that something is not */
    DISK_SILENT,  /* it says nothing within the limit, or was given nothing */
};

struct disk_rig {
    struct rig *r;
    enum disk kind;
    uint16_t devid;
    uint16_t domain;
    struct amdvi_pt pt;
    struct buf data;  /* page i is at DISK_BUF_IOVA + i pages, in another order in memory */
    struct buf decoy; /* where the lower halves lead */
    uint64_t plain;   /* a page for disk_sector() */
    uint32_t status;  /* of the last request, as the device has it */
    struct ahci_result ahci;
    struct nvme_result nvme;
    uint16_t cid;          /* NVMe: of the command that was begun last */
    struct nvme_page prps; /* where a PRP list goes */
    struct nvme_memory nvme_memory;
    bool interrupts; /* NVMe: the I/O queue was made with them */
    bool gone;       /* disk_gone() */
};

/**
 * rig_begin(), the disk attached to its tree and at work. Ends by itself with the rule. NULL: the
 * rule is an error.
 */
struct disk_rig *disk_rig_begin(struct check *c, enum disk kind);

/** Give the device other pages for its lists and queues, above 4 GiB. They lie below it in a rule's
 * beginning, so that its controls do not rest on what it tests. False: the rule is an error. */
bool disk_raise(struct disk_rig *d);

/** Which memory page is behind page @i of the buffer's IOVAs? */
uint64_t disk_page(const struct disk_rig *d, unsigned i);

/** Map the page @spa and its decoy. False: the rule is an error. */
bool disk_map(struct disk_rig *d, uint64_t iova, uint64_t spa, uint64_t rights);

/** Give page @i of the buffer other rights and flush. False: the rule is an error. */
bool disk_rights(struct disk_rig *d, unsigned i, uint64_t rights);

/**
 * Read or write @sectors from @lba on through @n regions in their order. A write outside the
 * scratch area is an error of the rule, and nothing is written.
 */
enum disk_end disk_move(struct disk_rig *d, bool write, uint32_t lba, uint32_t sectors,
                        const struct disk_region *regions, unsigned n);

/**
 * The same in two halves: the device has the request, and its end. A request that was begun has to
 * be finished before the next one. False from the first one: it was given nothing, and the rule is
 * an error.
 */
bool disk_begin(struct disk_rig *d, bool write, uint32_t lba, uint32_t sectors,
                const struct disk_region *regions, unsigned n);
enum disk_end disk_finish(struct disk_rig *d);

/** Does the device say, in between, that it is at work? */
bool disk_active(const struct disk_rig *d);

/** NVMe: a command with these PRPs; guarded as disk_move(). */
enum disk_end disk_move_nvme(struct disk_rig *d, bool write, uint32_t lba, uint32_t sectors,
                             uint64_t prp1, uint64_t prp2);

/** NVMe: reset the controller and enable it with the queues that it has. False: the rule is an
 * error. */
bool disk_nvme_enable(struct disk_rig *d);

/** NVMe behind a bridge: it was taken out of the machine, so it is not touched any more. */
void disk_gone(struct disk_rig *d);

/** Read one sector by a request that has nothing unusual. False: the rule is an error. */
bool disk_sector(struct disk_rig *d, uint32_t lba, uint8_t *to);

/** What the scratch disk's sector @lba holds (docs/results-format.md section 6). */
void disk_contents(const struct disk_rig *d, uint32_t lba, uint8_t *to);

/** A sector to read, or to write, so that @sectors lie in the area with one to spare on both sides.
 */
uint32_t disk_read_lba(struct disk_rig *d, uint32_t sectors);
uint32_t disk_write_lba(struct disk_rig *d, uint32_t sectors);

/**
 * The two controls: a sector of the disk arrives with the contents that the harness gave it, and is
 * told from the one behind it. False if the rule is broken.
 */
bool disk_controls(struct disk_rig *d);

/** The data that lies, or is to lie, in the regions: to or from @data. Regions that leave the
 * buffer are skipped. */
void disk_gather(const struct disk_rig *d, const struct disk_region *regions, unsigned n,
                 uint8_t *data);
void disk_scatter(const struct disk_rig *d, const struct disk_region *regions, unsigned n,
                  const uint8_t *data);

/** Is every byte of the buffer that no region covers, and the decoy, still the canary? */
bool disk_rest_untouched(const struct disk_rig *d, const struct disk_region *regions, unsigned n);

/**
 * One read of a sector: how many messages come by it to @l? One that is @wanted is waited for. The
 * rule is an error where the read is not done.
 */
uint32_t disk_read_messages(struct disk_rig *d, struct listener *l, bool wanted);

/** A word for people. */
const char *disk_end_name(enum disk_end e);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the IDE rules share: memory behind the IOMMU whose pages lie in another order than their
 * IOVAs, an image of what it has to hold, and requests through any table.
 */
#ifndef TESTS_IDE_RIG_H
#define TESTS_IDE_RIG_H

#include "drivers/ide/ide.h"
#include "tests/rig.h"

#define IDE_IOVA   0x40000000u /* of the memory; no RAM there */
#define IDE_TABLE  0x50000000u /* of the PRD table: IDE_TABLE_PAGES pages */
#define IDE_DOMAIN 0x0410

#define IDE_TABLE_PAGES 2u
#define IDE_SECTORS_MAX 128u

/* BMISTA bits 2:0 */
#define IDE_BM_STATE 0x07

struct ide_rig {
    struct rig *r;
    struct check *c;
    struct amdvi_pt pt;
    struct buf mem;   /* page n of the IOVA range is page pages-1-n here, unless @in_order */
    bool in_order;    /* page n is page n */
    uint32_t iova;    /* of @mem */
    unsigned pages;   /* of @mem */
    uint64_t image;   /* what @mem has to hold; as long */
    uint64_t table;   /* pages of the table; the second page of the IOVA range comes first */
    uint8_t *data;    /* of the request: IDE_SECTORS_MAX sectors */
    uint8_t *sectors; /* room for as many, read back from the disk */
    uint8_t *before;  /* and for what they held before */
};

/**
 * From a known state: a domain of its own for the controller, with @pages pages at IDE_IOVA, above
 * 4 GiB and in reverse order, and a table at IDE_TABLE. False: the rule is an error.
 */
bool ide_rig(struct check *c, struct ide_rig *t, unsigned pages);

/**
 * The same for memory in one piece that lies as its IOVAs do: @pages pages at @iova, whose offset
 * in a block of @align bytes is that of their memory. They are not mapped: the rule does that, by
 * one page of @align bytes.
 */
bool ide_rig_piece(struct check *c, struct ide_rig *t, uint32_t iova, unsigned pages,
                   uint64_t align);

/** Write entry @n of the table as it stands; the second page of the table begins with number 512.
 */
void ide_rig_prd(struct ide_rig *t, unsigned n, uint32_t dw0, uint32_t dw1);

/** Where IOVA @iova lies in memory. */
uint64_t ide_rig_at(const struct ide_rig *t, uint32_t iova);

/** Canary into the memory, and into the image. */
void ide_rig_canary(struct ide_rig *t);

/** What the memory has to hold from now on: @len bytes of @data at @iova. */
void ide_rig_want(struct ide_rig *t, uint32_t iova, const uint8_t *data, uint32_t len);

/** Does the memory, neighbours included, hold exactly the image? */
bool ide_rig_holds(const struct ide_rig *t);

/** Put @len bytes of @data at @iova, into memory and image. */
void ide_rig_put(struct ide_rig *t, uint32_t iova, const uint8_t *data, uint32_t len);

/** First sector for a READ DMA (@write false) or a WRITE DMA of up to IDE_SECTORS_MAX sectors. */
uint32_t ide_rig_lba(const struct ide_rig *t, bool write);

/** New data into t->data, different in every byte position and every call. */
void ide_rig_data(struct ide_rig *t);

/** Read @count sectors from @lba by PIO to @to. False: the rule is an error. */
bool ide_rig_pio(struct ide_rig *t, uint32_t lba, unsigned count, uint8_t *to);

/** A request on channel @d through the table at IOVA @table, to its end. False: the rule is an
 * error. */
bool ide_rig_request(struct ide_rig *t, struct ide *d, bool write, uint32_t lba, unsigned count,
                     uint32_t table, struct ide_result *res);

/**
 * READ DMA of one sector by the PRD table at @table, to its end: BMISTA's bits cleared before it
 * and left as they are after it, Status not read. False: the rule is an error.
 */
bool ide_rig_read_sector(struct ide_rig *t, struct ide *d, uint32_t table, uint32_t lba);

/**
 * A plain request of one sector at IOVA @iova through entry 0, which is overwritten: has the sector
 * moved, and nothing else?
 */
bool ide_rig_moves(struct ide_rig *t, struct ide *d, bool write, uint32_t iova);

/** One entry of a table as it stands in memory. */
typedef uint32_t ide_entry[2];

/**
 * A request of @count sectors from @lba on the primary channel through the @n entries of @e: for
 * WRITE DMA the regions hold new t->data, for READ DMA t->data is what the disk holds. The memory
 * is canary otherwise; t->before is what the sectors held. False: the rule is an error.
 */
bool ide_rig_table(struct ide_rig *t, bool write, uint32_t lba, unsigned count, const ide_entry *e,
                   unsigned n, struct ide_result *res);

/** After it: is nothing changed, neither memory nor the @count sectors from @lba on? */
bool ide_rig_untouched(struct ide_rig *t, uint32_t lba, unsigned count);

/**
 * After ide_rig_table(): have exactly the first @bytes of the request moved between disk and
 * regions, and nothing else changed?
 */
bool ide_rig_moved(struct ide_rig *t, bool write, const ide_entry *e, unsigned n, uint32_t lba,
                   uint32_t bytes);

/** "READ DMA" or "WRITE DMA". */
const char *ide_rig_name(bool write);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * I/O page table entries and page tables of the host (48882 section 2.2.3).
 */
#ifndef DRIVERS_AMDVI_PTE_H
#define DRIVERS_AMDVI_PTE_H

#include <stdbool.h>
#include <stdint.h>

#define AMDVI_PTE_PR (1ull << 0)
#define AMDVI_PTE_NEXT_SHIFT                                            \
    9 /* 3 bits NextLevel: 0 leaf, 1-6 directory, 7 leaf with size code \
       */
#define AMDVI_PTE_NEXT_SIZED 7
#define AMDVI_PTE_ADDR_MASK  0x000ffffffffff000ull
#define AMDVI_PTE_IR         (1ull << 61)
#define AMDVI_PTE_IW         (1ull << 62)
#define AMDVI_PT_LEVELS_MAX  6

/** Index of @iova in a table of @level (1..6). Level 6 has 128 used entries. */
unsigned amdvi_pt_index(uint64_t iova, unsigned level);

/** A leaf of the default size of the level it stands in: NextLevel 0. @rights: AMDVI_IR | AMDVI_IW
 * of dte.h. */
uint64_t amdvi_pte_encode(uint64_t spa, unsigned rights);

/**
 * A leaf with a size code: NextLevel 7, page of 2^@size_log2 bytes (13..51) at @spa, a multiple of
 * it. It has to stand in every slot that the page covers.
 */
uint64_t amdvi_pte_encode_sized(uint64_t spa, unsigned size_log2, unsigned rights);

/** A directory entry that names a table of @next_level (1..6) at @table. */
uint64_t amdvi_pde_encode(uint64_t table, unsigned next_level, unsigned rights);

/** A tree of tables: its top table and the level of that. */
struct amdvi_pt {
    uint64_t root;
    unsigned mode;
};

/** Make an empty tree of @mode levels (1..6). Returns false without memory. */
bool amdvi_pt_init(struct amdvi_pt *pt, unsigned mode);

/**
 * The slot for @iova in the table of @level (1..mode). Directories above it are made where they are
 * missing, with both rights, one level at a time. NULL without memory, or where a leaf stands
 * above.
 */
volatile uint64_t *amdvi_pt_slot(struct amdvi_pt *pt, uint64_t iova, unsigned level);

/**
 * Map one page of the default size of @level (1: 4 KiB, 2: 2 MiB, 3: 1 GiB, ...). @iova and @spa
 * are multiples of it.
 */
bool amdvi_pt_map(struct amdvi_pt *pt, uint64_t iova, uint64_t spa, unsigned level,
                  unsigned rights);

/** Map one page of 2^@size_log2 bytes by size code: all the slots it covers in the level that fits
 * the size. */
bool amdvi_pt_map_sized(struct amdvi_pt *pt, uint64_t iova, uint64_t spa, unsigned size_log2,
                        unsigned rights);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trees of I/O page tables in memory.
 */
#include "drivers/amdvi/dte.h"
#include "drivers/amdvi/pte.h"
#include "lib/page_alloc.h"

static uint64_t new_table(void)
{
    return page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
}

bool amdvi_pt_init(struct amdvi_pt *pt, unsigned mode)
{
    pt->mode = mode;
    pt->root = new_table();
    return pt->root != 0;
}

volatile uint64_t *amdvi_pt_slot(struct amdvi_pt *pt, uint64_t iova, unsigned level)
{
    uint64_t table = pt->root;

    for (unsigned l = pt->mode; l > level; l--) {
        volatile uint64_t *slot = (volatile uint64_t *)table + amdvi_pt_index(iova, l);

        if (!(*slot & AMDVI_PTE_PR)) {
            uint64_t next = new_table();

            if (!next) {
                return NULL;
            }
            *slot = amdvi_pde_encode(next, l - 1, AMDVI_IR | AMDVI_IW);
        } else if ((*slot >> AMDVI_PTE_NEXT_SHIFT & 7) != l - 1) {
            return NULL;
        }
        table = *slot & AMDVI_PTE_ADDR_MASK;
    }
    return (volatile uint64_t *)table + amdvi_pt_index(iova, level);
}

bool amdvi_pt_map(struct amdvi_pt *pt, uint64_t iova, uint64_t spa, unsigned level, unsigned rights)
{
    volatile uint64_t *slot = amdvi_pt_slot(pt, iova, level);

    if (!slot) {
        return false;
    }
    *slot = amdvi_pte_encode(spa, rights);
    return true;
}

bool amdvi_pt_map_sized(struct amdvi_pt *pt, uint64_t iova, uint64_t spa, unsigned size_log2,
                        unsigned rights)
{
    /* The level whose default size lies below the page's: 13..20 bits level 1, 22..29 level 2, ...
     */
    unsigned level = (size_log2 - 13) / 9 + 1;
    unsigned slots = 1u << (size_log2 - (12 + 9 * (level - 1)));
    volatile uint64_t *slot = amdvi_pt_slot(pt, iova, level);

    if (!slot) {
        return false;
    }
    for (unsigned i = 0; i < slots; i++) {
        slot[i] = amdvi_pte_encode_sized(spa, size_log2, rights);
    }
    return true;
}

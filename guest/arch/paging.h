// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPU page tables: one 1:1 map. The entry code maps the first 4 GiB; the rest is added here.
 */
#ifndef ARCH_PAGING_H
#define ARCH_PAGING_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Map [base, base+len) 1:1 with 2 MiB pages, rounded outwards. Below 4 GiB nothing is to be done.
 * @uncached: PCD|PWT set, for device memory above 4 GiB.
 * Needs the page allocator for table pages, so not to be called between page_mark() and
 * page_release(). Returns false if no page is left for a table, or for addresses that a 48-bit 1:1
 * map cannot have (2^47 and up).
 */
bool paging_map(uint64_t base, uint64_t len, bool uncached);

/**
 * Take the 4 KiB page at @page (below 4 GiB) out of the map, so that using it is an exception.
 * Needs the page allocator as above. Returns false if no page is left for a table.
 */
bool paging_unmap_page(uint64_t page);

#endif

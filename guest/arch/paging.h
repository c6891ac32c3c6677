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
 * Needs the page allocator for table pages. Returns false if none is left.
 */
bool paging_map(uint64_t base, uint64_t len, bool uncached);

#endif

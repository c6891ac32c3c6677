// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Physical pages from the firmware's memory map, below and above 4 GiB.
 *
 * A stack: pages are handed out upwards within a zone and given back all at once to a mark, so that
 * a test that ends early leaks nothing. All memory is mapped 1:1, so an address is a pointer.
 */
#ifndef LIB_PAGE_ALLOC_H
#define LIB_PAGE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096ULL

enum page_zone {
    PAGE_LOW,  /* whole block below 4 GiB */
    PAGE_HIGH, /* at or above 4 GiB */
};

struct page_mark {
    uint64_t state[2][2];
};

/**
 * Give a usable range to the allocator. Ranges are cut to whole pages; those below 1 MiB are left
 * out, and nothing within [@keep_start, @keep_end) (the kernel image) is used. At most 32 ranges
 * are kept.
 */
void page_alloc_add(uint64_t base, uint64_t len, uint64_t keep_start, uint64_t keep_end);

/**
 * @bytes (rounded up to pages) at an address aligned to @align (power of two, at least PAGE_SIZE),
 * zeroed. Returns 0 if there is no room in @zone.
 */
uint64_t page_alloc(enum page_zone zone, uint64_t bytes, uint64_t align);

/** Free pages left in @zone. */
uint64_t page_free_count(enum page_zone zone);

/** The address behind the range of @zone that pages are taken from now; 0 if it is used up. */
uint64_t page_range_end(enum page_zone zone);

/** Remember the state of both zones. */
struct page_mark page_mark(void);

/** Give back everything allocated since @mark. */
void page_release(struct page_mark mark);

#endif

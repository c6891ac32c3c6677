// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page allocator on memory of this process. Its source is included, so that each case can start
 * from nothing.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "lib/page_alloc.c"
#include "unit/tap.h"

#define MIB 0x100000ULL

static uint64_t get_memory(uint64_t bytes, bool low)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | (low ? MAP_32BIT : 0), -1, 0);

    if (p == MAP_FAILED) {
        printf("Bail out! no memory\n");
        exit(1);
    }
    memset(p, 0xaa, bytes);
    return (uintptr_t)p;
}

static void reset(void)
{
    memset(zones, 0, sizeof(zones));
}

static bool is_zero(uint64_t at, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i++) {
        if (((const uint8_t *)(uintptr_t)at)[i] != 0) {
            return false;
        }
    }
    return true;
}

static void empty(void)
{
    reset();
    IS(page_alloc(PAGE_LOW, 4096, 4096), 0, "nothing from an empty zone");
    IS(page_free_count(PAGE_LOW), 0, "no free pages");
    IS(page_range_end(PAGE_LOW), 0, "no range");
}

static void basics(uint64_t m)
{
    uint64_t a, b;

    reset();
    page_alloc_add(m, MIB, 0, 0);
    IS(page_free_count(PAGE_LOW), 256, "1 MiB is 256 pages");
    IS(page_free_count(PAGE_HIGH), 0, "none of them high");
    IS(page_range_end(PAGE_LOW), m + MIB, "they end where the range does");
    IS(page_range_end(PAGE_HIGH), 0, "there is no high range");
    a = page_alloc(PAGE_LOW, 1, 4096);
    IS(a, m, "the first page");
    IS(page_range_end(PAGE_LOW), m + MIB, "the range ends there still");
    OK(is_zero(a, 4096), "it is zeroed");
    IS(((uint8_t *)(uintptr_t)m)[4096], 0xaa, "the next one is not touched");
    b = page_alloc(PAGE_LOW, 4097, 4096);
    IS(b, m + 4096, "the next pages");
    IS(page_free_count(PAGE_LOW), 253, "4097 bytes are two pages");
    b = page_alloc(PAGE_LOW, 4096, 65536);
    IS(b % 65536, 0, "aligned");
    OK(b >= m + 3 * 4096, "and beyond what is taken");
}

static void bad_requests(uint64_t m)
{
    reset();
    page_alloc_add(m, MIB, 0, 0);
    IS(page_alloc(PAGE_LOW, 0, 4096), 0, "no bytes");
    IS(page_alloc(PAGE_LOW, 4096, 0), 0, "alignment 0");
    IS(page_alloc(PAGE_LOW, 4096, 512), 0, "alignment below a page");
    IS(page_alloc(PAGE_LOW, 4096, 12288), 0, "alignment no power of two");
    IS(page_alloc(PAGE_LOW, 4096, 1ULL << 63), 0, "alignment beyond everything");
    IS(page_alloc(PAGE_LOW, 4096, 1ULL << 40), 0, "no such address in the range");
    IS(page_alloc(PAGE_LOW, UINT64_MAX, 4096), 0, "more than there can be");
    IS(page_alloc(PAGE_LOW, MIB + 1, 4096), 0, "one byte too many");
    IS(page_alloc(PAGE_HIGH, 4096, 4096), 0, "the other zone is empty");
    IS(page_alloc(PAGE_LOW, MIB, 4096), m, "all of it at once");
    IS(page_alloc(PAGE_LOW, 4096, 4096), 0, "and then nothing");
}

static void marks(uint64_t low, uint64_t high)
{
    struct page_mark mark;
    uint64_t before;

    reset();
    page_alloc_add(low, MIB, 0, 0);
    page_alloc_add(high, MIB, 0, 0);
    page_alloc(PAGE_LOW, 4096, 4096);
    mark = page_mark();
    before = page_alloc(PAGE_LOW, 4096, 4096);
    memset((void *)(uintptr_t)before, 0x55, 4096);
    IS(page_alloc(PAGE_HIGH, 8192, 4096), high, "high memory is apart");
    page_release(mark);
    IS(page_free_count(PAGE_LOW), 255, "low pages are back");
    IS(page_free_count(PAGE_HIGH), 256, "high pages are back");
    IS(page_alloc(PAGE_LOW, 4096, 4096), before, "the same page again");
    OK(is_zero(before, 4096), "zeroed again");
}

/* Into a second range and back. */
static void ranges(uint64_t m)
{
    struct page_mark mark;

    reset();
    page_alloc_add(m, 4 * 4096, 0, 0);
    page_alloc_add(m + 16 * 4096, 8 * 4096, 0, 0);
    IS(page_free_count(PAGE_LOW), 12, "two ranges");
    mark = page_mark();
    IS(page_alloc(PAGE_LOW, 6 * 4096, 4096), m + 16 * 4096, "the larger range comes first");
    IS(page_alloc(PAGE_LOW, 3 * 4096, 4096), m, "then the smaller");
    IS(page_free_count(PAGE_LOW), 1, "one page left");
    page_release(mark);
    IS(page_free_count(PAGE_LOW), 12, "all back");
    page_alloc(PAGE_LOW, 4096, 4096);
    page_alloc_add(m + 32 * 4096, 20 * 4096, 0, 0);
    IS(page_free_count(PAGE_LOW), 31, "a range that comes late is used too");
    IS(page_alloc(PAGE_LOW, 4096, 4096), m + 17 * 4096, "but not before its turn");
}

static void cut(uint64_t m)
{
    reset();
    page_alloc_add(m + 1, 3 * 4096, 0, 0);
    IS(page_free_count(PAGE_LOW), 2, "only whole pages");
    reset();
    page_alloc_add(m + 1, 4096, 0, 0);
    IS(page_free_count(PAGE_LOW), 0, "no whole page");
    reset();
    page_alloc_add(m, 16 * 4096, m + 4 * 4096, m + 6 * 4096);
    IS(page_free_count(PAGE_LOW), 14, "the middle is kept");
    reset();
    page_alloc_add(m, 16 * 4096, m - 4096, m + 4096 + 1);
    IS(page_free_count(PAGE_LOW), 14, "the start is kept, the page it ends in too");
    reset();
    page_alloc_add(m, 16 * 4096, m + 8 * 4096 + 1, m + 64 * 4096);
    IS(page_free_count(PAGE_LOW), 8, "the end is kept, the page it starts in too");
    reset();
    page_alloc_add(m, 16 * 4096, m - 4096, m + 32 * 4096);
    IS(page_free_count(PAGE_LOW), 0, "all is kept");
    reset();
    page_alloc_add(m, 16 * 4096, m + 16 * 4096, m + 32 * 4096);
    IS(page_free_count(PAGE_LOW), 16, "what is kept only touches it");
}

/* Only counted, never handed out: there is no memory there. */
static void odd_ranges(void)
{
    reset();
    page_alloc_add(0, 2 * MIB, 0, 0);
    IS(page_free_count(PAGE_LOW), 256, "below 1 MiB is left out");
    reset();
    page_alloc_add(FOUR_GIB - MIB, 3 * MIB, 0, 0);
    IS(page_free_count(PAGE_LOW), 256, "across 4 GiB: the low part");
    IS(page_free_count(PAGE_HIGH), 512, "across 4 GiB: the high part");
    reset();
    page_alloc_add(UINT64_MAX - 4095, 8192, 0, 0);
    page_alloc_add(MIB, UINT64_MAX, 0, 0);
    IS(page_free_count(PAGE_LOW) + page_free_count(PAGE_HIGH), 0, "ranges that wrap");
}

static void many_ranges(void)
{
    reset();
    for (uint64_t i = 1; i <= 40; i++) {
        page_alloc_add(i * 16 * MIB, i * 4096, 0, 0);
    }
    IS(page_free_count(PAGE_LOW), (9 + 40) * 32 / 2, "of 40 ranges the 32 largest are kept");
    IS(zones[PAGE_LOW].ranges[0].start, 40 * 16 * MIB, "the largest first");
    page_alloc_add(1024 * MIB, 4096, 0, 0);
    IS(page_free_count(PAGE_LOW), (9 + 40) * 32 / 2, "a smaller one is left out");
}

int main(void)
{
    uint64_t low = get_memory(MIB, true);
    uint64_t high = get_memory(MIB, false);

    OK(low + MIB <= FOUR_GIB && high >= FOUR_GIB, "memory on both sides of 4 GiB");
    empty();
    basics(low);
    bad_requests(low);
    marks(low, high);
    ranges(low);
    cut(low);
    odd_ranges();
    many_ranges();
    return tap_done();
}

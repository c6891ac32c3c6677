// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/page_alloc.h"

#include "lib/string.h"

#define ZONES      2
#define RANGES_MAX 32
#define ONE_MIB    (1ULL << 20)
#define FOUR_GIB   (4ULL << 30)

struct range {
    uint64_t start;
    uint64_t end;
};

/*
 * The ranges of a zone, the largest first, so that small ones (firmware leaves many) come into play
 * only when it is used up. Everything before @current is taken, @next is the first free byte there.
 */
static struct zone {
    struct range ranges[RANGES_MAX];
    unsigned count;
    unsigned current;
    uint64_t next;
} zones[ZONES];

static uint64_t size_of(const struct range *r)
{
    return r->end - r->start;
}

static void insert(struct zone *z, uint64_t start, uint64_t end)
{
    struct range r = {start, end};
    bool untouched = z->count == 0 || (z->current == 0 && z->next == z->ranges[0].start);
    unsigned at = z->count;

    if (z->count == RANGES_MAX) {
        if (!untouched || size_of(&z->ranges[at - 1]) >= size_of(&r)) {
            return;
        }
        at = --z->count;
    }
    /* Once something is handed out, the order of what is there stands. */
    for (; untouched && at > 0 && size_of(&z->ranges[at - 1]) < size_of(&r); at--) {
        z->ranges[at] = z->ranges[at - 1];
    }
    z->ranges[at] = r;
    z->count++;
    if (untouched) {
        z->next = z->ranges[0].start;
    }
}

/* Cuts to whole pages and to the zones. */
static void add(uint64_t start, uint64_t end)
{
    if (start < ONE_MIB) {
        start = ONE_MIB;
    }
    start = (start + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    end &= ~(PAGE_SIZE - 1);
    if (start < end && start < FOUR_GIB) {
        insert(&zones[PAGE_LOW], start, end < FOUR_GIB ? end : FOUR_GIB);
        start = FOUR_GIB;
    }
    if (start < end) {
        insert(&zones[PAGE_HIGH], start, end);
    }
}

void page_alloc_add(uint64_t base, uint64_t len, uint64_t keep_start, uint64_t keep_end)
{
    uint64_t end;

    /* Sums of addresses must not wrap; no machine has memory up there. */
    if (base >= UINT64_MAX / 2 || len > UINT64_MAX / 2) {
        return;
    }
    end = base + len;
    if (keep_start >= keep_end || keep_end <= base || keep_start >= end) {
        add(base, end);
        return;
    }
    if (keep_start > base) {
        add(base, keep_start);
    }
    if (keep_end < end) {
        add(keep_end, end);
    }
}

uint64_t page_alloc(enum page_zone zone, uint64_t bytes, uint64_t align)
{
    struct zone *z = &zones[zone];

    if (bytes == 0 || bytes > UINT64_MAX / 4 || align < PAGE_SIZE || align > UINT64_MAX / 4 ||
        (align & (align - 1)) != 0) {
        return 0;
    }
    bytes = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    for (unsigned i = z->current; i < z->count; i++) {
        uint64_t at = i == z->current ? z->next : z->ranges[i].start;

        at = (at + align - 1) & ~(align - 1);
        if (at < z->ranges[i].end && bytes <= z->ranges[i].end - at) {
            z->current = i;
            z->next = at + bytes;
            memset((void *)(uintptr_t)at, 0, bytes);
            return at;
        }
    }
    return 0;
}

uint64_t page_free_count(enum page_zone zone)
{
    const struct zone *z = &zones[zone];
    uint64_t bytes = 0;

    for (unsigned i = z->current; i < z->count; i++) {
        bytes += z->ranges[i].end - (i == z->current ? z->next : z->ranges[i].start);
    }
    return bytes / PAGE_SIZE;
}

uint64_t page_range_end(enum page_zone zone)
{
    const struct zone *z = &zones[zone];

    return z->current < z->count && z->next < z->ranges[z->current].end ? z->ranges[z->current].end
                                                                        : 0;
}

struct page_mark page_mark(void)
{
    struct page_mark mark;

    for (int i = 0; i < ZONES; i++) {
        mark.state[i][0] = zones[i].current;
        mark.state[i][1] = zones[i].next;
    }
    return mark;
}

void page_release(struct page_mark mark)
{
    for (int i = 0; i < ZONES; i++) {
        zones[i].current = (unsigned)mark.state[i][0];
        zones[i].next = mark.state[i][1];
    }
}

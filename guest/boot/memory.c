// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory map: collected entry by entry, and what of it may be used.
 */
#include "boot/boot_info.h"

#define PAGE 4096ULL

void boot_add_memory(struct boot_info *bi, uint64_t base, uint64_t len, uint32_t type)
{
    if (len == 0) {
        return;
    }
    if (len - 1 > UINT64_MAX - base) {
        bi->error = "a memory range goes beyond 2^64";
        return;
    }
    if (bi->mem_count > 0) {
        struct boot_mem *last = &bi->mem[bi->mem_count - 1];

        /* Neither range wraps; a sum of 0 is the end of the address space. */
        if (last->type == type && base != 0 && last->base + last->len == base &&
            len <= UINT64_MAX - last->len) {
            last->len += len;
            return;
        }
    }
    if (bi->mem_count == BOOT_MEM_MAX) {
        bi->error = "the memory map has more ranges than there is room for";
        return;
    }
    bi->mem[bi->mem_count++] = (struct boot_mem){.base = base, .len = len, .type = type};
}

/*
 * The kept span that covers @at or comes next after it. Spans are half open; one that reaches the
 * end of the address space has its end cut to the last page.
 */
static bool next_kept(const struct boot_info *bi, const struct boot_span *kept, uint32_t kept_count,
                      uint64_t at, struct boot_span *found)
{
    bool any = false;

    for (uint32_t i = 0; i < bi->mem_count + kept_count; i++) {
        struct boot_span s;

        if (i < kept_count) {
            s = kept[i];
        } else {
            const struct boot_mem *m = &bi->mem[i - kept_count];

            if (m->type == BOOT_MEM_USABLE) {
                continue;
            }
            s.start = m->base;
            s.end = m->len > UINT64_MAX - m->base ? UINT64_MAX : m->base + m->len;
        }
        if (s.end <= at || s.start >= s.end) {
            continue;
        }
        if (!any || s.start < found->start) {
            *found = s;
            any = true;
        }
    }
    return any;
}

static uint32_t put_span(struct boot_span *out, uint32_t count, uint32_t max, uint64_t start,
                         uint64_t end)
{
    start = (start + PAGE - 1) & ~(PAGE - 1);
    end &= ~(PAGE - 1);
    if (start >= end) {
        return count;
    }
    if (count > 0 && out[count - 1].end == start) {
        out[count - 1].end = end;
        return count;
    }
    if (count < max) {
        out[count++] = (struct boot_span){start, end};
    }
    return count;
}

uint32_t boot_usable(const struct boot_info *bi, const struct boot_span *kept, uint32_t kept_count,
                     struct boot_span *out, uint32_t max)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < bi->mem_count; i++) {
        const struct boot_mem *m = &bi->mem[i];
        uint64_t at = m->base;
        uint64_t end = m->len > UINT64_MAX - m->base ? UINT64_MAX : m->base + m->len;
        struct boot_span k = {0, 0};

        /* Beyond 2^52 there is no physical memory; the limit also keeps the sums below from
         * wrapping. */
        if (m->type != BOOT_MEM_USABLE || end > 1ULL << 52) {
            continue;
        }
        while (at < end && next_kept(bi, kept, kept_count, at, &k) && k.start < end) {
            count = put_span(out, count, max, at, k.start);
            at = k.end; /* always beyond the old value, and each span is met once */
        }
        if (at < end) {
            count = put_span(out, count, max, at, end);
        }
    }
    return count;
}

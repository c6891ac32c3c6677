// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/again.h"

#include "lib/crc32.h"
#include "lib/page_alloc.h"
#include "lib/string.h"

#define MAGIC 0x6e696167612d6361ull /* "ac-again" */

struct page {
    uint64_t magic;
    uint32_t crc; /* of what follows */
    uint32_t len;
    uint8_t data[PAGE_SIZE - 16];
};

extern struct page __again_page[];

static bool is_usable(const struct boot_info *bi)
{
    uint64_t at = (uintptr_t)__again_page;

    for (uint32_t i = 0; i < bi->mem_count; i++) {
        const struct boot_mem *m = &bi->mem[i];

        if (m->type == BOOT_MEM_USABLE && m->base <= at && m->len >= PAGE_SIZE &&
            at - m->base <= m->len - PAGE_SIZE) {
            return true;
        }
    }
    return false;
}

static uint32_t crc_of(const struct page *p)
{
    return crc32(0, &p->len, sizeof(p->len) + p->len);
}

bool again_leave(const struct boot_info *bi, const void *data, size_t len)
{
    struct page *p = __again_page;

    if (!is_usable(bi) || len > sizeof(p->data)) {
        return false;
    }
    p->len = (uint32_t)len;
    memcpy(p->data, data, len);
    p->crc = crc_of(p);
    p->magic = MAGIC;
    return true;
}

bool again_take(const struct boot_info *bi, void *data, size_t len)
{
    struct page *p = __again_page;
    bool good = is_usable(bi) && p->magic == MAGIC && p->len == len && len <= sizeof(p->data) &&
                p->crc == crc_of(p);

    if (good) {
        p->magic = 0;
        memcpy(data, p->data, len);
    }
    return good;
}

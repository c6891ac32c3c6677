// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The PVH start_info structure (Xen public header hvm/start_info.h).
 */
#include "boot/boot_info.h"
#include "lib/string.h"

#define PVH_MAGIC 0x336ec578u

struct pvh_start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t cmdline;
    uint64_t rsdp;
    uint64_t memory_map; /* from version 1 on, as are the rest */
    uint32_t memory_map_entries;
    uint32_t reserved;
};

struct pvh_memory {
    uint64_t base;
    uint64_t len;
    uint32_t type;
    uint32_t reserved;
};

void boot_parse_pvh(struct boot_info *bi, uint64_t info)
{
    struct pvh_start_info start;

    memset(bi, 0, sizeof(*bi));
    bi->door = BOOT_DOOR_PVH;
    /* Nothing tells; firmware that runs before this door leaves the adapter in text mode. */
    bi->text_screen = true;
    if (info == 0) {
        bi->error = "PVH: no start_info";
        return;
    }
    memcpy(&start, (const void *)(uintptr_t)info, offsetof(struct pvh_start_info, memory_map));
    if (start.magic != PVH_MAGIC) {
        bi->error = "PVH: bad magic in start_info";
        return;
    }
    bi->rsdp = start.rsdp;
    if (start.cmdline != 0) {
        const char *text = (const char *)(uintptr_t)start.cmdline;
        size_t len = strnlen(text, sizeof(bi->cmdline) - 1);

        memcpy(bi->cmdline, text, len);
        bi->cmdline[len] = '\0';
    }
    if (start.version < 1) {
        bi->error = "PVH: start_info is version 0, without a memory map";
        return;
    }
    memcpy(&start, (const void *)(uintptr_t)info, sizeof(start));
    if (start.memory_map == 0) {
        bi->error = "PVH: no memory map";
        return;
    }
    for (uint32_t i = 0; i < start.memory_map_entries && bi->error == NULL; i++) {
        struct pvh_memory m;

        memcpy(&m, (const void *)(uintptr_t)(start.memory_map + i * sizeof(m)), sizeof(m));
        boot_add_memory(bi, m.base, m.len, m.type);
    }
}

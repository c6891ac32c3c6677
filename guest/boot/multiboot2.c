// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The multiboot2 information structure (Multiboot2 Specification 2.0, section 3.6).
 */
#include "boot/boot_info.h"
#include "lib/string.h"

#define MB2_MAX_BYTES 65536u

enum {
    TAG_END = 0,
    TAG_CMDLINE = 1,
    TAG_MEMORY_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
};

#define TAG_HEADER 8u

#define MMAP_ENTRY_SIZE 8u /* offsets within the memory map tag */
#define MMAP_ENTRIES    16u
#define MMAP_ENTRY_MIN  24u

#define FB_ADDRESS   8u /* offsets within the framebuffer tag */
#define FB_PITCH     16u
#define FB_WIDTH     20u
#define FB_HEIGHT    24u
#define FB_BITS      28u
#define FB_TYPE      29u
#define FB_COLOURS   32u /* position and size of red, green, blue */
#define FB_BYTES     38u
#define FB_TYPE_RGB  1u
#define FB_TYPE_TEXT 2u

#define RSDP_BYTES_OLD 20u
#define RSDP_BYTES_NEW 36u

/* The loader's copy of the RSDP lies in memory that will be handed out, so it is copied once more.
 */
static uint8_t rsdp_copy[RSDP_BYTES_NEW];

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static void take_cmdline(struct boot_info *bi, const uint8_t *tag, uint32_t size)
{
    size_t len = strnlen((const char *)tag + TAG_HEADER, size - TAG_HEADER);

    if (len == size - TAG_HEADER) {
        bi->error = "multiboot2: the command line has no end";
    }
    if (len > sizeof(bi->cmdline) - 1) {
        len = sizeof(bi->cmdline) - 1;
    }
    memcpy(bi->cmdline, tag + TAG_HEADER, len);
    bi->cmdline[len] = '\0';
}

static void take_memory_map(struct boot_info *bi, const uint8_t *tag, uint32_t size)
{
    uint32_t step = size >= MMAP_ENTRIES ? get32(tag + MMAP_ENTRY_SIZE) : 0;

    if (step < MMAP_ENTRY_MIN || step % 8 != 0) {
        bi->error = "multiboot2: bad entry size in the memory map";
        return;
    }
    for (uint32_t off = MMAP_ENTRIES; size - off >= step; off += step) {
        boot_add_memory(bi, get64(tag + off), get64(tag + off + 8), get32(tag + off + 16));
    }
}

static void take_rsdp(struct boot_info *bi, const uint8_t *tag, uint32_t size, bool new)
{
    uint32_t bytes = new ? RSDP_BYTES_NEW : RSDP_BYTES_OLD;

    if (size - TAG_HEADER < bytes) {
        bi->error = "multiboot2: the RSDP is cut off";
        return;
    }
    if (bi->rsdp != 0 && !new) {
        return; /* the newer form is there already */
    }
    memset(rsdp_copy, 0, sizeof(rsdp_copy));
    memcpy(rsdp_copy, tag + TAG_HEADER, bytes);
    bi->rsdp = (uintptr_t)rsdp_copy;
}

/* Only pixels of 32 bits with 8 for each colour are used; any other form leaves no screen. */
static void take_framebuffer(struct boot_info *bi, const uint8_t *tag, uint32_t size)
{
    if (size <= FB_TYPE) {
        return;
    }
    bi->text_screen = tag[FB_TYPE] == FB_TYPE_TEXT;
    if (size < FB_BYTES || tag[FB_TYPE] != FB_TYPE_RGB || tag[FB_BITS] != 32) {
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (tag[FB_COLOURS + 2 * i] > 16 || tag[FB_COLOURS + 2 * i + 1] != 8) {
            return;
        }
    }
    bi->framebuffer = (struct boot_framebuffer){
        .base = get64(tag + FB_ADDRESS),
        .width = get32(tag + FB_WIDTH),
        .height = get32(tag + FB_HEIGHT),
        .pitch = get32(tag + FB_PITCH),
    };
}

static void take_tag(struct boot_info *bi, const uint8_t *tag, uint32_t type, uint32_t size)
{
    switch (type) {
    case TAG_CMDLINE:
        take_cmdline(bi, tag, size);
        break;
    case TAG_MEMORY_MAP:
        take_memory_map(bi, tag, size);
        break;
    case TAG_FRAMEBUFFER:
        take_framebuffer(bi, tag, size);
        break;
    case TAG_ACPI_OLD:
    case TAG_ACPI_NEW:
        take_rsdp(bi, tag, size, type == TAG_ACPI_NEW);
        break;
    default:
        break;
    }
}

void boot_parse_multiboot2(struct boot_info *bi, uint64_t info)
{
    const uint8_t *base = (const uint8_t *)(uintptr_t)info;
    uint32_t total;

    memset(bi, 0, sizeof(*bi));
    bi->door = BOOT_DOOR_MULTIBOOT2;
    if (info == 0 || info % 8 != 0) {
        bi->error = "multiboot2: no information structure";
        return;
    }
    total = get32(base);
    if (total < 2 * TAG_HEADER || total > MB2_MAX_BYTES) {
        bi->error = "multiboot2: bad total size";
        return;
    }
    for (uint32_t off = 8; bi->error == NULL;) {
        uint32_t type, size;

        if (off > total - TAG_HEADER) {
            bi->error = "multiboot2: no end tag";
            return;
        }
        type = get32(base + off);
        size = get32(base + off + 4);
        if (size < TAG_HEADER || size > total - off) {
            bi->error = "multiboot2: bad tag size";
            return;
        }
        if (type == TAG_END) {
            return;
        }
        take_tag(bi, base + off, type, size);
        off += (size + 7) & ~7u;
    }
}

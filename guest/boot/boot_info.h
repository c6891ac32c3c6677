// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel is told at its door, in one form for all doors.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOOT_MEM_MAX     128
#define BOOT_CMDLINE_MAX 8192 /* room for a list of some hundred rules */

/* Memory types as in the ACPI address map (and E820, multiboot2, PVH alike; EFI's are turned into
 * these). */
enum boot_mem_type {
    BOOT_MEM_USABLE = 1,
    BOOT_MEM_RESERVED = 2,
    BOOT_MEM_ACPI_RECLAIM = 3,
    BOOT_MEM_ACPI_NVS = 4,
};

struct boot_mem {
    uint64_t base; /* bytes */
    uint64_t len;  /* bytes, never 0 */
    uint32_t type; /* enum boot_mem_type; anything else counts as reserved */
};

enum boot_door {
    BOOT_DOOR_MULTIBOOT2,
    BOOT_DOOR_PVH,
    BOOT_DOOR_EFI,
};

/* A screen of pixels of 32 bits, 8 of them for each of red, green and blue. */
struct boot_framebuffer {
    uint64_t base; /* physical address; 0: there is none */
    uint32_t width;
    uint32_t height;
    uint32_t pitch; /* bytes from one line to the next */
    uint32_t reserved;
};

struct boot_info {
    enum boot_door door;
    char cmdline[BOOT_CMDLINE_MAX]; /* NUL terminated; cut off if longer */
    uint64_t rsdp; /* physical address of a verified copy or the original; 0: none given */
    uint32_t mem_count;
    struct boot_mem mem[BOOT_MEM_MAX];
    bool text_screen; /* the VGA text buffer at B8000h is what the screen shows */
    struct boot_framebuffer framebuffer;
    const char *error; /* what was wrong with the loader's data, or NULL */
};

/**
 * Fill @bi from a multiboot2 information structure.
 * @info: physical address from EBX. Every tag is checked against the total size
 * (at most 64 KiB); a bad one sets @bi->error and ends the walk.
 * Source: Multiboot2 Specification 2.0, section 3.6.
 */
void boot_parse_multiboot2(struct boot_info *bi, uint64_t info);

/**
 * Fill @bi from a PVH start_info structure (version 1 for the memory map).
 * @info: physical address from EBX. Source: Xen public header hvm/start_info.h.
 */
void boot_parse_pvh(struct boot_info *bi, uint64_t info);

/**
 * Append a range to the map; one that goes on where the last one of the same type ends makes that
 * longer (EFI maps have hundreds). An empty one is left out; one that wraps, or one too many, is
 * left out and sets @bi->error.
 */
void boot_add_memory(struct boot_info *bi, uint64_t base, uint64_t len, uint32_t type);

/* A part of physical memory, [start, end). */
struct boot_span {
    uint64_t start;
    uint64_t end;
};

/**
 * What of the usable memory may be handed out: whole pages, without anything that another entry of
 * the map calls something else (maps with overlaps exist; the more careful reading counts), and
 * without the @kept spans. Writes at most @max spans to @out and returns their number.
 */
uint32_t boot_usable(const struct boot_info *bi, const struct boot_span *kept, uint32_t kept_count,
                     struct boot_span *out, uint32_t max);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "efi/elf.h"

#include <stddef.h>

#include "boot/efi.h"
#include "lib/string.h"

#define PAGE       4096ULL
#define FOUR_GIB   (4ULL << 30)
#define IMAGE_MAX  (16ULL << 20)
#define NOTES_MAX  64
#define HEADER_MAX 64 /* program headers */

#define ET_EXEC   2
#define EM_X86_64 62
#define PT_LOAD   1
#define PT_NOTE   4

struct elf_header {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_headers;
    uint64_t section_headers;
    uint32_t flags;
    uint16_t header_size;
    uint16_t program_header_size;
    uint16_t program_header_count;
    uint16_t rest[3];
};

struct program_header {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t virtual_address;
    uint64_t physical_address;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t align;
};

struct note_header {
    uint32_t name_size;
    uint32_t value_size;
    uint32_t type;
};

static bool within(const struct elf_image *i, uint64_t offset, uint64_t size)
{
    return offset <= i->size && size <= i->size - offset;
}

/* The @n-th program header; false past the last. */
static bool program_header(const struct elf_image *image, unsigned n, struct program_header *p)
{
    struct elf_header h;

    memcpy(&h, image->file, sizeof(h));
    if (n >= h.program_header_count) {
        return false;
    }
    memcpy(p, image->file + h.program_headers + n * sizeof(*p), sizeof(*p));
    return true;
}

static const char *check_header(const struct elf_image *image)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1}; /* 64-bit, little-endian */
    struct elf_header h;

    if (image->size < sizeof(h)) {
        return "the kernel is no ELF file";
    }
    memcpy(&h, image->file, sizeof(h));
    if (memcmp(h.ident, ident, sizeof(ident)) != 0 || h.type != ET_EXEC || h.machine != EM_X86_64) {
        return "the kernel is no 64-bit x86 executable";
    }
    if (h.program_header_size != sizeof(struct program_header) ||
        h.program_header_count > HEADER_MAX ||
        !within(image, h.program_headers,
                (uint64_t)h.program_header_count * sizeof(struct program_header))) {
        return "the kernel's program headers are bad";
    }
    return NULL;
}

static const char *take_segment(struct elf_image *image, const struct program_header *p)
{
    uint64_t start = p->physical_address & ~(PAGE - 1);
    uint64_t end;

    if (!within(image, p->offset, p->file_size) || p->file_size > p->memory_size ||
        p->memory_size > IMAGE_MAX || p->physical_address > FOUR_GIB - IMAGE_MAX) {
        return "a segment of the kernel is bad";
    }
    end = (p->physical_address + p->memory_size + PAGE - 1) & ~(PAGE - 1);
    image->start = start < image->start ? start : image->start;
    image->end = end > image->end ? end : image->end;
    return NULL;
}

static uint64_t round4(uint32_t n)
{
    return ((uint64_t)n + 3) & ~3ULL;
}

static void take_notes(struct elf_image *image, const struct program_header *p)
{
    uint64_t off = p->offset;
    uint64_t end = p->offset + p->file_size;

    if (!within(image, p->offset, p->file_size)) {
        return;
    }
    for (unsigned i = 0; i < NOTES_MAX && end - off >= sizeof(struct note_header); i++) {
        struct note_header n;
        uint64_t name = off + sizeof(n);
        uint64_t value;

        memcpy(&n, image->file + off, sizeof(n));
        value = name + round4(n.name_size);
        if (value > end || round4(n.value_size) > end - value) {
            return;
        }
        if (n.type == BOOT_EFI_NOTE_TYPE && n.name_size == sizeof(BOOT_EFI_NOTE_NAME) &&
            n.value_size == sizeof(image->entry) &&
            memcmp(image->file + name, BOOT_EFI_NOTE_NAME, sizeof(BOOT_EFI_NOTE_NAME)) == 0) {
            memcpy(&image->entry, image->file + value, sizeof(image->entry));
        }
        off = value + round4(n.value_size);
    }
}

const char *elf_open(struct elf_image *image, const void *file, uint64_t size)
{
    struct program_header p;
    const char *wrong;

    *image = (struct elf_image){.file = file, .size = size, .start = UINT64_MAX};
    wrong = check_header(image);
    for (unsigned i = 0; wrong == NULL && program_header(image, i, &p); i++) {
        if (p.type == PT_LOAD && p.memory_size > 0) {
            wrong = take_segment(image, &p);
        } else if (p.type == PT_NOTE) {
            take_notes(image, &p);
        }
    }
    if (wrong != NULL) {
        return wrong;
    }
    if (image->start >= image->end || image->end - image->start > IMAGE_MAX) {
        return "the kernel has no segments, or they lie too far apart";
    }
    if (image->entry < image->start || image->entry >= image->end) {
        return "the kernel has no entry for this application";
    }
    return NULL;
}

void elf_place(const struct elf_image *image, void *target)
{
    struct program_header p;

    memset(target, 0, image->end - image->start);
    for (unsigned i = 0; program_header(image, i, &p); i++) {
        if (p.type == PT_LOAD) {
            memcpy((uint8_t *)target + (p.physical_address - image->start), image->file + p.offset,
                   p.file_size);
        }
    }
}

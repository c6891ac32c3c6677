// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's ELF file, as the EFI application sees it. No EFI call and no C library: also built
 * natively (unit/).
 */
#ifndef EFI_ELF_H
#define EFI_ELF_H

#include <stdbool.h>
#include <stdint.h>

struct elf_image {
    const uint8_t *file;
    uint64_t size;  /* bytes of the file */
    uint64_t start; /* physical addresses that the segments cover, whole pages, [start, end) */
    uint64_t end;
    uint64_t entry; /* the 64-bit entry that the note names (boot/efi.h) */
};

/**
 * Look at the ELF file at @file. Returns NULL and fills @image, or a sentence that says what is
 * wrong: no 64-bit x86 executable, parts outside of the file, segments at 4 GiB or above or of more
 * than 16 MiB in all, no note with an entry within the segments.
 * Source: System V ABI (ELF-64 object file format), chapters 3, 5 and 6.
 */
const char *elf_open(struct elf_image *image, const void *file, uint64_t size);

/**
 * Put the segments of @image to @target, which stands for address @image->start and has room up to
 * @image->end; what no segment fills becomes zero.
 */
void elf_place(const struct elf_image *image, void *target);

#endif

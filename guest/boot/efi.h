// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the EFI application (efi/) leaves for the kernel. Everything in it lies below 4 GiB, as that
 * is what the kernel maps first. Nothing here needs EFI headers.
 */
#ifndef BOOT_EFI_H
#define BOOT_EFI_H

#include <stdint.h>

#include "boot/boot_info.h"

#define BOOT_EFI_MAGIC 0x1efa9d0c /* in EAX and in the structure */

/* The kernel's 64-bit entry: an ELF note with this name and type, whose value is the address. */
#define BOOT_EFI_NOTE_NAME "AMDVI"
#define BOOT_EFI_NOTE_TYPE 1u

struct boot_efi {
    uint32_t magic;
    uint32_t left;     /* 1: boot services are over; 0: the firmware did not let go of them */
    uint64_t map;      /* address of the memory descriptors (UEFI 2.10 section 7.2.3) */
    uint64_t map_size; /* bytes */
    uint64_t map_step; /* bytes from one descriptor to the next */
    uint64_t rsdp;     /* from the configuration table, 0: none */
    struct boot_framebuffer framebuffer; /* base 0: none */
    char cmdline[BOOT_CMDLINE_MAX];
};

/**
 * Fill @bi from what the EFI application left. @handoff: physical address of a struct boot_efi.
 * A map that makes no sense, or firmware that goes on running, sets @bi->error.
 */
void boot_parse_efi(struct boot_info *bi, uint64_t handoff);

#endif

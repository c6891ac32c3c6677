// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The EFI door: the firmware's memory map as boot_info has it.
 */
#include "boot/efi.h"

#include "lib/string.h"

#define EFI_PAGE_BYTES 4096ULL
#define MAP_MAX        (1u << 20) /* bytes; 21845 descriptors of the usual size */

/* UEFI 2.10 section 7.2.3: EFI_MEMORY_DESCRIPTOR. */
struct efi_memory {
    uint32_t type;
    uint32_t reserved;
    uint64_t start;
    uint64_t virtual_start;
    uint64_t pages;
    uint64_t attributes;
};

/* Section 7.2, table 7.5. */
enum {
    LOADER_CODE = 1,
    LOADER_DATA = 2,
    BOOT_SERVICES_CODE = 3,
    BOOT_SERVICES_DATA = 4,
    CONVENTIONAL = 7,
    ACPI_RECLAIM = 9,
    ACPI_NVS = 10,
};

/* What is left of the loader and of boot services is ours once they are over (table 7.6). */
static uint32_t type_of(uint32_t efi)
{
    switch (efi) {
    case LOADER_CODE:
    case LOADER_DATA:
    case BOOT_SERVICES_CODE:
    case BOOT_SERVICES_DATA:
    case CONVENTIONAL:
        return BOOT_MEM_USABLE;
    case ACPI_RECLAIM:
        return BOOT_MEM_ACPI_RECLAIM;
    case ACPI_NVS:
        return BOOT_MEM_ACPI_NVS;
    default:
        return BOOT_MEM_RESERVED;
    }
}

static void take_map(struct boot_info *bi, const struct boot_efi *h)
{
    if (h->map == 0 || h->map_size > MAP_MAX || h->map_step < sizeof(struct efi_memory) ||
        h->map_step > MAP_MAX) {
        bi->error = "EFI: the memory map makes no sense";
        return;
    }
    for (uint64_t off = 0; h->map_size - off >= h->map_step && bi->error == NULL;
         off += h->map_step) {
        struct efi_memory m;

        memcpy(&m, (const uint8_t *)(uintptr_t)h->map + off, sizeof(m));
        if (m.pages > UINT64_MAX / EFI_PAGE_BYTES) {
            bi->error = "EFI: a memory range goes beyond 2^64";
            return;
        }
        boot_add_memory(bi, m.start, m.pages * EFI_PAGE_BYTES, type_of(m.type));
    }
}

void boot_parse_efi(struct boot_info *bi, uint64_t handoff)
{
    const struct boot_efi *h = (const struct boot_efi *)(uintptr_t)handoff;

    memset(bi, 0, sizeof(*bi));
    bi->door = BOOT_DOOR_EFI;
    if (handoff == 0 || h->magic != BOOT_EFI_MAGIC) {
        bi->error = "EFI: nothing was handed over";
        return;
    }
    memcpy(bi->cmdline, h->cmdline, sizeof(bi->cmdline));
    bi->cmdline[sizeof(bi->cmdline) - 1] = '\0';
    bi->rsdp = h->rsdp;
    bi->framebuffer = h->framebuffer;
    if (!h->left) {
        bi->error = "EFI: the firmware did not end its boot services";
        return;
    }
    take_map(bi, h);
}

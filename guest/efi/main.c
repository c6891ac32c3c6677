// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The EFI application: puts the kernel's ELF file, which it carries, to where that is linked, notes
 * what the firmware knows, leaves boot services and jumps. Source: UEFI Specification 2.10.
 */
#include <efi.h>

#include "boot/efi.h"
#include "efi/elf.h"
#include "lib/format.h"
#include "lib/string.h"

#define MAX_32BIT    0xffffffffULL
#define EXIT_TRIES   8
#define SLACK_PAGES  4 /* the map grows by what is allocated after it was first asked for */
#define OPTIONS_MAX  8192
#define HANDOFF_SIZE ((sizeof(struct boot_efi) + 15) & ~15ULL)

extern const uint8_t kernel_file[], kernel_file_end[];

/* The room for a struct boot_efi and the memory map behind it. */
struct room {
    EFI_PHYSICAL_ADDRESS at;
    UINTN map_bytes;
};

static EFI_SYSTEM_TABLE *st;
static EFI_BOOT_SERVICES *bs;

static EFI_STATUS fail(const char *why, EFI_STATUS status)
{
    char text[200];
    CHAR16 wide[200];
    size_t n;

    format(text, sizeof(text), "amdvi-check: %s (status %lxh)\r\n", why, (unsigned long)status);
    for (n = 0; text[n] != '\0'; n++) {
        wide[n] = (CHAR16)text[n];
    }
    wide[n] = 0;
    st->ConOut->OutputString(st->ConOut, wide);
    return status;
}

static void take_options(struct boot_efi *handoff, EFI_HANDLE self)
{
    EFI_GUID guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    EFI_LOADED_IMAGE *image = NULL;
    size_t n = 0;

    if (EFI_ERROR(bs->HandleProtocol(self, &guid, (VOID **)&image)) || image->LoadOptions == NULL ||
        image->LoadOptionsSize > OPTIONS_MAX) {
        return;
    }
    for (UINTN i = 0; i < image->LoadOptionsSize / sizeof(CHAR16); i++) {
        CHAR16 c = ((const CHAR16 *)image->LoadOptions)[i];

        if (c == 0 || n == sizeof(handoff->cmdline) - 1) {
            break;
        }
        handoff->cmdline[n++] = c >= 0x20 && c <= 0x7e ? (char)c : '?';
    }
    handoff->cmdline[n] = '\0';
}

/* Section 12.9. Only the formats with 8 bits a colour in 32 are used; any other leaves no screen.
 */
static void take_screen(struct boot_efi *handoff)
{
    EFI_GUID guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
    EFI_GRAPHICS_OUTPUT_PROTOCOL *gop = NULL;
    const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode;

    if (EFI_ERROR(bs->LocateProtocol(&guid, NULL, (VOID **)&gop)) || gop->Mode == NULL ||
        gop->Mode->Info == NULL) {
        return;
    }
    mode = gop->Mode->Info;
    if (mode->PixelFormat != PixelRedGreenBlueReserved8BitPerColor &&
        mode->PixelFormat != PixelBlueGreenRedReserved8BitPerColor) {
        return;
    }
    handoff->framebuffer = (struct boot_framebuffer){
        .base = gop->Mode->FrameBufferBase,
        .width = mode->HorizontalResolution,
        .height = mode->VerticalResolution,
        .pitch = mode->PixelsPerScanLine * 4,
    };
}

/* Section 4.6: the RSDP of ACPI 2.0 and later, else that of 1.0. */
static void take_rsdp(struct boot_efi *handoff)
{
    EFI_GUID newer = ACPI_20_TABLE_GUID;
    EFI_GUID older = ACPI_TABLE_GUID;

    for (UINTN i = 0; i < st->NumberOfTableEntries; i++) {
        const EFI_CONFIGURATION_TABLE *t = &st->ConfigurationTable[i];

        if (memcmp(&t->VendorGuid, &newer, sizeof(newer)) == 0) {
            handoff->rsdp = (UINTN)t->VendorTable;
            return;
        }
        if (memcmp(&t->VendorGuid, &older, sizeof(older)) == 0) {
            handoff->rsdp = (UINTN)t->VendorTable;
        }
    }
}

static EFI_STATUS make_room(struct room *room)
{
    UINTN bytes = 0, key, step;
    UINT32 version;
    EFI_STATUS status = bs->GetMemoryMap(&bytes, NULL, &key, &step, &version);

    if (status != EFI_BUFFER_TOO_SMALL) {
        return EFI_ERROR(status) ? status : EFI_LOAD_ERROR;
    }
    room->map_bytes = EFI_SIZE_TO_PAGES(HANDOFF_SIZE + bytes) + SLACK_PAGES;
    room->at = MAX_32BIT;
    status = bs->AllocatePages(AllocateMaxAddress, EfiLoaderData, room->map_bytes, &room->at);
    room->map_bytes = room->map_bytes * EFI_PAGE_SIZE - HANDOFF_SIZE;
    return status;
}

/*
 * Section 7.4.6: the key must be that of the current map, and the firmware may change the map while
 * it goes, so a failure asks for another map. From the first call on nothing else may be called.
 */
static bool leave(EFI_HANDLE self, const struct room *room, struct boot_efi *handoff)
{
    for (int i = 0; i < EXIT_TRIES; i++) {
        UINTN bytes = room->map_bytes, key, step;
        UINT32 version;

        if (EFI_ERROR(bs->GetMemoryMap(&bytes, (EFI_MEMORY_DESCRIPTOR *)(UINTN)handoff->map, &key,
                                       &step, &version))) {
            return false;
        }
        handoff->map_size = bytes;
        handoff->map_step = step;
        if (!EFI_ERROR(bs->ExitBootServices(self, key))) {
            return true;
        }
    }
    return false;
}

/* Called by gnu-efi's crt0, which has no header. */
EFI_STATUS efi_main(EFI_HANDLE self, EFI_SYSTEM_TABLE *table);

EFI_STATUS efi_main(EFI_HANDLE self, EFI_SYSTEM_TABLE *table)
{
    struct elf_image kernel;
    struct boot_efi *handoff;
    struct room room;
    EFI_PHYSICAL_ADDRESS at;
    EFI_STATUS status;
    const char *wrong;
    void (*enter)(struct boot_efi *);

    st = table;
    bs = table->BootServices;
    wrong = elf_open(&kernel, kernel_file, (uint64_t)(kernel_file_end - kernel_file));
    if (wrong != NULL) {
        return fail(wrong, EFI_LOAD_ERROR);
    }
    at = kernel.start;
    status = bs->AllocatePages(AllocateAddress, EfiLoaderCode,
                               EFI_SIZE_TO_PAGES(kernel.end - kernel.start), &at);
    if (EFI_ERROR(status)) {
        return fail("the firmware does not give the memory that the kernel needs", status);
    }
    status = make_room(&room);
    if (EFI_ERROR(status)) {
        bs->FreePages(at, EFI_SIZE_TO_PAGES(kernel.end - kernel.start));
        return fail("no memory below 4 GiB for the memory map", status);
    }
    handoff = (struct boot_efi *)(UINTN)room.at;
    *handoff = (struct boot_efi){.magic = BOOT_EFI_MAGIC, .map = room.at + HANDOFF_SIZE};
    take_options(handoff, self);
    take_screen(handoff);
    take_rsdp(handoff);
    elf_place(&kernel, (void *)(UINTN)at);
    handoff->left = leave(self, &room, handoff);

    /* If the firmware did not let go, there is no way back either: the kernel says so and stops. */
    enter = (void (*)(struct boot_efi *))(UINTN)kernel.entry;
    enter(handoff);
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

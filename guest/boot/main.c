// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the boot door to check_main(): everything that a test may take for granted.
 */
#include "arch/exceptions.h"
#include "arch/paging.h"
#include "arch/time.h"
#include "boot/boot_info.h"
#include "boot/efi.h"
#include "check/check.h"
#include "lib/cmdline.h"
#include "lib/console.h"
#include "lib/exit.h"
#include "lib/page_alloc.h"
#include "lib/string.h"
#include "platform/acpi.h"
#include "platform/cpus.h"
#include "platform/fw_cfg.h"
#include "platform/pci.h"

#define MAGIC_MULTIBOOT2 0x36d76289 /* what entry.asm passes on */
#define MAGIC_PVH        0x336ec578

#define MAX_KEPT  66 /* 64 ACPI tables and the kernel */
#define MAX_SPANS 64
#define FOUR_GIB  (4ULL << 30)

/* Other CPUs begin in a page here: not in the BIOS's data, nor in what may be video memory. */
#define REAL_MODE_FIRST 0x1000ULL
#define REAL_MODE_END   0x9f000ULL
#define ONE_PAGE        0x1000ULL

#define CMDLINE_FILE "opt/org.amdvi-check/cmdline"

extern const char __kernel_start[], __kernel_end[];
extern uint8_t stack_guard[];
_Noreturn void boot_main(uint64_t magic, uint64_t info);

static struct boot_info bi;
static struct boot_span kept[MAX_KEPT];
static struct boot_span spans[MAX_SPANS];
static uint64_t real_mode_page; /* 0: none */

static _Noreturn void cannot_run(const char *why)
{
    console_printf("amdvi-check: cannot run: %s\n", why);
    exit_guest(0x13);
}

static void use_framebuffer(void)
{
    const struct boot_framebuffer *f = &bi.framebuffer;

    console_use_framebuffer(f->base, f->width, f->height, f->pitch);
}

/* A framebuffer that lies wholly in what entry.asm has mapped; any other has to wait for memory for
 * page tables. */
static bool framebuffer_is_low(void)
{
    const struct boot_framebuffer *f = &bi.framebuffer;

    return f->base < FOUR_GIB && (uint64_t)f->pitch * f->height <= FOUR_GIB - f->base;
}

static void use_high_framebuffer(void)
{
    const struct boot_framebuffer *f = &bi.framebuffer;

    if (!framebuffer_is_low() && paging_map(f->base, (uint64_t)f->pitch * f->height, true)) {
        use_framebuffer();
    }
}

static void read_boot_info(uint64_t magic, uint64_t info)
{
    if (magic == MAGIC_MULTIBOOT2) {
        boot_parse_multiboot2(&bi, info);
    } else if (magic == MAGIC_PVH) {
        boot_parse_pvh(&bi, info);
    } else if (magic == BOOT_EFI_MAGIC) {
        boot_parse_efi(&bi, info);
    } else {
        cannot_run("the loader is neither multiboot2 nor PVH nor our EFI application");
    }
    if (bi.text_screen) {
        console_use_screen();
    }
    if (framebuffer_is_low()) {
        use_framebuffer();
    }
    if (bi.error != NULL) {
        console_printf("amdvi-check: boot information: %s\n", bi.error);
    }
    fw_cfg_read(CMDLINE_FILE, bi.cmdline, sizeof(bi.cmdline));
}

/* As early as the command line is known, so that what goes wrong from here on ends the same way. */
static void choose_exit(void)
{
    char value[8];

    cmdline_get(bi.cmdline, "exit", value, sizeof(value));
    if (strcmp(value, "debug") == 0) {
        exit_set_way(EXIT_DEBUG);
    } else if (strcmp(value, "acpi") == 0) {
        exit_set_way(EXIT_ACPI);
    }
}

/* The highest free page that a CPU can begin in; the page allocator leaves all of them alone. */
static void find_real_mode_page(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t end = spans[i].end < REAL_MODE_END ? spans[i].end : REAL_MODE_END;

        if (end >= REAL_MODE_FIRST + ONE_PAGE && end - ONE_PAGE >= spans[i].start &&
            end - ONE_PAGE > real_mode_page) {
            real_mode_page = end - ONE_PAGE;
        }
    }
}

/*
 * Low memory first, as the map of high memory needs pages for its tables. Firmware's ACPI tables
 * are kept even where the map calls their memory usable (qboot).
 */
static void give_memory(void)
{
    uint32_t kept_count = 0;
    uint32_t count;

    kept[kept_count++] = (struct boot_span){(uintptr_t)__kernel_start, (uintptr_t)__kernel_end};
    for (unsigned i = 0; acpi_get(i) != NULL && kept_count < MAX_KEPT; i++) {
        uint64_t start = (uintptr_t)acpi_get(i);

        kept[kept_count++] = (struct boot_span){start, start + acpi_get(i)->length};
    }
    count = boot_usable(&bi, kept, kept_count, spans, MAX_SPANS);
    find_real_mode_page(count);
    for (int high = 0; high <= 1; high++) {
        for (uint32_t i = 0; i < count; i++) {
            uint64_t start = spans[i].start;
            uint64_t end = spans[i].end;

            if (high == 0 && end > FOUR_GIB) {
                end = FOUR_GIB;
            }
            if (high == 1 && start < FOUR_GIB) {
                start = FOUR_GIB;
            }
            if (start >= end) {
                continue;
            }
            if (high == 1 && !paging_map(start, end - start, false)) {
                console_write("amdvi-check: memory above 4 GiB is left out: no page tables\n");
                continue;
            }
            page_alloc_add(start, end - start, 0, 0);
        }
    }
    if (page_free_count(PAGE_LOW) == 0) {
        cannot_run("no usable memory below 4 GiB");
    }
}

void boot_main(uint64_t magic, uint64_t info)
{
    uint64_t ecam = 0;
    uint8_t bus_start = 0, bus_end = 255;
    bool measured;

    console_init();
    exceptions_init();
    read_boot_info(magic, info);
    choose_exit();
    time_init(&measured);
    if (!measured) {
        console_write("amdvi-check: the PIT does not count; the TSC is taken for 1 GHz\n");
    }
    acpi_init(bi.rsdp);
    give_memory();
    use_high_framebuffer();
    acpi_mcfg(&ecam, &bus_start, &bus_end);
    pci_init(ecam, bus_start, bus_end);

    /* From here on a null pointer and a stack overflow are exceptions. */
    if (!paging_unmap_page(0) || !paging_unmap_page((uintptr_t)stack_guard)) {
        cannot_run("no memory for page tables");
    }
    cpus_init(real_mode_page);
    check_main(&bi);
}

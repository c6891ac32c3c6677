// SPDX-License-Identifier: GPL-2.0-or-later
#include "platform/acpi.h"

#include "arch/io.h"
#include "arch/time.h"
#include "lib/string.h"
#include "platform/acpi_table.h"

#define MAX_TABLES  64
#define MAX_ENTRIES 256
#define FOUR_GIB    (4ULL << 30)

#define EBDA_SEGMENT 0x40eULL /* BIOS data area: segment of the extended one */
#define EBDA_BYTES   1024
#define BIOS_START   0xe0000ULL
#define BIOS_END     0x100000ULL
#define RSDP_ALIGN   16

/* Offsets within the FADT (ACPI 6.4 section 5.2.9). */
#define FADT_DSDT        40
#define FADT_SMI_CMD     48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CNT    64
#define FADT_PM1B_CNT    68
#define FADT_X_DSDT      140

/* PM1 control register (section 4.8.3.2.1). */
#define PM1_SCI_EN     0x0001
#define PM1_SLP_TYP(t) ((uint16_t)(((t)&7) << 10))
#define PM1_SLP_MASK   0x3c00
#define PM1_SLP_EN     0x2000

#define MCFG_FIRST 44 /* first 16-byte allocation */
#define MCFG_ENTRY 16

#define ENABLE_WAIT_US 1000000
#define OFF_WAIT_US    1000000

static const struct acpi_header *tables[MAX_TABLES];
static unsigned table_count;
static unsigned rejected;

static const uint8_t *bytes_at(uint64_t addr)
{
    return (const uint8_t *)addr;
}

/*
 * Take the table at @addr into the list if it is good. Only the first 4 GiB are mapped when this
 * runs; firmware puts its tables there, as the RSDT could not name them otherwise.
 */
static const struct acpi_header *take_table(uint64_t addr)
{
    const struct acpi_header *t = (const struct acpi_header *)addr;

    if (addr == 0) {
        return NULL; /* an empty slot is not a bad table */
    }
    if (addr >= FOUR_GIB || !acpi_table_ok(t, FOUR_GIB - addr) || table_count == MAX_TABLES) {
        rejected++;
        return NULL;
    }
    tables[table_count++] = t;
    return t;
}

static uint32_t get32(const void *table, size_t off)
{
    uint32_t v;
    memcpy(&v, (const uint8_t *)table + off, sizeof(v));
    return v;
}

static uint64_t get64(const void *table, size_t off)
{
    uint64_t v;
    memcpy(&v, (const uint8_t *)table + off, sizeof(v));
    return v;
}

static bool scan(uint64_t start, uint64_t end, uint64_t *rsdt, uint64_t *xsdt)
{
    for (uint64_t a = start; a + ACPI_RSDP_BYTES <= end; a += RSDP_ALIGN) {
        if (acpi_rsdp_ok(bytes_at(a), end - a, rsdt, xsdt)) {
            return true;
        }
    }
    return false;
}

/* Section 5.2.5.1: the first KiB of the EBDA, then the BIOS area. */
static bool find_rsdp(uint64_t given, uint64_t *rsdt, uint64_t *xsdt)
{
    uint64_t ebda = (uint64_t)mmio_read16(EBDA_SEGMENT) << 4;

    if (given != 0 && given < FOUR_GIB &&
        acpi_rsdp_ok(bytes_at(given), ACPI_RSDP_BYTES_NEW, rsdt, xsdt)) {
        return true;
    }
    if (ebda >= 0x400 && ebda + EBDA_BYTES <= 0xa0000 &&
        scan(ebda, ebda + EBDA_BYTES, rsdt, xsdt)) {
        return true;
    }
    return scan(BIOS_START, BIOS_END, rsdt, xsdt);
}

/* The tables that @root (RSDT or XSDT) points at with words of @width bytes. */
static void walk_root(const struct acpi_header *root, size_t width)
{
    size_t count = (root->length - sizeof(*root)) / width;

    for (size_t i = 0; i < count && i < MAX_ENTRIES; i++) {
        size_t off = sizeof(*root) + i * width;

        take_table(width == 8 ? get64(root, off) : get32(root, off));
    }
}

/* The DSDT hangs on the FADT alone. */
static void take_dsdt(void)
{
    const struct acpi_header *fadt = acpi_find("FACP", 0);
    uint64_t dsdt = 0;

    if (fadt == NULL || fadt->length < FADT_DSDT + 4) {
        return;
    }
    if (fadt->length >= FADT_X_DSDT + 8) {
        dsdt = get64(fadt, FADT_X_DSDT);
    }
    if (dsdt == 0) {
        dsdt = get32(fadt, FADT_DSDT);
    }
    take_table(dsdt);
}

int acpi_init(uint64_t rsdp)
{
    const struct acpi_header *root = NULL;
    uint64_t rsdt, xsdt;
    size_t width = 8;

    table_count = 0;
    rejected = 0;
    if (!find_rsdp(rsdp, &rsdt, &xsdt)) {
        return -1;
    }
    if (xsdt != 0) {
        root = take_table(xsdt);
    }
    if (root == NULL && rsdt != 0) {
        root = take_table(rsdt);
        width = 4;
    }
    if (root != NULL) {
        walk_root(root, width);
        take_dsdt();
    }
    return (int)table_count;
}

unsigned acpi_rejected(void)
{
    return rejected;
}

const struct acpi_header *acpi_get(unsigned i)
{
    return i < table_count ? tables[i] : NULL;
}

const struct acpi_header *acpi_find(const char signature[4], unsigned n)
{
    for (unsigned i = 0; i < table_count; i++) {
        if (memcmp(tables[i]->signature, signature, 4) == 0 && n-- == 0) {
            return tables[i];
        }
    }
    return NULL;
}

/* PCI Firmware Specification 3.2, section 4.1.2. */
bool acpi_mcfg(uint64_t *base, uint8_t *bus_start, uint8_t *bus_end)
{
    const struct acpi_header *mcfg = acpi_find("MCFG", 0);

    if (mcfg == NULL) {
        return false;
    }
    for (size_t off = MCFG_FIRST; off + MCFG_ENTRY <= mcfg->length; off += MCFG_ENTRY) {
        const uint8_t *e = (const uint8_t *)mcfg + off;

        if (e[8] == 0 && e[9] == 0 && e[10] <= e[11] && get64(e, 0) != 0) { /* segment 0 */
            *base = get64(e, 0);
            *bus_start = e[10];
            *bus_end = e[11];
            return true;
        }
    }
    return false;
}

void acpi_power_off(void)
{
    const struct acpi_header *fadt = acpi_find("FACP", 0);
    const struct acpi_header *dsdt = acpi_find("DSDT", 0);
    uint8_t type_a, type_b;
    uint16_t pm1a, pm1b;

    if (fadt == NULL || dsdt == NULL || fadt->length < FADT_PM1B_CNT + 4 ||
        !acpi_find_s5((const uint8_t *)(dsdt + 1), dsdt->length - sizeof(*dsdt), &type_a,
                      &type_b)) {
        return;
    }
    pm1a = (uint16_t)get32(fadt, FADT_PM1A_CNT);
    pm1b = (uint16_t)get32(fadt, FADT_PM1B_CNT);
    if (pm1a == 0) {
        return;
    }
    /* Section 4.8.2.5: where the firmware's SMM still owns the hardware, ask it for it. */
    if (!(inw(pm1a) & PM1_SCI_EN) && get32(fadt, FADT_SMI_CMD) != 0) {
        outb((uint16_t)get32(fadt, FADT_SMI_CMD), ((const uint8_t *)fadt)[FADT_ACPI_ENABLE]);
        wait_until(inw(pm1a) & PM1_SCI_EN, ENABLE_WAIT_US);
    }
    outw(pm1a, (uint16_t)((inw(pm1a) & ~PM1_SLP_MASK) | PM1_SLP_TYP(type_a) | PM1_SLP_EN));
    if (pm1b != 0) {
        outw(pm1b, (uint16_t)((inw(pm1b) & ~PM1_SLP_MASK) | PM1_SLP_TYP(type_b) | PM1_SLP_EN));
    }
    wait_until(false, OFF_WAIT_US);
}

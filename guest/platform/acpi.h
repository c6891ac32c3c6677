// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ACPI tables as the firmware left them: found, measured, checksummed, and no more trusted than
 * that.
 */
#ifndef PLATFORM_ACPI_H
#define PLATFORM_ACPI_H

#include <stdbool.h>
#include <stdint.h>

struct acpi_header {
    char signature[4];
    uint32_t length;
    uint8_t revision;
    uint8_t checksum;
    char oem_id[6];
    char oem_table_id[8];
    uint32_t oem_revision;
    uint32_t creator_id;
    uint32_t creator_revision;
} __attribute__((packed));

/**
 * Find the RSDP (@rsdp from the boot door, else EBDA and E0000h-FFFFFh) and read RSDT or XSDT.
 * Tables longer than 1 MiB, shorter than their header or with a bad checksum are left out and
 * counted, as are tables above 4 GiB. The root table and the DSDT count as tables. Returns the
 * number of good tables, or -1 without a valid RSDP.
 */
int acpi_init(uint64_t rsdp);

/** Number of tables that acpi_init() rejected. */
unsigned acpi_rejected(void);

/** The i-th good table, or NULL. */
const struct acpi_header *acpi_get(unsigned i);

/** The n-th (from 0) good table with this signature, or NULL. */
const struct acpi_header *acpi_find(const char signature[4], unsigned n);

/** ECAM window of segment 0 from the MCFG table. Returns false where there is none. */
bool acpi_mcfg(uint64_t *base, uint8_t *bus_start, uint8_t *bus_end);

/** Power off through FADT's PM1 control blocks and the DSDT's \_S5 package. Returns only if it did
 * not work. */
void acpi_power_off(void);

#endif

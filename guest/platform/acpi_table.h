// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The part of ACPI that is only bytes: checks and a search. No privileged instruction, so it is
 * unit tested natively. Source: ACPI Specification 6.4, sections 5.2.5, 5.2.6, 7.4.2 and 20.2.
 */
#ifndef PLATFORM_ACPI_TABLE_H
#define PLATFORM_ACPI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACPI_RSDP_BYTES     20 /* revision 0 */
#define ACPI_RSDP_BYTES_NEW 36 /* with the XSDT, from revision 2 on */
#define ACPI_TABLE_MAX      (1u << 20)

/** Do @len bytes sum up to 0? */
bool acpi_checksum_ok(const void *p, size_t len);

/**
 * Is there a valid RSDP at @p, of which @room bytes may be read? Addresses of RSDT and XSDT (0: not
 * given) are stored.
 */
bool acpi_rsdp_ok(const void *p, size_t room, uint64_t *rsdt, uint64_t *xsdt);

/** Is the table at @p whole: length between its header and 1 MiB and @room, checksum good? */
bool acpi_table_ok(const void *p, size_t room);

/**
 * Find the package named \_S5 in @len bytes of AML and read its first two values, the sleep types
 * for PM1a and PM1b. Returns false if there is none in the form that firmware uses.
 */
bool acpi_find_s5(const uint8_t *aml, size_t len, uint8_t *type_a, uint8_t *type_b);

#endif

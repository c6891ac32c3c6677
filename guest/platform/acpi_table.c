// SPDX-License-Identifier: GPL-2.0-or-later
#include "platform/acpi_table.h"

#include "lib/string.h"
#include "platform/acpi.h"

/* Offsets within the RSDP. */
#define RSDP_REVISION 15
#define RSDP_RSDT     16
#define RSDP_LENGTH   20
#define RSDP_XSDT     24

/* AML (ACPI 6.4 section 20.2). */
#define AML_ZERO         0x00
#define AML_ONE          0x01
#define AML_BYTE         0x0a
#define AML_NAME         0x08
#define AML_ROOT         0x5c
#define AML_PACKAGE      0x12
#define AML_PKG_LEN_MORE 6 /* bits 7:6 of the first length byte: how many bytes follow */

bool acpi_checksum_ok(const void *p, size_t len)
{
    const uint8_t *b = p;
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + b[i]);
    }
    return sum == 0;
}

bool acpi_rsdp_ok(const void *p, size_t room, uint64_t *rsdt, uint64_t *xsdt)
{
    const uint8_t *b = p;
    uint32_t rsdt32, length;

    if (room < ACPI_RSDP_BYTES || memcmp(b, "RSD PTR ", 8) != 0 ||
        !acpi_checksum_ok(b, ACPI_RSDP_BYTES)) {
        return false;
    }
    memcpy(&rsdt32, b + RSDP_RSDT, sizeof(rsdt32));
    *rsdt = rsdt32;
    *xsdt = 0;
    if (b[RSDP_REVISION] < 2 || room < ACPI_RSDP_BYTES_NEW) {
        return true;
    }
    memcpy(&length, b + RSDP_LENGTH, sizeof(length));
    /* The extended part has a checksum of its own; where it is bad the old part still stands. */
    if (length >= ACPI_RSDP_BYTES_NEW && length <= room && acpi_checksum_ok(b, length)) {
        memcpy(xsdt, b + RSDP_XSDT, sizeof(*xsdt));
    }
    return true;
}

bool acpi_table_ok(const void *p, size_t room)
{
    struct acpi_header h;

    if (room < sizeof(h)) {
        return false;
    }
    memcpy(&h, p, sizeof(h));
    return h.length >= sizeof(h) && h.length <= ACPI_TABLE_MAX && h.length <= room &&
           acpi_checksum_ok(p, h.length);
}

/* A small integer constant at @*at. */
static bool take_byte(const uint8_t *aml, size_t len, size_t *at, uint8_t *value)
{
    if (*at >= len) {
        return false;
    }
    switch (aml[*at]) {
    case AML_ZERO:
    case AML_ONE:
        *value = aml[(*at)++];
        return true;
    case AML_BYTE:
        if (len - *at < 2) {
            return false;
        }
        *value = aml[*at + 1];
        *at += 2;
        return true;
    default:
        return false;
    }
}

static bool read_package(const uint8_t *aml, size_t len, size_t at, uint8_t *a, uint8_t *b)
{
    if (at + 2 > len || aml[at] != AML_PACKAGE) {
        return false;
    }
    at += 2 + (size_t)(aml[at + 1] >> AML_PKG_LEN_MORE); /* opcode and length */
    at += 1;                                             /* number of elements */
    return take_byte(aml, len, &at, a) && take_byte(aml, len, &at, b);
}

bool acpi_find_s5(const uint8_t *aml, size_t len, uint8_t *type_a, uint8_t *type_b)
{
    for (size_t i = 1; len >= 4 && i <= len - 4; i++) {
        bool named;

        if (aml[i] != '_' || memcmp(aml + i, "_S5_", 4) != 0) {
            continue;
        }
        named =
            aml[i - 1] == AML_NAME || (i >= 2 && aml[i - 1] == AML_ROOT && aml[i - 2] == AML_NAME);
        if (named && read_package(aml, len, i + 4, type_a, type_b)) {
            return true;
        }
    }
    return false;
}

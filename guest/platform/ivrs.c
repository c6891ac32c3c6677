// SPDX-License-Identifier: GPL-2.0-or-later
#include "platform/ivrs.h"

#include "lib/string.h"

#define IVRS_HEADER 48u

/* Every block: type, flags, 16-bit length. */
#define BLOCK_HEADER 4u
#define BLOCK_LENGTH 2u

#define IVHD_10       0x10
#define IVHD_11       0x11
#define IVHD_40       0x40
#define IVHD_BYTES_10 24u
#define IVHD_BYTES_11 40u

/* Offsets within an IVHD. */
#define IVHD_DEVID    4u
#define IVHD_CAP      6u
#define IVHD_BASE     8u
#define IVHD_SEGMENT  16u
#define IVHD_INFO     18u
#define IVHD_FEATURES 20u
#define IVHD_EFR      24u
#define IVHD_EFR2     32u

/* Device entries: the two top bits of the type tell the length, but for one by ACPI name, whose
 * last field has a length of its own. */
#define ENTRY_SPECIAL   0x48
#define ENTRY_HID       0xf0
#define ENTRY_HID_BYTES 22u
#define ENTRY_HID_UID   21u
#define SPECIAL_DEVID   5u
#define SPECIAL_VARIETY 7u

static uint64_t get(const uint8_t *p, size_t bytes)
{
    uint64_t v = 0;

    memcpy(&v, p, bytes); /* little-endian, as every machine with this table */
    return v;
}

static size_t header_bytes(uint8_t type)
{
    switch (type) {
    case IVHD_10:
        return IVHD_BYTES_10;
    case IVHD_11:
    case IVHD_40:
        return IVHD_BYTES_11;
    default:
        return BLOCK_HEADER; /* IVMD and what later revisions add: passed over by length */
    }
}

static void decode(const uint8_t *b, struct ivrs_ivhd *out)
{
    size_t header = header_bytes(b[0]);

    *out = (struct ivrs_ivhd){
        .type = b[0],
        .flags = b[1],
        .length = (uint16_t)get(b + BLOCK_LENGTH, 2),
        .devid = (uint16_t)get(b + IVHD_DEVID, 2),
        .cap_offset = (uint16_t)get(b + IVHD_CAP, 2),
        .base = get(b + IVHD_BASE, 8),
        .segment = (uint16_t)get(b + IVHD_SEGMENT, 2),
        .info = (uint16_t)get(b + IVHD_INFO, 2),
        .features = (uint32_t)get(b + IVHD_FEATURES, 4),
        .entries = b + header,
    };
    if (b[0] != IVHD_10) {
        out->efr = get(b + IVHD_EFR, 8);
        out->efr2 = get(b + IVHD_EFR2, 8);
    }
    out->entries_len = out->length - header;
}

bool ivrs_ivhd(const void *table, size_t len, unsigned n, struct ivrs_ivhd *out, bool *broken)
{
    const uint8_t *base = table;

    *broken = len < IVRS_HEADER;
    for (size_t off = IVRS_HEADER; off < len;) {
        const uint8_t *b = base + off;
        size_t room = len - off;
        size_t length;

        if (room < BLOCK_HEADER) {
            *broken = true;
            return false;
        }
        length = get(b + BLOCK_LENGTH, 2);
        if (length < header_bytes(b[0]) || length > room) {
            *broken = true;
            return false;
        }
        if (header_bytes(b[0]) != BLOCK_HEADER && n-- == 0) {
            decode(b, out);
            return true;
        }
        off += length;
    }
    return false;
}

static size_t entry_bytes(const uint8_t *e, size_t room)
{
    if (e[0] != ENTRY_HID) {
        return (size_t)4 << (e[0] >> 6);
    }
    return room < ENTRY_HID_BYTES ? room + 1 : ENTRY_HID_BYTES + e[ENTRY_HID_UID];
}

bool ivrs_special(const struct ivrs_ivhd *v, uint8_t variety, uint16_t *devid)
{
    for (size_t off = 0; off < v->entries_len;) {
        const uint8_t *e = v->entries + off;
        size_t room = v->entries_len - off, bytes = entry_bytes(e, room);

        if (bytes > room) {
            return false;
        }
        if (e[0] == ENTRY_SPECIAL && e[SPECIAL_VARIETY] == variety) {
            *devid = (uint16_t)get(e + SPECIAL_DEVID, 2);
            return true;
        }
        off += bytes;
    }
    return false;
}

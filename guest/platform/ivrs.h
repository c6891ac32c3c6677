// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The IVRS table (48882 section 5.2): a bounded walk over its blocks. No privileged instruction, so
 * it is unit tested natively.
 */
#ifndef PLATFORM_IVRS_H
#define PLATFORM_IVRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ivrs_ivhd {
    uint8_t type; /* 10h, 11h or 40h */
    uint8_t flags;
    uint16_t length;
    uint16_t devid;      /* of the IOMMU's own function */
    uint16_t cap_offset; /* of its capability block */
    uint64_t base;       /* MMIO base */
    uint16_t segment;
    uint16_t info;
    uint32_t features; /* +20 */
    uint64_t efr;      /* 11h and 40h only, else 0 */
    uint64_t efr2;
    const uint8_t *entries; /* first device entry */
    size_t entries_len;     /* bytes */
};

/**
 * The n-th IVHD block of a table of @len bytes at @table (with the 48-byte header).
 * Returns false if there is none. A block with a length that is zero, shorter than its header or
 * beyond the table ends the walk; *@broken is then set.
 */
bool ivrs_ivhd(const void *table, size_t len, unsigned n, struct ivrs_ivhd *out, bool *broken);

/* What an interrupt source that is no PCI function is called in a special device entry. */
#define IVRS_IOAPIC 1u

/**
 * The DeviceID that requests of the first special device of this @variety carry (48882 section
 * 5.2.2.7). Returns false if the block names none; an entry that does not fit ends the walk.
 */
bool ivrs_special(const struct ivrs_ivhd *v, uint8_t variety, uint16_t *devid);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Transfers of an AHCI or NVMe disk that the host holds: four pages of the disk's buffer, above
 * 4 GiB.
 */
#ifndef TESTS_DISK_HOLD_H
#define TESTS_DISK_HOLD_H

#include "tests/disk_rig.h"
#include "tests/hold_rig.h"

/** The pages in their order: 16 KiB at 35A7_1234_0000h of domain A6C1h. */
extern const struct disk_region disk_four[HOLD_PAGES];

/** Flushes all of them: S=1, bit 12 set, bit 13 clear. */
extern const struct amdvi_cmd disk_flush_four;

/** "NVMe read" and so on. */
const char *disk_transfer_name(const struct disk_rig *d, bool write);

/**
 * A transfer of HOLD_SECTORS sectors between @lba and the four pages, undisturbed: of new data
 * where it is a write. True if exactly that has moved.
 */
bool disk_plain(struct disk_rig *d, bool write, uint32_t lba);

/**
 * Start the same, and return when the host holds it: "old", armed to go on in HOLD_PREPARE_MS. It
 * is a positive control that it is under way and has moved nothing, and a negative one that neither
 * what the disk held, as disk_plain() has left it, nor what moves looks like canary. False where it
 * is not so.
 */
bool disk_hold_begin(struct disk_rig *d, bool write, uint32_t lba);

/** Clear the four pages' entries; the IOMMU is told by the flush that follows. */
void disk_unmap_four(struct disk_rig *d);

/** Take a look at the sectors from @lba on. False: the rule is an error. */
bool disk_look(struct disk_rig *d, uint32_t lba);

/** What was seen then: does it contain canary of the four pages? */
bool disk_leaks(const struct disk_rig *d);

#endif

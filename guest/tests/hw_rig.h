// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of hardware errors share: records that are compared bit by bit, and errors that
 * the host makes the IOMMU meet (docs/results-format.md section 2: inject).
 */
#ifndef TESTS_HW_RIG_H
#define TESTS_HW_RIG_H

#include "tests/rig.h"

/*
 * Nothing answers at 512 GiB and for a while behind it on the machines that this is run on. The
 * rules that look there are not for boards, where such memory may read as ones.
 */
#define HW_VOID 0x8000000000ull

/* Bits of dw1 that are compared: all, or all but Type where the platform decides what it is. */
#define HW_ALL      0xffffffffu
#define HW_BUT_TYPE 0xf9ffffffu

/**
 * At least @min and at most @max records have to come within a limit, and all must be the same: dw0
 * (but bits 31:20, EVT-001), the bits @dw1_mask of dw1, and the whole address. Type is 1, 2 or 3.
 */
void expect_hw_error(struct rig *r, const char *what, unsigned min, unsigned max, uint32_t dw0,
                     uint32_t dw1, uint32_t dw1_mask, uint64_t address);

/** What an error is about, by the host's name for it. */
#define HW_DEV_TAB       "dev-tab"
#define HW_PAGE_TAB      "page-tab"
#define HW_IRT           "irt"
#define HW_COMMAND       "command"
#define HW_IOTLB_TIMEOUT "iotlb-timeout"

/** Names of Type 1 to 3. */
extern const char *const hw_types[4];

/**
 * The next @count accesses of @kind that the IOMMU makes for @devid (for HW_COMMAND: at all) fail
 * as
 * @type says (NULL where the kind has none). Takes the place of what was armed of this kind for
 * this device; what is left when the rule ends is disarmed. False: the rule is an error.
 */
bool hw_arm(struct rig *r, const char *kind, uint16_t devid, unsigned count, const char *type);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of hardware errors share: records that are compared bit by bit.
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

#endif

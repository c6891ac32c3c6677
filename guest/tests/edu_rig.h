// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the edu rules share: a start with its interrupt at rest. The device is slow, so each rule
 * makes do with very few transfers.
 */
#ifndef TESTS_EDU_RIG_H
#define TESTS_EDU_RIG_H

#include "drivers/edu/edu.h"
#include "tests/rig.h"

/**
 * rig_begin(), with the means of tests/irq_rig.h, edu's messages off and its interrupt status
 * clear, and so again when the rule ends. NULL: the rule is an error.
 */
struct rig *edu_rig_begin(struct check *c);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The test framework: one rule, one test, one verdict.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include "boot/boot_info.h"

/**
 * Run what the command line asks for and leave the guest. Called by the boot code when the console,
 * the exception handlers, the page allocator (all usable memory given and mapped) and the time base
 * work, and ACPI and PCI have been scanned.
 */
_Noreturn void check_main(const struct boot_info *bi);

#endif

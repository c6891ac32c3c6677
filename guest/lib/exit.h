// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef LIB_EXIT_H
#define LIB_EXIT_H

#include <stdint.h>

enum exit_way {
    EXIT_HALT,  /* stop the CPU */
    EXIT_DEBUG, /* write the value to the isa-debug-exit port F4h; QEMU's status is 2v+1 */
    EXIT_ACPI,  /* ACPI S5 through PM1a/PM1b control */
};

/** Choose how exit_guest() leaves; the default is EXIT_HALT. For EXIT_ACPI platform/acpi.h must
 * have been set up. */
void exit_set_way(enum exit_way way);

/** Leave for good with value @v (docs/results-format.md section 1); falls back to halting. */
_Noreturn void exit_guest(uint8_t v);

#endif

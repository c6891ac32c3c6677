// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left to the kernel that starts when the machine is reset (docs/results-format.md section
 * 2, "A machine that is reset"). It lies in a page behind the kernel's image: no loader writes
 * there, not even one that puts the kernel into memory again, and the page allocator leaves it
 * alone.
 */
#ifndef CHECK_AGAIN_H
#define CHECK_AGAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "boot/boot_info.h"

/** Leave @len bytes. False: the memory map does not call the page usable, or they are too many. */
bool again_leave(const struct boot_info *bi, const void *data, size_t len);

/** Take what was left, which is gone then. False: nothing was, or not @len bytes. */
bool again_take(const struct boot_info *bi, void *data, size_t len);

#endif

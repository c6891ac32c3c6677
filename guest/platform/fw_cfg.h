// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU's fw_cfg by ports 510h/511h. Source: QEMU docs/specs/fw_cfg.rst.
 */
#ifndef PLATFORM_FW_CFG_H
#define PLATFORM_FW_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Read file @name into @buf, at most @size - 1 bytes, and end it with a NUL.
 * Returns the file's length, or -1 if there is no fw_cfg device or no such file. The directory walk
 * is bounded.
 */
long fw_cfg_read(const char *name, char *buf, size_t size);

/** Is there such a device? */
bool fw_cfg_present(void);

/** Select the entry @key of a device that is there, and read nothing. */
void fw_cfg_select(uint16_t key);

#endif

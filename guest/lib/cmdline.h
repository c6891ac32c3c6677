// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel command line: words separated by spaces, KEY or KEY=VALUE.
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Does the word KEY (alone, or with a value) stand in @cmdline? The first word may be anything (a
 * path). */
bool cmdline_has(const char *cmdline, const char *key);

/**
 * Copy the value of KEY=VALUE (the last one given) to @buf. Returns false if there is none or if it
 * does not fit; @buf is then empty.
 */
bool cmdline_get(const char *cmdline, const char *key, char *buf, size_t size);

/** As cmdline_get() for an unsigned number, decimal or 0x; @fallback where there is none or it is
 * no number. */
uint64_t cmdline_number(const char *cmdline, const char *key, uint64_t fallback);

/** Does @text match @glob (`*` any run, `?` one character)? Linear time in practice, bounded stack.
 */
bool glob_match(const char *glob, const char *text);

/** Does @text match one of the globs in the comma-separated @list? An empty list matches nothing.
 */
bool glob_list_match(const char *list, const char *text);

#endif

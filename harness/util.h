// SPDX-License-Identifier: GPL-2.0-or-later
// Small helpers that every part of the harness uses.
#pragma once

#include <glib.h>

// Codes of AVC_ERROR are exit statuses: an error knows by itself how the program ends.
typedef enum {
    AVC_OK = 0,
    AVC_BROKEN = 1,  // a rule is broken
    AVC_USAGE = 2,   // bad option, glob or profile
    AVC_TROUBLE = 3, // missing emulator, crash outside a rule, no verdict
} AvcExit;

#define AVC_ERROR avc_error_quark()
GQuark avc_error_quark(void);

// Writes `text` to `path` through a temporary file, fsync and rename, so that a reader finds the
// old file or the whole new one. Returns FALSE and sets `error` (AVC_TROUBLE) on failure.
gboolean avc_write_file(const char *path, const char *text, gsize length, GError **error);

// SHA-256 of a file's bytes, in hexadecimal. NULL and `error` (AVC_TROUBLE) if it cannot be read.
// Caller frees.
char *avc_file_digest(const char *path, GError **error);

// TRUE if `text` starts with a letter and holds only letters, digits and underscores.
gboolean avc_is_identifier(const char *text);

// TRUE if `text` looks like AMDVI-PT-002: capitals, digits and at least one hyphen between parts.
gboolean avc_is_rule_id(const char *text);

// Reads all of `text` as a decimal number without sign or leading zeros, at most `max`.
gboolean avc_parse_decimal(const char *text, guint64 max, guint64 *value);

// "SIGSEGV" for 11; "signal N" for one without a well-known name. Static or interned string.
const char *avc_signal_name(int signo);

// "850 us", "12.5 ms" or "3.20 s" from microseconds. Caller frees.
char *avc_format_us(guint64 us);

// Time now in UTC, ISO 8601 with seconds ("2026-01-31T12:00:00Z"). Caller frees.
char *avc_utc_now(void);

// `argv` as one line that a POSIX shell reads back as the same words. Caller frees.
char *avc_shell_join(const char *const *argv);

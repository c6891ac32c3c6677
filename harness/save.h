// SPDX-License-Identifier: GPL-2.0-or-later
// The files of a run (docs/results-format.md section 5), each written whole or not at all.
#pragma once

#include "runner.h"

// FALSE and `error` (AVC_TROUBLE) if `path` (may be NULL) cannot become a JUnit file, so that a
// typing error shows before the run and not after it.
gboolean save_check_junit(const char *path, GError **error);

// Makes a folder in `parent` for each Machine in `machines` and writes there the results of a run
// in which nothing has run yet. FALSE and `error` (AVC_TROUBLE); nothing is left then.
gboolean save_start(GPtrArray *machines, const char *parent, GError **error);

// Writes results.json as far as the machine has come, at the expense of scratch disks if there is
// no room otherwise. FALSE and `error` (AVC_TROUBLE): the last one is still there.
gboolean save_progress(const Machine *machine, GError **error);

// Writes all files of all machines, and `junit` (may be NULL) with all of them together. FALSE and
// `error` (AVC_TROUBLE, about the first that failed); the others have been written.
gboolean save_end(GPtrArray *machines, const char *junit, GError **error);

// SPDX-License-Identifier: GPL-2.0-or-later
// Which rules run in which boot, and what the kernel's command line says.
#pragma once

#include <glib.h>

#include "rules.h"

// Fewer rules than this do not repay a boot of their own.
#define PLAN_RULES_PER_BOOT 8
// What a kernel takes as command line, less some room for the loader's own words.
#define PLAN_CMDLINE_MAX    8000

// Divides the Rules in `rules` (borrowed) into boots: contiguous shards, at most `jobs` (>= 1) of
// them unless the command line would grow too long, and one boot for each may-kill rule, last.
// Returns an array of arrays of Rule.
GPtrArray *plan_boots(GPtrArray *rules, guint jobs, guint cmdline_room);

// The command line that makes the guest run exactly `rules`. `options` (may be NULL) are added.
// Caller frees.
char *plan_cmdline(GPtrArray *rules, guint64 seed, const char *exit_way, gboolean reverse,
                   const char *options);

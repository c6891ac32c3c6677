// SPDX-License-Identifier: GPL-2.0-or-later
// run --resume: finishing a run under the conditions under which it began.
#pragma once

#include "options.h"
#include "saved.h"

// Reads the runs that `options->resume` names and takes from them what the command line does not
// say. FALSE and `error` (AVC_USAGE) if a run cannot be read or was started with other options than
// those given now, or than another of the runs; the sentence says what differs.
gboolean resume_options(RunOptions *options, GError **error);

// The rules of a run, out of `table`. NULL and `error` (AVC_USAGE) if one is no longer there.
// Caller unrefs.
GPtrArray *resume_rules(const Saved *saved, const RuleTable *table, GError **error);

// FALSE and `error` (AVC_USAGE) if the profile, the kernel or the emulator of `machine` is not the
// one that the run began with.
gboolean resume_check(const Saved *saved, const MachineResults *now, GError **error);

// Moves what is known from the run into a prepared `machine`.
void resume_fill(Saved *saved, Machine *machine);

// SPDX-License-Identifier: GPL-2.0-or-later
// A run read back from its results.json (docs/results-format.md section 5), to be finished.
#pragma once

#include "results.h"

typedef struct {
    char *folder;            // of the run, absolute
    int lock;                // held while this exists: nobody else works in the folder
    MachineResults *results; // all but its `results`, for which a rule list is needed
    GPtrArray *rules;        // of char *: IDs of all rules of the run, in their order
    GPtrArray *finished;     // of FinishedRule
} Saved;

// Reads the run in `folder` and locks the folder. NULL and `error` (AVC_USAGE, one sentence) if
// there is none, if it is not of this format, or if another program is at work on it.
Saved *saved_load(const char *folder, GError **error);
void saved_free(Saved *saved);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Saved, saved_free)

// What was found out about a rule; `result` has no rule yet.
typedef struct {
    char *id;
    Result *result;
} FinishedRule;

// Locks the folder of a run, so that nobody resumes it while it is under way. The descriptor, or -1
// if somebody else has it.
int saved_lock(const char *folder);

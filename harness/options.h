// SPDX-License-Identifier: GPL-2.0-or-later
// The options of `amdvi-check run`, and the machines that follow from them.
#pragma once

#include <glib.h>

#include "rules.h"
#include "runner.h"

typedef struct {
    GStrv resume;     // folders of runs to finish
    GPtrArray *saved; // of Saved, one for each of these folders; NULL otherwise
    GStrv machines;
    GStrv rules;
    GStrv skip;
    int jobs;
    gboolean kvm;
    char *emulator;
    char *out;
    gboolean tap;
    char *junit;
    char *kernel;
    char *iso;
    char *efi;
    char *rules_list;
    char *device_args;
    gboolean reverse;
    guint64 seed;
    double timeout_s;
    gboolean accel_given, order_given, seed_given, timeout_given;
    char *repro;
    gboolean gdb;
    gboolean keep;
    char *timelines; // folder for pictures, or NULL
} RunOptions;

// Reads the command line; --help prints and ends the program. FALSE and `error` (AVC_USAGE) if it
// cannot be understood.
gboolean options_parse(int argc, char **argv, RunOptions *options, GError **error);
void options_clear(RunOptions *options);

// Loads and checks everything the run needs and returns its Machines, ready but for their folders.
// NULL and `error` (AVC_USAGE or AVC_TROUBLE); nothing has been written then. The machines borrow
// from `options` and `table`.
GPtrArray *options_machines(RunOptions *options, const RuleTable *table, GError **error);

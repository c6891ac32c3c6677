// SPDX-License-Identifier: GPL-2.0-or-later
// Runs the boots of all machines, some at a time, and gathers their results.
#pragma once

#include "boot.h"
#include "profile.h"
#include "results.h"

typedef struct {
    Profile *profile;
    GPtrArray *rules; // borrowed Rules to run
    Expectations expectations;
    BootSetup setup;
    MachineResults *results;
    char *note; // about the expectations, or NULL

    // The runner's own.
    GQueue pending;    // of GPtrArray: rules of boots to come
    GPtrArray *active; // of Boot
    guint boots;       // started so far
    guint broken;      // boots that broke off
    gint64 started;    // monotonic, microseconds
} Machine;

Machine *machine_new(Profile *profile);
void machine_free(Machine *machine);

// Called whenever something can have changed: `record` is the boot that is over, or NULL for a
// mere passing of time (every 200 ms).
typedef void (*RunnerFunc)(GPtrArray *machines, const Machine *machine, const BootRecord *record,
                           gpointer data);

// Runs all Machines in `machines`, whose folders exist, with at most `jobs` emulators at a time.
// SIGINT and SIGTERM stop it. On return every rule of every machine has a verdict and the sums are
// made. FALSE if it was stopped.
gboolean runner_run(GPtrArray *machines, guint jobs, RunnerFunc func, gpointer data);

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
    int lock;   // on the folder, or -1

    // The runner's own.
    GQueue pending;    // of GPtrArray: rules of boots to come
    GPtrArray *active; // of Boot
    guint boots;       // started so far
    guint broken;      // boots that broke off
    gint64 started;    // monotonic, microseconds
    gint64 earlier_ms; // what the run took before it was resumed
} Machine;

Machine *machine_new(Profile *profile);
void machine_free(Machine *machine);

// Gives a Machine whose rules, set-up and expectations are known its results, none of which has a
// verdict yet.
void machine_prepare(Machine *machine);

// Puts `result`, of an earlier part of the same run, in the place of the one for the rule `id`, if
// the machine runs it. Takes it over.
void machine_adopt(Machine *machine, const char *id, Result *result);

// Called whenever something can have changed: `record` is the boot that is over, or NULL for a
// mere passing of time (every 200 ms).
typedef void (*RunnerFunc)(GPtrArray *machines, const Machine *machine, const BootRecord *record,
                           gpointer data);

// Runs all Machines in `machines`, which are prepared and have folders, with at most `jobs`
// emulators at a time. SIGINT and SIGTERM stop it (stop.h). On return every rule of every machine
// has a verdict and the sums are made; `func` finds them made for the boots that are over. FALSE if
// it was stopped with something left to do.
gboolean runner_run(GPtrArray *machines, guint jobs, RunnerFunc func, gpointer data);

// SPDX-License-Identifier: GPL-2.0-or-later
// One boot of one machine: starts the emulator, listens, answers, loses patience, cleans up.
#pragma once

#include <glib.h>

#include "profile.h"
#include "results.h"

typedef struct {
    const Profile *profile;
    const RuleTable *table;
    const char *emulator; // path
    const char *kernel;
    const char *iso;
    const char *efi;
    gboolean kvm;
    gboolean reverse;
    gboolean keep;  // keep the scratch disk
    gboolean trace; // keep a trace of the emulator
    const char *extra;
    const char *gdb_socket; // no time limits while a debugger may be attached
    guint64 seed;
} BootSetup;

typedef struct Boot Boot;

// Called once, from the main loop, when the emulator is gone and the files are written.
typedef void (*BootFunc)(Boot *boot, gpointer data);

// Starts boot `number` for the Rules in `rules` (a reference is taken), with its files in
// `folder`, which is made. NULL and `error` if it cannot be started; `func` is not called then.
Boot *boot_start(const BootSetup *setup, GPtrArray *rules, guint number, const char *folder,
                 BootFunc func, gpointer data, GError **error);

// Kills the emulator at once; `func` is called as always.
void boot_stop(Boot *boot);

// Frees a boot whose `func` was called.
void boot_free(Boot *boot);

// The rule that is open now, or NULL, and for how long (seconds).
const Rule *boot_open_rule(const Boot *boot, double *seconds);
// How many rules have ended.
guint boot_ended(const Boot *boot);

// For `func`: the rules asked for, what was said, how it ended, and what goes into the results.
// boot_take_*() give the ownership away.
GPtrArray *boot_rules(const Boot *boot);
const BootEnd *boot_end(const Boot *boot);
guint boot_number(const Boot *boot);
Transcript *boot_take_transcript(Boot *boot);
BootRecord *boot_take_record(Boot *boot);

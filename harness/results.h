// SPDX-License-Identifier: GPL-2.0-or-later
// From what a boot said and how it ended to verdicts (docs/results-format.md section 4), and the
// data that all writers of results read. No I/O here.
#pragma once

#include <glib.h>

#include "rules.h"
#include "transcript.h"

// Why a boot is over.
typedef enum {
    CAUSE_EXIT,         // the emulator ended by itself
    CAUSE_RULE_TIMEOUT, // a rule took longer than its metadata allows
    CAUSE_BOOT_TIMEOUT, // the whole boot took too long
    CAUSE_SILENCE,      // nothing on the serial line, outside a rule
    CAUSE_LINGER,       // `done` came but the emulator does not end
    CAUSE_FLOOD,        // more bytes on the serial line than the limit
    CAUSE_STOPPED,      // the user stopped the run
} BootCause;

// What QMP said when the harness lost patience.
typedef enum {
    LIFE_UNKNOWN, // no QMP to ask, or not asked
    LIFE_ANSWERS, // the emulator answers, so the guest hangs
    LIFE_SILENT,  // the emulator itself hangs
} Life;

// How the guest is to end (docs/results-format.md, "Exit value").
typedef enum { EXIT_DEBUG, EXIT_ACPI, EXIT_HALT } ExitMode;

typedef struct {
    BootCause cause;
    Life life;
    double limit_s;   // the limit that was passed, where `cause` is one
    int status;       // exit status, -1 if there is none
    int signo;        // signal that ended it (also ours), 0 if none
    ExitMode mode;    // what was agreed
    gboolean reset;   // the guest reset the machine
    gboolean orderly; // the emulator says that the guest brought its end about
    const char *note; // more about it, or NULL; borrowed
} BootEnd;

typedef enum {
    OUTCOME_DONE,
    OUTCOME_TIMEOUT,
    OUTCOME_HUNG,
    OUTCOME_CRASHED,
    OUTCOME_ERROR,
    OUTCOME_STOPPED, // by the user
} Outcome;

typedef struct {
    guint number; // 1, 2, ...: names the folder boot-NN
    GStrv command;
    int exit;  // -1 if none
    int signo; // 0 if none
    Outcome outcome;
    gint64 duration_ms;
    guint rules;       // asked for
    GPtrArray *errors; // of char *
} BootRecord;

typedef enum { EXPECT_PASS, EXPECT_FAIL, EXPECT_SKIP } Expected;

typedef struct {
    const Rule *rule;
    Status status;  // the guest's
    Status verdict; // the harness's; STATUS_NONE until judged
    Expected expected;
    gboolean unexpected;
    gboolean finished; // FALSE: a run that was stopped has it still to do
    char *reason;
    char *finding; // page of a known failure, or NULL
    guint64 us;
    guint boot;          // number of the boot, 0 if none
    GPtrArray *controls; // of Control; these four borrow from the transcript, as a rule
    GPtrArray *obs;      // of Pair
    GPtrArray *diag;     // of char *
    GPtrArray *marks;    // of Mark
} Result;

typedef struct {
    char *path;
    const char *kind; // patched, stock, mutant, other
    char *version;    // what the binary says, "" if unknown
    char *base;       // "10.0.13", or NULL
    char *digest;     // of the build, of the binary if it is another's; NULL if there is none
} EmulatorInfo;

// What a run was started with, so that it can be finished later under the same conditions.
typedef struct {
    char *profile;        // as after --machine; a file by its absolute path
    char *profile_digest; // SHA-256 of the profile and what it includes
    char *kernel;         // these four: absolute paths; the last may be NULL
    char *iso;
    char *efi;
    char *rules_list;
    char *image_digest; // SHA-256 of the one that is booted; NULL if none is
    char *emulator;     // as after --emulator, or NULL
    char *device_args;  // as after --device-args, or NULL
    gboolean reverse;
    double timeout_s; // as after --timeout, 0 if not given
} RunSetup;

// One machine's part of a run.
typedef struct {
    char *machine; // profile name, with its settings if any
    const char *door;
    const char *accel;
    EmulatorInfo emulator;
    RunSetup setup;
    gboolean complete; // every rule is finished
    char *started;
    gint64 duration_ms;
    guint64 seed;
    GPtrArray *platform; // of Pair
    GPtrArray *boots;    // of BootRecord
    GPtrArray *results;  // of Result, by rule ID
    GPtrArray *talks;    // of Transcript: owns what the results borrow
    GPtrArray *errors;   // of char *: errors of the run that belong to no boot
    char *folder;
    guint summary[STATUS_COUNT];
    guint unexpected;
    int exit; // AvcExit
} MachineResults;

// What a profile expects of a rule; NULL where it expects a pass.
typedef struct {
    GHashTable *skips; // rule ID to reason
    GHashTable *fails; // rule ID to finding, or NULL
    const char *lacks; // comma list of needs that the machine does not meet, or NULL
    gboolean all_fail; // every rule is to fail (mutants)
} Expectations;

// Result without a verdict for `rule`.
Result *result_new(const Rule *rule);
// The same, but what is put into its four arrays belongs to it.
Result *result_new_owning(const Rule *rule);
void result_free(gpointer result);
MachineResults *machine_results_new(void);
void machine_results_free(MachineResults *results);
BootRecord *boot_record_new(guint number, guint rules);

// "done", "timeout", "hung", "crashed", "error", "stopped".
const char *outcome_name(Outcome outcome);
// "pass", "fail", "skip".
const char *expected_name(Expected expected);

// What a boot came to: its outcome. Adds to the transcript's errors whatever was wrong outside
// rules: a missing `done`, an exit value that does not agree, a crash between rules.
Outcome results_close_boot(Transcript *transcript, const BootEnd *end);

// TRUE if the rules that never began may be tried in another boot: this one broke off before
// `done`, whoever is to blame, and not because the user wanted it.
gboolean results_may_go_on(const Transcript *transcript, const BootEnd *end);

// Gives `result` its status, verdict and reason from what the boot `number` said about its rule.
void results_judge(Result *result, const Transcript *transcript, const BootEnd *end, guint number);

// Gives `result` the verdict error with this reason.
void results_set_error(Result *result, const char *reason);

// Compares the verdict with what is expected: a listed failure becomes `known`. May be called again
// when the verdict is another.
void results_expect(Result *result, const Expectations *expectations);

// Counts the verdicts and sets the exit status. A result that has no verdict counts as an error.
void results_sum_up(MachineResults *results);

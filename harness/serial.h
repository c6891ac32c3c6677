// SPDX-License-Identifier: GPL-2.0-or-later
// Records inside the lines: docs/results-format.md section 1, one struct for all of them.
#pragma once

#include <glib.h>

typedef enum {
    STATUS_PASS,
    STATUS_FAIL,
    STATUS_SKIP,
    STATUS_KNOWN,
    STATUS_ERROR,
    STATUS_COUNT,
    STATUS_NONE = STATUS_COUNT, // the guest gave none
} Status;

typedef enum { CONTROL_POS, CONTROL_NEG, CONTROL_NONE } ControlKind;

typedef enum {
    RECORD_RULE,
    RECORD_PLAN,
    RECORD_PLATFORM,
    RECORD_BEGIN,
    RECORD_CTL,
    RECORD_OBS,
    RECORD_DIAG,
    RECORD_MARK,
    RECORD_END,
    RECORD_HOST,
    RECORD_DONE,
} RecordType;

typedef struct {
    char *key;
    char *value;
} Pair;

typedef struct {
    RecordType type;
    char *rule;                   // begin, ctl, obs, mark, end
    char tag;                     // begin: 'A', 'M' or 'U'
    char *name;                   // begin: test name; host: verb; mark: event
    ControlKind control;          // ctl
    gboolean ok;                  // ctl
    Status status;                // end
    guint64 number;               // plan: N; end: microseconds; host: ID; mark: TSC
    char *text;                   // ctl, diag, mark, end: text, maybe empty; host: args; rule: all
    GPtrArray *pairs;             // platform, obs: of Pair
    guint64 counts[STATUS_COUNT]; // done
} Record;

// Reads the text of a record (frame removed). Returns FALSE with `error` set where it does not
// have the form the contract gives it. On success the caller calls record_clear().
gboolean record_parse(const char *text, Record *record, GError **error);

// Frees what record_parse() put into `record`.
void record_clear(Record *record);

// "pass", "fail", "skip", "known", "error"; "none" for STATUS_NONE.
const char *status_name(Status status);

// "pos", "neg" or "none".
const char *control_name(ControlKind kind);

// A Pair of its own, for arrays made by pair_array_new().
Pair *pair_new(const char *key, const char *value);
GPtrArray *pair_array_new(void);

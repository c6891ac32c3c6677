// SPDX-License-Identifier: GPL-2.0-or-later
// What one boot said on its serial line: a state machine over bytes, no I/O. It notes facts and
// breaches of the contract; results.c makes verdicts of them.
#pragma once

#include <glib.h>

#include "line.h"
#include "rules.h"
#include "serial.h"

typedef struct {
    ControlKind kind;
    gboolean ok;
    char *text;
} Control;

void control_free(gpointer control);

// A moment that the guest has noted.
typedef struct {
    guint64 tsc; // below 2^63
    char *event; // a C identifier
    char *text;  // may be empty
} Mark;

Mark *mark_new(guint64 tsc, const char *event, const char *text);
void mark_free(gpointer mark);

// What the guest said about one rule.
typedef struct {
    const Rule *rule;
    gboolean began;
    Status status; // STATUS_NONE until `end`
    char *reason;
    guint64 us;
    GPtrArray *controls; // of Control
    GPtrArray *obs;      // of Pair
    GPtrArray *diag;     // of char *
    GPtrArray *marks;    // of Mark
    char *damage;        // the first breach of the contract that touches this rule, or NULL
    char *exception;     // text of the diag line that reported an exception, or NULL
    gboolean overfull;   // there were more controls, observed values or marks than are kept
} RuleRun;

// A request of the guest that waits for its answer.
typedef struct {
    guint64 id;
    char *verb;
    char *args;
} HostRequest;

void host_request_free(HostRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostRequest, host_request_free)

typedef struct {
    const RuleTable *table; // borrowed
    GPtrArray *asked;       // borrowed Rules: what this boot was told to run
    LineFramer framer;
    guint64 bytes;   // fed so far
    guint records;   // good lines so far
    guint32 next;    // sequence number that ought to come
    guint unread;    // damaged lines since the last good one: they explain a gap of that size
    gboolean astray; // the sequence went back: nothing after that is believed
    gboolean planned;
    gboolean done;
    guint64 tally[STATUS_COUNT]; // of the `end` records
    guint64 next_request;
    GHashTable *by_id;   // rule ID to RuleRun
    RuleRun *open;       // between `begin` and `end`, or NULL
    guint ended;         // rules with an `end`
    GPtrArray *platform; // of Pair
    gboolean overfull;   // there were more of these than are kept
    GPtrArray *diag;     // of char *: text outside rules
    GPtrArray *errors;   // of char *
    guint64 breaches;    // of the contract, those that are not listed included
    GQueue requests;     // of HostRequest, oldest first
} Transcript;

// A transcript for a boot that was asked to run the Rules in `asked`.
Transcript *transcript_new(const RuleTable *table, GPtrArray *asked);
void transcript_free(Transcript *transcript);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Transcript, transcript_free)

// Takes the next bytes of the serial line.
void transcript_feed(Transcript *transcript, const void *bytes, gsize length);

// To be called after the last byte. `cut_off`: the emulator was killed or died, so that an
// unfinished last line is no breach.
void transcript_finish(Transcript *transcript, gboolean cut_off);

// What was said about a rule, or NULL if nothing was.
const RuleRun *transcript_find(const Transcript *transcript, const Rule *rule);

// Notes an error of the whole boot, also where the guest has made so many that its own are no
// longer listed.
void transcript_error(Transcript *transcript, const char *format, ...) G_GNUC_PRINTF(2, 3);

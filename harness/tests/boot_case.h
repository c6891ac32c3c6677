// SPDX-License-Identifier: GPL-2.0-or-later
// A boot made of records, for the tests of transcripts and verdicts. Three rules: two with controls
// AMDVI-PT-001 and AMDVI-PT-002, one that may do without, AMDVI-XT-003.
#pragma once

#include "../results.h"

extern const char boot_case_list[];

typedef struct {
    RuleTable *table;
    GPtrArray *asked;
    Transcript *talk;
    guint seq;
    Outcome outcome;
    BootEnd end;
} Case;

// Opens and closes a case whose boot is asked for the first `rules` rules.
void open_case(Case *c, guint rules);
void close_case(Case *c);

// Feeds bytes as they are, one record, one with a chosen number, or records separated by '|'.
void feed(Case *c, const char *bytes);
void say(Case *c, const char *record);
void say_as(Case *c, guint seq, const char *record);
void say_all(Case *c, const char *records);

// How the boot ends.
void end_with_status(Case *c, int status);
void end_with_signal(Case *c, int signo);
void end_with_limit(Case *c, BootCause cause, Life life);

// The verdict on rule `index`, which must have a reason that holds `reason`.
void check(const Case *c, guint index, Status verdict, const char *reason);

// There must be an error of the boot that holds `text`.
void check_error(const Case *c, const char *text);

#define BEGIN1 "begin AMDVI-PT-001 A pt_one"
#define CTL1   "ctl AMDVI-PT-001 pos ok x|ctl AMDVI-PT-001 neg ok x"
#define PASS1  BEGIN1 "|" CTL1 "|end AMDVI-PT-001 pass 5"
#define BEGIN2 "begin AMDVI-PT-002 A pt_two"
#define PASS2  BEGIN2 "|ctl AMDVI-PT-002 pos ok x|ctl AMDVI-PT-002 neg ok x|end AMDVI-PT-002 pass 5"

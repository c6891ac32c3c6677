// SPDX-License-Identifier: GPL-2.0-or-later
// The forms in which results leave the harness. All of them only read.
#pragma once

#include <glib.h>

#include "runner.h"

// results.json of one machine (docs/results-format.md section 5). Caller frees.
char *output_json(const MachineResults *results);

// TAP version 13 over the machines in `all` (of MachineResults); their names stand in the lines
// where there are several. Caller frees.
char *output_tap(GPtrArray *all);

// JUnit over the machines in `all`, one testsuite each. Caller frees.
char *output_junit(GPtrArray *all);

// The verdict table for people: a table for one machine, a matrix for several if `width` (columns)
// allows. Titles are cut to fit; with width 0 nothing is cut. `color`: with terminal colours.
// Caller frees.
char *output_table(GPtrArray *all, guint width, gboolean color);

// Everything about each rule of one machine, for run --repro. Caller frees.
char *output_details(const MachineResults *results, gboolean color);

// FALSE if `line`, of what the rule has reported, only repeats the reason.
gboolean output_says_more(const Result *result, const char *line);

// "fail (M, review)", "FAIL" and the like: how a verdict reads. Caller frees.
char *output_verdict(const Result *result);

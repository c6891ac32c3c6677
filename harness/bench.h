// SPDX-License-Identifier: GPL-2.0-or-later
// What `amdvi-check bench` makes of the times that it has taken: medians of pairs, with an
// interval. No I/O here.
#pragma once

#include <glib.h>

#include "results.h"

// The least number of pairs for which a median has an interval of 95 %.
#define BENCH_PAIRS_MIN 6
#define BENCH_PAIRS_MAX 500

// What is allowed to be lost: speed may be this share of what it was.
#define BENCH_SPEED_MIN 0.95

typedef enum {
    BENCH_OK,           // the whole interval is at or above the limit
    BENCH_INCONCLUSIVE, // the limit lies in it
    BENCH_SLOWER,       // the whole interval is below
} BenchVerdict;

// Speed after, as a share of the speed before.
typedef struct {
    double median;
    double low, high; // of the interval of the median
    BenchVerdict verdict;
} BenchSpeed;

// One line of the table: the same thing done before and after, once in each pair.
typedef struct {
    char *name;
    char *title;
    char *machine;  // profile
    GArray *before; // of double: microseconds of one request, element n is of pair n
    GArray *after;
    gboolean within; // both are of the patched emulator, one without and one with a held transfer
    BenchSpeed speed;
} BenchRow;

// All that goes into the table and the file.
typedef struct {
    guint pairs;
    guint64 seed;
    char *started;
    gint64 duration_ms;
    guint processors;
    double load[2];             // of the host, over the minute before begin and end
    EmulatorInfo *emulators[2]; // stock and patched; borrowed
    char *kernel_digest;
    GPtrArray *rows; // of BenchRow
} Bench;

BenchRow *bench_row_new(const char *name, const char *title, const char *machine);
void bench_row_free(gpointer row);

// The median of `count` values (>= 1), which are left as they are.
double bench_median(const double *values, guint count);

// The interval from the k-th smallest to the k-th greatest of `count` values holds the median of
// what they were drawn from with a probability of at least 95 %, whatever their distribution: the
// greatest such k, from the binomial distribution of how many lie below it. 0: there is none.
guint bench_rank(guint count);

// The median of before[n] / after[n], its interval, and what follows. `count` is at least
// BENCH_PAIRS_MIN.
BenchSpeed bench_compare(const double *before, const double *after, guint count);

// bench_compare() for a row, both of whose arrays are complete.
void bench_row_judge(BenchRow *row);

// "ok", "inconclusive", "slower".
const char *bench_verdict_name(BenchVerdict verdict);

// The exit status that goes with the rows (of BenchRow): AVC_BROKEN if one is slower, else
// AVC_TROUBLE if one is inconclusive, as nothing can be said then.
int bench_exit(GPtrArray *rows);

// The table for people. Caller frees.
char *bench_table(const Bench *bench);

// bench.json (docs/performance.md). Caller frees.
char *bench_json(const Bench *bench);

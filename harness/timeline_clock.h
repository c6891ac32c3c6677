// SPDX-License-Identifier: GPL-2.0-or-later
// One clock for guest and emulator: the guest's time-stamp counter in the emulator's wall clock.
// No I/O here.
#pragma once

#include "timeline_trace.h"
#include "transcript.h"

// Two to fit, and one at least to see whether the fit is any good.
#define CLOCK_PAIRS_MIN  3
// What the clocks may differ, in microseconds.
#define CLOCK_DIFFERENCE 200

// One access that both have seen: the guest between two readings of its counter, the emulator at a
// point between them.
typedef struct {
    guint64 tsc, ticks; // of the guest: from `tsc` on for `ticks`
    gint64 us;          // of the emulator
} ClockPair;

typedef struct {
    guint64 tsc; // at this count
    gint64 us;   // it is this time, not counting the time that the machine stood still
    double us_per_tick;
    guint pairs;
    gint64 difference;   // the greatest of all pairs, in microseconds
    const GArray *stops; // of TraceStop, borrowed from the trace; NULL where there are none
} Clock;

// The pairs of the `clock` marks in `marks` that the trace has, too, from its event number `from`
// on: of ClockPair, in the order of the marks.
GArray *clock_pairs(const GPtrArray *marks, const Trace *trace, guint from);

// Draws a line through two pairs that were seen closely, far apart, and holds it against all
// others. FALSE and `error` (AVC_TROUBLE) where there are too few, or one is more than
// CLOCK_DIFFERENCE off: then nothing that the two clocks say can be compared.
gboolean clock_fit(const GArray *pairs, const GArray *stops, Clock *clock, GError **error);

// Both, for the marks of one rule. A guest that has been reset counts its accesses anew, so what
// the first one was is found by how well the others agree.
gboolean clock_match(const GPtrArray *marks, const Trace *trace, Clock *clock, GError **error);

// The emulator's time, in microseconds, when the guest's counter was `tsc`.
gint64 clock_us(const Clock *clock, guint64 tsc);

// SPDX-License-Identifier: GPL-2.0-or-later
// What an emulator's trace says (QEMU's trace backend `log` with time stamps). No I/O here.
#pragma once

#include <glib.h>

// Of one trace; a file with more has gone astray.
#define TRACE_EVENTS_MAX 2000000u

typedef struct {
    gint64 us;        // host's wall clock
    const char *name; // "amdvi_completion_wait"
    const char *args; // the rest of the line
} TraceEvent;

// The machine stood still, and the guest's clock with it.
typedef struct {
    gint64 from, to;
} TraceStop;

typedef struct {
    char *text;     // what the events point into
    GArray *events; // of TraceEvent, in the order of time
    GArray *stops;  // of TraceStop, in the order of time
    guint skipped;  // lines that are no events
    gboolean full;  // there were more than TRACE_EVENTS_MAX
} Trace;

// Reads lines "PID@SECONDS.MICROSECONDS:NAME ARGS". Others are counted and mean nothing: an
// emulator writes other things there, and its end may cut the last line short. Threads write as
// they come, so the lines need not be in order. Bytes that are not printable become '?'.
Trace *trace_parse(const char *bytes, gsize length);
void trace_free(Trace *trace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trace, trace_free)

// The number behind the first `key` in an event's arguments, decimal or with 0x. FALSE if there is
// none.
gboolean trace_number(const TraceEvent *event, const char *key, guint64 *value);

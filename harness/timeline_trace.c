// SPDX-License-Identifier: GPL-2.0-or-later
#include "timeline_trace.h"

#include <string.h>

// Digits up to `stop`, which is skipped. FALSE if there are none, or too many to be a time.
static gboolean take_digits(const char **p, char stop, gint64 *value)
{
    const char *start = *p;

    *value = 0;
    while (g_ascii_isdigit(**p)) {
        *value = *value * 10 + (**p - '0');
        (*p)++;
        if (*p - start > 12) {
            return FALSE;
        }
    }
    if (*p == start || **p != stop) {
        return FALSE;
    }
    (*p)++;
    return TRUE;
}

static gboolean parse_line(char *line, TraceEvent *event)
{
    gint64 pid, seconds, us;
    const char *p = line;

    if (!take_digits(&p, '@', &pid) || !take_digits(&p, '.', &seconds)) {
        return FALSE;
    }
    const char *fraction = p;
    if (!take_digits(&p, ':', &us) || p - fraction != 7) {
        return FALSE;
    }

    char *name = line + (p - line);
    char *end = name;
    while (g_ascii_isalnum(*end) || *end == '_') {
        end++;
    }
    if (end == name || (*end && *end != ' ')) {
        return FALSE;
    }
    event->args = *end ? end + 1 : end;
    *end = '\0';
    event->us = seconds * G_USEC_PER_SEC + us;
    event->name = name;
    return TRUE;
}

static gint by_time(gconstpointer a, gconstpointer b)
{
    const TraceEvent *x = a, *y = b;

    if (x->us != y->us) {
        return x->us < y->us ? -1 : 1;
    }
    return (x->name > y->name) - (x->name < y->name); // the order of the lines
}

// "current_run_state 9 (running) new_state 4 (paused)"
static void note_stops(Trace *trace)
{
    TraceStop stop = {-1, -1};

    for (guint i = 0; i < trace->events->len; i++) {
        const TraceEvent *event = &g_array_index(trace->events, TraceEvent, i);

        if (strcmp(event->name, "runstate_set") != 0) {
            continue;
        }
        gboolean runs = g_str_has_suffix(event->args, "(running)");
        if (!runs && stop.from < 0 && strstr(event->args, "(running) new_state")) {
            stop.from = event->us;
        } else if (runs && stop.from >= 0) {
            stop.to = event->us;
            g_array_append_val(trace->stops, stop);
            stop.from = -1;
        }
    }
}

Trace *trace_parse(const char *bytes, gsize length)
{
    Trace *trace = g_new0(Trace, 1);
    char *next = trace->text = g_malloc(length + 1);

    memcpy(trace->text, bytes, length);
    trace->text[length] = '\0';
    trace->events = g_array_new(FALSE, FALSE, sizeof(TraceEvent));
    trace->stops = g_array_new(FALSE, FALSE, sizeof(TraceStop));
    while (next < trace->text + length && !trace->full) {
        char *line = next;
        TraceEvent event;

        for (; *next != '\n' && next < trace->text + length; next++) {
            *next = g_ascii_isprint(*next) ? *next : '?';
        }
        // A line without its end was cut short, and what is left of it may look whole.
        gboolean whole = next < trace->text + length;
        *next++ = '\0';
        if (!whole || !parse_line(line, &event)) {
            trace->skipped++;
        } else if (trace->events->len == TRACE_EVENTS_MAX) {
            trace->full = TRUE;
        } else {
            g_array_append_val(trace->events, event);
        }
    }
    g_array_sort(trace->events, by_time);
    note_stops(trace);
    return trace;
}

void trace_free(Trace *trace)
{
    g_array_unref(trace->events);
    g_array_unref(trace->stops);
    g_free(trace->text);
    g_free(trace);
}

gboolean trace_number(const TraceEvent *event, const char *key, guint64 *value)
{
    const char *at = strstr(event->args, key);
    char *end;

    if (!at || !g_ascii_isdigit(at[strlen(key)])) {
        return FALSE;
    }
    at += strlen(key);
    *value = g_ascii_strtoull(at, &end, g_str_has_prefix(at, "0x") ? 16 : 10);
    return end != at;
}

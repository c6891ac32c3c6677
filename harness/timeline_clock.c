// SPDX-License-Identifier: GPL-2.0-or-later
#include "timeline_clock.h"

#include <string.h>

#include "util.h"

// "key=N ticks=N"
static gboolean parse_mark(const Mark *mark, guint64 *key, guint64 *ticks)
{
    g_auto(GStrv) words = g_strsplit(mark->text, " ", -1);

    return g_strv_length(words) == 2 && g_str_has_prefix(words[0], "key=") &&
           g_str_has_prefix(words[1], "ticks=") &&
           avc_parse_decimal(words[0] + strlen("key="), G_MAXUINT16, key) &&
           avc_parse_decimal(words[1] + strlen("ticks="), G_MAXUINT32, ticks);
}

// The number of the trace's first event from `from` on that selects this entry of fw_cfg, or
// G_MAXUINT.
static guint find_selection(const Trace *trace, guint from, guint64 key)
{
    for (guint i = from; i < trace->events->len; i++) {
        const TraceEvent *event = &g_array_index(trace->events, TraceEvent, i);
        guint64 other;

        if (strcmp(event->name, "fw_cfg_select") == 0 && trace_number(event, "key ", &other) &&
            other == key) {
            return i;
        }
    }
    return G_MAXUINT;
}

GArray *clock_pairs(const GPtrArray *marks, const Trace *trace, guint from)
{
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(ClockPair));

    for (guint i = 0; i < marks->len; i++) {
        const Mark *mark = marks->pdata[i];
        guint64 key, ticks;

        if (strcmp(mark->event, "clock") != 0 || !parse_mark(mark, &key, &ticks)) {
            continue;
        }
        guint found = find_selection(trace, from, key);
        if (found != G_MAXUINT) {
            const TraceEvent *event = &g_array_index(trace->events, TraceEvent, found);
            ClockPair pair = {mark->tsc, ticks, event->us};
            g_array_append_val(pairs, pair);
            from = found + 1;
        }
    }
    return pairs;
}

// Of those from `from` on, up to `end`, the one that took the guest the least time.
static const ClockPair *narrowest(const GArray *pairs, guint from, guint end)
{
    const ClockPair *best = &g_array_index(pairs, ClockPair, from);

    for (guint i = from + 1; i < end; i++) {
        const ClockPair *pair = &g_array_index(pairs, ClockPair, i);
        if (pair->ticks < best->ticks) {
            best = pair;
        }
    }
    return best;
}

static guint64 middle(const ClockPair *pair)
{
    return pair->tsc + pair->ticks / 2;
}

static gint by_tsc(gconstpointer a, gconstpointer b)
{
    const ClockPair *x = a, *y = b;

    return (x->tsc > y->tsc) - (x->tsc < y->tsc);
}

// The emulator's time without what went by while the machine stood still.
static gint64 running_us(const GArray *stops, gint64 us)
{
    gint64 stood = 0;

    for (guint i = 0; stops && i < stops->len; i++) {
        const TraceStop *stop = &g_array_index(stops, TraceStop, i);
        stood += CLAMP(us, stop->from, stop->to) - stop->from;
    }
    return us - stood;
}

// How far the emulator's time lies outside the guest's two.
static gint64 difference(const Clock *clock, const ClockPair *pair)
{
    gint64 early = clock_us(clock, pair->tsc) - pair->us;
    gint64 late = pair->us - clock_us(clock, pair->tsc + pair->ticks);

    return MAX(MAX(early, late), 0);
}

gboolean clock_fit(const GArray *pairs, const GArray *stops, Clock *clock, GError **error)
{
    if (pairs->len < CLOCK_PAIRS_MIN) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE,
                    "the clocks of guest and emulator cannot be matched: %u accesses are in both "
                    "records, and %d are needed",
                    pairs->len, CLOCK_PAIRS_MIN);
        return FALSE;
    }

    g_autoptr(GArray) sorted =
        g_array_append_vals(g_array_new(FALSE, FALSE, sizeof(ClockPair)), pairs->data, pairs->len);
    g_array_sort(sorted, by_tsc);
    // Far apart, and more than one to choose from: the first of its kind is slow.
    guint part = MAX(sorted->len / 3, MIN(sorted->len / 2, 2));
    const ClockPair *first = narrowest(sorted, 0, part);
    const ClockPair *last = narrowest(sorted, sorted->len - part, sorted->len);

    gint64 begin = running_us(stops, first->us), end = running_us(stops, last->us);
    if (middle(last) <= middle(first) || end <= begin) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE,
                    "the clocks of guest and emulator cannot be matched: one of them stands still");
        return FALSE;
    }
    *clock = (Clock){
        .tsc = middle(first),
        .us = begin,
        .us_per_tick = (double)(end - begin) / (double)(middle(last) - middle(first)),
        .pairs = sorted->len,
        .stops = stops,
    };
    for (guint i = 0; i < sorted->len; i++) {
        clock->difference =
            MAX(clock->difference, difference(clock, &g_array_index(sorted, ClockPair, i)));
    }
    if (clock->difference > CLOCK_DIFFERENCE) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE,
                    "the clocks of guest and emulator do not agree: of %u accesses that both have "
                    "seen one is %" G_GINT64_FORMAT " us off, and %d are allowed",
                    clock->pairs, clock->difference, CLOCK_DIFFERENCE);
        return FALSE;
    }
    return TRUE;
}

// The key of the first clock mark that can be read.
static gboolean first_key(const GPtrArray *marks, guint64 *key)
{
    guint64 ticks;

    for (guint i = 0; i < marks->len; i++) {
        const Mark *mark = marks->pdata[i];
        if (strcmp(mark->event, "clock") == 0 && parse_mark(mark, key, &ticks)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean clock_match(const GPtrArray *marks, const Trace *trace, Clock *clock, GError **error)
{
    g_autoptr(GError) why = NULL;
    gboolean good = FALSE;
    guint64 key = 0;
    guint at = first_key(marks, &key) ? find_selection(trace, 0, key) : G_MAXUINT;

    do {
        g_autoptr(GArray) pairs = clock_pairs(marks, trace, at == G_MAXUINT ? 0 : at);
        Clock other;

        if (clock_fit(pairs, trace->stops, &other, why ? NULL : &why) &&
            (!good || other.difference < clock->difference)) {
            *clock = other;
            good = TRUE;
        }
        at = at == G_MAXUINT ? at : find_selection(trace, at + 1, key);
    } while (at != G_MAXUINT);
    if (!good) {
        g_propagate_error(error, g_steal_pointer(&why));
    }
    return good;
}

gint64 clock_us(const Clock *clock, guint64 tsc)
{
    double ticks = tsc >= clock->tsc ? (double)(tsc - clock->tsc) : -(double)(clock->tsc - tsc);
    double passed = CLAMP(ticks * clock->us_per_tick, -1e15, 1e15);
    gint64 us = clock->us + (gint64)(passed < 0 ? passed - 0.5 : passed + 0.5);

    for (guint i = 0; clock->stops && i < clock->stops->len; i++) {
        const TraceStop *stop = &g_array_index(clock->stops, TraceStop, i);
        us += us > stop->from ? stop->to - stop->from : 0;
    }
    return us;
}

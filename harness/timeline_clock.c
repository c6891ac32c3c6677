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

// When each entry of fw_cfg was selected first.
static GHashTable *selections(const Trace *trace)
{
    GHashTable *found = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < trace->events->len; i++) {
        const TraceEvent *event = &g_array_index(trace->events, TraceEvent, i);
        guint64 key;

        if (strcmp(event->name, "fw_cfg_select") == 0 && trace_number(event, "key ", &key) &&
            !g_hash_table_contains(found, GUINT_TO_POINTER((guint)key))) {
            g_hash_table_insert(found, GUINT_TO_POINTER((guint)key), (gpointer)event);
        }
    }
    return found;
}

GArray *clock_pairs(const GPtrArray *marks, const Trace *trace)
{
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(ClockPair));
    g_autoptr(GHashTable) found = selections(trace);

    for (guint i = 0; i < marks->len; i++) {
        const Mark *mark = marks->pdata[i];
        guint64 key, ticks;

        if (strcmp(mark->event, "clock") != 0 || !parse_mark(mark, &key, &ticks)) {
            continue;
        }
        const TraceEvent *event = g_hash_table_lookup(found, GUINT_TO_POINTER((guint)key));
        if (event) {
            ClockPair pair = {mark->tsc, ticks, event->us};
            g_array_append_val(pairs, pair);
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

// How far the emulator's time lies outside the guest's two.
static gint64 difference(const Clock *clock, const ClockPair *pair)
{
    gint64 early = clock_us(clock, pair->tsc) - pair->us;
    gint64 late = pair->us - clock_us(clock, pair->tsc + pair->ticks);

    return MAX(MAX(early, late), 0);
}

gboolean clock_fit(const GArray *pairs, Clock *clock, GError **error)
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

    if (middle(last) <= middle(first) || last->us <= first->us) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE,
                    "the clocks of guest and emulator cannot be matched: one of them stands still");
        return FALSE;
    }
    *clock = (Clock){
        .tsc = middle(first),
        .us = first->us,
        .us_per_tick = (double)(last->us - first->us) / (double)(middle(last) - middle(first)),
        .pairs = sorted->len,
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

gint64 clock_us(const Clock *clock, guint64 tsc)
{
    double ticks = tsc >= clock->tsc ? (double)(tsc - clock->tsc) : -(double)(clock->tsc - tsc);
    double us = CLAMP(ticks * clock->us_per_tick, -1e15, 1e15);

    return clock->us + (gint64)(us < 0 ? us - 0.5 : us + 0.5);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The forms in which the times of `amdvi-check bench` leave.
#include <json-glib/json-glib.h>
#include <string.h>

#include "bench.h"

// Heads the lines that compare the patched emulator with itself.
#define WITHIN "patched alone"

static double median(const GArray *us)
{
    return bench_median((const double *)us->data, us->len);
}

static void append_head(GString *out, int width, const char *name, const char *before,
                        const char *after)
{
    g_string_append_printf(out, "  %-*s  %10s  %10s  %6s  %-14s  %s\n", width, name, before, after,
                           "speed", "95 % interval", "verdict");
}

static void append_row(GString *out, int width, const BenchRow *row)
{
    g_string_append_printf(out, "  %-*s  %10.2f  %10.2f  %6.3f  %.3f to %.3f  %s\n", width,
                           row->name, median(row->before), median(row->after), row->speed.median,
                           row->speed.low, row->speed.high, bench_verdict_name(row->speed.verdict));
}

static void append_rows(GString *out, int width, const Bench *bench, gboolean within)
{
    for (guint i = 0; i < bench->rows->len; i++) {
        const BenchRow *row = bench->rows->pdata[i];
        if (row->within == within) {
            append_row(out, width, row);
        }
    }
}

static void append_verdict(GString *out, const Bench *bench)
{
    guint count[3] = {0};

    for (guint i = 0; i < bench->rows->len; i++) {
        count[((const BenchRow *)bench->rows->pdata[i])->speed.verdict]++;
    }
    g_string_append_printf(out,
                           "%u ok, %u slower, %u inconclusive; %u pairs, %.0f s; load %.1f to "
                           "%.1f on %u processors\n",
                           count[BENCH_OK], count[BENCH_SLOWER], count[BENCH_INCONCLUSIVE],
                           bench->pairs, (double)bench->duration_ms / 1e3, bench->load[0],
                           bench->load[1], bench->processors);
    if (count[BENCH_INCONCLUSIVE] > 0) {
        g_string_append_printf(out,
                               "Inconclusive: the interval holds %.2f, so nothing can be said. "
                               "More pairs, or less load, make it narrower.\n",
                               BENCH_SPEED_MIN);
    }
}

char *bench_table(const Bench *bench)
{
    GString *out = g_string_new(NULL);
    int width = (int)strlen(WITHIN);

    for (guint i = 0; i < bench->rows->len; i++) {
        width = MAX(width, (int)strlen(((const BenchRow *)bench->rows->pdata[i])->name));
    }
    append_head(out, width, "workload", "stock us", "patched us");
    append_rows(out, width, bench, FALSE);
    append_head(out, width, WITHIN, "free us", "held us");
    append_rows(out, width, bench, TRUE);
    append_verdict(out, bench);
    return g_string_free(out, FALSE);
}

static void add_string(JsonBuilder *b, const char *name, const char *value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_string_value(b, value ? value : "");
}

static void add_int(JsonBuilder *b, const char *name, gint64 value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_int_value(b, value);
}

static void add_double(JsonBuilder *b, const char *name, double value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_double_value(b, value);
}

static void add_times(JsonBuilder *b, const char *name, const GArray *us)
{
    json_builder_set_member_name(b, name);
    json_builder_begin_array(b);
    for (guint i = 0; i < us->len; i++) {
        json_builder_add_double_value(b, g_array_index(us, double, i));
    }
    json_builder_end_array(b);
}

static void add_row(JsonBuilder *b, const BenchRow *row)
{
    json_builder_begin_object(b);
    add_string(b, "workload", row->name);
    add_string(b, "title", row->title);
    add_string(b, "machine", row->machine);
    add_times(b, row->within ? "free_us" : "stock_us", row->before);
    add_times(b, row->within ? "held_us" : "patched_us", row->after);
    add_double(b, "speed", row->speed.median);
    add_double(b, "low", row->speed.low);
    add_double(b, "high", row->speed.high);
    add_string(b, "verdict", bench_verdict_name(row->speed.verdict));
    json_builder_end_object(b);
}

static void add_emulator(JsonBuilder *b, const EmulatorInfo *info)
{
    json_builder_begin_object(b);
    add_string(b, "path", info->path);
    add_string(b, "kind", info->kind);
    add_string(b, "version", info->version);
    add_string(b, "digest", info->digest);
    json_builder_end_object(b);
}

char *bench_json(const Bench *bench)
{
    g_autoptr(JsonBuilder) b = json_builder_new();

    json_builder_begin_object(b);
    add_string(b, "format", "amdvi-check-bench");
    add_int(b, "version", 1);
    add_string(b, "bench", "inflight");
    add_string(b, "started", bench->started);
    add_int(b, "duration_ms", bench->duration_ms);
    add_int(b, "pairs", bench->pairs);
    add_int(b, "seed", (gint64)bench->seed);
    add_int(b, "processors", bench->processors);
    add_double(b, "load_begin", bench->load[0]);
    add_double(b, "load_end", bench->load[1]);
    add_string(b, "kernel_digest", bench->kernel_digest);
    json_builder_set_member_name(b, "emulators");
    json_builder_begin_array(b);
    for (guint i = 0; i < G_N_ELEMENTS(bench->emulators); i++) {
        add_emulator(b, bench->emulators[i]);
    }
    json_builder_end_array(b);
    json_builder_set_member_name(b, "workloads");
    json_builder_begin_array(b);
    for (guint i = 0; i < bench->rows->len; i++) {
        add_row(b, bench->rows->pdata[i]);
    }
    json_builder_end_array(b);
    add_int(b, "exit", bench_exit(bench->rows));
    json_builder_end_object(b);

    g_autoptr(JsonNode) root = json_builder_get_root(b);
    return json_to_string(root, TRUE);
}

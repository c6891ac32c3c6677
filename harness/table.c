// SPDX-License-Identifier: GPL-2.0-or-later
#include "output.h"

#include <string.h>

#include "util.h"

#define TITLE_MIN     20
#define VERDICT_WIDTH 18
// The first lines tell most; run --repro and results.json have all of them.
#define DIAG_MAX      5
// In a file a matrix may be as wide as it wants, but nobody reads one with dozens of machines.
#define COLUMNS_MAX   120

static const char *color_of(const Result *result)
{
    if (result->verdict == STATUS_ERROR || result->verdict == STATUS_NONE) {
        return "35"; // magenta
    }
    if (result->unexpected) {
        return "31"; // red
    }
    return result->verdict == STATUS_PASS ? "32" : "33"; // green, yellow
}

gboolean output_says_more(const Result *result, const char *line)
{
    return strcmp(line, result->reason) != 0;
}

char *output_verdict(const Result *result)
{
    gboolean review = result->verdict == STATUS_FAIL && result->rule->tag == 'M';

    return g_strconcat(result->unexpected ? "! " : "  ",
                       review ? "fail (M, review)" : status_name(result->verdict), NULL);
}

// Appends `text` padded to `width` columns, or cut to it.
static void append_cell(GString *out, const char *text, glong width, const char *color)
{
    glong length = g_utf8_strlen(text, -1);
    g_autofree char *cut = NULL;

    if (length > width) {
        g_autofree char *start = g_utf8_substring(text, 0, MAX(width - 3, 0));
        cut = g_strconcat(start, "...", NULL);
        text = cut;
        length = g_utf8_strlen(text, -1);
    }
    if (color) {
        g_string_append_printf(out, "\033[%sm%s\033[0m", color, text);
    } else {
        g_string_append(out, text);
    }
    for (; length < width; length++) {
        g_string_append_c(out, ' ');
    }
}

// A column and the gap that follows it.
static void append_column(GString *out, const char *text, glong width, const char *color)
{
    append_cell(out, text, width, color);
    g_string_append(out, "  ");
}

static void end_line(GString *out)
{
    while (out->len && out->str[out->len - 1] == ' ') {
        g_string_truncate(out, out->len - 1);
    }
    g_string_append_c(out, '\n');
}

static glong id_width(const MachineResults *results)
{
    glong width = 4;

    for (guint i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        width = MAX(width, (glong)strlen(result->rule->id));
    }
    return width;
}

// The longest title, or what of it `room` columns allow; 0: all of it.
static glong title_width(const MachineResults *results, glong room)
{
    glong width = TITLE_MIN;

    for (guint i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        width = MAX(width, g_utf8_strlen(result->rule->title, -1));
    }
    return room ? CLAMP(room, TITLE_MIN, width) : width;
}

static void append_facts(GString *out, const Result *result, const char *indent)
{
    const char *finding = result->finding;

    if (result->verdict == STATUS_PASS) {
        if (result->unexpected) {
            g_string_append_printf(out, "%spassed, but the profile lists it as failing\n", indent);
        }
        return;
    }
    g_string_append_printf(out, "%s%s%s%s\n", indent, result->reason, finding ? "; see " : "",
                           finding ? finding : "");
    if (result->verdict != STATUS_FAIL && result->verdict != STATUS_ERROR) {
        return;
    }
    guint shown = 0;
    for (guint i = 0; i < result->diag->len; i++) {
        const char *line = result->diag->pdata[i];
        if (output_says_more(result, line) && shown++ < DIAG_MAX) {
            g_string_append_printf(out, "%s%s\n", indent, line);
        }
    }
    if (shown > DIAG_MAX) {
        g_string_append_printf(out, "%s(%u more lines with --repro %s, and in results.json)\n",
                               indent, shown - DIAG_MAX, result->rule->id);
    }
}

static void append_summary(GString *out, const MachineResults *results)
{
    g_string_append_printf(out, "%s: ", results->machine);
    for (int i = 0; i < STATUS_COUNT; i++) {
        g_string_append_printf(out, "%s%u %s", i ? ", " : "", results->summary[i],
                               status_name((Status)i));
    }
    g_string_append_printf(out, "; %u unexpected; %.1f s%s\n", results->unexpected,
                           (double)results->duration_ms / 1e3,
                           results->complete ? "" : "; not finished");
}

static void append_errors(GString *out, const MachineResults *results)
{
    for (guint i = 0; i < results->errors->len; i++) {
        g_string_append_printf(out, "%s: error: %s\n", results->machine,
                               (const char *)results->errors->pdata[i]);
    }
    for (guint i = 0; i < results->boots->len; i++) {
        const BootRecord *boot = results->boots->pdata[i];
        for (guint j = 0; j < boot->errors->len; j++) {
            g_string_append_printf(out, "%s: error: boot-%02u: %s\n", results->machine,
                                   boot->number, (const char *)boot->errors->pdata[j]);
        }
    }
}

static void append_one(GString *out, const MachineResults *results, guint width, gboolean color)
{
    glong ids = id_width(results);
    glong fixed = VERDICT_WIDTH + 1 + ids + 2 + 5 + 10;
    glong title = title_width(results, width ? MAX((glong)width - fixed, 1) : 0);

    g_string_append_printf(
        out, "%s (%s, %s), %s\n", results->machine, results->door, results->accel,
        results->emulator.version && *results->emulator.version ? results->emulator.version
                                                                : results->emulator.path);
    append_cell(out, "  verdict", VERDICT_WIDTH + 1, NULL);
    append_column(out, "rule", ids, NULL);
    append_column(out, "tag", 3, NULL);
    append_cell(out, "title", title, NULL);
    g_string_append(out, "      time\n");
    for (guint i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        g_autofree char *verdict = output_verdict(result);
        g_autofree char *time = avc_format_us(result->us);
        const char tag[] = {result->rule->tag, '\0'};
        append_cell(out, verdict, VERDICT_WIDTH + 1, color ? color_of(result) : NULL);
        append_column(out, result->rule->id, ids, NULL);
        append_column(out, tag, 3, NULL);
        append_cell(out, result->rule->title, title, NULL);
        if (result->status != STATUS_NONE) {
            g_string_append_printf(out, "%10s", time);
        }
        end_line(out);
        append_facts(out, result, "      ");
    }
}

static const Result *find(const MachineResults *results, const Rule *rule)
{
    for (guint i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        if (strcmp(result->rule->id, rule->id) == 0) {
            return result;
        }
    }
    return NULL;
}

// All rules of all machines, in the order of their first appearance.
static GPtrArray *all_rules(GPtrArray *all)
{
    GPtrArray *rules = g_ptr_array_new();

    for (guint i = 0; i < all->len; i++) {
        const MachineResults *results = all->pdata[i];
        for (guint j = 0; j < results->results->len; j++) {
            const Result *result = results->results->pdata[j];
            if (!g_ptr_array_find(rules, result->rule, NULL)) {
                g_ptr_array_add(rules, (gpointer)result->rule);
            }
        }
    }
    return rules;
}

static glong column_width(const MachineResults *results)
{
    glong width = MAX((glong)strlen(results->machine), 7);

    for (guint i = 0; i < results->results->len; i++) {
        g_autofree char *verdict = output_verdict(results->results->pdata[i]);
        width = MAX(width, (glong)strlen(verdict));
    }
    return width;
}

static void append_matrix(GString *out, GPtrArray *all, glong ids, glong title, gboolean color)
{
    g_autoptr(GPtrArray) rules = all_rules(all);

    append_column(out, "  rule", ids + 2, NULL);
    append_column(out, "tag", 3, NULL);
    append_column(out, "title", title, NULL);
    for (guint i = 0; i < all->len; i++) {
        append_column(out, ((const MachineResults *)all->pdata[i])->machine,
                      column_width(all->pdata[i]), NULL);
    }
    end_line(out);
    for (guint i = 0; i < rules->len; i++) {
        const Rule *rule = rules->pdata[i];
        const char tag[] = {rule->tag, '\0'};
        g_string_append(out, "  ");
        append_column(out, rule->id, ids, NULL);
        append_column(out, tag, 3, NULL);
        append_column(out, rule->title, title, NULL);
        for (guint j = 0; j < all->len; j++) {
            const Result *result = find(all->pdata[j], rule);
            g_autofree char *verdict = result ? output_verdict(result) : g_strdup("  -");
            append_column(out, verdict, column_width(all->pdata[j]),
                          color && result ? color_of(result) : NULL);
        }
        end_line(out);
    }
    for (guint i = 0; i < all->len; i++) {
        const MachineResults *results = all->pdata[i];
        for (guint j = 0; j < results->results->len; j++) {
            const Result *result = results->results->pdata[j];
            if (result->unexpected) {
                g_string_append_printf(out, "%s %s %s\n", results->machine, result->rule->id,
                                       result->rule->title);
                append_facts(out, result, "      ");
            }
        }
    }
}

char *output_table(GPtrArray *all, guint width, gboolean color)
{
    GString *out = g_string_new(NULL);
    glong ids = 4, columns = 0;
    gboolean unexpected = FALSE;

    for (guint i = 0; i < all->len; i++) {
        ids = MAX(ids, id_width(all->pdata[i]));
        columns += column_width(all->pdata[i]) + 2;
        unexpected |= ((const MachineResults *)all->pdata[i])->unexpected > 0;
    }
    glong room = (glong)width - (ids + 4 + 5 + 2 + columns);
    if (all->len > 1 && (width ? room >= TITLE_MIN : columns <= COLUMNS_MAX)) {
        glong title = TITLE_MIN;
        for (guint i = 0; i < all->len; i++) {
            title = MAX(title, title_width(all->pdata[i], width ? room : 0));
        }
        append_matrix(out, all, ids, title, color);
    } else {
        for (guint i = 0; i < all->len; i++) {
            append_one(out, all->pdata[i], width, color);
            g_string_append_c(out, '\n');
        }
    }
    for (guint i = 0; i < all->len; i++) {
        append_errors(out, all->pdata[i]);
    }
    for (guint i = 0; i < all->len; i++) {
        append_summary(out, all->pdata[i]);
    }
    if (unexpected) {
        g_string_append(out, "A ! marks what the machine's profile does not expect.\n");
    }
    return g_string_free(out, FALSE);
}

static void append_details(GString *out, const Result *result, gboolean color)
{
    g_autofree char *verdict = output_verdict(result);
    g_autofree char *time = avc_format_us(result->us);
    const char *word = g_strchug(verdict);

    g_string_append_printf(out, "\n%s %s\n  %s\n  AMD 48882 section %s, tag %c\n", result->rule->id,
                           result->rule->name, result->rule->title, result->rule->ref,
                           result->rule->tag);
    for (guint i = 0; i < result->controls->len; i++) {
        const Control *control = result->controls->pdata[i];
        g_string_append_printf(out, "  control %s %s %s\n", control_name(control->kind),
                               control->kind == CONTROL_NONE ? "-"
                               : control->ok                 ? "ok "
                                                             : "BAD",
                               control->text);
    }
    for (guint i = 0; i < result->obs->len; i++) {
        const Pair *pair = result->obs->pdata[i];
        g_string_append_printf(out, "  observed %s = %s\n", pair->key, pair->value);
    }
    for (guint i = 0; i < result->diag->len; i++) {
        const char *line = result->diag->pdata[i];
        if (output_says_more(result, line)) {
            g_string_append_printf(out, "  %s\n", line);
        }
    }
    if (color) {
        g_string_append_printf(out, "  \033[%sm%s\033[0m", color_of(result), word);
    } else {
        g_string_append_printf(out, "  %s", word);
    }
    g_string_append_printf(out, "%s%s (%s)%s%s\n", *result->reason ? ": " : "", result->reason,
                           time, result->finding ? ", see " : "",
                           result->finding ? result->finding : "");
}

char *output_details(const MachineResults *results, gboolean color)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < results->results->len; i++) {
        append_details(out, results->results->pdata[i], color);
    }
    append_errors(out, results);
    return g_string_free(out, FALSE);
}

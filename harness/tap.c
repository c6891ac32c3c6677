// SPDX-License-Identifier: GPL-2.0-or-later
#include "output.h"

// Of a rule that says a lot the first lines tell what happened; all of them are in results.json.
#define DIAG_MAX 40

static void comment(GString *tap, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void comment(GString *tap, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_strdelimit(text, "\r\n", ' ');
    g_string_append_printf(tap, "# %s\n", text);
}

static gboolean is_ok(const Result *result)
{
    return !result->unexpected &&
           (result->verdict == STATUS_PASS || result->verdict == STATUS_SKIP);
}

// The word after the name. A `#` in the text itself would start another directive.
static void append_directive(GString *tap, const Result *result)
{
    const char *word = result->verdict == STATUS_KNOWN                         ? "TODO"
                       : result->verdict == STATUS_SKIP && !result->unexpected ? "SKIP"
                                                                               : NULL;
    if (!word) {
        return;
    }
    g_autofree char *text = g_strdup(
        result->verdict == STATUS_KNOWN && result->finding ? result->finding : result->reason);
    g_strdelimit(text, "#\r\n", ' ');
    g_string_append_printf(tap, " # %s %s", word, text);
}

static void append_comments(GString *tap, const Result *result)
{
    switch (result->verdict) {
    case STATUS_PASS:
        if (result->unexpected) {
            comment(tap, "unexpected pass: the rule is listed as failing");
        }
        return;
    case STATUS_SKIP:
        if (result->unexpected) {
            comment(tap, "unexpected skip: %s", result->reason);
        }
        return;
    case STATUS_FAIL:
        comment(tap, "%s%s", result->rule->tag == 'M' ? "fail (M, review): " : "", result->reason);
        break;
    case STATUS_KNOWN:
        comment(tap, "%s", result->reason);
        break;
    case STATUS_ERROR:
    case STATUS_NONE:
        comment(tap, "error: %s", result->reason);
        break;
    }
    for (guint i = 0; i < MIN(result->diag->len, DIAG_MAX); i++) {
        const char *line = result->diag->pdata[i];
        if (output_says_more(result, line)) {
            comment(tap, "%s", line);
        }
    }
}

// What went wrong outside all rules. Bail out comes after the last result, so that nothing is lost
// and yet no reader of TAP takes the run for a good one.
static void append_errors(GString *tap, GPtrArray *all)
{
    for (guint i = 0; i < all->len; i++) {
        const MachineResults *results = all->pdata[i];
        gboolean stopped = !results->complete && results->errors->len == 0;
        const char *first = stopped ? "stopped by the user" : NULL;

        for (guint j = 0; j < results->errors->len; j++) {
            comment(tap, "error: %s: %s", results->machine,
                    (const char *)results->errors->pdata[j]);
            first = first ? first : results->errors->pdata[j];
        }
        for (guint j = 0; j < results->boots->len; j++) {
            const BootRecord *boot = results->boots->pdata[j];
            for (guint k = 0; k < boot->errors->len; k++) {
                comment(tap, "error: %s: boot %u: %s", results->machine, boot->number,
                        (const char *)boot->errors->pdata[k]);
                first = first ? first : boot->errors->pdata[k];
            }
        }
        if (first) {
            g_autofree char *text = g_strdup(first);
            g_strdelimit(text, "\r\n", ' ');
            g_string_append_printf(tap, "Bail out! %s: %s\n", results->machine, text);
        }
    }
}

char *output_tap(GPtrArray *all)
{
    GString *tap = g_string_new("TAP version 13\n");
    guint total = 0, number = 0;

    for (guint i = 0; i < all->len; i++) {
        total += ((const MachineResults *)all->pdata[i])->results->len;
    }
    g_string_append_printf(tap, "1..%u\n", total);
    for (guint i = 0; i < all->len; i++) {
        const MachineResults *results = all->pdata[i];
        comment(tap, "machine %s, emulator %s, seed %" G_GUINT64_FORMAT, results->machine,
                results->emulator.version && *results->emulator.version ? results->emulator.version
                                                                        : results->emulator.path,
                results->seed);
        for (guint j = 0; j < results->results->len; j++) {
            const Result *result = results->results->pdata[j];
            g_string_append_printf(tap, "%s %u - %s%s%s %s", is_ok(result) ? "ok" : "not ok",
                                   ++number, all->len > 1 ? results->machine : "",
                                   all->len > 1 ? " " : "", result->rule->id, result->rule->name);
            append_directive(tap, result);
            g_string_append_c(tap, '\n');
            append_comments(tap, result);
        }
    }
    append_errors(tap, all);
    return g_string_free(tap, FALSE);
}

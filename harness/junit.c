// SPDX-License-Identifier: GPL-2.0-or-later
#include "output.h"

// Text fit for XML: the five entities, and no character that XML 1.0 forbids.
static char *escape(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (char *p = valid; *p; p++) {
        if ((guchar)*p < 0x20 && *p != '\n' && *p != '\t') {
            *p = ' ';
        }
    }
    return g_markup_escape_text(valid, -1);
}

static void append_details(GString *xml, const Result *result)
{
    for (guint i = 0; i < result->diag->len; i++) {
        g_autofree char *line = escape(result->diag->pdata[i]);
        if (output_says_more(result, result->diag->pdata[i])) {
            g_string_append_printf(xml, "%s\n", line);
        }
    }
}

static void append_element(GString *xml, const char *element, const char *type, const char *message,
                           const Result *result)
{
    g_autofree char *text = escape(message);

    g_string_append_printf(xml, "      <%s type=\"%s\" message=\"%s\">", element, type, text);
    append_details(xml, result);
    g_string_append_printf(xml, "</%s>\n", element);
}

static void append_skipped(GString *xml, const char *why, const char *text)
{
    g_autofree char *escaped = escape(text);
    g_string_append_printf(xml, "      <skipped message=\"%s%s\"/>\n", why, escaped);
}

static void append_verdict(GString *xml, const Result *result)
{
    switch (result->verdict) {
    case STATUS_PASS:
        if (result->unexpected) {
            append_element(xml, "failure", "unexpected-pass", "passed, but is listed as failing",
                           result);
        }
        break;
    case STATUS_FAIL: {
        g_autofree char *message =
            g_strconcat(result->rule->tag == 'M' ? "fail (M, review): " : "", result->reason, NULL);
        append_element(xml, "failure", "fail", message, result);
        break;
    }
    case STATUS_SKIP:
        if (result->unexpected) {
            append_element(xml, "failure", "unexpected-skip", result->reason, result);
        } else {
            append_skipped(xml, "", result->reason);
        }
        break;
    case STATUS_KNOWN: {
        g_autofree char *text = g_strdup_printf(
            "%s: %s", result->finding ? result->finding : "erratum", result->reason);
        append_skipped(xml, "known failure, ", text);
        break;
    }
    case STATUS_ERROR:
    case STATUS_NONE:
        append_element(xml, "error", "error", result->reason, result);
        break;
    }
}

static gboolean is_stopped(const MachineResults *results)
{
    return !results->complete && results->errors->len == 0;
}

static guint count_run_errors(const MachineResults *results)
{
    guint count = results->errors->len + (is_stopped(results) ? 1 : 0);

    for (guint i = 0; i < results->boots->len; i++) {
        count += ((const BootRecord *)results->boots->pdata[i])->errors->len;
    }
    return count;
}

// Errors outside rules get a test case of their own: readers of JUnit look at nothing else.
static void append_run(GString *xml, const MachineResults *results)
{
    g_autoptr(GString) text = g_string_new(is_stopped(results) ? "stopped by the user\n" : "");

    for (guint i = 0; i < results->errors->len; i++) {
        g_string_append_printf(text, "%s\n", (const char *)results->errors->pdata[i]);
    }
    for (guint i = 0; i < results->boots->len; i++) {
        const BootRecord *boot = results->boots->pdata[i];
        for (guint j = 0; j < boot->errors->len; j++) {
            g_string_append_printf(text, "boot %u: %s\n", boot->number,
                                   (const char *)boot->errors->pdata[j]);
        }
    }
    g_autofree char *escaped = escape(text->str);
    g_autofree char *machine = escape(results->machine);
    g_string_append_printf(xml,
                           "    <testcase classname=\"%s\" name=\"run\" time=\"0\">\n"
                           "      <error type=\"run\" message=\"trouble outside the rules\">%s"
                           "</error>\n"
                           "    </testcase>\n",
                           machine, escaped);
}

static void append_suite(GString *xml, const MachineResults *results)
{
    g_autofree char *machine = escape(results->machine);
    guint failures = 0, errors = 0, skipped = 0;
    guint run_errors = count_run_errors(results);
    char seconds[G_ASCII_DTOSTR_BUF_SIZE];

    for (guint i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        if (result->verdict == STATUS_ERROR || result->verdict == STATUS_NONE) {
            errors++;
        } else if (result->unexpected) {
            failures++;
        } else if (result->verdict != STATUS_PASS) {
            skipped++;
        }
    }
    g_ascii_formatd(seconds, sizeof(seconds), "%.3f", (double)results->duration_ms / 1e3);
    g_string_append_printf(xml,
                           "  <testsuite name=\"%s\" tests=\"%u\" failures=\"%u\" errors=\"%u\" "
                           "skipped=\"%u\" time=\"%s\" timestamp=\"%.19s\">\n",
                           machine, results->results->len + (run_errors ? 1 : 0), failures,
                           errors + (run_errors ? 1 : 0), skipped, seconds, results->started);
    for (guint i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        g_ascii_formatd(seconds, sizeof(seconds), "%.6f", (double)result->us / 1e6);
        g_string_append_printf(xml, "    <testcase classname=\"%s\" name=\"%s %s\" time=\"%s\">\n",
                               machine, result->rule->id, result->rule->name, seconds);
        append_verdict(xml, result);
        g_string_append(xml, "    </testcase>\n");
    }
    if (run_errors) {
        append_run(xml, results);
    }
    g_string_append(xml, "  </testsuite>\n");
}

char *output_junit(GPtrArray *all)
{
    GString *xml = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");

    for (guint i = 0; i < all->len; i++) {
        append_suite(xml, all->pdata[i]);
    }
    g_string_append(xml, "</testsuites>\n");
    return g_string_free(xml, FALSE);
}

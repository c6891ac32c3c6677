// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot_case.h"

#include <string.h>

#include "../line.h"

const char boot_case_list[] =
    "AMDVI-PT-001 A pt_one ref=2.2.3 controls=both timeout-ms=500 | One\n"
    "AMDVI-PT-002 A pt_two ref=2.2.3 controls=both timeout-ms=500 | Two\n"
    "AMDVI-XT-003 M xt_three ref=2.2.1 controls=none timeout-ms=500 | Three\n";

void open_case(Case *c, guint rules)
{
    memset(c, 0, sizeof(*c));
    c->table = rule_table_parse(boot_case_list, "list", NULL);
    g_assert_nonnull(c->table);
    c->asked = g_ptr_array_new();
    for (guint i = 0; i < rules; i++) {
        g_ptr_array_add(c->asked, c->table->rules->pdata[i]);
    }
    c->talk = transcript_new(c->table, c->asked);
    c->end.status = -1;
}

void close_case(Case *c)
{
    transcript_free(c->talk);
    g_ptr_array_unref(c->asked);
    rule_table_free(c->table);
}

void feed(Case *c, const char *bytes)
{
    transcript_feed(c->talk, bytes, strlen(bytes));
}

void say_as(Case *c, guint seq, const char *record)
{
    g_autofree char *line = g_strdup_printf("AVC1 %u %s", seq, record);
    g_autofree char *whole = g_strdup_printf("%s *%08x\n", line, line_crc32(line, strlen(line)));
    feed(c, whole);
}

void say(Case *c, const char *record)
{
    say_as(c, c->seq++, record);
}

void say_all(Case *c, const char *records)
{
    g_auto(GStrv) parts = g_strsplit(records, "|", -1);
    for (gsize i = 0; parts[i]; i++) {
        say(c, parts[i]);
    }
}

void end_with_status(Case *c, int status)
{
    c->end.cause = CAUSE_EXIT;
    c->end.status = status;
    c->outcome = results_close_boot(c->talk, &c->end);
}

void end_with_signal(Case *c, int signo)
{
    c->end.cause = CAUSE_EXIT;
    c->end.signo = signo;
    c->outcome = results_close_boot(c->talk, &c->end);
}

void end_with_limit(Case *c, BootCause cause, Life life)
{
    c->end.cause = cause;
    c->end.life = life;
    c->end.limit_s = 0.5;
    c->end.signo = 15;
    c->outcome = results_close_boot(c->talk, &c->end);
}

void check(const Case *c, guint index, Status verdict, const char *reason)
{
    Result *result = result_new(c->table->rules->pdata[index]);
    MachineResults *owner = machine_results_new();

    g_ptr_array_add(owner->results, result);
    results_judge(result, c->talk, &c->end, 1);
    g_test_message("%s: %s (%s)", result->rule->id, status_name(result->verdict), result->reason);
    g_assert_cmpstr(status_name(result->verdict), ==, status_name(verdict));
    g_assert_nonnull(strstr(result->reason, reason));
    machine_results_free(owner);
}

void check_error(const Case *c, const char *text)
{
    for (guint i = 0; i < c->talk->errors->len; i++) {
        g_test_message("error: %s", (const char *)c->talk->errors->pdata[i]);
        if (strstr(c->talk->errors->pdata[i], text)) {
            return;
        }
    }
    g_test_message("no error like: %s", text);
    g_test_fail();
}

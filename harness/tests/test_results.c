// SPDX-License-Identifier: GPL-2.0-or-later
// From what a boot said and how it ended to verdicts, expectations and the exit status.
#include "../util.h"
#include "boot_case.h"

static void test_controls(void)
{
    static const struct {
        guint rule;
        const char *controls;
        Status verdict;
        const char *reason;
    } cases[] = {
        {0, "pos ok x|neg ok x", STATUS_PASS, ""},
        {0, "neg ok x|pos ok x|pos ok x", STATUS_PASS, ""},
        {0, "pos ok x", STATUS_ERROR, "without a negative control"},
        {0, "neg ok x", STATUS_ERROR, "without a positive control"},
        {0, "", STATUS_ERROR, "without a positive and a negative control"},
        {0, "pos ok x|neg bad oops", STATUS_ERROR, "a control is bad: oops"},
        {0, "pos ok x|neg ok x|pos bad oops", STATUS_ERROR, "a control is bad: oops"},
        {0, "none because", STATUS_ERROR, "does not allow"},
        {0, "pos ok x|neg ok x|none because", STATUS_ERROR, "does not allow"},
        {2, "none because", STATUS_PASS, ""},
        {2, "pos ok x|neg ok x", STATUS_PASS, ""},
        {2, "", STATUS_ERROR, "without a positive and a negative control"},
        {2, "pos ok x", STATUS_ERROR, "without a negative control"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Case c;
        open_case(&c, 3);
        const Rule *rule = c.table->rules->pdata[cases[i].rule];
        g_auto(GStrv) controls = g_strsplit(cases[i].controls, "|", -1);
        g_autofree char *begin = g_strdup_printf("begin %s %c %s", rule->id, rule->tag, rule->name);
        g_autofree char *end = g_strdup_printf("end %s pass 5", rule->id);
        say(&c, "plan 3");
        say(&c, begin);
        for (gsize j = 0; controls[j]; j++) {
            g_autofree char *record = g_strdup_printf("ctl %s %s", rule->id, controls[j]);
            say(&c, record);
        }
        say(&c, end);
        end_with_status(&c, 33);
        check(&c, cases[i].rule, cases[i].verdict, cases[i].reason);
        close_case(&c);
    }
}

// A failure stays one, with bad controls as well.
static void test_controls_of_failure(void)
{
    Case c;

    open_case(&c, 1);
    say_all(&c, "plan 1|" BEGIN1 "|ctl AMDVI-PT-001 pos bad x|end AMDVI-PT-001 fail 5 why|"
                "done 0 1 0 0 0");
    end_with_status(&c, 35);
    check(&c, 0, STATUS_FAIL, "why");
    g_assert_cmpuint(c.talk->errors->len, ==, 0);
    close_case(&c);
}

static void test_ends_inside_rule(void)
{
    static const struct {
        int status, signo;
        BootCause cause;
        Life life;
        Status verdict;
        const char *reason;
        Outcome outcome;
        gboolean run_error;
    } cases[] = {
        {-1, 11, CAUSE_EXIT, LIFE_UNKNOWN, STATUS_FAIL, "emulator crashed (signal 11, SIGSEGV)",
         OUTCOME_CRASHED, FALSE},
        {1, 0, CAUSE_EXIT, LIFE_UNKNOWN, STATUS_FAIL, "emulator crashed (exit status 1)",
         OUTCOME_CRASHED, FALSE},
        {0, 0, CAUSE_EXIT, LIFE_UNKNOWN, STATUS_ERROR, "no verdict", OUTCOME_ERROR, TRUE},
        {33, 0, CAUSE_EXIT, LIFE_UNKNOWN, STATUS_ERROR, "no verdict", OUTCOME_ERROR, TRUE},
        {37, 0, CAUSE_EXIT, LIFE_UNKNOWN, STATUS_ERROR, "no verdict", OUTCOME_ERROR, TRUE},
        {39, 0, CAUSE_EXIT, LIFE_UNKNOWN, STATUS_ERROR, "no verdict", OUTCOME_ERROR, TRUE},
        {-1, 15, CAUSE_RULE_TIMEOUT, LIFE_SILENT, STATUS_FAIL, "emulator hung", OUTCOME_HUNG,
         FALSE},
        {-1, 15, CAUSE_RULE_TIMEOUT, LIFE_ANSWERS, STATUS_ERROR, "guest hung: no verdict",
         OUTCOME_TIMEOUT, TRUE},
        {-1, 15, CAUSE_RULE_TIMEOUT, LIFE_UNKNOWN, STATUS_ERROR, "no verdict", OUTCOME_TIMEOUT,
         TRUE},
        {-1, 15, CAUSE_BOOT_TIMEOUT, LIFE_SILENT, STATUS_FAIL, "emulator hung", OUTCOME_HUNG,
         FALSE},
        {-1, 9, CAUSE_FLOOD, LIFE_UNKNOWN, STATUS_ERROR, "serial flood", OUTCOME_ERROR, TRUE},
        {-1, 9, CAUSE_STOPPED, LIFE_UNKNOWN, STATUS_ERROR, "stopped by the user", OUTCOME_STOPPED,
         FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Case c;
        open_case(&c, 2);
        say_all(&c, "plan 2|" BEGIN1);
        c.end = (BootEnd){.cause = cases[i].cause,
                          .life = cases[i].life,
                          .limit_s = 0.5,
                          .status = cases[i].status,
                          .signo = cases[i].signo};
        c.outcome = results_close_boot(c.talk, &c.end);
        check(&c, 0, cases[i].verdict, cases[i].reason);
        check(&c, 1, STATUS_ERROR, "no verdict");
        g_assert_cmpint(c.outcome, ==, cases[i].outcome);
        g_assert_cmpint(c.talk->errors->len > 0, ==, cases[i].run_error);
        close_case(&c);
    }
}

static void test_exception(void)
{
    Case c;

    open_case(&c, 1);
    say_all(&c, "plan 1|" BEGIN1 "|diag exception 14 rip 0x0");
    end_with_signal(&c, 11);
    check(&c, 0, STATUS_ERROR, "no verdict after an exception 14 rip 0x0");
    close_case(&c);
}

static void test_exit_status(void)
{
    static const struct {
        const char *records;
        int status;
        gboolean good;
    } cases[] = {
        {PASS1 "|done 1 0 0 0 0", 33, TRUE},
        {PASS1 "|done 1 0 0 0 0", 35, FALSE},
        {PASS1 "|done 1 0 0 0 0", 0, FALSE},
        {PASS1 "|done 1 0 0 0 0", 1, FALSE},
        {PASS1 "|done 1 0 0 0 0", 39, FALSE},
        {BEGIN1 "|end AMDVI-PT-001 fail 5 x|done 0 1 0 0 0", 35, TRUE},
        {BEGIN1 "|end AMDVI-PT-001 fail 5 x|done 0 1 0 0 0", 33, FALSE},
        {BEGIN1 "|end AMDVI-PT-001 error 5 x|done 0 0 0 0 1", 37, TRUE},
        {BEGIN1 "|end AMDVI-PT-001 error 5 x|done 0 0 0 0 1", 35, FALSE},
        {BEGIN1 "|end AMDVI-PT-001 skip 5 x|done 0 0 1 0 0", 33, TRUE},
        {BEGIN1 "|end AMDVI-PT-001 known 5 x|done 0 0 0 1 0", 33, TRUE},
        {PASS1, 33, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Case c;
        open_case(&c, 1);
        say(&c, "plan 1");
        say_all(&c, cases[i].records);
        end_with_status(&c, cases[i].status);
        g_assert_cmpint(c.talk->errors->len == 0, ==, cases[i].good);
        close_case(&c);
    }
}

static void test_linger(void)
{
    Case c;

    open_case(&c, 1);
    say_all(&c, "plan 1|" PASS1 "|done 1 0 0 0 0");
    end_with_limit(&c, CAUSE_LINGER, LIFE_ANSWERS);
    check_error(&c, "no exit within");
    check(&c, 0, STATUS_PASS, "");
    close_case(&c);

    open_case(&c, 1);
    c.end.mode = EXIT_HALT;
    say_all(&c, "plan 1|" PASS1 "|done 1 0 0 0 0");
    end_with_limit(&c, CAUSE_LINGER, LIFE_UNKNOWN);
    g_assert_cmpuint(c.talk->errors->len, ==, 0);
    g_assert_cmpint(c.outcome, ==, OUTCOME_DONE);
    close_case(&c);
}

// A status that nobody agreed on is the guest's where the emulator says that the guest ended it; a
// signal is never the guest's.
static void test_orderly(void)
{
    for (int i = 0; i < 4; i++) {
        Case c;
        open_case(&c, 2);
        say_all(&c, "plan 2|" BEGIN1);
        c.end = (BootEnd){.cause = CAUSE_EXIT,
                          .status = i & 1 ? -1 : 171,
                          .signo = i & 1 ? 11 : 0,
                          .orderly = i >= 2};
        c.outcome = results_close_boot(c.talk, &c.end);
        if (i == 2) {
            check(&c, 0, STATUS_ERROR, "no verdict: the guest ended (exit status 171)");
            g_assert_cmpint(c.outcome, ==, OUTCOME_ERROR);
        } else {
            check(&c, 0, STATUS_FAIL, "emulator crashed");
            g_assert_cmpint(c.outcome, ==, OUTCOME_CRASHED);
        }
        close_case(&c);
    }
}

static void test_may_go_on(void)
{
    Case c;

    open_case(&c, 2);
    say_all(&c, "plan 2|" PASS1 "|" BEGIN2);
    end_with_signal(&c, 11);
    g_assert_true(results_may_go_on(c.talk, &c.end));
    close_case(&c);

    // An exit value of the guest, also one of success, is no `done`.
    for (int status = 33; status <= 39; status += 2) {
        open_case(&c, 2);
        say_all(&c, "plan 2|" PASS1);
        end_with_status(&c, status);
        g_assert_true(results_may_go_on(c.talk, &c.end));
        close_case(&c);
    }

    open_case(&c, 2);
    say_all(&c, "plan 2|" PASS1 "|done 1 0 0 0 0");
    end_with_status(&c, 33);
    g_assert_false(results_may_go_on(c.talk, &c.end));
    close_case(&c);
}

static void test_expectations(void)
{
    static const struct {
        Status verdict;
        gboolean fail, skip;
        Status after;
        Expected expected;
        gboolean unexpected;
        int exit;
    } cases[] = {
        {STATUS_PASS, FALSE, FALSE, STATUS_PASS, EXPECT_PASS, FALSE, AVC_OK},
        {STATUS_FAIL, FALSE, FALSE, STATUS_FAIL, EXPECT_PASS, TRUE, AVC_BROKEN},
        {STATUS_SKIP, FALSE, FALSE, STATUS_SKIP, EXPECT_PASS, TRUE, AVC_BROKEN},
        {STATUS_KNOWN, FALSE, FALSE, STATUS_KNOWN, EXPECT_PASS, FALSE, AVC_OK},
        {STATUS_ERROR, FALSE, FALSE, STATUS_ERROR, EXPECT_PASS, TRUE, AVC_TROUBLE},
        {STATUS_PASS, TRUE, FALSE, STATUS_PASS, EXPECT_FAIL, TRUE, AVC_BROKEN},
        {STATUS_FAIL, TRUE, FALSE, STATUS_KNOWN, EXPECT_FAIL, FALSE, AVC_OK},
        {STATUS_SKIP, TRUE, FALSE, STATUS_SKIP, EXPECT_FAIL, TRUE, AVC_BROKEN},
        {STATUS_ERROR, TRUE, FALSE, STATUS_ERROR, EXPECT_FAIL, TRUE, AVC_TROUBLE},
        {STATUS_PASS, FALSE, TRUE, STATUS_PASS, EXPECT_SKIP, FALSE, AVC_OK},
        {STATUS_FAIL, FALSE, TRUE, STATUS_FAIL, EXPECT_SKIP, TRUE, AVC_BROKEN},
        {STATUS_SKIP, FALSE, TRUE, STATUS_SKIP, EXPECT_SKIP, FALSE, AVC_OK},
    };
    g_autoptr(RuleTable) table = rule_table_parse(boot_case_list, "list", NULL);
    g_autoptr(GHashTable) listed = g_hash_table_new(g_str_hash, g_str_equal);

    g_hash_table_insert(listed, (char *)"AMDVI-PT-001", (char *)"docs/findings/x.md");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Expectations expectations = {cases[i].skip ? listed : NULL, cases[i].fail ? listed : NULL,
                                     NULL, FALSE};
        MachineResults *all = machine_results_new();
        Result *result = result_new(table->rules->pdata[0]);
        g_ptr_array_add(all->results, result);
        all->complete = TRUE;
        result->verdict = cases[i].verdict;
        results_expect(result, &expectations);
        results_sum_up(all);
        g_assert_cmpint(result->verdict, ==, cases[i].after);
        g_assert_cmpint(result->expected, ==, cases[i].expected);
        g_assert_cmpint(result->unexpected, ==, cases[i].unexpected);
        g_assert_cmpint(all->exit, ==, cases[i].exit);
        g_assert_cmpuint(all->summary[cases[i].after], ==, 1);
        machine_results_free(all);
    }
}

// A machine that lacks a device may skip what needs it, and nothing else.
static void test_lacks(void)
{
    g_autoptr(RuleTable) table =
        rule_table_parse("AMDVI-PT-001 A a needs=ide,testdev timeout-ms=5 | A\n"
                         "AMDVI-PT-002 A b needs=ide timeout-ms=5 | B\n"
                         "AMDVI-PT-003 A c needs=testdevil timeout-ms=5 | C\n",
                         "list", NULL);
    Expectations expectations = {NULL, NULL, "host,testdev", FALSE};
    MachineResults *all = machine_results_new();

    for (guint i = 0; i < 3; i++) {
        Result *result = result_new(table->rules->pdata[i]);
        result->verdict = STATUS_SKIP;
        results_expect(result, &expectations);
        g_assert_cmpint(result->unexpected, ==, i != 0);
        g_ptr_array_add(all->results, result);
    }
    machine_results_free(all);
}

// Trouble outweighs a broken rule, and an early stop is trouble.
static void test_exit(void)
{
    g_autoptr(RuleTable) table = rule_table_parse(boot_case_list, "list", NULL);
    Expectations none = {NULL, NULL, NULL, FALSE};
    MachineResults *all = machine_results_new();

    for (guint i = 0; i < 2; i++) {
        Result *result = result_new(table->rules->pdata[i]);
        result->verdict = i ? STATUS_PASS : STATUS_FAIL;
        results_expect(result, &none);
        g_ptr_array_add(all->results, result);
    }
    all->complete = TRUE;
    results_sum_up(all);
    g_assert_cmpint(all->exit, ==, AVC_BROKEN);
    all->complete = FALSE;
    results_sum_up(all);
    g_assert_cmpint(all->exit, ==, AVC_TROUBLE);
    all->complete = TRUE;
    BootRecord *boot = boot_record_new(1, 2);
    g_ptr_array_add(boot->errors, g_strdup("trouble"));
    g_ptr_array_add(all->boots, boot);
    results_sum_up(all);
    g_assert_cmpint(all->exit, ==, AVC_TROUBLE);
    machine_results_free(all);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/results/controls", test_controls);
    g_test_add_func("/results/controls-of-failure", test_controls_of_failure);
    g_test_add_func("/results/ends-inside-rule", test_ends_inside_rule);
    g_test_add_func("/results/exception", test_exception);
    g_test_add_func("/results/exit-status", test_exit_status);
    g_test_add_func("/results/linger", test_linger);
    g_test_add_func("/results/orderly", test_orderly);
    g_test_add_func("/results/may-go-on", test_may_go_on);
    g_test_add_func("/results/expectations", test_expectations);
    g_test_add_func("/results/lacks", test_lacks);
    g_test_add_func("/results/exit", test_exit);
    return g_test_run();
}

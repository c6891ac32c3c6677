// SPDX-License-Identifier: GPL-2.0-or-later
// From the bytes of a boot to verdicts, expectations and the exit status.
#include <string.h>

#include "../line.h"
#include "../results.h"
#include "../util.h"

static const char list[] =
    "AMDVI-PT-001 A pt_one ref=2.2.3 controls=both timeout-ms=500 | One\n"
    "AMDVI-PT-002 A pt_two ref=2.2.3 controls=both timeout-ms=500 | Two\n"
    "AMDVI-XT-003 M xt_three ref=2.2.1 controls=none timeout-ms=500 | Three\n";

// A whole boot as a guest would write it. The CRCs come from python's zlib.
static const char golden[] = "SeaBIOS\r\n"
                             "AVC1 0 platform cpu=qemu64 efr=0x29d3 *b7ec3a9b\r\n"
                             "AVC1 1 platform host=no *79e07e44\r\n"
                             "AVC1 2 plan 2 *35761c74\r\n"
                             "AVC1 3 begin AMDVI-PT-001 A pt_one *ef3c912f\r\n"
                             "AVC1 4 ctl AMDVI-PT-001 pos ok a read arrives *b24152d7\r\n"
                             "AVC1 5 ctl AMDVI-PT-001 neg ok a blocked read is seen *6d2ee364\r\n"
                             "AVC1 6 obs AMDVI-PT-001 status=0x8 *dba6e3a6\r\n"
                             "AVC1 7 end AMDVI-PT-001 pass 1200 *9874eabb\r\n"
                             "AVC1 8 begin AMDVI-PT-002 A pt_two *64798875\r\n"
                             "AVC1 9 ctl AMDVI-PT-002 pos ok works *efa79478\r\n"
                             "AVC1 10 ctl AMDVI-PT-002 neg ok seen *8f206f7f\r\n"
                             "AVC1 11 diag expected 0x1 *fd039115\r\n"
                             "AVC1 12 diag actual   0x0 *e65a0d53\r\n"
                             "AVC1 13 end AMDVI-PT-002 fail 900 one value differs *b2084025\r\n"
                             "AVC1 14 done 1 1 0 0 0 *4612117c\r\n";

typedef struct {
    RuleTable *table;
    GPtrArray *asked;
    Transcript *talk;
    guint seq;
    Outcome outcome;
    BootEnd end;
} Case;

static void open_case(Case *c, guint rules)
{
    memset(c, 0, sizeof(*c));
    c->table = rule_table_parse(list, "list", NULL);
    g_assert_nonnull(c->table);
    c->asked = g_ptr_array_new();
    for (guint i = 0; i < rules; i++) {
        g_ptr_array_add(c->asked, c->table->rules->pdata[i]);
    }
    c->talk = transcript_new(c->table, c->asked);
    c->end.status = -1;
}

static void close_case(Case *c)
{
    transcript_free(c->talk);
    g_ptr_array_unref(c->asked);
    rule_table_free(c->table);
}

static void feed(Case *c, const char *bytes)
{
    transcript_feed(c->talk, bytes, strlen(bytes));
}

static void say_as(Case *c, guint seq, const char *record)
{
    g_autofree char *line = g_strdup_printf("AVC1 %u %s", seq, record);
    g_autofree char *whole = g_strdup_printf("%s *%08x\n", line, line_crc32(line, strlen(line)));
    feed(c, whole);
}

static void say(Case *c, const char *record)
{
    say_as(c, c->seq++, record);
}

// Records separated by '|'.
static void say_all(Case *c, const char *records)
{
    g_auto(GStrv) parts = g_strsplit(records, "|", -1);
    for (gsize i = 0; parts[i]; i++) {
        say(c, parts[i]);
    }
}

static void end_with_status(Case *c, int status)
{
    c->end.cause = CAUSE_EXIT;
    c->end.status = status;
    c->outcome = results_close_boot(c->talk, &c->end);
}

static void end_with_signal(Case *c, int signo)
{
    c->end.cause = CAUSE_EXIT;
    c->end.signo = signo;
    c->outcome = results_close_boot(c->talk, &c->end);
}

static void end_with_limit(Case *c, BootCause cause, Life life)
{
    c->end.cause = cause;
    c->end.life = life;
    c->end.limit_s = 0.5;
    c->end.signo = 15;
    c->outcome = results_close_boot(c->talk, &c->end);
}

// The verdict on rule `index`, which must have a reason that holds `reason`.
static void check(const Case *c, guint index, Status verdict, const char *reason)
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

static void check_error(const Case *c, const char *text)
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

#define BEGIN1 "begin AMDVI-PT-001 A pt_one"
#define CTL1   "ctl AMDVI-PT-001 pos ok x|ctl AMDVI-PT-001 neg ok x"
#define PASS1  BEGIN1 "|" CTL1 "|end AMDVI-PT-001 pass 5"
#define BEGIN2 "begin AMDVI-PT-002 A pt_two"
#define PASS2  BEGIN2 "|ctl AMDVI-PT-002 pos ok x|ctl AMDVI-PT-002 neg ok x|end AMDVI-PT-002 pass 5"

static void test_golden(void)
{
    Case c;

    open_case(&c, 2);
    feed(&c, golden);
    end_with_status(&c, 35);
    g_assert_cmpuint(c.talk->errors->len, ==, 0);
    g_assert_cmpint(c.outcome, ==, OUTCOME_DONE);
    check(&c, 0, STATUS_PASS, "");
    check(&c, 1, STATUS_FAIL, "one value differs");
    g_assert_cmpuint(c.talk->platform->len, ==, 3);
    const RuleRun *run = transcript_find(c.talk, c.table->rules->pdata[1]);
    g_assert_cmpuint(run->diag->len, ==, 2);
    g_assert_cmpuint(run->us, ==, 900);
    close_case(&c);
}

// Cut the golden boot after every single byte: never a crash, never a verdict too many, and only
// the whole of it is without an error.
static void test_truncated(void)
{
    gsize length = strlen(golden);

    for (gsize cut = 0; cut <= length; cut++) {
        Case c;
        open_case(&c, 2);
        transcript_feed(c.talk, golden, cut);
        end_with_status(&c, 35);
        gboolean whole = cut >= length;
        g_assert_cmpint(c.talk->errors->len == 0, ==, whole);
        close_case(&c);
    }
}

// Flip every single bit of the golden boot: it is never taken for a good one, but where the flip
// only makes the noise another noise.
static void test_flipped(void)
{
    gsize noise = strlen("SeaBIOS\r\n");

    for (gsize at = 0; at < strlen(golden); at++) {
        for (int bit = 0; bit < 8; bit++) {
            Case c;
            g_autofree char *copy = g_strdup(golden);
            copy[at] = (char)(copy[at] ^ (1 << bit));
            open_case(&c, 2);
            transcript_feed(c.talk, copy, strlen(golden));
            end_with_status(&c, 35);
            if (at + 1 >= noise) {
                g_assert_cmpuint(c.talk->errors->len, >, 0);
            }
            close_case(&c);
        }
    }
}

static void test_lost_doubled_swapped(void)
{
    g_auto(GStrv) lines = g_strsplit(golden, "\r\n", -1);

    for (guint victim = 1; victim <= 15; victim++) {
        for (int kind = 0; kind < 3; kind++) {
            Case c;
            open_case(&c, 2);
            for (guint i = 0; lines[i]; i++) {
                guint at = i;
                if (kind == 2 && i == victim && lines[i + 1]) {
                    at = i + 1;
                } else if (kind == 2 && i == victim + 1) {
                    at = i - 1;
                }
                if (kind != 0 || i != victim) {
                    feed(&c, lines[at]);
                    feed(&c, "\r\n");
                }
                if (kind == 1 && i == victim) {
                    feed(&c, lines[at]);
                    feed(&c, "\r\n");
                }
            }
            end_with_status(&c, 35);
            // The last line can only be swapped with the end of the stream, which changes nothing.
            if (kind != 2 || victim < 15) {
                g_assert_cmpuint(c.talk->errors->len, >, 0);
            }
            close_case(&c);
        }
    }
}

static void test_empty(void)
{
    Case c;

    open_case(&c, 2);
    end_with_status(&c, 33);
    check(&c, 0, STATUS_ERROR, "no verdict");
    check_error(&c, "before the first line");
    close_case(&c);
}

static void test_sequence(void)
{
    Case c;

    open_case(&c, 2);
    say_all(&c, "plan 2|" BEGIN1 "|" CTL1);
    say_as(&c, 3, "ctl AMDVI-PT-001 neg ok x");
    say(&c, "end AMDVI-PT-001 pass 5");
    c.seq += 2;
    say_all(&c, PASS2 "|done 2 0 0 0 0");
    end_with_status(&c, 33);
    check(&c, 0, STATUS_ERROR, "line 3 came twice");
    check(&c, 1, STATUS_PASS, "");
    check_error(&c, "lines 5 to 6 are missing");
    close_case(&c);

    open_case(&c, 2);
    say_all(&c, "plan 2|" PASS1);
    say_as(&c, 0, "plan 2");
    say_all(&c, PASS2 "|done 2 0 0 0 0");
    end_with_status(&c, 33);
    check(&c, 0, STATUS_PASS, "");
    check(&c, 1, STATUS_ERROR, "no verdict");
    check_error(&c, "sequence went back");
    close_case(&c);
}

// A line is damaged between two rules: the next rule is not to blame.
static void test_damaged_between(void)
{
    Case c;

    open_case(&c, 2);
    say_all(&c, "plan 2|" PASS1);
    feed(&c, "AVC1 5 platform x=y *00000000\n");
    c.seq++;
    say_all(&c, PASS2 "|done 2 0 0 0 0");
    end_with_status(&c, 33);
    g_assert_cmpuint(c.talk->errors->len, ==, 1);
    check_error(&c, "damaged line");
    check(&c, 0, STATUS_PASS, "");
    check(&c, 1, STATUS_PASS, "");
    close_case(&c);
}

static void test_plan(void)
{
    Case c;

    open_case(&c, 2);
    say_all(&c, "plan 1|plan 2|" PASS1 "|" PASS2 "|done 2 0 0 0 0");
    end_with_status(&c, 33);
    check_error(&c, "plans 1 rules but was asked for 2");
    check_error(&c, "second plan");
    close_case(&c);

    open_case(&c, 1);
    say_all(&c, PASS1 "|done 1 0 0 0 0");
    end_with_status(&c, 33);
    check(&c, 0, STATUS_ERROR, "before there is a plan");
    check_error(&c, "without a plan");
    close_case(&c);

    open_case(&c, 1);
    say_all(&c, "plan 1|" PASS2 "|done 1 0 0 0 0");
    end_with_status(&c, 33);
    check(&c, 0, STATUS_ERROR, "did not run it");
    check_error(&c, "was not asked for");
    close_case(&c);
}

static void test_order_of_records(void)
{
    static const struct {
        const char *records;
        const char *error;
    } cases[] = {
        {"plan 1|end AMDVI-PT-001 pass 5|done 1 0 0 0 0", "not open"},
        {"plan 1|ctl AMDVI-PT-001 pos ok x|" PASS1 "|done 1 0 0 0 0", "not open"},
        {"plan 1|" PASS1 "|obs AMDVI-PT-001 a=b|done 1 0 0 0 0", "not open"},
        {"plan 1|" PASS1 "|" PASS1 "|done 2 0 0 0 0", "second time"},
        {"plan 1|" BEGIN1 "|" PASS1 "|done 1 0 0 0 0", "before AMDVI-PT-001 ended"},
        {"plan 1|" BEGIN1 "|" CTL1 "|done 0 0 0 0 0", "is open"},
        {"plan 1|" PASS1 "|done 0 0 0 0 0", "counts 0 pass but 1 came"},
        {"plan 1|" PASS1 "|done 1 1 0 0 0", "counts 1 fail but 0 came"},
        {"plan 1|" PASS1 "|done 1 0 0 0 0|diag more", "after 'done'"},
        {"plan 1|" PASS1 "|done 1 0 0 0 0|done 1 0 0 0 0", "after 'done'"},
        {"plan 1|begin AMDVI-ZZ-009 A zz|done 0 0 0 0 0", "not in the rule list"},
        {"plan 1|begin AMDVI-PT-001 A pt_two|done 0 0 0 0 0", "the rule list says A pt_one"},
        {"plan 1|begin AMDVI-PT-001 M pt_one|done 0 0 0 0 0", "the rule list says A pt_one"},
        {"platform a=1 a=2|plan 1|" PASS1 "|done 1 0 0 0 0", "given twice"},
        {"plan 1|host 2 ping|" PASS1 "|done 1 0 0 0 0", "where 1 is due"},
        {"plan 1|nonsense|" PASS1 "|done 1 0 0 0 0", "unknown record"},
        {"rule AMDVI-PT-001 A pt_one | One|plan 1|" PASS1 "|done 1 0 0 0 0", "not asked for"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Case c;
        open_case(&c, 1);
        say_all(&c, cases[i].records);
        end_with_status(&c, 33);
        check_error(&c, cases[i].error);
        close_case(&c);
    }
}

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
        {-1, 9, CAUSE_STOPPED, LIFE_UNKNOWN, STATUS_ERROR, "stopped by the user", OUTCOME_ERROR,
         TRUE},
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

// A dying emulator may leave half a line: that is no damage. A guest that ends by itself may not.
static void test_half_line(void)
{
    Case c;

    open_case(&c, 1);
    say_all(&c, "plan 1|" BEGIN1);
    feed(&c, "AVC1 2 obs AMD");
    end_with_signal(&c, 6);
    check(&c, 0, STATUS_FAIL, "SIGABRT");
    close_case(&c);

    open_case(&c, 1);
    say_all(&c, "plan 1|" PASS1 "|done 1 0 0 0 0");
    feed(&c, "AVC1 2 obs AMD");
    end_with_status(&c, 33);
    check_error(&c, "the last one has no end");
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

static void test_requests(void)
{
    Case c;

    open_case(&c, 1);
    say_all(&c, "plan 1|host 1 ping|host 2 hold read sector=5 x");
    g_autoptr(HostRequest) first = g_queue_pop_head(&c.talk->requests);
    g_autoptr(HostRequest) second = g_queue_pop_head(&c.talk->requests);
    g_assert_cmpuint(first->id, ==, 1);
    g_assert_cmpstr(first->verb, ==, "ping");
    g_assert_cmpstr(second->verb, ==, "hold");
    g_assert_cmpstr(second->args, ==, "read sector=5 x");
    g_assert_true(g_queue_is_empty(&c.talk->requests));
    close_case(&c);
}

// A line full of complaints must not fill the memory.
static void test_many_errors(void)
{
    Case c;

    open_case(&c, 1);
    for (int i = 0; i < 10000; i++) {
        feed(&c, "AVC1 broken\n");
    }
    g_assert_cmpuint(c.talk->errors->len, <, 50);
    close_case(&c);
}

static void test_may_go_on(void)
{
    Case c;

    open_case(&c, 2);
    say_all(&c, "plan 2|" PASS1 "|" BEGIN2);
    end_with_signal(&c, 11);
    g_assert_true(results_may_go_on(c.talk, &c.end));
    close_case(&c);

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
    g_autoptr(RuleTable) table = rule_table_parse(list, "list", NULL);
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
    g_autoptr(RuleTable) table = rule_table_parse(list, "list", NULL);
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
    g_test_add_func("/results/golden", test_golden);
    g_test_add_func("/results/truncated", test_truncated);
    g_test_add_func("/results/flipped", test_flipped);
    g_test_add_func("/results/lost-doubled-swapped", test_lost_doubled_swapped);
    g_test_add_func("/results/empty", test_empty);
    g_test_add_func("/results/sequence", test_sequence);
    g_test_add_func("/results/damaged-between", test_damaged_between);
    g_test_add_func("/results/plan", test_plan);
    g_test_add_func("/results/order-of-records", test_order_of_records);
    g_test_add_func("/results/controls", test_controls);
    g_test_add_func("/results/controls-of-failure", test_controls_of_failure);
    g_test_add_func("/results/ends-inside-rule", test_ends_inside_rule);
    g_test_add_func("/results/exception", test_exception);
    g_test_add_func("/results/half-line", test_half_line);
    g_test_add_func("/results/exit-status", test_exit_status);
    g_test_add_func("/results/linger", test_linger);
    g_test_add_func("/results/requests", test_requests);
    g_test_add_func("/results/many-errors", test_many_errors);
    g_test_add_func("/results/may-go-on", test_may_go_on);
    g_test_add_func("/results/expectations", test_expectations);
    g_test_add_func("/results/lacks", test_lacks);
    g_test_add_func("/results/exit", test_exit);
    return g_test_run();
}

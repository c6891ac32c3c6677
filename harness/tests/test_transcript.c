// SPDX-License-Identifier: GPL-2.0-or-later
// The bytes of a boot: what is taken from them, and what is noticed where they are not in order.
#include <string.h>

#include "boot_case.h"

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
    transcript_error(c.talk, "what came in the end");
    check_error(&c, "what came in the end");
    close_case(&c);
}

// Nor may a rule that says more than any rule has to say. Lines for people are only cut short.
static void test_many_records(void)
{
    Case c;

    open_case(&c, 2);
    say_all(&c, "plan 2|" BEGIN1);
    for (int i = 0; i < 10000; i++) {
        say(&c, "diag one more");
    }
    say_all(&c, CTL1 "|end AMDVI-PT-001 pass 5|" BEGIN2);
    const RuleRun *run = transcript_find(c.talk, c.table->rules->pdata[0]);
    g_assert_cmpuint(run->diag->len, ==, 501);
    g_assert_cmpuint(c.talk->errors->len, ==, 0);
    for (int i = 0; i < 10000; i++) {
        say(&c, "ctl AMDVI-PT-002 pos ok x");
        say(&c, "obs AMDVI-PT-002 x=1");
        say(&c, "mark AMDVI-PT-002 7 give");
    }
    run = transcript_find(c.talk, c.table->rules->pdata[1]);
    g_assert_cmpuint(run->controls->len, ==, 500);
    g_assert_cmpuint(run->obs->len, ==, 500);
    g_assert_cmpuint(run->marks->len, ==, 500);
    g_assert_cmpuint(c.talk->errors->len, ==, 1);
    for (int i = 0; i < 10000; i++) {
        g_autofree char *fact = g_strdup_printf("platform x%d=1", i);
        say(&c, fact);
    }
    g_assert_cmpuint(c.talk->platform->len, ==, 500);
    g_assert_cmpuint(c.talk->errors->len, ==, 2);
    say_all(&c, "ctl AMDVI-PT-002 neg ok x|end AMDVI-PT-002 pass 5|done 2 0 0 0 0");
    end_with_status(&c, 33);
    check(&c, 0, STATUS_PASS, "");
    check(&c, 1, STATUS_ERROR, "more than 500 controls");
    check_error(&c, "more than 500 facts about the platform");
    close_case(&c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transcript/golden", test_golden);
    g_test_add_func("/transcript/truncated", test_truncated);
    g_test_add_func("/transcript/flipped", test_flipped);
    g_test_add_func("/transcript/lost-doubled-swapped", test_lost_doubled_swapped);
    g_test_add_func("/transcript/empty", test_empty);
    g_test_add_func("/transcript/sequence", test_sequence);
    g_test_add_func("/transcript/damaged-between", test_damaged_between);
    g_test_add_func("/transcript/plan", test_plan);
    g_test_add_func("/transcript/order-of-records", test_order_of_records);
    g_test_add_func("/transcript/half-line", test_half_line);
    g_test_add_func("/transcript/requests", test_requests);
    g_test_add_func("/transcript/many-errors", test_many_errors);
    g_test_add_func("/transcript/many-records", test_many_records);
    return g_test_run();
}

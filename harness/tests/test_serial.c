// SPDX-License-Identifier: GPL-2.0-or-later
// The records of docs/results-format.md section 1.
#include "../serial.h"

static void test_good(void)
{
    Record r;

    g_assert_true(record_parse("plan 12", &r, NULL));
    g_assert_cmpint(r.type, ==, RECORD_PLAN);
    g_assert_cmpuint(r.number, ==, 12);
    record_clear(&r);

    g_assert_true(record_parse("platform cpu=qemu64 efr=0x29d3 empty=", &r, NULL));
    g_assert_cmpuint(r.pairs->len, ==, 3);
    g_assert_cmpstr(((Pair *)r.pairs->pdata[1])->key, ==, "efr");
    g_assert_cmpstr(((Pair *)r.pairs->pdata[1])->value, ==, "0x29d3");
    g_assert_cmpstr(((Pair *)r.pairs->pdata[2])->value, ==, "");
    record_clear(&r);

    g_assert_true(record_parse("begin AMDVI-PT-002 M pt_two", &r, NULL));
    g_assert_cmpstr(r.rule, ==, "AMDVI-PT-002");
    g_assert_cmpint(r.tag, ==, 'M');
    g_assert_cmpstr(r.name, ==, "pt_two");
    record_clear(&r);

    g_assert_true(record_parse("ctl AMDVI-PT-002 neg bad it did not", &r, NULL));
    g_assert_cmpint(r.control, ==, CONTROL_NEG);
    g_assert_false(r.ok);
    g_assert_cmpstr(r.text, ==, "it did not");
    record_clear(&r);

    g_assert_true(record_parse("ctl AMDVI-PT-002 none nothing to compare with", &r, NULL));
    g_assert_cmpint(r.control, ==, CONTROL_NONE);
    record_clear(&r);

    g_assert_true(record_parse("obs AMDVI-PT-002 status=0x8 (EventLogRun)", &r, NULL));
    g_assert_cmpstr(((Pair *)r.pairs->pdata[0])->key, ==, "status");
    g_assert_cmpstr(((Pair *)r.pairs->pdata[0])->value, ==, "0x8 (EventLogRun)");
    record_clear(&r);

    g_assert_true(record_parse("mark AMDVI-PT-002 9223372036854775807 start READ DMA", &r, NULL));
    g_assert_cmpint(r.type, ==, RECORD_MARK);
    g_assert_cmpuint(r.number, ==, G_MAXINT64);
    g_assert_cmpstr(r.name, ==, "start");
    g_assert_cmpstr(r.text, ==, "READ DMA");
    record_clear(&r);

    g_assert_true(record_parse("mark AMDVI-PT-002 0 give", &r, NULL));
    g_assert_cmpstr(r.text, ==, "");
    record_clear(&r);

    g_assert_true(record_parse("diag", &r, NULL));
    g_assert_cmpstr(r.text, ==, "");
    record_clear(&r);

    g_assert_true(record_parse("end AMDVI-PT-002 pass 0", &r, NULL));
    g_assert_cmpint(r.status, ==, STATUS_PASS);
    g_assert_cmpuint(r.number, ==, 0);
    record_clear(&r);

    g_assert_true(record_parse("end AMDVI-PT-002 skip 17 EFR.GASup=0 (29d3h)", &r, NULL));
    g_assert_cmpint(r.status, ==, STATUS_SKIP);
    g_assert_cmpstr(r.text, ==, "EFR.GASup=0 (29d3h)");
    record_clear(&r);

    g_assert_true(record_parse("host 1 ping", &r, NULL));
    g_assert_cmpstr(r.name, ==, "ping");
    g_assert_cmpstr(r.text, ==, "");
    record_clear(&r);

    g_assert_true(record_parse("done 1 2 3 4 5", &r, NULL));
    g_assert_cmpuint(r.counts[STATUS_ERROR], ==, 5);
    record_clear(&r);
}

static void test_bad(void)
{
    static const char *const bad[] = {
        "",
        " plan 3",
        "plan",
        "plan x",
        "plan 3 4",
        "plan -3",
        "plan 99999999999999999999",
        "platform",
        "platform cpu",
        "platform =x",
        "platform a=b  c=d",
        "platform a=b ",
        "begin",
        "begin AMDVI-PT-002",
        "begin AMDVI-PT-002 A",
        "begin AMDVI-PT-002 X pt_two",
        "begin AMDVI-PT-002 AM pt_two",
        "begin AMDVI-PT-002 A 2pt",
        "begin AMDVI-PT-002 A pt_two more",
        "begin amdvi-pt-002 A pt_two",
        "begin AMDVI A pt_two",
        "begin AMDVI--002 A pt_two",
        "begin AMDVI-PT- A pt_two",
        "ctl AMDVI-PT-002 pos",
        "ctl AMDVI-PT-002 pos maybe text",
        "ctl AMDVI-PT-002 both ok text",
        "ctl AMDVI-PT-002 none",
        "ctl AMDVI-PT-002 none ",
        "obs AMDVI-PT-002",
        "obs AMDVI-PT-002 value",
        "obs AMDVI-PT-002 a key=1",
        "mark AMDVI-PT-002",
        "mark AMDVI-PT-002 5",
        "mark AMDVI-PT-002 start 5",
        "mark AMDVI-PT-002 9223372036854775808 start",
        "mark AMDVI-PT-002 5 st-art",
        "mark 5 start",
        "end AMDVI-PT-002",
        "end AMDVI-PT-002 pass",
        "end AMDVI-PT-002 good 5",
        "end AMDVI-PT-002 none 5 x",
        "end AMDVI-PT-002 pass x",
        "end AMDVI-PT-002 fail 5",
        "end AMDVI-PT-002 skip 5 ",
        "host",
        "host ping",
        "host 1",
        "host 1 ",
        "done",
        "done 1 2 3 4",
        "done 1 2 3 4 5 6",
        "done 1 2 3 4 x",
        "Plan 3",
        "verdict AMDVI-PT-002 pass",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        Record r;
        g_test_message("%s", bad[i]);
        g_assert_false(record_parse(bad[i], &r, &error));
        g_assert_nonnull(error);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/serial/good", test_good);
    g_test_add_func("/serial/bad", test_bad);
    return g_test_run();
}

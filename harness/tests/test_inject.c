// SPDX-License-Identifier: GPL-2.0-or-later
// The verb `inject`, with the test at the emulator's end of QMP.
#include <string.h>

#include "../host.h"
#include "../inject.h"
#include "../line.h"
#include "qmp_case.h"

static void test_value(void)
{
    static const struct {
        const char *args, *json;
    } good[] = {
        {"dev-tab device=00:1c.0 count=1",
         "{\"kind\":\"dev-tab\",\"device\":\"00:1c.0\",\"count\":1}"},
        {"command count=4294967295 type=data-error",
         "{\"kind\":\"command\",\"count\":4294967295,\"type\":\"data-error\"}"},
        {"page-tab count=0 type=target-abort device=ff:1f.7",
         "{\"kind\":\"page-tab\",\"count\":0,\"type\":\"target-abort\",\"device\":\"ff:1f.7\"}"},
        // What there is of kinds and types, the emulator knows.
        {"flood count=2", "{\"kind\":\"flood\",\"count\":2}"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(JsonNode) value = inject_value(good[i].args, text);

        g_assert_nonnull(value);
        g_autofree char *json = json_to_string(value, FALSE);
        g_assert_cmpstr(json, ==, good[i].json);
        g_assert_cmpuint(text->len, ==, 0);
    }
}

static void test_bad_args(void)
{
    static const char *const bad[] = {
        "",
        " ",
        "dev-tab",
        "dev-tab device=00:1c.0",
        "Dev-Tab count=1",
        "dev\"tab count=1",
        "dev-tab count=",
        "dev-tab count=-1",
        "dev-tab count=0x1",
        "dev-tab count=4294967296",
        "dev-tab count=1 count=2",
        "dev-tab count=1 device=",
        "dev-tab count=1 device=00:1C.0",
        "dev-tab count=1 device=\"",
        "dev-tab count=1 devices=00:1c.0",
        "dev-tab  count=1",
        "dev-tab count=1 more",
        "dev-tab count=1 =",
        "dev-tab count=1 type=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    Qmp *qmp = open_qmp();
    Host host = {.qmp = qmp, .qmp_s = 60};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        HostRequest request = {.id = 1, .verb = (char *)"inject", .args = (char *)bad[i]};
        g_autofree char *answer = host_answer(&host, &request);

        g_assert_nonnull(answer);
        g_assert_true(g_str_has_prefix(answer, "AVC1 host 1 refused "));
    }
    // None of it reached the emulator.
    g_autofree char *nothing = sent();
    g_assert_cmpstr(nothing, ==, "");
    close_qmp(qmp);
}

static void test_done(void)
{
    Qmp *qmp = open_qmp();
    Host host = {.qmp = qmp, .qmp_s = 60};
    HostRequest request = {
        .id = 7, .verb = (char *)"inject", .args = (char *)"irt device=00:1c.0 count=3"};

    g_assert_null(host_answer(&host, &request));
    g_autofree char *asked = sent();
    g_assert_cmpstr(asked, ==,
                    "{\"execute\":\"qom-set\",\"id\":1,\"arguments\":{\"path\":\"iommu\","
                    "\"property\":\"x-inject\",\"value\":{\"kind\":\"irt\",\"device\":\"00:1c.0\","
                    "\"count\":3}}}\n");
    // Asked once, however often the answer is looked for; answers to others and events are none.
    emulator_says(qmp, "{\"return\": {}}\r\n{\"return\": {}, \"id\": 0}\r\n");
    emulator_says(qmp, "{\"return\": {}, \"id\": 2}\r\n{\"event\": \"RESUME\", \"id\": 1}\r\n");
    g_assert_null(host_answer(&host, &request));
    emulator_says(qmp, "{\"return\": {}, \"id\": 1");
    g_assert_null(host_answer(&host, &request));
    emulator_says(qmp, "}\r\n");
    g_autofree char *answer = host_answer(&host, &request);
    g_assert_true(g_str_has_prefix(answer, "AVC1 host 7 ok irt device=00:1c.0 count=3 *"));
    g_autofree char *nothing = sent();
    g_assert_cmpstr(nothing, ==, "");

    // The next one is asked anew, and does not take the old answer.
    request.id = 8;
    g_assert_null(host_answer(&host, &request));
    g_autofree char *again = sent();
    g_assert_nonnull(strstr(again, "\"id\":2,"));
    emulator_says(qmp, "{\"return\": {}, \"id\": 1}\r\n");
    g_assert_null(host_answer(&host, &request));
    emulator_says(qmp, "{\"return\": {}, \"id\": 2}\r\n");
    g_autofree char *second = host_answer(&host, &request);
    g_assert_true(g_str_has_prefix(second, "AVC1 host 8 ok "));
    close_qmp(qmp);
}

static void test_refused(void)
{
    static const struct {
        const char *says, *want;
    } cases[] = {
        {"{\"id\": 1, \"error\": {\"class\": \"GenericError\", \"desc\": \"Property "
         "'amd-iommu.x-inject' not found\"}}\r\n",
         "AVC1 host 1 refused Property 'amd-iommu.x-inject' not found *"},
        {"{\"id\": 1, \"error\": {\"class\": \"GenericError\"}}\r\n",
         "AVC1 host 1 refused the emulator does not say why *"},
        {"{\"id\": 1, \"error\": \"no\"}\r\n",
         "AVC1 host 1 refused the emulator does not say why *"},
        {"{\"id\": 1, \"error\": {\"desc\": \"two\\nlines\"}}\r\n",
         "AVC1 host 1 refused two?lines *"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Qmp *qmp = open_qmp();
        Host host = {.qmp = qmp, .qmp_s = 60};
        HostRequest request = {.id = 1, .verb = (char *)"inject", .args = (char *)"irt count=3"};

        g_assert_null(host_answer(&host, &request));
        emulator_says(qmp, cases[i].says);
        g_autofree char *answer = host_answer(&host, &request);
        g_assert_nonnull(answer);
        g_assert_true(g_str_has_prefix(answer, cases[i].want));
        close_qmp(qmp);
    }
}

// A monitor that says nothing, or is gone, is not waited for for ever, and its late answer counts
// for nobody.
static void test_silent(void)
{
    Qmp *qmp = open_qmp();
    Host host = {.qmp = qmp, .qmp_s = 0.05};
    HostRequest request = {.id = 1, .verb = (char *)"inject", .args = (char *)"irt count=3"};
    char *answer = NULL;

    for (guint i = 0; i < 1000 && !(answer = host_answer(&host, &request)); i++) {
        g_usleep(10000);
    }
    g_assert_true(g_str_has_prefix(answer, "AVC1 host 1 refused QMP does not answer *"));
    g_free(answer);
    emulator_says(qmp, "{\"return\": {}, \"id\": 1}\r\n");
    host.qmp_s = 60;
    request.id = 2;
    g_assert_null(host_answer(&host, &request));
    emulator_hangs_up(qmp);
    host.qmp_s = 0;
    g_usleep(1000);
    answer = host_answer(&host, &request);
    g_assert_true(g_str_has_prefix(answer, "AVC1 host 2 refused QMP does not answer *"));
    g_free(answer);
    close_qmp(qmp);
}

static void test_without(void)
{
    Host host = {0};
    HostRequest request = {.id = 1, .verb = (char *)"inject", .args = (char *)"irt count=3"};
    g_autofree char *answer = host_answer(&host, &request);

    g_assert_true(g_str_has_prefix(answer, "AVC1 host 1 refused this machine has no QMP *"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inject/value", test_value);
    g_test_add_func("/inject/bad-args", test_bad_args);
    g_test_add_func("/inject/done", test_done);
    g_test_add_func("/inject/refused", test_refused);
    g_test_add_func("/inject/silent", test_silent);
    g_test_add_func("/inject/without", test_without);
    return g_test_run();
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs `pause`, `reset` and `unplug`, with the test at the emulator's end of QMP.
#include <string.h>

#include "../host.h"
#include "../machine_verbs.h"
#include "qmp_case.h"

static const char *const command[] = {
    "qemu",
    "-device",
    "pcie-root-port,id=slot,addr=0x1f",
    "-device",
    "nvme,bus=slot,id=guest-disk",
    "-name",
    "id=other",
    "-device",
    NULL,
};

// What the host says to `verb`; NULL: it waits.
static char *ask(Host *host, const char *verb, const char *args)
{
    HostRequest request = {.id = 1, .verb = (char *)verb, .args = (char *)args};

    return host_answer(host, &request);
}

static void expect_answer(Host *host, const char *verb, const char *args, const char *want)
{
    g_autofree char *answer = ask(host, verb, args);
    g_autofree char *start = g_strdup_printf("AVC1 host 1 %s *", want);

    g_assert_nonnull(answer);
    g_assert_cmpstr(answer, !=, "");
    answer[MIN(strlen(answer), strlen(start))] = '\0';
    g_assert_cmpstr(answer, ==, start);
}

// It waits, and has sent this, or nothing.
static void expect_sent(Host *host, const char *verb, const char *args, const char *want)
{
    g_assert_null(ask(host, verb, args));
    g_autofree char *line = sent();
    g_assert_cmpstr(line, ==, want);
}

static void test_pause(void)
{
    Qmp *qmp = open_qmp();
    Host host = {.qmp = qmp, .qmp_s = 60};
    gint64 start = g_get_monotonic_time();

    for (int i = 1; i <= 2; i++) {
        g_autofree char *stop = g_strdup_printf("{\"execute\":\"stop\",\"id\":%d}\n", 2 * i - 1);
        g_autofree char *cont = g_strdup_printf("{\"execute\":\"cont\",\"id\":%d}\n", 2 * i);
        g_autofree char *stopped = g_strdup_printf("{\"return\":{},\"id\":%d}\r\n", 2 * i - 1);
        g_autofree char *going = g_strdup_printf("{\"return\":{},\"id\":%d}\r\n", 2 * i);
        char *line = NULL;

        expect_sent(&host, "pause", "50", stop);
        expect_sent(&host, "pause", "50", "");
        // Not the answer: the machine stands still only after it.
        emulator_says(qmp, "{\"event\": \"STOP\"}\r\n");
        expect_sent(&host, "pause", "50", "");
        emulator_says(qmp, stopped);
        for (int n = 0; n < 1000 && (!line || !*line); n++) {
            g_free(line);
            g_assert_null(ask(&host, "pause", "50"));
            line = sent();
            g_usleep(1000);
        }
        g_assert_cmpstr(line, ==, cont);
        g_free(line);
        g_assert_cmpint(g_get_monotonic_time() - start, >=, i * 50000);
        emulator_says(qmp, "{\"event\": \"RESUME\"}\r\n");
        expect_sent(&host, "pause", "50", "");
        emulator_says(qmp, going);
        expect_answer(&host, "pause", "50", "ok 50");
    }
    close_qmp(qmp);
}

static void test_pause_refused(void)
{
    static const char *const bad[] = {"", "0", "-1", "10001", "1s", "50 50"};
    Qmp *qmp = open_qmp();
    Host host = {.qmp = qmp, .qmp_s = 60};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        expect_answer(&host, "pause", bad[i], "refused the machine stands still for 1 to 10000 ms");
    }
    g_autofree char *nothing = sent();
    g_assert_cmpstr(nothing, ==, "");

    // One that will not stop is told to go on: it might do so later.
    expect_sent(&host, "pause", "1", "{\"execute\":\"stop\",\"id\":1}\n");
    emulator_says(qmp, "{\"id\": 1, \"error\": {\"desc\": \"never\"}}\r\n");
    expect_answer(&host, "pause", "1", "refused never");
    g_autofree char *cont = sent();
    g_assert_cmpstr(cont, ==, "{\"execute\":\"cont\",\"id\":2}\n");
    expect_sent(&host, "pause", "1", "{\"execute\":\"stop\",\"id\":3}\n");
    close_qmp(qmp);
}

#define ALLOW(id) \
    "{\"execute\":\"set-action\",\"id\":" #id ",\"arguments\":{\"reboot\":\"reset\"}}\n"
#define FORBID(id) \
    "{\"execute\":\"set-action\",\"id\":" #id ",\"arguments\":{\"reboot\":\"shutdown\"}}\n"
#define RESET_EVENT "{\"event\": \"RESET\", \"data\": {\"guest\": false}}\r\n"

static void test_reset(void)
{
    guint records = 7;
    Qmp *qmp = open_qmp();
    Host host = {.qmp = qmp, .qmp_s = 60, .records = &records};

    emulator_says(qmp, RESET_EVENT); // nobody has asked for that one
    expect_sent(&host, "reset", "", ALLOW(1));
    expect_sent(&host, "reset", "", "");
    emulator_says(qmp, "{\"return\":{},\"id\":1}\r\n");
    expect_sent(&host, "reset", "", "{\"execute\":\"system_reset\",\"id\":2}\n");
    emulator_says(qmp, "{\"return\":{},\"id\":2}\r\n");
    expect_sent(&host, "reset", "", "");
    // A record from before the reset is none of the guest that starts again.
    records++;
    expect_sent(&host, "reset", "", "");
    host.records_before = records;
    emulator_says(qmp, RESET_EVENT);
    expect_sent(&host, "reset", "", "");
    emulator_says(qmp, RESET_EVENT);
    expect_sent(&host, "reset", "", "");
    records++;
    expect_sent(&host, "reset", "", FORBID(3));
    expect_sent(&host, "reset", "", "");
    emulator_says(qmp, "{\"return\":{},\"id\":3}\r\n");
    expect_answer(&host, "reset", "", "ok reset");
    expect_sent(&host, "reset", "", ALLOW(4));
    close_qmp(qmp);
}

static void expect_forbidden(const char *want)
{
    g_autofree char *line = sent();

    g_assert_cmpstr(line, ==, want);
}

static void test_reset_refused(void)
{
    guint records = 0;
    Qmp *qmp = open_qmp();
    Host host = {.qmp = qmp, .qmp_s = 60, .records = &records};

    expect_answer(&host, "reset", "now", "refused a reset has no arguments");
    expect_sent(&host, "reset", "", ALLOW(1));
    emulator_says(qmp, "{\"return\":{},\"id\":1}\r\n");
    expect_sent(&host, "reset", "", "{\"execute\":\"system_reset\",\"id\":2}\n");
    emulator_says(qmp, "{\"id\": 2, \"error\": {\"desc\": \"never\"}}\r\n");
    expect_answer(&host, "reset", "", "refused never");
    expect_forbidden(FORBID(3));

    // A guest that dies again and again.
    expect_sent(&host, "reset", "", ALLOW(4));
    emulator_says(qmp, "{\"return\":{},\"id\":4}\r\n");
    expect_sent(&host, "reset", "", "{\"execute\":\"system_reset\",\"id\":5}\n");
    emulator_says(qmp, "{\"return\":{},\"id\":5}\r\n" RESET_EVENT RESET_EVENT RESET_EVENT);
    expect_sent(&host, "reset", "", "");
    expect_sent(&host, "reset", "", "");
    emulator_says(qmp, RESET_EVENT);
    expect_answer(&host, "reset", "",
                  "refused the machine was reset 4 times, and the guest says nothing");
    expect_forbidden(FORBID(6));
    close_qmp(qmp);
}

static void test_unplug(void)
{
    static const char *const bad[] = {
        "", "other", "guest", "disk", "id=slot", "slot,addr=0x1f", "guest-disk\"", "GUEST-DISK",
    };
    Qmp *qmp = open_qmp();
    Host host = {.qmp = qmp, .qmp_s = 60, .command = command};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        expect_answer(&host, "unplug", bad[i], "refused this machine has no device of that id");
    }
    expect_sent(&host, "unplug", "guest-disk",
                "{\"execute\":\"device_del\",\"id\":1,\"arguments\":{\"id\":\"guest-disk\"}}\n");
    emulator_says(qmp, "{\"return\":{},\"id\":1}\r\n");
    expect_answer(&host, "unplug", "guest-disk", "ok guest-disk");
    expect_sent(&host, "unplug", "slot",
                "{\"execute\":\"device_del\",\"id\":2,\"arguments\":{\"id\":\"slot\"}}\n");
    emulator_says(qmp, "{\"id\": 2, \"error\": {\"desc\": \"Bus does not support\"}}\r\n");
    expect_answer(&host, "unplug", "slot", "refused Bus does not support");
    host.command = NULL;
    expect_answer(&host, "unplug", "slot", "refused this machine has no device of that id");
    close_qmp(qmp);
}

// An emulator that says nothing is not waited for for ever, and the next request starts anew.
static void test_silent(void)
{
    static const char *const verbs[][2] = {{"reset", ""}, {"unplug", "slot"}};
    guint records = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        Qmp *qmp = open_qmp();
        Host host = {.qmp = qmp, .qmp_s = 0.001, .command = command, .records = &records};

        g_assert_null(ask(&host, verbs[i][0], verbs[i][1]));
        g_usleep(10000);
        expect_answer(&host, verbs[i][0], verbs[i][1], "refused QMP does not answer");
        g_assert_cmpuint(host.step, ==, 0);
        close_qmp(qmp);
    }
}

static void test_without(void)
{
    Host host = {.command = command};

    expect_answer(&host, "pause", "1", "refused this machine has no QMP");
    expect_answer(&host, "reset", "", "refused this machine has no QMP");
    expect_answer(&host, "unplug", "slot", "refused this machine has no QMP");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/machine/pause", test_pause);
    g_test_add_func("/machine/pause-refused", test_pause_refused);
    g_test_add_func("/machine/reset", test_reset);
    g_test_add_func("/machine/reset-refused", test_reset_refused);
    g_test_add_func("/machine/unplug", test_unplug);
    g_test_add_func("/machine/silent", test_silent);
    g_test_add_func("/machine/without", test_without);
    return g_test_run();
}

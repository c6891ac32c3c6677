// SPDX-License-Identifier: GPL-2.0-or-later
// The wire of the network card, with the test at the emulator's end of the socket.
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../host.h"
#include "../line.h"

static int far_end; // the emulator's

static Net *open_net(void)
{
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    far_end = pair[1];
    return net_new(pair[0]);
}

static void close_net(Net *net)
{
    net_free(net);
    close(far_end);
}

static void guest_sends(guint8 first, gsize length)
{
    guint8 frame[2048];

    memset(frame, 0, sizeof(frame));
    frame[0] = first;
    g_assert_cmpint(send(far_end, frame, length, 0), ==, (gssize)length);
}

static char *taken(Net *net)
{
    GString *text = g_string_new(NULL);

    net_take(net, text);
    return g_string_free(text, FALSE);
}

#define FRAME14 "ffffffffffff52540012345688B5"

static void test_send(void)
{
    static const guint8 want[14] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52,
                                    0x54, 0x00, 0x12, 0x34, 0x56, 0x88, 0xb5};
    Net *net = open_net();
    g_autoptr(GString) text = g_string_new(NULL);
    guint8 got[64];

    g_assert_true(net_send(net, FRAME14, text));
    g_assert_cmpstr(text->str, ==, "14 bytes");
    g_assert_cmpint(recv(far_end, got, sizeof(got), MSG_DONTWAIT), ==, 14);
    g_assert_cmpmem(got, 14, want, 14);
    close_net(net);
}

static void test_bad_frames(void)
{
    g_autofree char *too_long = g_strnfill(2 * (NET_FRAME_MAX + 1), '0');
    const char *const bad[] = {"", "5", FRAME14 "0", FRAME14 " 00", "gg" FRAME14, "ffff", too_long};
    Net *net = open_net();
    guint8 got[64];

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_assert_false(net_send(net, bad[i], text));
        g_assert_cmpuint(text->len, >, 0);
    }
    g_assert_cmpint(recv(far_end, got, sizeof(got), MSG_DONTWAIT), ==, -1);

    // Nobody at the other end: refused, no signal.
    g_autoptr(GString) text = g_string_new(NULL);
    close(far_end);
    far_end = -1;
    g_assert_false(net_send(net, FRAME14, text));
    net_free(net);
}

static void test_take(void)
{
    Net *net = open_net();
    g_autofree char *none = taken(net);

    guest_sends(0xab, 3);
    guest_sends(0xcd, NET_WHOLE_MAX);
    guest_sends(0x01, NET_WHOLE_MAX + 1);
    guest_sends(0x02, 1514);
    g_autofree char *all = taken(net);
    g_autofree char *again = taken(net);

    // CRCs by python's zlib.
    g_autofree char *zeros = g_strnfill(2 * (NET_WHOLE_MAX - 1), '0');
    g_autofree char *want = g_strdup_printf("4 ab0000,cd%s,129:e39d366d,1514:77e9cc5a", zeros);

    g_assert_cmpstr(none, ==, "0");
    g_assert_cmpstr(all, ==, want);
    g_assert_cmpstr(again, ==, "0");
    close_net(net);
}

static void test_limits(void)
{
    Net *net = open_net();

    // Whole frames of 128 bytes: three fit into an answer.
    for (guint i = 0; i < 5; i++) {
        guest_sends((guint8)i, NET_WHOLE_MAX);
    }
    g_autofree char *first = taken(net);
    g_autofree char *second = taken(net);

    g_assert_true(g_str_has_prefix(first, "3 00"));
    g_assert_true(g_str_has_suffix(first, " more=2"));
    g_assert_true(g_str_has_prefix(second, "2 03"));
    g_assert_null(strstr(second, "more="));

    for (guint i = 0; i < NET_FRAMES_MAX + 6; i++) {
        guest_sends((guint8)i, 2);
        net_read(net);
    }
    g_autofree char *full = taken(net);
    g_autofree char *empty = taken(net);

    g_assert_true(g_str_has_prefix(full, "64 0000,0100,"));
    g_assert_true(g_str_has_suffix(full, ",3f00 lost=6"));
    g_assert_cmpstr(empty, ==, "0");
    close_net(net);
}

// The longest answer has to fit into a record whole.
static void test_verbs(void)
{
    Net *net = open_net();
    Host with = {.net = net}, without = {.net = NULL};
    const HostRequest ask = {4294967295u, (char *)"packets?", (char *)""};
    const HostRequest give = {2, (char *)"packet", (char *)FRAME14};

    for (guint i = 0; i < NET_FRAMES_MAX + 1; i++) {
        guest_sends((guint8)i, 129);
        net_read(net);
    }
    g_autofree char *answer = host_answer(&with, &ask);
    g_autofree char *sent = host_answer(&with, &give);
    g_autofree char *none = host_answer(&without, &ask);
    g_autofree char *nowhere = host_answer(&without, &give);

    g_assert_nonnull(strstr(answer, " more="));
    g_assert_nonnull(strstr(answer, " lost=1 *"));
    g_assert_cmpuint(strlen(answer), <, LINE_RECORD_MAX);
    g_assert_true(g_str_has_prefix(sent, "AVC1 host 2 ok 14 bytes *"));
    g_assert_true(g_str_has_prefix(none, "AVC1 host 4294967295 refused this machine has no net"));
    g_assert_true(g_str_has_prefix(nowhere, "AVC1 host 2 refused this machine has no network *"));
    close_net(net);
}

// A guest that sends while nobody asks must not find the socket full.
static void test_main_loop(void)
{
    Net *net = open_net();

    for (guint i = 0; i < 3; i++) {
        guest_sends((guint8)i, 1);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
    }
    guint8 byte;
    g_assert_cmpint(recv(far_end, &byte, 1, MSG_DONTWAIT), ==, -1);
    close(far_end);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    g_autofree char *text = taken(net);
    g_assert_cmpstr(text, ==, "3 00,01,02");
    net_free(net);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net/send", test_send);
    g_test_add_func("/net/bad-frames", test_bad_frames);
    g_test_add_func("/net/take", test_take);
    g_test_add_func("/net/limits", test_limits);
    g_test_add_func("/net/verbs", test_verbs);
    g_test_add_func("/net/main-loop", test_main_loop);
    return g_test_run();
}

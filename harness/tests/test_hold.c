// SPDX-License-Identifier: GPL-2.0-or-later
// The table of holds, and the verbs that change it.
#include <string.h>
#include <unistd.h>

#include "../disk.h"
#include "../hold.h"
#include "../host.h"

static void expect_state(HoldTable *table, const char *tag, HoldState state, guint requests)
{
    g_autoptr(GString) why = g_string_new(NULL);
    const Hold *hold = hold_find(table, tag, why);

    g_assert_nonnull(hold);
    g_assert_cmpstr(hold_state_name(hold->state), ==, hold_state_name(state));
    g_assert_cmpuint(hold->requests, ==, requests);
}

static gboolean add(HoldTable *table, const char *tag, HoldKind kind, guint64 offset,
                    guint64 length)
{
    g_autoptr(GString) why = g_string_new(NULL);
    gboolean good = hold_add(table, tag, kind, offset, length, why);

    g_assert_cmpuint(good, ==, why->len == 0);
    return good;
}

static gboolean let_go(HoldTable *table, const char *tag, gboolean error)
{
    g_autoptr(GString) why = g_string_new(NULL);
    gboolean good = hold_release(table, tag, error, why);

    g_assert_cmpuint(good, ==, why->len == 0);
    return good;
}

// Only a request of the kind that touches the range, and only the first.
static void test_meet(void)
{
    HoldTable table = {0};

    g_assert_true(add(&table, "a", HOLD_READ, 1024, 1024));
    g_assert_null(hold_meet(&table, HOLD_READ, 0, 1024));
    g_assert_null(hold_meet(&table, HOLD_READ, 2048, 512));
    g_assert_null(hold_meet(&table, HOLD_WRITE, 1024, 1024));
    expect_state(&table, "a", HOLD_WAITING, 0);
    g_assert_nonnull(hold_meet(&table, HOLD_READ, 0, 1025));
    expect_state(&table, "a", HOLD_HELD, 1);
    g_assert_null(hold_meet(&table, HOLD_READ, 2047, 512));
    expect_state(&table, "a", HOLD_HELD, 2);
    g_assert_cmpuint(hold_in_force(&table), ==, 1);
    g_assert_true(let_go(&table, "a", TRUE));
    g_assert_true(table.holds[0].error);
    g_assert_false(let_go(&table, "a", FALSE));
    g_assert_null(hold_meet(&table, HOLD_READ, 1024, 1));
    expect_state(&table, "a", HOLD_RELEASED, 3);
    g_assert_cmpuint(hold_in_force(&table), ==, 0);
}

static void test_refusals(void)
{
    HoldTable table = {0};
    static const char *const bad[] = {"", "A", "a_b", "a b", "12345678901234567"};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(add(&table, bad[i], HOLD_READ, 512, 512));
        g_assert_false(let_go(&table, bad[i], FALSE));
    }
    g_assert_false(let_go(&table, "none", FALSE));
    g_assert_true(add(&table, "1234567890123456", HOLD_READ, 512, 1024));
    g_assert_false(add(&table, "1234567890123456", HOLD_READ, 8192, 512));
    g_assert_false(add(&table, "b", HOLD_READ, 1535, 1));
    g_assert_true(add(&table, "b", HOLD_READ, 1536, 1));
    g_assert_true(add(&table, "c", HOLD_WRITE, 512, 1024));
    // A tag may be used again when its hold is over, met or not.
    g_assert_true(let_go(&table, "b", FALSE));
    expect_state(&table, "b", HOLD_UNMET, 0);
    g_assert_true(add(&table, "b", HOLD_READ, 1536, 1));
    expect_state(&table, "b", HOLD_WAITING, 0);
}

static void test_slots(void)
{
    HoldTable table = {0};
    char tag[8];

    for (guint i = 0; i < HOLD_MAX; i++) {
        g_snprintf(tag, sizeof(tag), "t%u", i);
        g_assert_true(add(&table, tag, HOLD_READ, 512 * (i + 1), 512));
    }
    g_assert_false(add(&table, "more", HOLD_WRITE, 512, 512));
    g_assert_true(let_go(&table, "t5", FALSE));
    g_assert_true(add(&table, "more", HOLD_WRITE, 512, 512));
    g_assert_false(let_go(&table, "t5", FALSE));
    expect_state(&table, "t4", HOLD_WAITING, 0);
}

static void test_deadlines(void)
{
    HoldTable table = {0};
    g_autoptr(GString) why = g_string_new(NULL);

    g_assert_cmpint(hold_next_deadline(&table), ==, 0);
    g_assert_false(hold_expire(&table, G_MAXINT64));
    g_assert_false(hold_arm(&table, "a", FALSE, 5, why));
    add(&table, "a", HOLD_READ, 512, 512);
    add(&table, "b", HOLD_WRITE, 512, 512);
    add(&table, "c", HOLD_READ, 1024, 512);
    hold_meet(&table, HOLD_READ, 512, 512);
    g_assert_true(hold_arm(&table, "a", TRUE, 100, why));
    g_assert_true(hold_arm(&table, "b", FALSE, 50, why));
    g_assert_cmpint(hold_next_deadline(&table), ==, 50);
    g_assert_true(hold_arm(&table, "b", FALSE, 200, why));
    g_assert_cmpint(hold_next_deadline(&table), ==, 100);
    g_assert_false(hold_expire(&table, 99));
    expect_state(&table, "a", HOLD_HELD, 1);
    g_assert_true(hold_expire(&table, 100));
    expect_state(&table, "a", HOLD_RELEASED, 1);
    g_assert_true(table.holds[0].error);
    g_assert_cmpint(hold_next_deadline(&table), ==, 200);
    // Released by hand before: nothing is left to expire.
    let_go(&table, "b", FALSE);
    g_assert_false(hold_expire(&table, 1000));
    expect_state(&table, "b", HOLD_UNMET, 0);
    expect_state(&table, "c", HOLD_WAITING, 0);
}

static void test_close(void)
{
    HoldTable table = {0};

    add(&table, "a", HOLD_READ, 512, 512);
    add(&table, "b", HOLD_WRITE, 512, 512);
    hold_meet(&table, HOLD_READ, 512, 512);
    hold_close(&table);
    expect_state(&table, "a", HOLD_RELEASED, 1);
    expect_state(&table, "b", HOLD_UNMET, 0);
    g_assert_false(table.holds[0].error);
    g_assert_false(add(&table, "c", HOLD_READ, 512, 512));
    g_assert_null(hold_meet(&table, HOLD_READ, 512, 512));
}

// ---- verbs ------------------------------------------------------------------------------------

static void expect_answer(Host *host, const char *verb, const char *args, const char *want)
{
    const HostRequest request = {7, (char *)verb, (char *)args};
    g_autofree char *answer = host_answer(host, &request);
    g_autofree char *whole = g_strconcat("AVC1 host 7 ", want, NULL);

    g_test_message("%s %s: %s", verb, args, answer ? answer : "(waits)");
    g_assert_nonnull(answer);
    g_assert_true(g_str_has_prefix(answer, whole));
}

static NbdDisk *open_disk(char **path, int *far_end)
{
    int pair[2];
    int fd = g_file_open_tmp("amdvi-check-hold-XXXXXX", path, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, DISK_SECTORS * DISK_SECTOR_BYTES), ==, 0);
    close(fd);
    g_assert_true(nbd_disk_pair(pair, NULL));
    *far_end = pair[1];
    NbdDisk *disk = nbd_disk_new(pair[0], *path, NULL);
    g_assert_nonnull(disk);
    return disk;
}

static void test_verbs(void)
{
    static const char *const bad[] = {
        "",
        "scratch",
        "scratch read 1 1",
        "scratch read 1 1 t more",
        "other read 1 1 t",
        "scratch both 1 1 t",
        "scratch read 0 1 t",
        "scratch read 1 0 t",
        "scratch read -1 1 t",
        "scratch read 0x1 1 t",
        "scratch read 32768 1 t",
        "scratch read 32767 2 t",
        "scratch read 1 32768 t",
        "scratch read 1 18446744073709551615 t",
        "scratch read 1 1 T",
        "scratch  read 1 1 t",
    };
    g_autofree char *path = NULL;
    int far_end;
    NbdDisk *disk = open_disk(&path, &far_end);
    Host host = {.disk = disk};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        expect_answer(&host, "hold", bad[i], "refused ");
    }
    expect_answer(&host, "holds?", "", "ok 0 *");
    expect_answer(&host, "hold", "scratch read 32767 1 t", "ok waiting t *");
    expect_answer(&host, "hold", "scratch read 32767 1 u",
                  "refused the hold 't' is still in force");
    expect_answer(&host, "hold", "scratch write 1 32767 w", "ok waiting w *");
    expect_answer(&host, "holds?", "", "ok 2 *");
    expect_answer(&host, "hold?", "t", "ok waiting t requests=0 *");
    expect_answer(&host, "hold?", "x", "refused there is no hold 'x'");
    expect_answer(&host, "wait-held", "x", "refused there is no hold 'x'");
    expect_answer(&host, "release", "t", "refused the form is");
    expect_answer(&host, "release", "t error", "refused a request ends with");
    expect_answer(&host, "release", "x ok", "refused there is no hold 'x'");
    expect_answer(&host, "arm-release", "t ok", "refused the form is");
    expect_answer(&host, "arm-release", "t ok after=0", "refused the time");
    expect_answer(&host, "arm-release", "t ok after=60001", "refused the time");
    expect_answer(&host, "arm-release", "t ok 100", "refused the time");
    expect_answer(&host, "arm-release", "t maybe after=1", "refused a request ends with");
    expect_answer(&host, "arm-release", "t eio after=60000", "ok waiting t requests=0 *");
    expect_answer(&host, "release", "t ok", "ok unmet t requests=0 *");
    expect_answer(&host, "release", "t ok", "refused the hold 't' is unmet already");
    expect_answer(&host, "arm-release", "t ok after=1", "refused the hold 't' is unmet already");
    expect_answer(&host, "wait-held", "t", "refused unmet t *");
    nbd_disk_release_all(disk);
    expect_answer(&host, "hold", "scratch read 1 1 t", "refused the boot is over");
    g_assert_null(nbd_disk_free(disk));
    close(far_end);
    unlink(path);
}

// A wait that nothing ends is bounded, and the next one begins anew.
static void test_wait(void)
{
    g_autofree char *path = NULL;
    int far_end;
    NbdDisk *disk = open_disk(&path, &far_end);
    Host host = {.disk = disk};
    const HostRequest ask = {1, (char *)"wait-held", (char *)"t"};

    expect_answer(&host, "hold", "scratch read 1 1 t", "ok waiting t *");
    g_assert_null(host_answer(&host, &ask));
    g_assert_cmpint(host.asked, >, 0);
    host.asked -= 6 * G_USEC_PER_SEC;
    expect_answer(&host, "wait-held", "t", "refused no such request has come within 5 s *");
    g_assert_cmpint(host.asked, ==, 0);
    g_assert_null(host_answer(&host, &ask));
    nbd_disk_free(disk);
    close(far_end);
    unlink(path);
}

static void test_no_disk(void)
{
    static const char *const verbs[][2] = {
        {"hold", "scratch read 1 1 t"},  {"wait-held", "t"}, {"release", "t ok"},
        {"arm-release", "t ok after=1"}, {"hold?", "t"},     {"holds?", ""},
    };
    Host host = {0};

    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        expect_answer(&host, verbs[i][0], verbs[i][1],
                      "refused the disk of this machine is a file");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hold/meet", test_meet);
    g_test_add_func("/hold/refusals", test_refusals);
    g_test_add_func("/hold/slots", test_slots);
    g_test_add_func("/hold/deadlines", test_deadlines);
    g_test_add_func("/hold/close", test_close);
    g_test_add_func("/hold/verbs", test_verbs);
    g_test_add_func("/hold/wait", test_wait);
    g_test_add_func("/hold/no-disk", test_no_disk);
    return g_test_run();
}

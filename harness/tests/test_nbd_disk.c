// SPDX-License-Identifier: GPL-2.0-or-later
// The thread behind a served disk, with the test as its client.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../nbd_disk.h"

#define DISK_BYTES (1u << 20)
#define PATIENCE_S 20

static char *path;
static int client;
static NbdDisk *disk;

static void open_disk(void)
{
    int pair[2];
    int fd = g_file_open_tmp("amdvi-check-nbd-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, DISK_BYTES), ==, 0);
    close(fd);
    g_assert_true(nbd_disk_pair(pair, NULL));
    client = pair[1];
    g_assert_cmpint(fcntl(client, F_SETFL, O_NONBLOCK), ==, 0);
    disk = nbd_disk_new(pair[0], path, NULL);
    g_assert_nonnull(disk);
}

static void close_disk(const char *trouble)
{
    g_autofree char *told = nbd_disk_free(disk);

    g_assert_cmpstr(told, ==, trouble);
    close(client);
    unlink(path);
    g_clear_pointer(&path, g_free);
}

// Sends until the socket takes no more for a while; returns how much it took.
static gsize say(const void *bytes, gsize length)
{
    const guint8 *p = bytes;
    gsize done = 0;

    while (done < length) {
        struct pollfd fd = {client, POLLOUT, 0};
        gssize n = send(client, p + done, length - done, MSG_NOSIGNAL);

        if (n > 0) {
            done += (gsize)n;
        } else if (errno != EAGAIN || poll(&fd, 1, 300) == 0) {
            break;
        }
    }
    return done;
}

// Takes `length` bytes, or fewer if none come for `ms`, or the stream ends.
static gsize hear(void *bytes, gsize length, int ms)
{
    guint8 *p = bytes;
    gsize done = 0;

    while (done < length) {
        struct pollfd fd = {client, POLLIN, 0};
        gssize n = recv(client, p + done, length - done, 0);

        if (n > 0) {
            done += (gsize)n;
        } else if (n == 0 || poll(&fd, 1, ms) <= 0) {
            break;
        }
    }
    return done;
}

static void shake_hands(void)
{
    static const char all[] = "\0\0\0\3IHAVEOPT\0\0\0\1\0\0\0\0";
    guint8 answer[28];

    g_assert_cmpuint(say(all, sizeof(all) - 1), ==, sizeof(all) - 1);
    g_assert_cmpuint(hear(answer, sizeof(answer), PATIENCE_S * 1000), ==, sizeof(answer));
    g_assert_cmpmem(answer + 18, 10, "\0\0\0\0\0\x10\0\0\0\5", 10);
}

// READ (0) or WRITE (1) at 64 KiB of `length` bytes, at most 64 KiB - 1.
static void ask(guint8 type, guint8 cookie, guint16 length)
{
    guint8 head[28] = {0x25, 0x60, 0x95, 0x13, 0, 0, 0, type, [15] = cookie, [21] = 1};

    head[26] = (guint8)(length >> 8);
    head[27] = (guint8)length;
    g_assert_cmpuint(say(head, sizeof(head)), ==, sizeof(head));
}

static void expect_answer(guint8 cookie, guint8 error)
{
    guint8 head[16], want[16] = {0x67, 0x44, 0x66, 0x98, 0, 0, 0, error, [15] = cookie};

    g_assert_cmpuint(hear(head, 16, PATIENCE_S * 1000), ==, 16);
    g_assert_cmpmem(head, 16, want, 16);
}

static void expect_silence(void)
{
    guint8 byte;

    g_assert_cmpuint(hear(&byte, 1, 100), ==, 0);
}

static void hold(const char *tag, HoldKind kind)
{
    g_autoptr(GString) why = g_string_new(NULL);

    g_assert_true(nbd_disk_hold(disk, tag, kind, 65536, 512, why));
}

static void wait_held(const char *tag)
{
    gint64 limit = g_get_monotonic_time() + PATIENCE_S * G_USEC_PER_SEC;
    g_autoptr(GString) why = g_string_new(NULL);
    Hold seen = {0};

    while (seen.state != HOLD_HELD && g_get_monotonic_time() < limit) {
        g_assert_true(nbd_disk_look(disk, tag, &seen, why));
        g_usleep(1000);
    }
    g_assert_cmpint(seen.state, ==, HOLD_HELD);
}

static void test_read(void)
{
    g_autoptr(GString) why = g_string_new(NULL);
    guint8 data[512];

    open_disk();
    shake_hands();
    hold("r", HOLD_READ);
    ask(0, 1, 512);
    wait_held("r");
    expect_silence();
    g_assert_cmpuint(nbd_disk_in_force(disk), ==, 1);
    g_assert_true(nbd_disk_release(disk, "r", FALSE, why));
    expect_answer(1, 0);
    g_assert_cmpuint(hear(data, 512, PATIENCE_S * 1000), ==, 512);
    close_disk(NULL);
}

// Nobody but the disk's thread runs while this waits.
static void test_armed(void)
{
    g_autoptr(GString) why = g_string_new(NULL);

    open_disk();
    shake_hands();
    hold("r", HOLD_READ);
    g_assert_true(nbd_disk_arm(disk, "r", FALSE, HOLD_MS_MAX, why));
    ask(0, 1, 512);
    wait_held("r");
    g_assert_true(nbd_disk_arm(disk, "r", TRUE, 50, why));
    expect_answer(1, 5);
    close_disk(NULL);
}

// Of a payload of 60 KiB only what the socket holds has left the client.
static void test_write(void)
{
    g_autofree guint8 *data = g_malloc(61440), *back = g_malloc(61440);
    g_autoptr(GString) why = g_string_new(NULL);

    memset(data, 0xc3, 61440);
    open_disk();
    shake_hands();
    hold("w", HOLD_WRITE);
    ask(1, 1, 61440);
    gsize taken = say(data, 61440);
    wait_held("w");
    g_test_message("%" G_GSIZE_FORMAT " bytes were taken", taken);
    g_assert_cmpuint(taken, <=, 8192);
    memset(data, 0x3c, 61440); // the client thinks better of it
    expect_silence();
    g_assert_true(nbd_disk_release(disk, "w", FALSE, why));
    g_assert_cmpuint(say(data, 61440 - taken), ==, 61440 - taken);
    expect_answer(1, 0);
    ask(0, 2, 61440);
    expect_answer(2, 0);
    g_assert_cmpuint(hear(back, 61440, PATIENCE_S * 1000), ==, 61440);
    for (guint i = 0; i < 61440; i++) {
        g_assert_cmpuint(back[i], ==, i < taken ? 0xc3 : 0x3c);
    }
    close_disk(NULL);
}

static void test_release_all(void)
{
    g_autoptr(GString) why = g_string_new(NULL);

    open_disk();
    shake_hands();
    hold("r", HOLD_READ);
    ask(0, 1, 512);
    wait_held("r");
    nbd_disk_release_all(disk);
    expect_answer(1, 0);
    g_assert_false(nbd_disk_hold(disk, "s", HOLD_READ, 0, 512, why));
    close_disk(NULL);
}

// A client that makes no sense sees the end of the stream, and the harness says why.
static void test_liar(void)
{
    guint8 bytes[64];

    open_disk();
    g_assert_cmpuint(say("\0\0\0\x7f", 4), ==, 4);
    g_assert_cmpuint(hear(bytes, sizeof(bytes), PATIENCE_S * 1000), ==, 18);
    close_disk("client flags 0000007f");
}

// One that goes away, in the middle of everything, or never says anything.
static void test_gone(void)
{
    open_disk();
    close_disk(NULL);

    open_disk();
    shake_hands();
    hold("r", HOLD_READ);
    hold("w", HOLD_WRITE);
    ask(0, 1, 512);
    ask(1, 2, 512);
    wait_held("w");
    shutdown(client, SHUT_RDWR);
    g_usleep(20000);
    close_disk(NULL);
}

static void test_no_image(void)
{
    g_autoptr(GError) error = NULL;
    int pair[2];

    g_assert_true(nbd_disk_pair(pair, NULL));
    g_assert_null(nbd_disk_new(pair[0], "/nowhere/disk.raw", &error));
    g_assert_nonnull(error);
    g_assert_cmpint(fcntl(pair[0], F_GETFD), ==, -1);
    close(pair[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nbd-disk/read", test_read);
    g_test_add_func("/nbd-disk/armed", test_armed);
    g_test_add_func("/nbd-disk/write", test_write);
    g_test_add_func("/nbd-disk/release-all", test_release_all);
    g_test_add_func("/nbd-disk/liar", test_liar);
    g_test_add_func("/nbd-disk/gone", test_gone);
    g_test_add_func("/nbd-disk/no-image", test_no_image);
    return g_test_run();
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The NBD server's protocol with clients that are whole, truncated, oversized and lying. All bytes
// are literals of the protocol's document.
#include <string.h>

#include "../nbd.h"

#define DISK_BYTES 65536u

#define OPTION(number, length) "IHAVEOPT\0\0\0" number "\0\0" length
// The default export, with one question: block sizes.
#define GO                     OPTION("\7", "\0\10") "\0\0\0\0\0\1\0\3"
#define NEWSTYLE               "\0\0\0\3"

typedef struct {
    guint8 disk[DISK_BYTES];
    gboolean broken; // the disk
    HoldTable holds;
    Nbd *nbd;
} Link;

static gboolean store_read(gpointer data, guint64 offset, guint8 *to, gsize length)
{
    Link *l = data;

    g_assert_cmpuint(offset + length, <=, DISK_BYTES);
    memcpy(to, l->disk + offset, length);
    return !l->broken;
}

static gboolean store_write(gpointer data, guint64 offset, const guint8 *from, gsize length)
{
    Link *l = data;

    g_assert_cmpuint(offset + length, <=, DISK_BYTES);
    memcpy(l->disk + offset, from, length);
    return !l->broken;
}

static Link *link_new(void)
{
    Link *l = g_new0(Link, 1);

    for (guint i = 0; i < DISK_BYTES; i++) {
        l->disk[i] = (guint8)(i / 512 + i);
    }
    l->nbd = nbd_new(DISK_BYTES, (NbdStore){store_read, store_write, l}, &l->holds);
    return l;
}

static void link_free(Link *l)
{
    nbd_free(l->nbd);
    g_free(l);
}

// Sends as much as is wanted; returns what was not taken.
static gsize client(Link *l, const void *bytes, gsize length)
{
    const guint8 *p = bytes;

    while (length) {
        gsize n = MIN(nbd_wants(l->nbd), length);
        if (!n) {
            break;
        }
        nbd_feed(l->nbd, p, n);
        p += n;
        length -= n;
    }
    return length;
}

static void expect_output(Link *l, const void *bytes, gsize length)
{
    GByteArray *out = nbd_output(l->nbd);

    g_assert_cmpmem(out->data, out->len, bytes, length);
    g_byte_array_set_size(out, 0);
}

#define EXPECT_OUTPUT(l, text) expect_output(l, text, sizeof(text) - 1)
#define CLIENT(l, text)        g_assert_cmpuint(client(l, text, sizeof(text) - 1), ==, 0)

static void drop_output(Link *l)
{
    g_byte_array_set_size(nbd_output(l->nbd), 0);
}

static Link *connected(void)
{
    Link *l = link_new();

    CLIENT(l, NEWSTYLE GO);
    drop_output(l);
    return l;
}

// One request's head.
static void request(guint8 *to, guint8 type, guint8 cookie, guint64 offset, guint32 length)
{
    memset(to, 0, 28);
    memcpy(to, "\x25\x60\x95\x13", 4);
    to[7] = type;
    to[15] = cookie;
    for (guint i = 0; i < 8; i++) {
        to[23 - i] = (guint8)(offset >> (8 * i));
    }
    for (guint i = 0; i < 4; i++) {
        to[27 - i] = (guint8)(length >> (8 * i));
    }
}

static gsize ask(Link *l, guint8 type, guint8 cookie, guint64 offset, guint32 length)
{
    guint8 head[28];

    request(head, type, cookie, offset, length);
    return client(l, head, sizeof(head));
}

static void expect_reply(Link *l, guint8 error, guint8 cookie, const guint8 *data, gsize length)
{
    guint8 head[16] = {0x67, 0x44, 0x66, 0x98, 0, 0, 0, error, 0, 0, 0, 0, 0, 0, 0, cookie};
    GByteArray *out = nbd_output(l->nbd);

    g_assert_cmpuint(out->len, >=, 16 + length);
    g_assert_cmpmem(out->data, 16, head, 16);
    g_assert_cmpmem(out->data + 16, length, data, length);
    g_byte_array_remove_range(out, 0, (guint)(16 + length));
}

static void expect_silence(Link *l)
{
    g_assert_cmpuint(nbd_output(l->nbd)->len, ==, 0);
}

static void release(Link *l, const char *tag, gboolean error)
{
    g_autoptr(GString) why = g_string_new(NULL);

    g_assert_true(hold_release(&l->holds, tag, error, why));
    nbd_settle(l->nbd);
}

static void hold(Link *l, const char *tag, HoldKind kind, guint64 offset, guint64 length)
{
    g_autoptr(GString) why = g_string_new(NULL);

    g_assert_true(hold_add(&l->holds, tag, kind, offset, length, why));
}

static void test_handshake(void)
{
    Link *l = link_new();

    EXPECT_OUTPUT(l, "NBDMAGICIHAVEOPT\0\3");
    CLIENT(l, NEWSTYLE);
    expect_silence(l);
    // Extended headers, structured replies: not here.
    CLIENT(l, OPTION("\13", "\0\0"));
    EXPECT_OUTPUT(l, "\0\3\xe8\x89\4\x55\x65\xa9\0\0\0\13\x80\0\0\1\0\0\0\0");
    CLIENT(l, OPTION("\10", "\0\0"));
    EXPECT_OUTPUT(l, "\0\3\xe8\x89\4\x55\x65\xa9\0\0\0\10\x80\0\0\1\0\0\0\0");
    // Another export.
    CLIENT(l, OPTION("\7", "\0\7") "\0\0\0\1x\0\0");
    EXPECT_OUTPUT(l, "\0\3\xe8\x89\4\x55\x65\xa9\0\0\0\7\x80\0\0\6\0\0\0\0");
    CLIENT(l, GO);
    EXPECT_OUTPUT(l, "\0\3\xe8\x89\4\x55\x65\xa9\0\0\0\7\0\0\0\3\0\0\0\14\0\0"
                     "\0\0\0\0\0\1\0\0\0\5"
                     "\0\3\xe8\x89\4\x55\x65\xa9\0\0\0\7\0\0\0\3\0\0\0\16\0\3"
                     "\0\0\2\0\0\0\x10\0\0\x10\0\0"
                     "\0\3\xe8\x89\4\x55\x65\xa9\0\0\0\7\0\0\0\1\0\0\0\0");
    g_assert_cmpuint(nbd_wants(l->nbd), ==, 28);
    link_free(l);
}

static void test_export_name(void)
{
    for (guint zeroes = 0; zeroes < 2; zeroes++) {
        Link *l = link_new();

        drop_output(l);
        g_assert_cmpuint(client(l, zeroes ? "\0\0\0\1" : NEWSTYLE, 4), ==, 0);
        CLIENT(l, OPTION("\1", "\0\0"));
        g_assert_cmpuint(nbd_output(l->nbd)->len, ==, zeroes ? 134 : 10);
        g_assert_cmpmem(nbd_output(l->nbd)->data, 10, "\0\0\0\0\0\1\0\0\0\5", 10);
        drop_output(l);
        g_assert_cmpuint(ask(l, 0, 1, 512, 512), ==, 0);
        expect_reply(l, 0, 1, l->disk + 512, 512);
        link_free(l);
    }
}

// Byte by byte, and cut off anywhere: no answer comes early, and nothing is read that is not there.
static void test_truncated(void)
{
    static const char bytes[] = NEWSTYLE GO;

    for (gsize length = 0; length < sizeof(bytes); length++) {
        Link *l = link_new();

        drop_output(l);
        for (gsize i = 0; i < length; i++) {
            g_assert_cmpuint(client(l, bytes + i, 1), ==, 0);
        }
        g_assert_false(nbd_over(l->nbd));
        g_assert_cmpuint(nbd_output(l->nbd)->len > 0, ==, length == sizeof(bytes) - 1);
        link_free(l);
    }
}

static void expect_trouble(Link *l, const char *text)
{
    g_assert_true(nbd_over(l->nbd));
    g_assert_cmpstr(nbd_trouble(l->nbd), ==, text);
    g_assert_cmpuint(nbd_wants(l->nbd), ==, 0);
    link_free(l);
}

static void test_lies(void)
{
    Link *l = link_new();
    CLIENT(l, "\0\0\0\7");
    expect_trouble(l, "client flags 00000007");

    l = link_new();
    CLIENT(l, NEWSTYLE "IHAVEOPS\0\0\0\7\0\0\0\0");
    expect_trouble(l, "an option without its magic number");

    l = link_new();
    CLIENT(l, NEWSTYLE "IHAVEOPT\0\0\0\7\0\0\x20\1");
    expect_trouble(l, "an option of 8193 bytes");

    l = link_new();
    CLIENT(l, NEWSTYLE "IHAVEOPT\0\0\0\7\xff\xff\xff\xff");
    expect_trouble(l, "an option of 4294967295 bytes");

    l = link_new();
    CLIENT(l, NEWSTYLE OPTION("\1", "\0\1") "x");
    expect_trouble(l, "an export of another name");

    l = link_new();
    CLIENT(l, NEWSTYLE);
    for (guint i = 0; i < 64; i++) {
        CLIENT(l, OPTION("\3", "\0\0"));
    }
    g_assert_cmpuint(client(l, OPTION("\3", "\0\0"), 16), ==, 0);
    expect_trouble(l, "more than 64 options");

    l = connected();
    CLIENT(l, "\x25\x60\x95\x14........................");
    expect_trouble(l, "a request without its magic number");

    l = connected();
    g_assert_cmpuint(ask(l, 1, 1, 0, NBD_LENGTH_MAX + 1), ==, 0);
    expect_trouble(l, "a write of 1048577 bytes");
}

// GO whose parts do not add up: name or questions longer than the option.
static void test_bad_go(void)
{
    static const struct {
        const char *bytes;
        gsize length;
    } bad[] = {
#define BAD(text) {text, sizeof(text) - 1}
        BAD(OPTION("\7", "\0\0")),
        BAD(OPTION("\7", "\0\5") "\0\0\0\0\0"),
        BAD(OPTION("\7", "\0\6") "\xff\xff\xff\xff\0\0"),
        BAD(OPTION("\7", "\0\6") "\0\0\0\1\0\0"),
        BAD(OPTION("\7", "\0\6") "\0\0\0\0\0\1"),
        BAD(OPTION("\7", "\0\6") "\0\0\0\0\xff\xff"),
        BAD(OPTION("\7", "\0\10") "\0\0\0\0\0\0\0\3"),
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        Link *l = link_new();

        drop_output(l);
        CLIENT(l, NEWSTYLE);
        g_assert_cmpuint(client(l, bad[i].bytes, bad[i].length), ==, 0);
        EXPECT_OUTPUT(l, "\0\3\xe8\x89\4\x55\x65\xa9\0\0\0\7\x80\0\0\3\0\0\0\0");
        // It may try again.
        CLIENT(l, GO);
        g_assert_cmpuint(nbd_wants(l->nbd), ==, 28);
        link_free(l);
    }
}

static void test_requests(void)
{
    Link *l = connected();
    guint8 data[1024];

    memset(data, 0xa5, sizeof(data));
    ask(l, 0, 1, 1024, 1536);
    expect_reply(l, 0, 1, l->disk + 1024, 1536);
    ask(l, 1, 2, 2048, 1024);
    expect_silence(l);
    g_assert_cmpuint(nbd_wants(l->nbd), ==, 1024);
    g_assert_cmpuint(client(l, data, 1000), ==, 0);
    expect_silence(l);
    g_assert_cmpuint(client(l, data, 24), ==, 0);
    expect_reply(l, 0, 2, NULL, 0);
    g_assert_cmpmem(l->disk + 2048, 1024, data, 1024);
    g_assert_cmpint(l->disk[2047], ==, (guint8)(2047 / 512 + 2047));
    ask(l, 3, 3, 0, 0);
    expect_reply(l, 0, 3, NULL, 0);
    l->broken = TRUE;
    ask(l, 0, 4, 0, 512);
    expect_reply(l, 5, 4, NULL, 0);
    ask(l, 1, 5, 0, 512);
    client(l, data, 512);
    expect_reply(l, 5, 5, NULL, 0);
    expect_silence(l);
    ask(l, 2, 6, 0, 0);
    g_assert_true(nbd_over(l->nbd));
    g_assert_null(nbd_trouble(l->nbd));
    link_free(l);
}

static void test_bad_requests(void)
{
    static const struct {
        guint64 offset;
        guint32 length;
        guint8 read, write; // errors
    } bad[] = {
        {0, 0, 22, 22},
        {1, 512, 22, 22},
        {512, 511, 22, 22},
        {DISK_BYTES, 512, 22, 28},
        {DISK_BYTES - 512, 1024, 22, 28},
        {G_MAXUINT64 - 511, 512, 22, 28},
        {G_MAXUINT64 - 511, 1024, 22, 28},
    };
    Link *l = connected();
    g_autofree guint8 *before = g_memdup2(l->disk, DISK_BYTES);
    guint8 data[1024] = {0}, head[28];

    hold(l, "r", HOLD_READ, 0, DISK_BYTES);
    hold(l, "w", HOLD_WRITE, 0, DISK_BYTES);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        ask(l, 0, 1, bad[i].offset, bad[i].length);
        expect_reply(l, bad[i].read, 1, NULL, 0);
        ask(l, 1, 2, bad[i].offset, bad[i].length);
        g_assert_cmpuint(client(l, data, bad[i].length), ==, 0);
        expect_reply(l, bad[i].write, 2, NULL, 0);
    }
    ask(l, 0, 3, 0, G_MAXUINT32 - 511);
    expect_reply(l, 22, 3, NULL, 0);
    // TRIM, WRITE_ZEROES and what does not exist; a flag that was not offered.
    static const guint8 types[] = {4, 6, 7, 99};
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        ask(l, types[i], 4, 0, 512);
        expect_reply(l, 22, 4, NULL, 0);
    }
    request(head, 1, 5, 0, 512);
    head[5] = 1;
    client(l, head, sizeof(head));
    client(l, data, 512);
    expect_reply(l, 22, 5, NULL, 0);
    expect_silence(l);
    g_assert_cmpmem(l->disk, DISK_BYTES, before, DISK_BYTES);
    // None of them met a hold.
    g_assert_cmpuint(l->holds.holds[0].requests + l->holds.holds[1].requests, ==, 0);
    link_free(l);
}

// A read that is held has no answer, and keeps nobody else from one.
static void test_held_read(void)
{
    Link *l = connected();

    hold(l, "a", HOLD_READ, 512, 512);
    hold(l, "b", HOLD_READ, 2048, 512);
    ask(l, 0, 1, 512, 512);
    ask(l, 0, 2, 2048, 512);
    expect_silence(l);
    ask(l, 0, 3, 512, 512); // the second one of this range
    expect_reply(l, 0, 3, l->disk + 512, 512);
    nbd_settle(l->nbd);
    expect_silence(l);
    // What the disk holds when it is released, not when it came.
    memset(l->disk + 2048, 0x77, 512);
    release(l, "b", FALSE);
    expect_reply(l, 0, 2, l->disk + 2048, 512);
    release(l, "a", TRUE);
    expect_reply(l, 5, 1, NULL, 0);
    expect_silence(l);
    nbd_settle(l->nbd);
    expect_silence(l);
    link_free(l);
}

// A write that is held: not one byte behind its head is taken.
static void test_held_write(void)
{
    for (guint error = 0; error < 2; error++) {
        Link *l = connected();
        guint8 data[512], old = l->disk[512];

        memset(data, 0x5a, sizeof(data));
        hold(l, "w", HOLD_WRITE, 512, 512);
        ask(l, 1, 1, 512, 512);
        g_assert_cmpuint(nbd_wants(l->nbd), ==, 0);
        g_assert_cmpuint(client(l, data, 512), ==, 512);
        expect_silence(l);
        g_assert_cmpuint(l->disk[512], ==, old);
        release(l, "w", error);
        expect_silence(l);
        g_assert_cmpuint(nbd_wants(l->nbd), ==, 512);
        g_assert_cmpuint(client(l, data, 512), ==, 0);
        expect_reply(l, error ? 5 : 0, 1, NULL, 0);
        g_assert_cmpuint(l->disk[512], ==, error ? old : 0x5a);
        ask(l, 0, 2, 0, 512);
        expect_reply(l, 0, 2, l->disk, 512);
        link_free(l);
    }
}

static void test_end_with_holds(void)
{
    Link *l = connected();

    hold(l, "a", HOLD_READ, 512, 512);
    ask(l, 0, 1, 512, 512);
    ask(l, 2, 2, 0, 0);
    g_assert_true(nbd_over(l->nbd));
    release(l, "a", FALSE);
    expect_silence(l);
    link_free(l);
}

// A client that asks and takes nothing is not served without end.
static void test_backlog(void)
{
    Link *l = connected();
    guint taken = 0;

    while (taken < 1000 && ask(l, 0, 1, 0, DISK_BYTES) == 0) {
        taken++;
    }
    g_assert_cmpuint(taken, ==, 32);
    g_assert_cmpuint(nbd_wants(l->nbd), ==, 0);
    drop_output(l);
    g_assert_cmpuint(nbd_wants(l->nbd), ==, 28);
    link_free(l);
}

// Streams with bytes changed at random: whatever comes of it, it is bounded, and nothing outside of
// the disk is touched (the store looks, and the sanitizers).
static void test_noise(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);

    for (guint round = 0; round < 3000; round++) {
        guint8 bytes[400] = NEWSTYLE GO;
        gsize used = sizeof(NEWSTYLE GO) - 1;
        Link *l = link_new();

        hold(l, "r", HOLD_READ, 512, 1024);
        hold(l, "w", HOLD_WRITE, 512, 1024);
        while (used + 28 <= sizeof(bytes)) {
            request(bytes + used, (guint8)g_rand_int_range(rand, 0, 6), 1,
                    (guint64)g_rand_int_range(rand, 0, 140) * 512,
                    (guint32)g_rand_int_range(rand, 0, 4) * 512);
            used += 28;
        }
        for (gint i = g_rand_int_range(rand, 0, 6); i > 0; i--) {
            bytes[g_rand_int_range(rand, 0, sizeof(bytes))] = (guint8)g_rand_int(rand);
        }
        client(l, bytes, sizeof(bytes));
        hold_close(&l->holds);
        nbd_settle(l->nbd);
        client(l, bytes, sizeof(bytes));
        g_assert_cmpuint(nbd_output(l->nbd)->len, <=, NBD_OUTPUT_MAX + DISK_BYTES + 16);
        g_assert_cmpuint(nbd_wants(l->nbd), <=, NBD_LENGTH_MAX);
        g_assert_cmpuint(nbd_over(l->nbd) && nbd_wants(l->nbd), ==, 0);
        link_free(l);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nbd/handshake", test_handshake);
    g_test_add_func("/nbd/export-name", test_export_name);
    g_test_add_func("/nbd/truncated", test_truncated);
    g_test_add_func("/nbd/lies", test_lies);
    g_test_add_func("/nbd/bad-go", test_bad_go);
    g_test_add_func("/nbd/requests", test_requests);
    g_test_add_func("/nbd/bad-requests", test_bad_requests);
    g_test_add_func("/nbd/held-read", test_held_read);
    g_test_add_func("/nbd/held-write", test_held_write);
    g_test_add_func("/nbd/end-with-holds", test_end_with_holds);
    g_test_add_func("/nbd/backlog", test_backlog);
    g_test_add_func("/nbd/noise", test_noise);
    return g_test_run();
}

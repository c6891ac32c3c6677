// SPDX-License-Identifier: GPL-2.0-or-later
// Framing and CRC. All CRC literals here were computed by another program (python's zlib).
#include <string.h>

#include "../line.h"

static void test_crc(void)
{
    guint8 all[256];

    for (int i = 0; i < 256; i++) {
        all[i] = (guint8)i;
    }
    g_assert_cmphex(line_crc32("", 0), ==, 0x00000000);
    g_assert_cmphex(line_crc32("123456789", 9), ==, 0xcbf43926);
    g_assert_cmphex(line_crc32(all, sizeof(all)), ==, 0x29058c73);
}

static LineKind parse(const char *text, Line *line)
{
    return line_parse(text, strlen(text), FALSE, line);
}

static void test_good(void)
{
    Line line;

    g_assert_cmpint(parse("AVC1 0 plan 3 *00542b9f", &line), ==, LINE_RECORD);
    g_assert_cmpuint(line.seq, ==, 0);
    g_assert_cmpstr(line.record, ==, "plan 3");
    g_assert_cmpint(parse("AVC1 7 begin AMDVI-PT-002 A pt_not_present_faults *efe72cfa\r", &line),
                    ==, LINE_RECORD);
    g_assert_cmpuint(line.seq, ==, 7);
    g_assert_cmpstr(line.record, ==, "begin AMDVI-PT-002 A pt_not_present_faults");
    g_assert_cmpint(parse("AVC1 12 end AMDVI-PT-002 pass 1200  *bdab42fb", &line), ==, LINE_RECORD);
    g_assert_cmpstr(line.record, ==, "end AMDVI-PT-002 pass 1200 ");
    g_assert_cmpint(parse("AVC1 4294967294 diag x *75b1077b", &line), ==, LINE_RECORD);
    g_assert_cmpuint(line.seq, ==, 4294967294u);
}

static void test_noise(void)
{
    static const char *const noise[] = {
        "",
        "\r",
        "SeaBIOS (version 1.16.2)",
        "AVC1",
        "AVC2 0 plan 3 *00542b9f",
        " AVC1 0 plan 3 *00542b9f",
        "avc1 0 plan 3 *00542b9f",
        "AVC10 0 plan 3",
    };
    Line line;

    for (gsize i = 0; i < G_N_ELEMENTS(noise); i++) {
        g_assert_cmpint(parse(noise[i], &line), ==, LINE_NOISE);
    }
    // Noise stays noise, however long.
    g_assert_cmpint(line_parse("xxxxxxxx", 8, TRUE, &line), ==, LINE_NOISE);
}

static void test_damaged(void)
{
    static const char *const damaged[] = {
        "AVC1 0 plan 4 *00542b9f",          // a digit of the record
        "AVC1 1 plan 3 *00542b9f",          // a digit of the number
        "AVC1 0 plan 3 *00542b9e",          // a digit of the CRC
        "AVC1 0 plan 3 *00542B9F",          // capitals
        "AVC1 0 plan 3 *0542b9f",           // a digit less
        "AVC1 0 plan 3 *00542b9f ",         // something behind
        "AVC1 0 plan 3  00542b9f",          // no asterisk
        "AVC1 0 plan 3",                    // cut off
        "AVC1 0 plan 3 *00542",             // cut off in the CRC
        "AVC1 ",                            // cut off after the prefix
        "AVC1 *00000000",                   // nothing but a CRC
        "AVC1 01 plan 3 *51aa7b38",         // right CRC, leading zero
        "AVC1 -1 plan 3 *0c25de1e",         // right CRC, negative
        "AVC1 4294967295 plan 3 *07636b8f", // right CRC, number too large
        "AVC1  5 plan 3 *792037b3",         // right CRC, two spaces
        "AVC1 5  *5311539a",                // right CRC, empty record
        "AVC1 5 *adaadaf4",                 // right CRC, no record
        "AVC1 1 diag \t *558406c1",         // right CRC, a control character
        "AVC1 0 pl\xc3\xa4n 3 *00542b9f",   // not ASCII
        "AVC1 0 plan 3 *00542b9fAVC1 1 x",  // two lines in one
        "AVC1 0 plan 3 *00542b9f\r\r",      // an extra CR
    };
    Line line;

    for (gsize i = 0; i < G_N_ELEMENTS(damaged); i++) {
        g_test_message("%s", damaged[i]);
        g_assert_cmpint(parse(damaged[i], &line), ==, LINE_DAMAGED);
        g_assert_nonnull(line.why);
    }
    g_assert_cmpint(line_parse("AVC1 0 pl\0n 3 *00542b9f", 23, FALSE, &line), ==, LINE_DAMAGED);
    g_assert_cmpint(line_parse("AVC1 0 plan 3 *00542b9f", 23, TRUE, &line), ==, LINE_DAMAGED);
}

// The longest record that is allowed, and one character more.
static void test_length(void)
{
    Line line;
    g_autofree char *x = g_strnfill(900, 'x');
    g_autofree char *longest = g_strdup_printf("AVC1 3 %s *b5f33823", x);
    g_autofree char *longer = g_strdup_printf("AVC1 3 %sx *2e0e94c9", x);

    g_assert_cmpint(parse(longest, &line), ==, LINE_RECORD);
    g_assert_cmpuint(strlen(line.record), ==, 900);
    g_assert_cmpint(parse(longer, &line), ==, LINE_DAMAGED);
}

static void test_answer(void)
{
    g_autofree char *ok = line_compose_answer(1, TRUE, "hello");
    g_autofree char *refused = line_compose_answer(2, FALSE, "no\n no");
    g_autofree char *endless = g_strnfill(5000, 'y');
    g_autofree char *cut = line_compose_answer(3, TRUE, endless);

    g_assert_cmpstr(ok, ==, "AVC1 host 1 ok hello *e68868fa\n");
    g_assert_cmpstr(refused, ==, "AVC1 host 2 refused no? no *e90eb9af\n");
    g_assert_cmpuint(strlen(cut), <=, 950);
}

static void collect(const char *bytes, gsize length, gboolean overlong, gpointer data)
{
    g_autofree char *line = g_strndup(bytes, length);
    g_string_append_printf(data, "[%s%s]", line, overlong ? "~" : "");
}

// However the stream is cut into pieces, the lines are the same.
static void test_framer(void)
{
    static const char stream[] = "one\r\n\ntwo\nthree";

    for (gsize piece = 1; piece <= sizeof(stream) - 1; piece++) {
        LineFramer framer = {0};
        g_autoptr(GString) seen = g_string_new(NULL);
        for (gsize i = 0; i < sizeof(stream) - 1; i += piece) {
            line_framer_feed(&framer, stream + i, MIN(piece, sizeof(stream) - 1 - i), collect,
                             seen);
        }
        g_assert_cmpstr(seen->str, ==, "[one\r][][two]");
        g_assert_cmpuint(framer.length, ==, 5);
    }
}

static void count(const char *bytes, gsize length, gboolean overlong, gpointer data)
{
    gsize *numbers = data;

    (void)bytes;
    numbers[overlong ? 1 : 0]++;
    numbers[2] = length;
}

static void test_overlong(void)
{
    LineFramer framer = {0};
    gsize numbers[3] = {0, 0, 0};
    g_autofree char *noise = g_strnfill(100000, 'z');

    line_framer_feed(&framer, noise, 100000, count, numbers);
    g_assert_cmpuint(numbers[1], ==, 0);
    line_framer_feed(&framer, "\n", 1, count, numbers);
    g_assert_cmpuint(numbers[1], ==, 1);
    g_assert_cmpuint(numbers[2], ==, LINE_BYTES_MAX);
    line_framer_feed(&framer, "a\n", 2, count, numbers);
    g_assert_cmpuint(numbers[0], ==, 1);
    line_framer_feed(&framer, noise, LINE_BYTES_MAX, count, numbers);
    line_framer_feed(&framer, "\n", 1, count, numbers);
    g_assert_cmpuint(numbers[0], ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/line/crc", test_crc);
    g_test_add_func("/line/good", test_good);
    g_test_add_func("/line/noise", test_noise);
    g_test_add_func("/line/damaged", test_damaged);
    g_test_add_func("/line/length", test_length);
    g_test_add_func("/line/answer", test_answer);
    g_test_add_func("/line/framer", test_framer);
    g_test_add_func("/line/overlong", test_overlong);
    return g_test_run();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * format() against the C library, which is right by definition.
 */
#include <limits.h>
#include <stdlib.h>

#include "lib/format.h"
#include "unit/tap.h"

#define SAME(...)                                                               \
    do {                                                                        \
        char ours[128], theirs[128];                                            \
        int n = format(ours, sizeof(ours), __VA_ARGS__);                        \
        int m = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                  \
        tap_text(ours, theirs, "format(" #__VA_ARGS__ ")", __FILE__, __LINE__); \
        tap_number((uint64_t)n, (uint64_t)m, "its length", __FILE__, __LINE__); \
    } while (0)

/* Not known to the compiler as a format, so that what is no conversion can be tried. */
static int (*volatile unchecked)(char *, size_t, const char *, ...) = format;

static void integers(void)
{
    SAME("%d %d %d", 0, 1, -1);
    SAME("%d %d", INT_MAX, INT_MIN);
    SAME("%u", UINT_MAX);
    SAME("%ld %ld", LONG_MAX, LONG_MIN);
    SAME("%lld %llu", LLONG_MIN, ULLONG_MAX);
    SAME("%hd %hhd", -2, -2);
    SAME("%hu %hhu", 65535, 255);
    SAME("%zu", (size_t)123456789012);
    SAME("%x %X", 0xdeadbeefu, 0xdeadbeefu);
    SAME("%#x %#x %#X", 0u, 0x1fu, 0xabu);
    SAME("%lx", 0xfee00000fed80000ul);
    SAME("%08x|%8x|%-8x|", 0x1234u, 0x1234u, 0x1234u);
    SAME("%016lx", 0x1234ul);
    SAME("%#010x", 0x1234u);
    SAME("%05d|%5d|%-5d|", -42, -42, -42);
    SAME("%.4d|%8.4d|%-8.4d|", 42, 42, -42);
    SAME("%.0d|%.0x|%5.0d|", 0, 0u, 0);
    SAME("%*d|%-*d|%*d|", 6, 1, 6, 2, -6, 3);
    SAME("%.*d|", 5, 77);
    SAME("%i%%", 100);
}

static void strings(void)
{
    SAME("%s", "");
    SAME("[%10s] [%-10s] [%.2s] [%5.1s]", "abc", "abc", "abc", "abc");
    SAME("%.*s|", 3, "abcdef");
    SAME("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
    SAME("%p", (void *)0x1000);
    SAME("no conversion");
}

/* A string without an end is read no further than its precision. */
static void bounded_string(void)
{
    char *four = strdup("abcd");
    char out[16];

    memcpy(four, "wxyz", 4);
    format(out, sizeof(out), "%.4s", four);
    IS_TEXT(out, "wxyz", "precision bounds the read");
    free(four);
}

static void small_buffers(void)
{
    char buf[4] = "zzz";

    IS((uint64_t)format(buf, 0, "abc"), 3, "size 0: length is told");
    IS_TEXT(buf, "zzz", "size 0: nothing is written");
    IS((uint64_t)format(buf, 1, "abc"), 3, "size 1: length is told");
    IS_TEXT(buf, "", "size 1: only the end");
    IS((uint64_t)format(buf, sizeof(buf), "abcdef"), 6, "cut: length of the whole");
    IS_TEXT(buf, "abc", "cut: what fits");
    IS((uint64_t)format(NULL, 0, "%5d", 1), 5, "no buffer at all");
}

static void not_conversions(void)
{
    char buf[64];

    unchecked(buf, sizeof(buf), "%q %5y %");
    IS_TEXT(buf, "%q %5y %", "what is no conversion stands as it is");
    unchecked(buf, sizeof(buf), "%06.3d|%-05d|", 7, 8); /* C11 7.21.6.1: flag 0 is ignored */
    IS_TEXT(buf, "   007|8    |", "zeros with a precision, zeros on the left");
    unchecked(buf, sizeof(buf), "50%");
    IS_TEXT(buf, "50%", "a percent sign at the end");
    unchecked(buf, sizeof(buf), "%s", NULL);
    IS_TEXT(buf, "(null)", "no string");
    IS((uint64_t)unchecked(buf, sizeof(buf), "%100000d", 1), 100000, "a width beyond the buffer");
}

int main(void)
{
    integers();
    strings();
    bounded_string();
    small_buffers();
    not_conversions();
    return tap_done();
}

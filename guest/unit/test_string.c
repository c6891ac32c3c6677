// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own <string.h> functions. meson.build renames them (guest_memcpy, ...), so that the
 * C library's are still there to compare with.
 */
#include <stdlib.h>

#include "unit/tap.h"

void *guest_memcpy(void *restrict dst, const void *restrict src, size_t n);
void *guest_memmove(void *dst, const void *src, size_t n);
void *guest_memset(void *dst, int c, size_t n);
int guest_memcmp(const void *a, const void *b, size_t n);
size_t guest_strlen(const char *s);
size_t guest_strnlen(const char *s, size_t max);
int guest_strcmp(const char *a, const char *b);
int guest_strncmp(const char *a, const char *b, size_t n);
char *guest_strchr(const char *s, int c);

#define SIZE 64

static void fill(uint8_t *p)
{
    for (int i = 0; i < SIZE; i++) {
        p[i] = (uint8_t)(i * 7 + 1);
    }
}

/* All sizes and distances that fit, so every remainder of 8 and every overlap. */
static void moves(void)
{
    unsigned bad_copy = 0, bad_move = 0, bad_set = 0;

    for (size_t n = 0; n <= SIZE / 2; n++) {
        for (size_t from = 0; from <= SIZE / 2; from++) {
            for (size_t to = 0; to <= SIZE / 2; to++) {
                uint8_t ours[SIZE], theirs[SIZE];

                fill(ours);
                fill(theirs);
                memmove(theirs + to, theirs + from, n);
                bad_move += guest_memmove(ours + to, ours + from, n) != ours + to;
                bad_move += memcmp(ours, theirs, SIZE) != 0;
            }
        }
        for (size_t to = 0; to < 8; to++) {
            uint8_t a[SIZE], b[SIZE], c[SIZE];

            fill(a);
            memset(b, 0xee, SIZE);
            memset(c, 0xee, SIZE);
            memcpy(b + to, a, n);
            bad_copy += guest_memcpy(c + to, a, n) != c + to || memcmp(b, c, SIZE) != 0;
            memset(b + to, 0x1a5, n);
            bad_set += guest_memset(c + to, 0x1a5, n) != c + to || memcmp(b, c, SIZE) != 0;
        }
    }
    IS(bad_copy, 0, "memcpy");
    IS(bad_move, 0, "memmove");
    IS(bad_set, 0, "memset");
}

static void texts(void)
{
    char two[2] = {'a', 'b'}; /* no end */

    IS(guest_strlen(""), 0, "strlen of nothing");
    IS(guest_strlen("abc"), 3, "strlen");
    IS(guest_strnlen(two, 2), 2, "strnlen stops at the limit");
    IS(guest_strnlen("a", 9), 1, "strnlen stops at the end");
    OK(guest_memcmp("\x01\xff", "\x01\x02", 2) > 0, "memcmp compares unsigned");
    OK(guest_memcmp("ab", "ac", 2) < 0, "memcmp less");
    OK(guest_memcmp("ab", "ac", 1) == 0, "memcmp equal");
    OK(guest_strcmp("abc", "abc") == 0, "strcmp equal");
    OK(guest_strcmp("ab", "abc") < 0, "strcmp shorter");
    OK(guest_strcmp("\xff", "a") > 0, "strcmp compares unsigned");
    OK(guest_strncmp("abX", "abY", 2) == 0, "strncmp stops at the limit");
    OK(guest_strncmp("ab", "ab", 9) == 0, "strncmp stops at the end");
    OK(guest_strchr("abc", 'c') != NULL, "strchr finds");
    OK(guest_strchr("abc", 'x') == NULL, "strchr does not find");
    OK(guest_strchr("abc", '\0') != NULL, "strchr finds the end");
}

int main(void)
{
    moves();
    texts();
    return tap_done();
}

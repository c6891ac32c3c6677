// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Just enough TAP for native unit tests: OK() for a statement, IS() for a number, IS_TEXT() for a
 * string, and `return tap_done();` at the end of main().
 */
#ifndef UNIT_TAP_H
#define UNIT_TAP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned tap_count;
static unsigned tap_bad;

static inline void tap_result(bool ok, const char *what, const char *file, int line)
{
    tap_count++;
    printf("%sok %u - %s\n", ok ? "" : "not ", tap_count, what);
    if (!ok) {
        tap_bad++;
        printf("# at %s:%d\n", file, line);
    }
}

static inline void tap_number(uint64_t actual, uint64_t expected, const char *what,
                              const char *file, int line)
{
    tap_result(actual == expected, what, file, line);
    if (actual != expected) {
        printf("# expected 0x%" PRIx64 ", actual 0x%" PRIx64 "\n", expected, actual);
    }
}

static inline void tap_text(const char *actual, const char *expected, const char *what,
                            const char *file, int line)
{
    bool same = strcmp(actual, expected) == 0;

    tap_result(same, what, file, line);
    if (!same) {
        printf("# expected \"%s\", actual \"%s\"\n", expected, actual);
    }
}

#define OK(cond, what)                  tap_result((cond), what, __FILE__, __LINE__)
#define IS(actual, expected, what)      tap_number((actual), (expected), what, __FILE__, __LINE__)
#define IS_TEXT(actual, expected, what) tap_text((actual), (expected), what, __FILE__, __LINE__)

static inline int tap_done(void)
{
    printf("1..%u\n", tap_count);
    return tap_bad == 0 ? 0 : 1;
}

/* Numbers for mutated input: always the same ones (xorshift64). */
static inline uint64_t tap_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif

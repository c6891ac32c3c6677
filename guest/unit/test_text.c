// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRC, command line, globs.
 */
#include <stdlib.h>
#include <time.h>

#include "lib/cmdline.h"
#include "lib/crc32.h"
#include "unit/tap.h"

static void crc(void)
{
    IS(crc32(0, "123456789", 9), 0xcbf43926, "CRC-32 check value");
    IS(crc32(0, "", 0), 0, "CRC-32 of nothing");
    IS(crc32(0, "a", 1), 0xe8b7be43, "CRC-32 of a");
    IS(crc32(0, "\0\0\0\0", 4), 0x2144df1c, "CRC-32 of four zero bytes");
    IS(crc32(crc32(0, "1234", 4), "56789", 5), 0xcbf43926, "CRC-32 in two parts");
}

static void words(void)
{
    const char *line =
        "  /boot/k.elf run=A*,B exit=debug list seed=0x10 n=42 exit=acpi empty= runner=x ";
    char v[16];

    OK(cmdline_has(line, "list"), "a word alone");
    OK(cmdline_has(line, "run"), "a word with a value");
    OK(!cmdline_has(line, "runn"), "not the start of another");
    OK(!cmdline_has(line, "lis"), "not half a word");
    OK(!cmdline_has("", "list"), "nothing in an empty line");
    OK(cmdline_get(line, "run", v, sizeof(v)), "a value is found");
    IS_TEXT(v, "A*,B", "the value");
    OK(cmdline_get(line, "exit", v, sizeof(v)), "a key given twice");
    IS_TEXT(v, "acpi", "the last one counts");
    OK(cmdline_get(line, "empty", v, sizeof(v)), "an empty value is one");
    IS_TEXT(v, "", "and it is empty");
    OK(!cmdline_get(line, "list", v, sizeof(v)), "a word alone has no value");
    OK(!cmdline_get(line, "run", v, 4), "no room for it");
    IS_TEXT(v, "", "then the buffer is empty");
    OK(cmdline_get(line, "run", v, 5), "just room for it");
}

static void numbers(void)
{
    const char *line = "dec=42 hex=0xFf bad=12x none= minus=-1 max=18446744073709551615 "
                       "over=18446744073709551616 hexmax=0xffffffffffffffff "
                       "hexover=0x10000000000000000 x=0x";

    IS(cmdline_number(line, "dec", 7), 42, "decimal");
    IS(cmdline_number(line, "hex", 7), 255, "hexadecimal");
    IS(cmdline_number(line, "bad", 7), 7, "letters in a decimal");
    IS(cmdline_number(line, "none", 7), 7, "an empty value");
    IS(cmdline_number(line, "minus", 7), 7, "a sign");
    IS(cmdline_number(line, "missing", 7), 7, "no such key");
    IS(cmdline_number(line, "max", 7), UINT64_MAX, "the largest decimal");
    IS(cmdline_number(line, "over", 7), 7, "one more than that");
    IS(cmdline_number(line, "hexmax", 7), UINT64_MAX, "the largest hexadecimal");
    IS(cmdline_number(line, "hexover", 7), 7, "one digit more than that");
    IS(cmdline_number(line, "x", 7), 7, "0x without digits");
}

static void globs(void)
{
    static const struct {
        const char *glob, *text;
        bool match;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "abc", true},
        {"?", "", false},
        {"?", "a", true},
        {"a", "a", true},
        {"a", "ab", false},
        {"ab", "a", false},
        {"a*", "a", true},
        {"*a", "bca", true},
        {"*a", "ab", false},
        {"a*b*c", "aXbXbXc", true},
        {"a*b*c", "aXcXb", false},
        {"**", "x", true},
        {"*?", "", false},
        {"*?", "x", true},
        {"a?c*", "abcd", true},
        {"AMDVI-PT-*", "AMDVI-PT-002", true},
        {"AMDVI-PT-*", "AMDVI-DTE-002", false},
        {"*-002", "AMDVI-PT-002", true},
        {"*ab", "aab", true},
        {"*aab", "aaab", true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char what[64];

        snprintf(what, sizeof(what), "'%s' on '%s'", cases[i].glob, cases[i].text);
        OK(glob_match(cases[i].glob, cases[i].text) == cases[i].match, what);
    }
    OK(glob_list_match("x,AMDVI-*,y", "AMDVI-1"), "one of a list");
    OK(glob_list_match("a,b", "b"), "the last of a list");
    OK(!glob_list_match("", "a"), "an empty list matches nothing");
    OK(!glob_list_match("", ""), "not even nothing");
    OK(!glob_list_match(",,", ""), "nor do empty globs");
    OK(!glob_list_match("ab", "a"), "no half match");
    OK(!glob_list_match("a,b", "a,b"), "a comma separates");
}

/* Many stars and a long text without a match: exponential in a matcher that tries every way. */
static void glob_time(void)
{
    char glob[401], text[4001];
    clock_t start = clock();

    for (int i = 0; i < 400; i += 2) {
        memcpy(glob + i, "*a", 2);
    }
    memcpy(glob + 398, "*b", 3);
    memset(text, 'a', 4000);
    text[4000] = '\0';
    OK(!glob_match(glob, text), "200 stars do not match");
    OK(clock() - start < 2 * CLOCKS_PER_SEC, "and that is found soon");
}

int main(void)
{
    crc();
    words();
    numbers();
    globs();
    glob_time();
    return tap_done();
}

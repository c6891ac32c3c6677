// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/cmdline.h"

#include "lib/string.h"

/* The next word from @*p on; its length, 0 at the end. */
static size_t next_word(const char **p, const char **word)
{
    const char *s = *p;
    size_t n = 0;

    while (*s == ' ') {
        s++;
    }
    while (s[n] != '\0' && s[n] != ' ') {
        n++;
    }
    *word = s;
    *p = s + n;
    return n;
}

bool cmdline_has(const char *cmdline, const char *key)
{
    size_t key_len = strlen(key);
    const char *word;
    size_t n;

    while ((n = next_word(&cmdline, &word)) > 0) {
        if (n >= key_len && memcmp(word, key, key_len) == 0 &&
            (n == key_len || word[key_len] == '=')) {
            return true;
        }
    }
    return false;
}

bool cmdline_get(const char *cmdline, const char *key, char *buf, size_t size)
{
    size_t key_len = strlen(key);
    const char *value = NULL;
    size_t value_len = 0;
    const char *word;
    size_t n;

    buf[0] = '\0';
    while ((n = next_word(&cmdline, &word)) > 0) {
        if (n > key_len && memcmp(word, key, key_len) == 0 && word[key_len] == '=') {
            value = word + key_len + 1;
            value_len = n - key_len - 1;
        }
    }
    if (value == NULL || value_len >= size) {
        return false;
    }
    memcpy(buf, value, value_len);
    buf[value_len] = '\0';
    return true;
}

static unsigned digit(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

uint64_t cmdline_number(const char *cmdline, const char *key, uint64_t fallback)
{
    char text[32];
    const char *p = text;
    unsigned base = 10;
    uint64_t v = 0;

    if (!cmdline_get(cmdline, key, text, sizeof(text))) {
        return fallback;
    }
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        base = 16;
        p += 2;
    }
    if (*p == '\0') {
        return fallback;
    }
    for (; *p != '\0'; p++) {
        unsigned d = digit(*p);

        if (d >= base || v > (UINT64_MAX - d) / base) {
            return fallback;
        }
        v = v * base + d;
    }
    return v;
}

/*
 * One pass with a single point to fall back to: when a character does not match, the last `*`
 * takes one character more. An earlier `*` never has to give way again, as the later one can take
 * over all that the earlier one would have taken.
 */
static bool match(const char *glob, size_t glob_len, const char *text)
{
    size_t g = 0, t = 0, star = SIZE_MAX, star_text = 0;

    while (text[t] != '\0') {
        if (g < glob_len && glob[g] == '*') {
            star = g++;
            star_text = t;
        } else if (g < glob_len && (glob[g] == '?' || glob[g] == text[t])) {
            g++;
            t++;
        } else if (star != SIZE_MAX) {
            g = star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (g < glob_len && glob[g] == '*') {
        g++;
    }
    return g == glob_len;
}

bool glob_match(const char *glob, const char *text)
{
    return match(glob, strlen(glob), text);
}

bool glob_list_match(const char *list, const char *text)
{
    while (*list != '\0') {
        const char *comma = strchr(list, ',');
        size_t n = comma != NULL ? (size_t)(comma - list) : strlen(list);

        if (n > 0 && match(list, n, text)) {
            return true;
        }
        list += comma != NULL ? n + 1 : n;
    }
    return false;
}

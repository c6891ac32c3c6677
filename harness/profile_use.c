// SPDX-License-Identifier: GPL-2.0-or-later
// What follows from a loaded profile: expectations for an emulator's version, and expanded words.
#include "profile.h"

#include <string.h>

#include "util.h"

// `key` is a key of [machine], or an option of the command line.
static void bad_words(GError **error, const Profile *p, const char *key, const char *what)
{
    if (key[0] == '-') {
        g_set_error(error, AVC_ERROR, AVC_USAGE, "%s: %s", key, what);
    } else {
        g_set_error(error, AVC_ERROR, AVC_USAGE, "%s: [machine] %s: %s", p->path, key, what);
    }
}

static gboolean check_table(const Profile *p, GHashTable *rules, const char *group,
                            const RuleTable *table, GError **error)
{
    GHashTableIter iter;
    gpointer id;

    g_hash_table_iter_init(&iter, rules);
    while (g_hash_table_iter_next(&iter, &id, NULL)) {
        if (!rule_table_find(table, id)) {
            g_set_error(error, AVC_ERROR, AVC_USAGE, "%s: [%s] %s: the kernel has no such rule",
                        p->path, group, (const char *)id);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean profile_check_rules(const Profile *p, const RuleTable *table, GError **error)
{
    if (!check_table(p, p->skips, "expected-skip", table, error)) {
        return FALSE;
    }
    for (guint i = 0; i < p->fails->len; i++) {
        const FailSection *section = p->fails->pdata[i];
        g_autofree char *group = g_strconcat("expected-fail ", section->version, NULL);
        if (!check_table(p, section->rules, group, table, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static int compare_versions(const char *a, const char *b)
{
    g_auto(GStrv) left = g_strsplit(a, ".", -1);
    g_auto(GStrv) right = g_strsplit(b, ".", -1);

    for (gsize i = 0;; i++) {
        if (!left[i] || !right[i]) {
            return left[i] ? 1 : right[i] ? -1 : 0;
        }
        gint64 x = g_ascii_strtoll(left[i], NULL, 10);
        gint64 y = g_ascii_strtoll(right[i], NULL, 10);
        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
}

static gboolean same_series(const char *a, const char *b)
{
    g_auto(GStrv) left = g_strsplit(a, ".", -1);
    g_auto(GStrv) right = g_strsplit(b, ".", -1);

    return g_strv_length(left) >= 2 && g_strv_length(right) >= 2 &&
           strcmp(left[0], right[0]) == 0 && strcmp(left[1], right[1]) == 0;
}

Expectations profile_expectations(const Profile *p, const char *base, char **note)
{
    Expectations expectations = {p->skips, NULL, p->lacks, p->all_fail};
    const FailSection *best = NULL;

    *note = NULL;
    if (p->fails->len == 0) {
        return expectations;
    }
    for (guint i = 0; base && i < p->fails->len; i++) {
        const FailSection *section = p->fails->pdata[i];
        if (strcmp(section->version, base) == 0) {
            expectations.fails = section->rules;
            return expectations;
        }
        if (same_series(section->version, base) &&
            (!best || compare_versions(section->version, best->version) > 0)) {
            best = section;
        }
    }
    if (best) {
        expectations.fails = best->rules;
        *note = g_strdup_printf("%s: the emulator is version %s, for which the profile lists no "
                                "expected failures; those of %s are used",
                                p->name, base, best->version);
    } else {
        *note = g_strdup_printf("%s: the profile lists no expected failures for the emulator's "
                                "version (%s), so every failure counts",
                                p->name, base ? base : "unknown");
    }
    return expectations;
}

// Replaces each {name}; braces that hold anything else (JSON, say) stay as they are.
static char *expand_word(const Profile *p, const char *word, GHashTable *values, char **unknown)
{
    GString *out = g_string_new(NULL);

    while (*word) {
        gsize length = *word == '{' ? strspn(word + 1, "abcdefghijklmnopqrstuvwxyz-") : 0;
        if (length == 0 || word[length + 1] != '}') {
            g_string_append_c(out, *word++);
            continue;
        }
        g_autofree char *name = g_strndup(word + 1, length);
        const char *value = values ? g_hash_table_lookup(values, name) : NULL;
        if (!value) {
            value = g_hash_table_lookup(p->settings, name);
        }
        if (!value) {
            *unknown = g_steal_pointer(&name);
            g_string_free(out, TRUE);
            return NULL;
        }
        g_string_append(out, value);
        word += length + 2;
    }
    return g_string_free(out, FALSE);
}

static void bad_placeholder(GError **error, const Profile *p, const char *key, const char *unknown)
{
    g_autofree char *what = g_strdup_printf("unknown placeholder {%s}", unknown);
    bad_words(error, p, key, what);
}

static gboolean expand_setting(Profile *p, const char *key, char **text, GError **error)
{
    g_autofree char *unknown = NULL;
    char *expanded = *text ? expand_word(p, *text, NULL, &unknown) : NULL;

    if (unknown) {
        bad_placeholder(error, p, key, unknown);
        return FALSE;
    }
    g_free(*text);
    *text = expanded;
    return TRUE;
}

gboolean profile_expand_settings(Profile *p, GError **error)
{
    if (!expand_setting(p, "options", &p->options, error) ||
        !expand_setting(p, "disk", &p->disk, error)) {
        return FALSE;
    }
    if (strcmp(p->disk, "file") != 0 && strcmp(p->disk, "nbd") != 0) {
        bad_words(error, p, "disk", "it is neither file nor nbd");
        return FALSE;
    }
    return TRUE;
}

gboolean profile_serves_disk(const Profile *p)
{
    return p->command ? strstr(p->command, "{nbd}") != NULL : strcmp(p->disk, "nbd") == 0;
}

GStrv profile_expand(const Profile *p, const char *key, const char *text, GHashTable *values,
                     GError **error)
{
    g_auto(GStrv) words = NULL;
    g_autoptr(GError) local = NULL;

    if (!text || !*text) {
        return g_new0(char *, 1);
    }
    if (!g_shell_parse_argv(text, NULL, &words, &local)) {
        if (g_error_matches(local, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING)) {
            return g_new0(char *, 1);
        }
        bad_words(error, p, key, local->message);
        return NULL;
    }
    for (gsize i = 0; words[i]; i++) {
        g_autofree char *unknown = NULL;
        char *expanded = expand_word(p, words[i], values, &unknown);
        if (!expanded) {
            bad_placeholder(error, p, key, unknown);
            return NULL;
        }
        g_free(words[i]);
        words[i] = expanded;
    }
    return g_steal_pointer(&words);
}

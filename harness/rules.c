// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules.h"

#include <string.h>

#include "util.h"

static void rule_free(gpointer data)
{
    Rule *rule = data;
    g_free(rule->id);
    g_free(rule->name);
    g_free(rule->ref);
    g_free(rule->needs);
    g_free(rule->title);
    g_free(rule);
}

void rule_table_free(RuleTable *table)
{
    g_hash_table_unref(table->by_id);
    g_ptr_array_unref(table->rules);
    g_free(table);
}

static gboolean set_choice(const char *value, const char *yes, const char *no, gboolean *out)
{
    *out = strcmp(value, yes) == 0;
    return *out || strcmp(value, no) == 0;
}

// One KEY=VALUE of the metadata. Unknown keys are refused: a typing error must not switch a
// protection off.
static gboolean set_key(Rule *rule, const char *key, const char *value)
{
    if (strcmp(key, "ref") == 0) {
        g_free(rule->ref);
        rule->ref = g_strdup(value);
        return TRUE;
    }
    if (strcmp(key, "needs") == 0) {
        g_free(rule->needs);
        rule->needs = g_strdup(value);
        return TRUE;
    }
    if (strcmp(key, "hw-safe") == 0) {
        return set_choice(value, "yes", "no", &rule->hw_safe);
    }
    if (strcmp(key, "may-kill") == 0) {
        return set_choice(value, "yes", "no", &rule->may_kill);
    }
    if (strcmp(key, "controls") == 0) {
        return set_choice(value, "none", "both", &rule->controls_none);
    }
    if (strcmp(key, "timeout-ms") == 0) {
        guint64 ms;
        if (!avc_parse_decimal(value, 3600 * 1000, &ms) || ms == 0) {
            return FALSE;
        }
        rule->timeout_ms = (guint)ms;
        return TRUE;
    }
    return FALSE;
}

static Rule *parse_rule(const char *line)
{
    const char *bar = strstr(line, " | ");
    if (!bar) {
        return NULL;
    }

    g_autofree char *head = g_strndup(line, (gsize)(bar - line));
    g_auto(GStrv) words = g_strsplit(head, " ", -1);
    if (g_strv_length(words) < 3 || !avc_is_rule_id(words[0]) || strlen(words[1]) != 1 ||
        !strchr("AMU", words[1][0]) || !avc_is_identifier(words[2])) {
        return NULL;
    }

    Rule *rule = g_new0(Rule, 1);
    rule->id = g_strdup(words[0]);
    rule->tag = words[1][0];
    rule->name = g_strdup(words[2]);
    rule->ref = g_strdup("");
    rule->needs = g_strdup("none");
    rule->title = g_strstrip(g_strdup(bar + 3));
    for (gsize i = 3; words[i]; i++) {
        char *equals = strchr(words[i], '=');
        if (equals) {
            *equals = '\0';
        }
        if (!equals || !set_key(rule, words[i], equals + 1)) {
            rule_free(rule);
            return NULL;
        }
    }
    if (rule->timeout_ms == 0) {
        rule_free(rule);
        return NULL;
    }
    return rule;
}

static gint by_id(gconstpointer a, gconstpointer b)
{
    return strcmp((*(Rule *const *)a)->id, (*(Rule *const *)b)->id);
}

RuleTable *rule_table_parse(const char *text, const char *where, GError **error)
{
    RuleTable *table = g_new0(RuleTable, 1);
    table->rules = g_ptr_array_new_with_free_func(rule_free);
    table->by_id = g_hash_table_new(g_str_hash, g_str_equal);

    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        g_strchomp(lines[i]);
        if (!lines[i][0]) {
            continue;
        }
        Rule *rule = parse_rule(lines[i]);
        if (!rule || g_hash_table_contains(table->by_id, rule->id)) {
            g_set_error(error, AVC_ERROR, AVC_TROUBLE, "%s line %" G_GSIZE_FORMAT ": %s", where,
                        i + 1, rule ? "the rule is there twice" : "not a line of rule metadata");
            if (rule) {
                rule_free(rule);
            }
            rule_table_free(table);
            return NULL;
        }
        g_ptr_array_add(table->rules, rule);
        g_hash_table_insert(table->by_id, rule->id, rule);
    }
    if (table->rules->len == 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "%s lists no rules", where);
        rule_table_free(table);
        return NULL;
    }
    // The list is in the linker's order, which changes with the build; kernels run them by ID.
    g_ptr_array_sort(table->rules, by_id);
    return table;
}

RuleTable *rule_table_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) local = NULL;

    if (!g_file_get_contents(path, &text, NULL, &local)) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE,
                    "cannot read the rule list (build the guest first: make): %s", local->message);
        return NULL;
    }
    return rule_table_parse(text, path, error);
}

gboolean rule_needs(const Rule *rule, const char *need)
{
    g_auto(GStrv) needs = g_strsplit(rule->needs, ",", -1);
    return g_strv_contains((const char *const *)needs, need);
}

const Rule *rule_table_find(const RuleTable *table, const char *id)
{
    return g_hash_table_lookup(table->by_id, id);
}

// Marks in `chosen` what the comma-separated globs match. FALSE if one matches nothing.
static gboolean mark(const RuleTable *table, const char *globs, gboolean *chosen, GError **error)
{
    g_auto(GStrv) list = g_strsplit(globs, ",", -1);

    for (gsize i = 0; list[i]; i++) {
        gboolean matched = FALSE;
        for (guint j = 0; j < table->rules->len; j++) {
            const Rule *rule = table->rules->pdata[j];
            if (g_pattern_match_simple(list[i], rule->id) ||
                g_pattern_match_simple(list[i], rule->name)) {
                chosen[j] = matched = TRUE;
            }
        }
        if (!matched) {
            g_set_error(error, AVC_ERROR, AVC_USAGE,
                        "no rule matches '%s'; amdvi-check list shows all of them", list[i]);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean mark_all(const RuleTable *table, const char *const *globs, gboolean *chosen,
                         GError **error)
{
    for (gsize i = 0; globs && globs[i]; i++) {
        if (!mark(table, globs[i], chosen, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

GPtrArray *rule_table_select(const RuleTable *table, const char *const *run,
                             const char *const *skip, GError **error)
{
    g_autofree gboolean *wanted = g_new0(gboolean, table->rules->len);
    g_autofree gboolean *unwanted = g_new0(gboolean, table->rules->len);
    gboolean all = !run || !run[0];

    if (!mark_all(table, run, wanted, error) || !mark_all(table, skip, unwanted, error)) {
        return NULL;
    }

    GPtrArray *chosen = g_ptr_array_new();
    for (guint i = 0; i < table->rules->len; i++) {
        if ((all || wanted[i]) && !unwanted[i]) {
            g_ptr_array_add(chosen, table->rules->pdata[i]);
        }
    }
    if (chosen->len == 0) {
        g_set_error_literal(error, AVC_ERROR, AVC_USAGE,
                            "nothing is left to run: the globs to skip match every chosen rule");
        g_ptr_array_unref(chosen);
        return NULL;
    }
    return chosen;
}

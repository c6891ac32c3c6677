// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "paths.h"
#include "rules.h"
#include "util.h"

static void print_text(GPtrArray *rules)
{
    int ids = 0, names = 0;

    for (guint i = 0; i < rules->len; i++) {
        const Rule *rule = rules->pdata[i];
        ids = MAX(ids, (int)strlen(rule->id));
        names = MAX(names, (int)strlen(rule->name));
    }
    for (guint i = 0; i < rules->len; i++) {
        const Rule *rule = rules->pdata[i];
        printf("%-*s  %c  %-*s  %s\n", ids, rule->id, rule->tag, names, rule->name, rule->title);
    }
}

static void add_string(JsonBuilder *b, const char *name, const char *value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_string_value(b, value);
}

static void add_bool(JsonBuilder *b, const char *name, gboolean value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_boolean_value(b, value);
}

static void print_json(GPtrArray *rules)
{
    g_autoptr(JsonBuilder) b = json_builder_new();

    json_builder_begin_array(b);
    for (guint i = 0; i < rules->len; i++) {
        const Rule *rule = rules->pdata[i];
        const char tag[] = {rule->tag, '\0'};
        json_builder_begin_object(b);
        add_string(b, "rule", rule->id);
        add_string(b, "tag", tag);
        add_string(b, "name", rule->name);
        add_string(b, "title", rule->title);
        add_string(b, "ref", rule->ref);
        add_string(b, "needs", rule->needs);
        add_bool(b, "hw_safe", rule->hw_safe);
        add_bool(b, "may_kill", rule->may_kill);
        add_string(b, "controls", rule->controls_none ? "none" : "both");
        json_builder_set_member_name(b, "timeout_ms");
        json_builder_add_int_value(b, rule->timeout_ms);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);

    g_autoptr(JsonNode) root = json_builder_get_root(b);
    g_autofree char *text = json_to_string(root, TRUE);
    puts(text);
}

int cmd_list(int argc, char **argv)
{
    g_auto(GStrv) globs = NULL;
    g_autofree char *list = NULL;
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"rules", 'r', 0, G_OPTION_ARG_STRING_ARRAY, &globs,
         "only rules whose ID or name matches (repeatable)", "GLOB[,GLOB]"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "as JSON, for programs", NULL},
        {"rules-list", 0, 0, G_OPTION_ARG_FILENAME, &list,
         "rule list of another kernel than the built one", "FILE"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- print the rules");
    g_autoptr(GError) error = NULL;

    g_set_prgname("amdvi-check list");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "amdvi-check list: %s\n", error->message);
        return AVC_USAGE;
    }
    if (argc > 1) {
        fprintf(stderr, "amdvi-check list: unexpected argument '%s'\n", argv[1]);
        return AVC_USAGE;
    }

    g_autoptr(RuleTable) table = rule_table_load(list ? list : paths_rules(), &error);
    g_autoptr(GPtrArray) rules =
        table ? rule_table_select(table, (const char *const *)globs, NULL, &error) : NULL;
    if (!rules) {
        fprintf(stderr, "amdvi-check list: %s\n", error->message);
        return error->code;
    }
    if (json) {
        print_json(rules);
    } else {
        print_text(rules);
    }
    return AVC_OK;
}

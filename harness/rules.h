// SPDX-License-Identifier: GPL-2.0-or-later
// The rules a kernel holds: the table that the build extracts into rules.list
// (docs/results-format.md section 3), and the choice of some of them.
#pragma once

#include <glib.h>

typedef struct {
    char *id;
    char tag; // 'A', 'M' or 'U'
    char *name;
    char *ref;
    char *needs;
    gboolean hw_safe;
    gboolean may_kill;
    gboolean controls_none; // the rule may say that it has no controls
    guint timeout_ms;       // from `begin` to `end`
    char *title;
} Rule;

typedef struct {
    GPtrArray *rules;  // of Rule, by ID
    GHashTable *by_id; // id to Rule
} RuleTable;

// Reads the table from `text`. `where` names the source in messages. NULL and `error`
// (AVC_TROUBLE, naming the line) if any line is malformed or an ID comes twice.
RuleTable *rule_table_parse(const char *text, const char *where, GError **error);

// As rule_table_parse(), from a file.
RuleTable *rule_table_load(const char *path, GError **error);

void rule_table_free(RuleTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RuleTable, rule_table_free)

// TRUE if `need` ("ide", "testdev", ...) is among the rule's needs.
gboolean rule_needs(const Rule *rule, const char *need);

// The rule with this ID, or NULL.
const Rule *rule_table_find(const RuleTable *table, const char *id);

// The rules whose ID or name matches one of the globs in `run` (all, if `run` is NULL or empty),
// less those that match one in `skip`. Each string holds globs separated by commas. The array
// borrows the rules and keeps the table's order. NULL and `error` (AVC_USAGE) if a glob matches
// nothing or nothing is left.
GPtrArray *rule_table_select(const RuleTable *table, const char *const *run,
                             const char *const *skip, GError **error);

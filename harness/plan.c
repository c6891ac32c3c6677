// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan.h"

#include <string.h>

static void add_boot(GPtrArray *boots, GPtrArray **open)
{
    if (*open && (*open)->len) {
        g_ptr_array_add(boots, g_steal_pointer(open));
    }
}

GPtrArray *plan_boots(GPtrArray *rules, guint jobs, guint cmdline_room)
{
    GPtrArray *boots = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    guint shared = 0;

    for (guint i = 0; i < rules->len; i++) {
        shared += ((const Rule *)rules->pdata[i])->may_kill ? 0 : 1;
    }
    guint shards = CLAMP(shared / PLAN_RULES_PER_BOOT, 1, MAX(jobs, 1));
    guint size = (shared + shards - 1) / shards;

    g_autoptr(GPtrArray) open = NULL;
    gsize length = 0;
    for (guint i = 0; i < rules->len; i++) {
        Rule *rule = rules->pdata[i];
        gsize width = strlen(rule->id) + 1;
        if (rule->may_kill) {
            continue;
        }
        if (open && (open->len == size || length + width > cmdline_room)) {
            add_boot(boots, &open);
        }
        if (!open) {
            open = g_ptr_array_new();
            length = 0;
        }
        g_ptr_array_add(open, rule);
        length += width;
    }
    add_boot(boots, &open);

    for (guint i = 0; i < rules->len; i++) {
        Rule *rule = rules->pdata[i];
        if (rule->may_kill) {
            GPtrArray *alone = g_ptr_array_new();
            g_ptr_array_add(alone, rule);
            g_ptr_array_add(boots, alone);
        }
    }
    return boots;
}

char *plan_cmdline(GPtrArray *rules, guint64 seed, const char *exit_way, gboolean reverse,
                   const char *options)
{
    GString *line = g_string_new("run=");

    for (guint i = 0; i < rules->len; i++) {
        g_string_append_printf(line, "%s%s", i ? "," : "", ((const Rule *)rules->pdata[i])->id);
    }
    g_string_append_printf(line, " seed=%" G_GUINT64_FORMAT " exit=%s", seed, exit_way);
    if (reverse) {
        g_string_append(line, " order=reverse");
    }
    if (options && *options) {
        g_string_append_printf(line, " %s", options);
    }
    return g_string_free(line, FALSE);
}

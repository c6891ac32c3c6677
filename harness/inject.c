// SPDX-License-Identifier: GPL-2.0-or-later
#include "inject.h"

#include <string.h>

#define WORD_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-:."
#define WORD_MAX   32

static gboolean is_word(const char *text)
{
    return *text && strlen(text) <= WORD_MAX && strspn(text, WORD_CHARS) == strlen(text);
}

static gboolean take_count(JsonObject *value, const char *text)
{
    guint64 count;

    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &count, NULL)) {
        return FALSE;
    }
    json_object_set_int_member(value, "count", (gint64)count);
    return TRUE;
}

// One KEY=VALUE. FALSE if it is none that the verb has, or was there before.
static gboolean take_pair(JsonObject *value, const char *pair)
{
    static const char *const keys[] = {"count", "device", "type"};

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        gsize length = strlen(keys[i]);

        if (strncmp(pair, keys[i], length) != 0 || pair[length] != '=') {
            continue;
        }
        const char *text = pair + length + 1;
        if (json_object_has_member(value, keys[i]) || !is_word(text)) {
            return FALSE;
        }
        if (i == 0) {
            return take_count(value, text);
        }
        json_object_set_string_member(value, keys[i], text);
        return TRUE;
    }
    return FALSE;
}

JsonNode *inject_value(const char *args, GString *text)
{
    g_auto(GStrv) words = g_strsplit(args, " ", -1);
    g_autoptr(JsonObject) value = json_object_new();

    if (!words[0] || !is_word(words[0])) {
        g_string_append(text, "the first word is no kind of error");
        return NULL;
    }
    json_object_set_string_member(value, "kind", words[0]);
    for (gsize i = 1; words[i]; i++) {
        if (!take_pair(value, words[i])) {
            g_string_append_printf(text,
                                   "%s is not a first count=N, device=BUS:SLOT.FUNCTION or "
                                   "type=TYPE",
                                   *words[i] ? words[i] : "an empty word");
            return NULL;
        }
    }
    if (!json_object_has_member(value, "count")) {
        g_string_append(text, "there is no count=N");
        return NULL;
    }

    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(node, g_steal_pointer(&value));
    return node;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "serial.h"

#include <string.h>

#include "util.h"

static const char *const status_names[] = {"pass", "fail", "skip", "known", "error", "none"};

const char *status_name(Status status)
{
    return status_names[status];
}

const char *control_name(ControlKind kind)
{
    static const char *const names[] = {"pos", "neg", "none"};
    return names[kind];
}

Pair *pair_new(const char *key, const char *value)
{
    Pair *pair = g_new(Pair, 1);
    pair->key = g_strdup(key);
    pair->value = g_strdup(value);
    return pair;
}

static void pair_free(gpointer data)
{
    Pair *pair = data;
    g_free(pair->key);
    g_free(pair->value);
    g_free(pair);
}

GPtrArray *pair_array_new(void)
{
    return g_ptr_array_new_with_free_func(pair_free);
}

void record_clear(Record *record)
{
    g_clear_pointer(&record->rule, g_free);
    g_clear_pointer(&record->name, g_free);
    g_clear_pointer(&record->text, g_free);
    g_clear_pointer(&record->pairs, g_ptr_array_unref);
}

// Takes the next word off `*rest`. Fields are separated by exactly one space, so an empty word is
// an error (NULL); `*rest` becomes NULL after the last word.
static char *next_word(const char **rest)
{
    const char *start = *rest;

    if (!start || !*start || *start == ' ') {
        return NULL;
    }
    const char *space = strchr(start, ' ');
    *rest = space ? space + 1 : NULL;
    return space ? g_strndup(start, (gsize)(space - start)) : g_strdup(start);
}

static gboolean next_number(const char **rest, guint64 max, guint64 *value)
{
    g_autofree char *word = next_word(rest);
    return word && avc_parse_decimal(word, max, value);
}

static gboolean next_rule(const char **rest, Record *record)
{
    record->rule = next_word(rest);
    return record->rule && avc_is_rule_id(record->rule);
}

static gboolean add_pair(Record *record, const char *text)
{
    const char *equals = strchr(text, '=');

    if (!equals || equals == text) {
        return FALSE;
    }
    g_autofree char *key = g_strndup(text, (gsize)(equals - text));
    if (strchr(key, ' ')) {
        return FALSE;
    }
    g_ptr_array_add(record->pairs, pair_new(key, equals + 1));
    return TRUE;
}

static gboolean parse_platform(const char *rest, Record *record)
{
    record->pairs = pair_array_new();
    while (rest) {
        g_autofree char *word = next_word(&rest);
        if (!word || !add_pair(record, word)) {
            return FALSE;
        }
    }
    return record->pairs->len > 0;
}

static gboolean parse_begin(const char *rest, Record *record)
{
    if (!next_rule(&rest, record)) {
        return FALSE;
    }
    g_autofree char *tag = next_word(&rest);
    if (!tag || strlen(tag) != 1 || !strchr("AMU", tag[0])) {
        return FALSE;
    }
    record->tag = tag[0];
    record->name = next_word(&rest);
    return record->name && !rest && avc_is_identifier(record->name);
}

static gboolean parse_ctl(const char *rest, Record *record)
{
    if (!next_rule(&rest, record)) {
        return FALSE;
    }
    g_autofree char *kind = next_word(&rest);
    if (g_strcmp0(kind, "none") == 0) {
        record->control = CONTROL_NONE;
        record->ok = TRUE;
        record->text = g_strdup(rest ? rest : "");
        return record->text[0] != '\0';
    }
    if (g_strcmp0(kind, "pos") == 0) {
        record->control = CONTROL_POS;
    } else if (g_strcmp0(kind, "neg") == 0) {
        record->control = CONTROL_NEG;
    } else {
        return FALSE;
    }
    g_autofree char *outcome = next_word(&rest);
    if (g_strcmp0(outcome, "ok") != 0 && g_strcmp0(outcome, "bad") != 0) {
        return FALSE;
    }
    record->ok = outcome[0] == 'o';
    record->text = g_strdup(rest ? rest : "");
    return TRUE;
}

static gboolean parse_obs(const char *rest, Record *record)
{
    record->pairs = pair_array_new();
    return next_rule(&rest, record) && rest && add_pair(record, rest);
}

static gboolean parse_mark(const char *rest, Record *record)
{
    if (!next_rule(&rest, record) || !next_number(&rest, G_MAXINT64, &record->number)) {
        return FALSE;
    }
    record->name = next_word(&rest);
    record->text = g_strdup(rest ? rest : "");
    return record->name && avc_is_identifier(record->name);
}

static gboolean parse_end(const char *rest, Record *record)
{
    if (!next_rule(&rest, record)) {
        return FALSE;
    }
    g_autofree char *status = next_word(&rest);
    record->status = STATUS_NONE;
    for (int i = 0; i < STATUS_COUNT; i++) {
        if (g_strcmp0(status, status_names[i]) == 0) {
            record->status = (Status)i;
        }
    }
    if (record->status == STATUS_NONE || !next_number(&rest, G_MAXINT64, &record->number)) {
        return FALSE;
    }
    record->text = g_strdup(rest ? rest : "");
    g_strstrip(record->text);
    return record->status == STATUS_PASS || record->text[0];
}

static gboolean parse_host(const char *rest, Record *record)
{
    if (!next_number(&rest, G_MAXUINT32, &record->number)) {
        return FALSE;
    }
    record->name = next_word(&rest);
    record->text = g_strdup(rest ? rest : "");
    return record->name != NULL;
}

static gboolean parse_done(const char *rest, Record *record)
{
    for (int i = 0; i < STATUS_COUNT; i++) {
        if (!next_number(&rest, G_MAXUINT32, &record->counts[i])) {
            return FALSE;
        }
    }
    return rest == NULL;
}

static gboolean parse_plan(const char *rest, Record *record)
{
    return next_number(&rest, G_MAXUINT32, &record->number) && !rest;
}

static gboolean parse_text(const char *rest, Record *record)
{
    record->text = g_strdup(rest ? rest : "");
    return TRUE;
}

gboolean record_parse(const char *text, Record *record, GError **error)
{
    static const struct {
        const char *word;
        RecordType type;
        gboolean (*parse)(const char *rest, Record *record);
    } kinds[] = {
        {"rule", RECORD_RULE, parse_text},
        {"plan", RECORD_PLAN, parse_plan},
        {"platform", RECORD_PLATFORM, parse_platform},
        {"begin", RECORD_BEGIN, parse_begin},
        {"ctl", RECORD_CTL, parse_ctl},
        {"obs", RECORD_OBS, parse_obs},
        {"diag", RECORD_DIAG, parse_text},
        {"mark", RECORD_MARK, parse_mark},
        {"end", RECORD_END, parse_end},
        {"host", RECORD_HOST, parse_host},
        {"done", RECORD_DONE, parse_done},
    };
    const char *rest = text;

    memset(record, 0, sizeof(*record));
    g_autofree char *word = next_word(&rest);
    for (gsize i = 0; word && i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(word, kinds[i].word) != 0) {
            continue;
        }
        record->type = kinds[i].type;
        if (kinds[i].parse(rest, record)) {
            return TRUE;
        }
        record_clear(record);
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "malformed '%s' record: %s", word, text);
        return FALSE;
    }
    g_set_error(error, AVC_ERROR, AVC_TROUBLE, "unknown record: %s", text);
    return FALSE;
}

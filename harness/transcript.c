// SPDX-License-Identifier: GPL-2.0-or-later
#include "transcript.h"

#include <string.h>

// A line that is wrong all the way must not fill the memory with complaints.
#define ERRORS_MAX 40
// What is kept of a rule of each kind, far more than any says; and of facts about the platform. A
// guest that goes on and on fills neither the memory nor the time.
#define KEPT_MAX   500

void control_free(gpointer data)
{
    Control *control = data;
    g_free(control->text);
    g_free(control);
}

Mark *mark_new(guint64 tsc, const char *event, const char *text)
{
    Mark *mark = g_new(Mark, 1);
    mark->tsc = tsc;
    mark->event = g_strdup(event);
    mark->text = g_strdup(text);
    return mark;
}

void mark_free(gpointer data)
{
    Mark *mark = data;
    g_free(mark->event);
    g_free(mark->text);
    g_free(mark);
}

static void rule_run_free(gpointer data)
{
    RuleRun *run = data;
    g_free(run->reason);
    g_free(run->damage);
    g_free(run->exception);
    g_ptr_array_unref(run->controls);
    g_ptr_array_unref(run->obs);
    g_ptr_array_unref(run->diag);
    g_ptr_array_unref(run->marks);
    g_free(run);
}

void host_request_free(HostRequest *request)
{
    g_free(request->verb);
    g_free(request->args);
    g_free(request);
}

Transcript *transcript_new(const RuleTable *table, GPtrArray *asked)
{
    Transcript *t = g_new0(Transcript, 1);

    t->table = table;
    t->asked = asked;
    t->next_request = 1;
    t->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, rule_run_free);
    t->platform = pair_array_new();
    t->diag = g_ptr_array_new_with_free_func(g_free);
    t->errors = g_ptr_array_new_with_free_func(g_free);
    g_queue_init(&t->requests);
    return t;
}

void transcript_free(Transcript *t)
{
    g_hash_table_unref(t->by_id);
    g_ptr_array_unref(t->platform);
    g_ptr_array_unref(t->diag);
    g_ptr_array_unref(t->errors);
    g_queue_clear_full(&t->requests, (GDestroyNotify)host_request_free);
    g_free(t);
}

void transcript_error(Transcript *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(t->errors, g_strdup_vprintf(format, args));
    va_end(args);
}

const RuleRun *transcript_find(const Transcript *t, const Rule *rule)
{
    return g_hash_table_lookup(t->by_id, rule->id);
}

static RuleRun *get_run(Transcript *t, const Rule *rule)
{
    RuleRun *run = g_hash_table_lookup(t->by_id, rule->id);

    if (!run) {
        run = g_new0(RuleRun, 1);
        run->rule = rule;
        run->status = STATUS_NONE;
        run->controls = g_ptr_array_new_with_free_func(control_free);
        run->obs = pair_array_new();
        run->diag = g_ptr_array_new_with_free_func(g_free);
        run->marks = g_ptr_array_new_with_free_func(mark_free);
        g_hash_table_insert(t->by_id, rule->id, run);
    }
    return run;
}

// A breach of the contract: an error of the boot, of the open rule, and of `other` if given.
static void breach(Transcript *t, RuleRun *other, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void breach(Transcript *t, RuleRun *other, const char *format, ...)
{
    RuleRun *touched[2] = {t->open, other};
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    for (int i = 0; i < 2; i++) {
        if (touched[i] && !touched[i]->damage) {
            touched[i]->damage = g_strdup(text);
        }
    }
    t->breaches++;
    if (t->breaches <= ERRORS_MAX) {
        g_ptr_array_add(t->errors, g_strdup(text));
    } else if (t->breaches == ERRORS_MAX + 1) {
        g_ptr_array_add(t->errors, g_strdup("more errors, not listed"));
    }
}

static RuleRun *run_named(Transcript *t, const char *id)
{
    const Rule *rule = rule_table_find(t->table, id);
    return rule ? get_run(t, rule) : NULL;
}

static void take_plan(Transcript *t, const Record *record)
{
    if (t->planned) {
        breach(t, NULL, "a second plan (%" G_GUINT64_FORMAT " rules)", record->number);
        return;
    }
    t->planned = TRUE;
    if (record->number != t->asked->len) {
        breach(t, NULL, "the guest plans %" G_GUINT64_FORMAT " rules but was asked for %u",
               record->number, t->asked->len);
    }
}

// Is there no room for one more? The first that finds none is a breach.
static gboolean is_full(Transcript *t, const GPtrArray *kept, gboolean *overfull, const char *what)
{
    if (kept->len < KEPT_MAX) {
        return FALSE;
    }
    if (!*overfull) {
        *overfull = TRUE;
        breach(t, NULL, "more than %d %s", KEPT_MAX, what);
    }
    return TRUE;
}

static void take_platform(Transcript *t, Record *record)
{
    for (guint i = 0; i < record->pairs->len; i++) {
        const Pair *pair = record->pairs->pdata[i];
        if (is_full(t, t->platform, &t->overfull, "facts about the platform")) {
            return;
        }
        for (guint j = 0; j < t->platform->len; j++) {
            const Pair *old = t->platform->pdata[j];
            if (strcmp(old->key, pair->key) == 0) {
                breach(t, NULL, "the platform fact %s is given twice", pair->key);
            }
        }
        g_ptr_array_add(t->platform, pair_new(pair->key, pair->value));
    }
}

static void take_begin(Transcript *t, const Record *record)
{
    const Rule *rule = rule_table_find(t->table, record->rule);

    if (t->open) {
        breach(t, NULL, "%s begins before %s ended", record->rule, t->open->rule->id);
        t->open = NULL;
    }
    if (!rule) {
        breach(t, NULL, "%s begins, which is not in the rule list", record->rule);
        return;
    }

    RuleRun *run = get_run(t, rule);
    if (!t->planned) {
        breach(t, run, "%s begins before there is a plan", rule->id);
    }
    if (!g_ptr_array_find(t->asked, rule, NULL)) {
        breach(t, run, "%s begins but was not asked for", rule->id);
    }
    if (run->began) {
        breach(t, run, "%s begins a second time", rule->id);
    }
    if (record->tag != rule->tag || strcmp(record->name, rule->name) != 0) {
        breach(t, run, "%s begins as %c %s but the rule list says %c %s", rule->id, record->tag,
               record->name, rule->tag, rule->name);
    }
    run->began = TRUE;
    t->open = run;
}

// The open rule if `record` speaks of it; otherwise a breach, and NULL.
static RuleRun *speaks_of_open(Transcript *t, const Record *record, const char *what)
{
    if (t->open && strcmp(t->open->rule->id, record->rule) == 0) {
        return t->open;
    }
    breach(t, run_named(t, record->rule), "'%s' for %s, which is not open", what, record->rule);
    return NULL;
}

static void take_ctl(Transcript *t, Record *record)
{
    RuleRun *run = speaks_of_open(t, record, "ctl");

    if (run && !is_full(t, run->controls, &run->overfull, "controls")) {
        Control *control = g_new(Control, 1);
        control->kind = record->control;
        control->ok = record->ok;
        control->text = g_steal_pointer(&record->text);
        g_ptr_array_add(run->controls, control);
    }
}

static void take_obs(Transcript *t, Record *record)
{
    RuleRun *run = speaks_of_open(t, record, "obs");

    if (run && !is_full(t, run->obs, &run->overfull, "observed values")) {
        const Pair *pair = record->pairs->pdata[0];
        g_ptr_array_add(run->obs, pair_new(pair->key, pair->value));
    }
}

static void take_mark(Transcript *t, const Record *record)
{
    RuleRun *run = speaks_of_open(t, record, "mark");

    if (run && !is_full(t, run->marks, &run->overfull, "marks")) {
        g_ptr_array_add(run->marks, mark_new(record->number, record->name, record->text));
    }
}

static void take_diag(Transcript *t, Record *record)
{
    if (t->open && g_str_has_prefix(record->text, "exception ") && !t->open->exception) {
        t->open->exception = g_strdup(record->text);
    }

    GPtrArray *diag = t->open ? t->open->diag : t->diag;
    if (diag->len < KEPT_MAX) {
        g_ptr_array_add(diag, g_steal_pointer(&record->text));
    } else if (diag->len == KEPT_MAX) {
        g_ptr_array_add(diag, g_strdup("more lines, which are in serial.log only"));
    }
}

static void take_end(Transcript *t, Record *record)
{
    t->tally[record->status]++;

    RuleRun *run = speaks_of_open(t, record, "end");
    if (!run) {
        return;
    }
    run->status = record->status;
    run->us = record->number;
    g_free(run->reason);
    run->reason = g_steal_pointer(&record->text);
    t->ended++;
    t->open = NULL;
}

static void take_host(Transcript *t, Record *record)
{
    if (record->number != t->next_request) {
        breach(t, NULL, "host request %" G_GUINT64_FORMAT " where %" G_GUINT64_FORMAT " is due",
               record->number, t->next_request);
    }
    t->next_request = record->number + 1;

    HostRequest *request = g_new0(HostRequest, 1);
    request->id = record->number;
    request->verb = g_steal_pointer(&record->name);
    request->args = g_steal_pointer(&record->text);
    g_queue_push_tail(&t->requests, request);
}

static void take_done(Transcript *t, const Record *record)
{
    guint64 sum = 0;

    if (t->open) {
        breach(t, NULL, "'done' while %s is open", t->open->rule->id);
        t->open = NULL;
    }
    if (!t->planned) {
        breach(t, NULL, "'done' without a plan");
    }
    t->done = TRUE;
    for (int i = 0; i < STATUS_COUNT; i++) {
        sum += record->counts[i];
        if (record->counts[i] != t->tally[i]) {
            breach(t, NULL, "'done' counts %" G_GUINT64_FORMAT " %s but %" G_GUINT64_FORMAT " came",
                   record->counts[i], status_name((Status)i), t->tally[i]);
        }
    }
    if (t->planned && sum != t->asked->len) {
        breach(t, NULL, "'done' counts %" G_GUINT64_FORMAT " rules but %u were asked for", sum,
               t->asked->len);
    }
}

static void take_record(Transcript *t, Record *record)
{
    if (t->done) {
        breach(t, NULL, "a record after 'done'");
        return;
    }
    switch (record->type) {
    case RECORD_RULE:
        breach(t, NULL, "a 'rule' record, which was not asked for");
        break;
    case RECORD_PLAN:
        take_plan(t, record);
        break;
    case RECORD_PLATFORM:
        take_platform(t, record);
        break;
    case RECORD_BEGIN:
        take_begin(t, record);
        break;
    case RECORD_CTL:
        take_ctl(t, record);
        break;
    case RECORD_OBS:
        take_obs(t, record);
        break;
    case RECORD_DIAG:
        take_diag(t, record);
        break;
    case RECORD_MARK:
        take_mark(t, record);
        break;
    case RECORD_END:
        take_end(t, record);
        break;
    case RECORD_HOST:
        take_host(t, record);
        break;
    case RECORD_DONE:
        take_done(t, record);
        break;
    }
}

// FALSE if the record must not be looked at.
static gboolean check_sequence(Transcript *t, guint32 seq)
{
    if (t->astray) {
        return FALSE;
    }
    if (t->next > 0 && seq == t->next - 1) {
        breach(t, NULL, "line %u came twice", seq);
        return FALSE;
    }
    if (seq < t->next) {
        breach(t, NULL, "the sequence went back from line %u to line %u; the rest is ignored",
               t->next - 1, seq);
        t->astray = TRUE;
        return FALSE;
    }
    if (seq - t->next > t->unread) {
        if (seq - t->next == 1) {
            breach(t, NULL, "line %u is missing", t->next);
        } else {
            breach(t, NULL, "lines %u to %u are missing", t->next, seq - 1);
        }
    } else if (seq != t->next && t->open && !t->open->damage) {
        t->open->damage = g_strdup("a damaged line");
    }
    t->next = seq + 1;
    t->unread = 0;
    return TRUE;
}

static void take_line(const char *bytes, gsize length, gboolean overlong, gpointer data)
{
    Transcript *t = data;
    Line line;

    switch (line_parse(bytes, length, overlong, &line)) {
    case LINE_NOISE:
        return;
    case LINE_DAMAGED: {
        g_autofree char *start = g_strndup(bytes, MIN(length, 60));
        g_autofree char *shown = g_strescape(g_strchomp(start), NULL);
        t->unread++;
        breach(t, NULL, "damaged line (%s): %s%s", line.why, shown, length > 60 ? "..." : "");
        return;
    }
    case LINE_RECORD:
        break;
    }

    t->records++;
    if (!check_sequence(t, line.seq)) {
        return;
    }
    Record record;
    g_autoptr(GError) error = NULL;
    if (!record_parse(line.record, &record, &error)) {
        breach(t, NULL, "%s", error->message);
        return;
    }
    take_record(t, &record);
    record_clear(&record);
}

void transcript_feed(Transcript *t, const void *bytes, gsize length)
{
    t->bytes += length;
    line_framer_feed(&t->framer, bytes, length, take_line, t);
}

void transcript_finish(Transcript *t, gboolean cut_off)
{
    const LineFramer *framer = &t->framer;

    if (!cut_off && framer->length >= 5 && memcmp(framer->bytes, "AVC1 ", 5) == 0) {
        breach(t, NULL, "damaged line (the last one has no end)");
    }
}

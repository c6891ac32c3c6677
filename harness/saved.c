// SPDX-License-Identifier: GPL-2.0-or-later
#include "saved.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "util.h"

// What is read is a file that anybody may have edited: every look into it checks the type, and the
// first thing that is not as it should be ends it all.
typedef struct {
    const char *path;
    GError **error;
    gboolean bad;
} Reader;

static void complain(Reader *r, const char *key)
{
    if (!r->bad) {
        g_set_error(r->error, AVC_ERROR, AVC_USAGE, "%s: '%s' is missing or not what it should be",
                    r->path, key);
        r->bad = TRUE;
    }
}

static JsonNode *look(Reader *r, JsonObject *from, const char *key)
{
    JsonNode *node = from ? json_object_get_member(from, key) : NULL;

    if (!node) {
        complain(r, key);
    }
    return node;
}

// A copy of a text, NULL for null.
static char *get_text(Reader *r, JsonObject *from, const char *key, gboolean may_be_null)
{
    JsonNode *node = look(r, from, key);

    if (!node || (may_be_null && JSON_NODE_HOLDS_NULL(node))) {
        return NULL;
    }
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING) {
        complain(r, key);
        return NULL;
    }
    return json_node_dup_string(node);
}

static gint64 get_int(Reader *r, JsonObject *from, const char *key, gint64 if_null)
{
    JsonNode *node = look(r, from, key);

    if (node && JSON_NODE_HOLDS_NULL(node)) {
        return if_null;
    }
    if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64) {
        complain(r, key);
        return 0;
    }
    return json_node_get_int(node);
}

static double get_double(Reader *r, JsonObject *from, const char *key)
{
    JsonNode *node = look(r, from, key);

    if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) == G_TYPE_STRING) {
        complain(r, key);
        return 0;
    }
    return json_node_get_double(node);
}

static gboolean get_bool(Reader *r, JsonObject *from, const char *key)
{
    JsonNode *node = look(r, from, key);

    if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_BOOLEAN) {
        complain(r, key);
        return FALSE;
    }
    return json_node_get_boolean(node);
}

static JsonObject *get_object(Reader *r, JsonObject *from, const char *key)
{
    JsonNode *node = look(r, from, key);

    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        complain(r, key);
        return NULL;
    }
    return json_node_get_object(node);
}

static JsonArray *get_array(Reader *r, JsonObject *from, const char *key)
{
    JsonNode *node = look(r, from, key);

    if (!node || !JSON_NODE_HOLDS_ARRAY(node)) {
        complain(r, key);
        return NULL;
    }
    return json_node_get_array(node);
}

static guint length_of(JsonArray *array)
{
    return array ? json_array_get_length(array) : 0;
}

static JsonObject *object_at(Reader *r, JsonArray *array, guint i, const char *key)
{
    JsonNode *node = json_array_get_element(array, i);

    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        complain(r, key);
        return NULL;
    }
    return json_node_get_object(node);
}

static void get_texts(Reader *r, JsonObject *from, const char *key, GPtrArray *to)
{
    JsonArray *array = get_array(r, from, key);

    for (guint i = 0; i < length_of(array); i++) {
        JsonNode *node = json_array_get_element(array, i);
        if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING) {
            complain(r, key);
            return;
        }
        g_ptr_array_add(to, json_node_dup_string(node));
    }
}

static void get_pairs(Reader *r, JsonObject *from, const char *key, GPtrArray *to)
{
    JsonObject *object = get_object(r, from, key);
    g_autoptr(GList) names = object ? json_object_get_members(object) : NULL;

    for (GList *name = names; name; name = name->next) {
        g_autofree char *value = get_text(r, object, name->data, FALSE);
        g_ptr_array_add(to, pair_new(name->data, value ? value : ""));
    }
}

// The index of a text among `count` names that `name_of` gives; `count` and a complaint if it is
// none of them.
static int get_word(Reader *r, JsonObject *from, const char *key, const char *(*name_of)(int),
                    int count)
{
    g_autofree char *text = get_text(r, from, key, FALSE);

    for (int i = 0; text && i < count; i++) {
        if (strcmp(name_of(i), text) == 0) {
            return i;
        }
    }
    complain(r, key);
    return count;
}

static const char *name_status(int i)
{
    return status_name((Status)i);
}

static const char *name_outcome(int i)
{
    return outcome_name((Outcome)i);
}

static const char *name_control(int i)
{
    return control_name((ControlKind)i);
}

static void get_controls(Reader *r, JsonObject *from, GPtrArray *to)
{
    JsonArray *array = get_array(r, from, "controls");

    for (guint i = 0; i < length_of(array); i++) {
        JsonObject *object = object_at(r, array, i, "controls");
        Control *control = g_new0(Control, 1);
        control->kind =
            (ControlKind)get_word(r, object, "kind", name_control, (int)CONTROL_NONE + 1);
        control->ok = get_bool(r, object, "ok");
        control->text = get_text(r, object, "text", FALSE);
        g_ptr_array_add(to, control);
    }
}

static void get_marks(Reader *r, JsonObject *from, GPtrArray *to)
{
    JsonArray *array = get_array(r, from, "marks");

    for (guint i = 0; i < length_of(array); i++) {
        JsonObject *object = object_at(r, array, i, "marks");
        g_autofree char *event = get_text(r, object, "event", FALSE);
        g_autofree char *text = get_text(r, object, "text", FALSE);
        g_ptr_array_add(to, mark_new((guint64)get_int(r, object, "tsc", 0), event, text));
    }
}

static void read_setup(Reader *r, JsonObject *root, RunSetup *setup)
{
    JsonObject *run = get_object(r, root, "run");
    g_autofree char *order = get_text(r, run, "order", FALSE);

    setup->profile = get_text(r, run, "profile", FALSE);
    setup->profile_digest = get_text(r, run, "profile_digest", FALSE);
    setup->kernel = get_text(r, run, "kernel", FALSE);
    setup->iso = get_text(r, run, "iso", FALSE);
    setup->efi = get_text(r, run, "efi", FALSE);
    setup->rules_list = get_text(r, run, "rules_list", TRUE);
    setup->image_digest = get_text(r, run, "image_digest", TRUE);
    setup->emulator = get_text(r, run, "emulator", TRUE);
    setup->device_args = get_text(r, run, "device_args", TRUE);
    setup->reverse = g_strcmp0(order, "reverse") == 0;
    setup->timeout_s = get_double(r, run, "timeout_s");
}

static void read_boots(Reader *r, JsonObject *root, GPtrArray *boots)
{
    JsonArray *array = get_array(r, root, "boots");

    for (guint i = 0; i < length_of(array) && !r->bad; i++) {
        JsonObject *object = object_at(r, array, i, "boots");
        BootRecord *boot = boot_record_new((guint)get_int(r, object, "number", 0), 0);
        g_autoptr(GPtrArray) command = g_ptr_array_new();
        get_texts(r, object, "command", command);
        g_ptr_array_add(command, NULL);
        boot->command = (GStrv)g_ptr_array_steal(command, NULL);
        boot->exit = (int)get_int(r, object, "exit", -1);
        boot->signo = (int)get_int(r, object, "signal", 0);
        boot->outcome =
            (Outcome)get_word(r, object, "outcome", name_outcome, (int)OUTCOME_STOPPED + 1);
        boot->duration_ms = get_int(r, object, "duration_ms", 0);
        get_texts(r, object, "errors", boot->errors);
        g_ptr_array_add(boots, boot);
    }
}

static void read_rule(Reader *r, JsonObject *object, Saved *saved)
{
    char *id = get_text(r, object, "rule", FALSE);

    if (!id) {
        return;
    }
    g_ptr_array_add(saved->rules, id);
    if (!get_bool(r, object, "finished")) {
        return;
    }

    FinishedRule *rule = g_new0(FinishedRule, 1);
    Result *result = result_new_owning(NULL);
    g_autofree char *status = get_text(r, object, "status", TRUE);
    rule->id = g_strdup(id);
    rule->result = result;
    g_ptr_array_add(saved->finished, rule);
    result->finished = TRUE;
    if (status) {
        result->status = (Status)get_word(r, object, "status", name_status, (int)STATUS_COUNT);
    }
    result->verdict = (Status)get_word(r, object, "verdict", name_status, (int)STATUS_COUNT);
    if (result->verdict == STATUS_KNOWN && result->status != STATUS_KNOWN) {
        result->verdict = STATUS_FAIL; // until it is compared with what is expected
    }
    g_free(result->reason);
    result->reason = get_text(r, object, "reason", FALSE);
    result->us = (guint64)MAX(get_int(r, object, "us", 0), 0);
    result->boot = (guint)get_int(r, object, "boot", 0);
    get_controls(r, object, result->controls);
    get_pairs(r, object, "obs", result->obs);
    get_texts(r, object, "diag", result->diag);
    get_marks(r, object, result->marks);
}

static void read_all(Reader *r, JsonObject *root, Saved *saved)
{
    MachineResults *results = saved->results;
    JsonObject *emulator = get_object(r, root, "emulator");
    g_autofree char *seed = get_text(r, root, "seed", FALSE);
    g_autofree char *accel = get_text(r, root, "accel", FALSE);

    results->machine = get_text(r, root, "machine", FALSE);
    results->accel = g_strcmp0(accel, "kvm") == 0 ? "kvm" : "tcg";
    results->started = get_text(r, root, "started", FALSE);
    results->duration_ms = get_int(r, root, "duration_ms", 0);
    if (seed && !avc_parse_decimal(seed, G_MAXUINT32, &results->seed)) {
        complain(r, "seed");
    }
    results->emulator.version = get_text(r, emulator, "version", FALSE);
    if (emulator && json_object_has_member(emulator, "digest")) {
        results->emulator.digest = get_text(r, emulator, "digest", FALSE);
    }
    read_setup(r, root, &results->setup);
    get_pairs(r, root, "platform", results->platform);
    read_boots(r, root, results->boots);
    get_texts(r, root, "errors", results->errors);

    JsonArray *rules = get_array(r, root, "rules");
    for (guint i = 0; i < length_of(rules) && !r->bad; i++) {
        read_rule(r, object_at(r, rules, i, "rules"), saved);
    }
}

static gboolean parse(const char *path, Saved *saved, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) local = NULL;
    Reader reader = {.path = path, .error = error};

    if (!json_parser_load_from_file(parser, path, &local)) {
        g_set_error(error, AVC_ERROR, AVC_USAGE, "--resume: cannot read the results of a run: %s",
                    local->message);
        return FALSE;
    }
    JsonNode *node = json_parser_get_root(parser);
    JsonObject *root = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    g_autofree char *format = get_text(&reader, root, "format", FALSE);
    if (reader.bad) {
        return FALSE;
    }
    if (strcmp(format, "amdvi-check-results") != 0 || get_int(&reader, root, "version", 0) != 1) {
        complain(&reader, "format");
        return FALSE;
    }
    read_all(&reader, root, saved);
    return !reader.bad;
}

int saved_lock(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void finished_rule_free(gpointer data)
{
    FinishedRule *rule = data;
    g_free(rule->id);
    if (rule->result) {
        result_free(rule->result);
    }
    g_free(rule);
}

Saved *saved_load(const char *folder, GError **error)
{
    g_autoptr(Saved) saved = g_new0(Saved, 1);

    saved->lock = -1;
    // Without links: `latest` is made anew when the run is over.
    char *real = realpath(folder, NULL);
    saved->folder = g_canonicalize_filename(real ? real : folder, NULL);
    free(real);
    saved->results = machine_results_new();
    saved->rules = g_ptr_array_new_with_free_func(g_free);
    saved->finished = g_ptr_array_new_with_free_func(finished_rule_free);
    g_autofree char *path = g_build_filename(saved->folder, "results.json", NULL);
    saved->lock = saved_lock(saved->folder);
    if (saved->lock < 0 && errno == EWOULDBLOCK) {
        g_set_error(error, AVC_ERROR, AVC_USAGE, "--resume: another amdvi-check is at work in %s",
                    saved->folder);
        return NULL;
    }
    return parse(path, saved, error) ? g_steal_pointer(&saved) : NULL;
}

void saved_free(Saved *saved)
{
    if (saved->lock >= 0) {
        close(saved->lock);
    }
    g_free(saved->folder);
    machine_results_free(saved->results);
    g_ptr_array_unref(saved->rules);
    g_ptr_array_unref(saved->finished);
    g_free(saved);
}

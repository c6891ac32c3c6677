// SPDX-License-Identifier: GPL-2.0-or-later
#include "output.h"

#include <json-glib/json-glib.h>

static void add_string(JsonBuilder *b, const char *name, const char *value)
{
    json_builder_set_member_name(b, name);
    if (value) {
        g_autofree char *valid = g_utf8_make_valid(value, -1);
        json_builder_add_string_value(b, valid);
    } else {
        json_builder_add_null_value(b);
    }
}

static void add_int(JsonBuilder *b, const char *name, gint64 value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_int_value(b, value);
}

static void add_bool(JsonBuilder *b, const char *name, gboolean value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_boolean_value(b, value);
}

static void add_strings(JsonBuilder *b, const char *name, GPtrArray *texts)
{
    json_builder_set_member_name(b, name);
    json_builder_begin_array(b);
    for (guint i = 0; i < texts->len; i++) {
        g_autofree char *valid = g_utf8_make_valid(texts->pdata[i], -1);
        json_builder_add_string_value(b, valid);
    }
    json_builder_end_array(b);
}

static void add_pairs(JsonBuilder *b, const char *name, GPtrArray *pairs)
{
    json_builder_set_member_name(b, name);
    json_builder_begin_object(b);
    for (guint i = 0; i < pairs->len; i++) {
        const Pair *pair = pairs->pdata[i];
        add_string(b, pair->key, pair->value);
    }
    json_builder_end_object(b);
}

static void add_emulator(JsonBuilder *b, const EmulatorInfo *info)
{
    json_builder_set_member_name(b, "emulator");
    json_builder_begin_object(b);
    add_string(b, "path", info->path);
    add_string(b, "kind", info->kind);
    add_string(b, "version", info->version ? info->version : "");
    if (info->base) {
        add_string(b, "base", info->base);
    }
    if (info->digest) {
        add_string(b, "digest", info->digest);
    }
    json_builder_end_object(b);
}

static void add_setup(JsonBuilder *b, const RunSetup *setup)
{
    json_builder_set_member_name(b, "run");
    json_builder_begin_object(b);
    add_string(b, "profile", setup->profile);
    add_string(b, "profile_digest", setup->profile_digest);
    add_string(b, "kernel", setup->kernel);
    add_string(b, "iso", setup->iso);
    add_string(b, "efi", setup->efi);
    add_string(b, "rules_list", setup->rules_list);
    add_string(b, "image_digest", setup->image_digest);
    add_string(b, "emulator", setup->emulator);
    add_string(b, "device_args", setup->device_args);
    add_string(b, "order", setup->reverse ? "reverse" : "forward");
    json_builder_set_member_name(b, "timeout_s");
    json_builder_add_double_value(b, setup->timeout_s);
    json_builder_end_object(b);
}

static void add_boot(JsonBuilder *b, const BootRecord *boot)
{
    json_builder_begin_object(b);
    add_int(b, "number", boot->number);
    json_builder_set_member_name(b, "command");
    json_builder_begin_array(b);
    for (gsize i = 0; boot->command && boot->command[i]; i++) {
        g_autofree char *valid = g_utf8_make_valid(boot->command[i], -1);
        json_builder_add_string_value(b, valid);
    }
    json_builder_end_array(b);
    json_builder_set_member_name(b, "exit");
    if (boot->exit >= 0) {
        json_builder_add_int_value(b, boot->exit);
    } else {
        json_builder_add_null_value(b);
    }
    json_builder_set_member_name(b, "signal");
    if (boot->signo) {
        json_builder_add_int_value(b, boot->signo);
    } else {
        json_builder_add_null_value(b);
    }
    add_string(b, "outcome", outcome_name(boot->outcome));
    add_int(b, "duration_ms", boot->duration_ms);
    add_strings(b, "errors", boot->errors);
    json_builder_end_object(b);
}

static void add_controls(JsonBuilder *b, GPtrArray *controls)
{
    json_builder_set_member_name(b, "controls");
    json_builder_begin_array(b);
    for (guint i = 0; i < controls->len; i++) {
        const Control *control = controls->pdata[i];
        json_builder_begin_object(b);
        add_string(b, "kind", control_name(control->kind));
        add_bool(b, "ok", control->ok);
        add_string(b, "text", control->text);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_marks(JsonBuilder *b, const GPtrArray *marks)
{
    json_builder_set_member_name(b, "marks");
    json_builder_begin_array(b);
    for (guint i = 0; i < marks->len; i++) {
        const Mark *mark = marks->pdata[i];
        json_builder_begin_object(b);
        add_int(b, "tsc", (gint64)mark->tsc);
        add_string(b, "event", mark->event);
        add_string(b, "text", mark->text);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_result(JsonBuilder *b, const Result *result)
{
    const Rule *rule = result->rule;
    const char tag[] = {rule->tag, '\0'};
    gboolean none = result->verdict == STATUS_NONE;

    json_builder_begin_object(b);
    add_string(b, "rule", rule->id);
    add_string(b, "tag", tag);
    add_string(b, "name", rule->name);
    add_string(b, "title", rule->title);
    add_string(b, "ref", rule->ref);
    add_string(b, "status", result->status == STATUS_NONE ? NULL : status_name(result->status));
    add_string(b, "verdict", status_name(none ? STATUS_ERROR : result->verdict));
    add_string(b, "expected", expected_name(result->expected));
    add_bool(b, "unexpected", result->unexpected);
    add_bool(b, "finished", result->finished);
    add_string(b, "reason", none ? "not run yet" : result->reason);
    add_string(b, "finding", result->finding);
    add_int(b, "us", (gint64)result->us);
    add_int(b, "boot", result->boot);
    add_controls(b, result->controls);
    add_pairs(b, "obs", result->obs);
    add_strings(b, "diag", result->diag);
    add_marks(b, result->marks);
    json_builder_end_object(b);
}

static void add_summary(JsonBuilder *b, const MachineResults *results)
{
    json_builder_set_member_name(b, "summary");
    json_builder_begin_object(b);
    for (int i = 0; i < STATUS_COUNT; i++) {
        add_int(b, status_name((Status)i), results->summary[i]);
    }
    add_int(b, "unexpected", results->unexpected);
    json_builder_end_object(b);
}

char *output_json(const MachineResults *results)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, results->seed);

    json_builder_begin_object(b);
    add_string(b, "format", "amdvi-check-results");
    add_int(b, "version", 1);
    add_string(b, "machine", results->machine);
    add_string(b, "boot", results->door);
    add_string(b, "accel", results->accel);
    add_emulator(b, &results->emulator);
    add_setup(b, &results->setup);
    add_bool(b, "complete", results->complete);
    add_string(b, "started", results->started);
    add_int(b, "duration_ms", results->duration_ms);
    add_string(b, "seed", seed);
    add_pairs(b, "platform", results->platform);
    json_builder_set_member_name(b, "boots");
    json_builder_begin_array(b);
    for (guint i = 0; i < results->boots->len; i++) {
        add_boot(b, results->boots->pdata[i]);
    }
    json_builder_end_array(b);
    json_builder_set_member_name(b, "rules");
    json_builder_begin_array(b);
    for (guint i = 0; i < results->results->len; i++) {
        add_result(b, results->results->pdata[i]);
    }
    json_builder_end_array(b);
    add_strings(b, "errors", results->errors);
    add_summary(b, results);
    add_int(b, "exit", results->exit);
    json_builder_end_object(b);

    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = json_builder_get_root(b);
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    json_generator_set_indent(generator, 1);
    g_autofree char *text = json_generator_to_data(generator, NULL);
    return g_strconcat(text, "\n", NULL);
}

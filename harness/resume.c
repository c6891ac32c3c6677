// SPDX-License-Identifier: GPL-2.0-or-later
#include "resume.h"

#include <glib/gstdio.h>
#include <string.h>

#include "paths.h"
#include "util.h"

static gboolean differs(GError **error, const Saved *saved, const char *what, const char *then,
                        const char *now)
{
    g_set_error(error, AVC_ERROR, AVC_USAGE, "--resume %s: %s: the run began with %s, now it is %s",
                saved->folder, what, then && *then ? then : "none", now && *now ? now : "none");
    return FALSE;
}

static gboolean same(GError **error, const Saved *saved, const char *what, const char *then,
                     const char *now)
{
    return g_strcmp0(then, now) == 0 || differs(error, saved, what, then, now);
}

// Takes over a text that the command line leaves open; where it says something, it has to agree.
// `absolute` makes it comparable, NULL where it is so already.
static gboolean take(char **now, const char *then, char *(*absolute)(const char *),
                     const Saved *saved, const char *option, GError **error)
{
    if (!*now) {
        *now = g_strdup(then);
        return TRUE;
    }
    if (absolute) {
        char *text = absolute(*now);
        g_free(*now);
        *now = text;
    }
    return same(error, saved, option, then, *now);
}

static gboolean merge(RunOptions *o, const Saved *saved, GError **error)
{
    const MachineResults *results = saved->results;
    const RunSetup *setup = &results->setup;
    const char *orders[] = {"forward", "reverse"};
    gboolean kvm = strcmp(results->accel, "kvm") == 0;
    g_autofree char *seed_then = g_strdup_printf("%" G_GUINT64_FORMAT, results->seed);
    g_autofree char *seed_now = g_strdup_printf("%" G_GUINT64_FORMAT, o->seed);

    if (!take(&o->emulator, setup->emulator, paths_absolute_program, saved, "--emulator", error) ||
        !take(&o->kernel, setup->kernel, paths_absolute, saved, "--kernel", error) ||
        !take(&o->iso, setup->iso, paths_absolute, saved, "--iso", error) ||
        !take(&o->efi, setup->efi, paths_absolute, saved, "--efi", error) ||
        !take(&o->rules_list, setup->rules_list, paths_absolute, saved, "--rules-list", error) ||
        !take(&o->device_args, setup->device_args, NULL, saved, "--device-args", error) ||
        (o->seed_given && !same(error, saved, "--seed", seed_then, seed_now)) ||
        (o->order_given && !same(error, saved, "--order", orders[setup->reverse ? 1 : 0],
                                 orders[o->reverse ? 1 : 0])) ||
        (o->accel_given &&
         !same(error, saved, "--accel", results->accel, o->kvm ? "kvm" : "tcg"))) {
        return FALSE;
    }
    if (o->timeout_given && o->timeout_s != setup->timeout_s) {
        g_autofree char *then = g_strdup_printf("%g", setup->timeout_s);
        g_autofree char *now = g_strdup_printf("%g", o->timeout_s);
        return differs(error, saved, "--timeout", setup->timeout_s > 0 ? then : NULL, now);
    }
    o->seed = results->seed;
    o->reverse = setup->reverse;
    o->kvm = kvm;
    o->timeout_s = setup->timeout_s;
    // From the second run on all this has to be the same.
    o->seed_given = o->order_given = o->accel_given = o->timeout_given = TRUE;
    return TRUE;
}

gboolean resume_options(RunOptions *o, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    o->saved = g_ptr_array_new_with_free_func((GDestroyNotify)saved_free);
    for (gsize i = 0; o->resume[i]; i++) {
        Saved *saved = saved_load(o->resume[i], error);
        if (!saved) {
            return FALSE;
        }
        g_ptr_array_add(o->saved, saved);
        if (!merge(o, saved, error)) {
            return FALSE;
        }
        g_ptr_array_add(names, g_strdup(saved->results->setup.profile));
    }
    g_ptr_array_add(names, NULL);
    o->machines = (GStrv)g_ptr_array_steal(names, NULL);
    return TRUE;
}

GPtrArray *resume_rules(const Saved *saved, const RuleTable *table, GError **error)
{
    g_autoptr(GPtrArray) rules = g_ptr_array_new();

    for (guint i = 0; i < saved->rules->len; i++) {
        const Rule *rule = rule_table_find(table, saved->rules->pdata[i]);
        if (!rule || g_ptr_array_find(rules, rule, NULL)) {
            g_set_error(error, AVC_ERROR, AVC_USAGE, "--resume %s: the rule %s %s", saved->folder,
                        (const char *)saved->rules->pdata[i],
                        rule ? "is in the results twice" : "is not in the rule list");
            return NULL;
        }
        g_ptr_array_add(rules, (gpointer)rule);
    }
    return g_steal_pointer(&rules);
}

gboolean resume_check(const Saved *saved, const MachineResults *now, GError **error)
{
    const MachineResults *then = saved->results;

    return same(error, saved, "digest of the profile", then->setup.profile_digest,
                now->setup.profile_digest) &&
           same(error, saved, "digest of the kernel", then->setup.image_digest,
                now->setup.image_digest) &&
           same(error, saved, "version of the emulator", then->emulator.version,
                now->emulator.version ? now->emulator.version : "") &&
           same(error, saved, "digest of the emulator", then->emulator.digest,
                now->emulator.digest);
}

// A boot that was under way when the program was killed has a folder but no record. Its number is
// not used again, and its scratch disk is of no use to anybody; nor is a file half-written then.
static guint last_boot(const Saved *saved)
{
    g_autoptr(GDir) dir = g_dir_open(saved->folder, 0, NULL);
    guint last = 0;
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        guint64 number;
        if (g_str_has_prefix(name, "results.json.")) {
            g_autofree char *unfinished = g_build_filename(saved->folder, name, NULL);
            g_unlink(unfinished);
        }
        if (!g_str_has_prefix(name, "boot-") ||
            !g_ascii_string_to_unsigned(name + strlen("boot-"), 10, 1, G_MAXINT, &number, NULL)) {
            continue;
        }
        last = MAX(last, (guint)number);
        gboolean known = FALSE;
        for (guint i = 0; i < saved->results->boots->len; i++) {
            known |= ((const BootRecord *)saved->results->boots->pdata[i])->number == number;
        }
        if (!known) {
            g_autofree char *disk = g_build_filename(saved->folder, name, "disk.raw", NULL);
            g_unlink(disk);
        }
    }
    return last;
}

static void swap_arrays(GPtrArray **a, GPtrArray **b)
{
    GPtrArray *kept = *a;
    *a = *b;
    *b = kept;
}

void resume_fill(Saved *saved, Machine *machine)
{
    MachineResults *then = saved->results;
    MachineResults *now = machine->results;

    for (guint i = 0; i < saved->finished->len; i++) {
        FinishedRule *rule = saved->finished->pdata[i];
        machine_adopt(machine, rule->id, g_steal_pointer(&rule->result));
    }
    machine->boots = last_boot(saved);
    machine->earlier_ms = then->duration_ms;
    now->duration_ms = then->duration_ms;
    now->folder = g_strdup(saved->folder);
    g_free(now->started);
    now->started = g_steal_pointer(&then->started);
    swap_arrays(&now->platform, &then->platform);
    swap_arrays(&now->boots, &then->boots);
    // The errors of the run speak of boots that could not be started; these are tried again.
}

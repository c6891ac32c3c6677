// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <string.h>
#include <unistd.h>

#include "emulator.h"
#include "kvm.h"
#include "paths.h"
#include "resume.h"
#include "spawn.h"
#include "util.h"

#define JOBS_MAX 256

static const char description[] =
    "NAME is a profile in harness/machines; settings follow after commas, as in\n"
    "mutant-pvh,mutant=NAME. Without --machine: patched-iso, or with --emulator PATH other-iso.\n"
    "\n"
    "Exit status: 0 all as expected, 1 a rule is broken, 2 bad usage, 3 trouble (emulator "
    "missing,\n"
    "crash outside a rule, damaged line, no verdict, stopped).";

void options_clear(RunOptions *o)
{
    char *texts[] = {o->emulator, o->out,        o->junit,       o->kernel, o->iso,
                     o->efi,      o->rules_list, o->device_args, o->repro,  o->timelines};

    g_strfreev(o->resume);
    g_clear_pointer(&o->saved, g_ptr_array_unref);
    g_strfreev(o->machines);
    g_strfreev(o->rules);
    g_strfreev(o->skip);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free(texts[i]);
    }
    memset(o, 0, sizeof(*o));
}

static gboolean usage(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean usage(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, AVC_ERROR, AVC_USAGE, text);
    return FALSE;
}

static gboolean choose(const char *option, const char *value, const char *plain,
                       const char *special, gboolean *out, GError **error)
{
    *out = value && strcmp(value, special) == 0;
    if (value && !*out && strcmp(value, plain) != 0) {
        return usage(error, "%s: '%s' is neither %s nor %s", option, value, plain, special);
    }
    return TRUE;
}

static gboolean check_resume(const RunOptions *o, GError **error)
{
    const struct {
        gboolean given;
        const char *option;
    } others[] = {
        {o->machines != NULL, "--machine"}, {o->rules != NULL, "--rules"},
        {o->skip != NULL, "--skip"},        {o->repro != NULL, "--repro"},
        {o->out != NULL, "--out"},          {o->timelines != NULL, "--timelines"},
    };

    for (gsize i = 0; o->resume && i < G_N_ELEMENTS(others); i++) {
        if (others[i].given) {
            return usage(error, "--resume finishes a run as it began: %s does not go with it",
                         others[i].option);
        }
    }
    return TRUE;
}

static gboolean check_options(RunOptions *o, const char *accel, const char *order, const char *seed,
                              GError **error)
{
    if (!choose("--accel", accel, "tcg", "kvm", &o->kvm, error) ||
        !choose("--order", order, "forward", "reverse", &o->reverse, error) ||
        !check_resume(o, error)) {
        return FALSE;
    }
    o->accel_given = accel != NULL;
    o->order_given = order != NULL;
    o->seed_given = seed != NULL;
    o->timeout_given = o->timeout_s > 0;
    if (o->jobs < 0 || o->jobs > JOBS_MAX) {
        return usage(error, "--jobs: must be 1 to %d", JOBS_MAX);
    }
    if (o->timeout_s < 0 || o->timeout_s > 86400) {
        return usage(error, "--timeout: must be above 0 and at most 86400 seconds");
    }
    // 32 bits: guests build wider values from it.
    if (seed && !avc_parse_decimal(seed, G_MAXUINT32, &o->seed)) {
        return usage(error, "--seed: '%s' is not a decimal number of 32 bits", seed);
    }
    if (!seed) {
        o->seed = g_random_int() | 1;
    }
    if (o->gdb && !o->repro) {
        return usage(error, "--gdb goes only with --repro RULE");
    }
    if (o->repro && (o->rules || o->skip)) {
        return usage(error, "--repro runs one rule: --rules and --skip do not go with it");
    }
    if (o->repro && o->machines && o->machines[1]) {
        return usage(error, "--repro runs on one machine");
    }
    if (o->timelines && o->machines && o->machines[1]) {
        return usage(error, "--timelines draws one machine");
    }
    return TRUE;
}

gboolean options_parse(int argc, char **argv, RunOptions *o, GError **error)
{
    g_autofree char *accel = NULL;
    g_autofree char *order = NULL;
    g_autofree char *seed = NULL;
    const GOptionEntry entries[] = {
        {"machine", 'm', 0, G_OPTION_ARG_STRING_ARRAY, &o->machines,
         "machine profile to run on (repeatable)", "NAME|FILE[,KEY=VALUE]"},
        {"rules", 'r', 0, G_OPTION_ARG_STRING_ARRAY, &o->rules,
         "only rules whose ID or name matches (repeatable)", "GLOB[,GLOB]"},
        {"skip", 's', 0, G_OPTION_ARG_STRING_ARRAY, &o->skip,
         "leave out rules that match (repeatable)", "GLOB[,GLOB]"},
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &o->jobs, "emulators at a time (default: processors)",
         "N"},
        {"accel", 0, 0, G_OPTION_ARG_STRING, &accel, "tcg (default) or kvm", "ACCEL"},
        {"emulator", 'e', 0, G_OPTION_ARG_FILENAME, &o->emulator,
         "patched, stock, mutant, or a binary, instead of the profile's", "PATH"},
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &o->out,
         "folder that gets the run's folder (default: results)", "DIR"},
        {"tap", 0, 0, G_OPTION_ARG_NONE, &o->tap, "TAP version 13 on standard output", NULL},
        {"junit", 0, 0, G_OPTION_ARG_FILENAME, &o->junit, "write JUnit for all machines to FILE",
         "FILE"},
        {"kernel", 0, 0, G_OPTION_ARG_FILENAME, &o->kernel, "another kernel", "FILE"},
        {"iso", 0, 0, G_OPTION_ARG_FILENAME, &o->iso, "another ISO", "FILE"},
        {"efi", 0, 0, G_OPTION_ARG_FILENAME, &o->efi, "another EFI application", "FILE"},
        {"rules-list", 0, 0, G_OPTION_ARG_FILENAME, &o->rules_list,
         "rule list of that kernel (default: rules.list beside it)", "FILE"},
        {"device-args", 0, 0, G_OPTION_ARG_STRING, &o->device_args,
         "more arguments for the emulator, quoted as for a shell", "ARGS"},
        {"order", 0, 0, G_OPTION_ARG_STRING, &order, "forward (default) or reverse", "ORDER"},
        {"seed", 0, 0, G_OPTION_ARG_STRING, &seed, "seed of all random data (default: random)",
         "N"},
        {"timeout", 0, 0, G_OPTION_ARG_DOUBLE, &o->timeout_s,
         "limit for each boot, in seconds (default: the profile's)", "S"},
        {"repro", 0, 0, G_OPTION_ARG_STRING, &o->repro,
         "run one rule alone, print how, and show all it reports", "RULE"},
        {"gdb", 0, 0, G_OPTION_ARG_NONE, &o->gdb, "with --repro: wait for a debugger", NULL},
        {"resume", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->resume,
         "finish the run in this folder of results (repeatable)", "DIR"},
        {"timelines", 0, 0, G_OPTION_ARG_FILENAME, &o->timelines,
         "trace the emulator, and draw into DIR what happened during transfers", "DIR"},
        {"keep", 0, 0, G_OPTION_ARG_NONE, &o->keep, "keep the scratch disks", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autoptr(GOptionContext) context =
        g_option_context_new("- run rules on machines and print the verdicts");
    g_autoptr(GError) local = NULL;

    g_set_prgname("amdvi-check run");
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_description(context, description);
    if (!g_option_context_parse(context, &argc, &argv, &local)) {
        return usage(error, "%s", local->message);
    }
    if (argc > 1) {
        return usage(error, "unexpected argument '%s'", argv[1]);
    }
    return check_options(o, accel, order, seed, error);
}

static gboolean need_file(const char *path, const char *what, GError **error)
{
    if (g_file_test(path, G_FILE_TEST_IS_REGULAR) && access(path, R_OK) == 0) {
        return TRUE;
    }
    g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot read the %s %s; build it first: make", what,
                path);
    return FALSE;
}

static gboolean mentions(const Profile *p, const char *placeholder)
{
    return p->command && strstr(p->command, placeholder);
}

static gboolean check_images(const RunOptions *o, const Profile *p, GError **error)
{
    gboolean iso = p->command ? mentions(p, "{iso}") : p->door == DOOR_ISO;
    gboolean efi = p->command ? mentions(p, "{efi}") : p->door == DOOR_EFI;
    gboolean kernel = p->command ? mentions(p, "{kernel}") : p->door == DOOR_PVH;

    return (!iso || need_file(o->iso, "ISO", error)) &&
           (!efi || need_file(o->efi, "EFI application", error)) &&
           (!kernel || need_file(o->kernel, "kernel", error));
}

// A foreign command line need not contain a program that we know how to ask for its version.
static gboolean find_emulator(const RunOptions *o, Machine *machine, GPtrArray *others,
                              GError **error)
{
    const Profile *p = machine->profile;
    EmulatorInfo *info = &machine->results->emulator;
    const char *what = o->emulator ? o->emulator : p->emulator;

    if (!what && p->command) {
        info->kind = "other";
        info->path = g_strdup("");
        return TRUE;
    }
    if (!what) {
        return usage(error, "%s: the machine names no emulator; add --emulator PATH", p->name);
    }
    for (guint i = 0; i < others->len; i++) {
        const Machine *other = others->pdata[i];
        const EmulatorInfo *known = &other->results->emulator;
        const char *theirs = o->emulator ? o->emulator : other->profile->emulator;
        if (theirs && strcmp(theirs, what) == 0 && !p->command == !other->profile->command) {
            *info = (EmulatorInfo){g_strdup(known->path), known->kind, g_strdup(known->version),
                                   g_strdup(known->base), g_strdup(known->digest)};
            return TRUE;
        }
    }
    if (!emulator_resolve(what, paths_build_script(), info, error) ||
        !(p->command || emulator_ask_version(info, error))) {
        return FALSE;
    }
    if (!info->digest) {
        info->digest = avc_file_digest(info->path, error);
    }
    return info->digest != NULL;
}

static gboolean try_command(const Machine *machine, GError **error)
{
    const BootSetup *setup = &machine->setup;
    SpawnSpec spec = {
        .profile = setup->profile,
        .emulator = setup->emulator,
        .kernel = setup->kernel,
        .iso = setup->iso,
        .efi = setup->efi,
        .disk = "disk",
        .folder = "folder",
        .cmdline = "",
        .extra = setup->extra,
    };
    g_auto(GStrv) argv = spawn_command(&spec, FALSE, error);

    return argv != NULL;
}

static GPtrArray *select_rules(const RunOptions *o, const Profile *p, const RuleTable *table,
                               GError **error)
{
    const char *own[] = {o->repro ? o->repro : p->rules, NULL};
    gboolean special = own[0] != NULL;
    GPtrArray *rules = rule_table_select(table, special ? own : (const char *const *)o->rules,
                                         (const char *const *)o->skip, error);

    if (rules && o->repro && rules->len != 1) {
        usage(error, "--repro %s: matches %u rules, but runs one", o->repro, rules->len);
        g_clear_pointer(&rules, g_ptr_array_unref);
    }
    return rules;
}

// The image in which the kernel comes; NULL where a command line of its own mentions none.
static const char *booted_image(const RunOptions *o, const Profile *p)
{
    const struct {
        const char *placeholder;
        BootDoor door;
        const char *path;
    } images[] = {
        {"{iso}", DOOR_ISO, o->iso},
        {"{efi}", DOOR_EFI, o->efi},
        {"{kernel}", DOOR_PVH, o->kernel},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(images); i++) {
        if (p->command ? mentions(p, images[i].placeholder) : p->door == images[i].door) {
            return images[i].path;
        }
    }
    return NULL;
}

// Notes what the run is started with. FALSE if the image cannot be read.
static gboolean note_setup(const RunOptions *o, const Profile *p, RunSetup *setup, GError **error)
{
    const char *image = booted_image(o, p);
    const char *settings = strchr(p->spec, ',');

    setup->profile =
        strchr(p->spec, '/') ? g_strconcat(p->path, settings, NULL) : g_strdup(p->spec);
    setup->profile_digest = g_strdup(g_checksum_get_string(p->sum));
    setup->kernel = g_strdup(o->kernel);
    setup->iso = g_strdup(o->iso);
    setup->efi = g_strdup(o->efi);
    setup->rules_list = o->rules_list ? paths_absolute(o->rules_list) : NULL;
    setup->emulator = o->emulator ? paths_absolute_program(o->emulator) : NULL;
    setup->device_args = g_strdup(o->device_args);
    setup->reverse = o->reverse;
    setup->timeout_s = o->timeout_s;
    setup->image_digest = image ? avc_file_digest(image, error) : NULL;
    return !image || setup->image_digest;
}

static gboolean fill_machine(RunOptions *o, Machine *machine, Saved *saved, const RuleTable *table,
                             GPtrArray *others, GError **error)
{
    Profile *p = machine->profile;
    MachineResults *results = machine->results;

    if (o->timeout_s > 0) {
        p->boot_timeout_s = o->timeout_s;
    }
    if (o->kvm && p->command) {
        return usage(error, "%s: --accel kvm does not go with a command line of its own", p->name);
    }
    if (o->timelines && p->command) {
        return usage(error, "%s: --timelines does not go with a command line of its own", p->name);
    }
    // Boot loaders need more of a CPU than some hypervisors have; the kernel is the same.
    gboolean other_door = o->kvm && p->door == DOOR_ISO;
    if (other_door) {
        p->door = DOOR_PVH;
    }
    if (!saved) {
        machine->rules = select_rules(o, p, table, error);
    }
    if ((!saved && !machine->rules) || !profile_check_rules(p, table, error) ||
        !find_emulator(o, machine, others, error) || !check_images(o, p, error) ||
        !note_setup(o, p, &results->setup, error)) {
        return FALSE;
    }
    if (saved) {
        machine->rules =
            resume_check(saved, results, error) ? resume_rules(saved, table, error) : NULL;
        if (!machine->rules) {
            return FALSE;
        }
    }
    machine->expectations = profile_expectations(p, results->emulator.base, &machine->note);
    if (other_door && !machine->note) {
        machine->note = g_strdup_printf("%s: under KVM the kernel is booted by -kernel and not "
                                        "from the ISO",
                                        p->name);
    }
    machine->setup = (BootSetup){
        .profile = p,
        .table = table,
        .emulator = results->emulator.path,
        .kernel = o->kernel,
        .iso = o->iso,
        .efi = o->efi,
        .kvm = o->kvm,
        .reverse = o->reverse,
        .keep = o->keep || o->repro,
        .trace = o->timelines != NULL,
        .extra = o->device_args,
        .seed = o->seed,
    };
    results->machine = g_strdup(p->name);
    results->door = profile_door_name(p->door);
    results->accel = o->kvm ? "kvm" : "tcg";
    results->seed = o->seed;
    if (!try_command(machine, error)) {
        return FALSE;
    }
    machine_prepare(machine);
    if (saved) {
        resume_fill(saved, machine);
    }
    return TRUE;
}

static GStrv default_machines(const RunOptions *o)
{
    const char *kinds[] = {"patched", "stock"};
    const char *name = "patched-iso";

    if (o->emulator) {
        name = "other-iso";
        for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
            if (strcmp(o->emulator, kinds[i]) == 0) {
                name = i ? "stock-iso" : "patched-iso";
            }
        }
        if (strcmp(o->emulator, "mutant") == 0) {
            name = "mutant-pvh";
        }
    }
    const char *names[] = {name, NULL};
    return g_strdupv((char **)names);
}

static void set_absolute(char **path, const char *fallback)
{
    char *absolute = g_canonicalize_filename(*path ? *path : fallback, NULL);
    g_free(*path);
    *path = absolute;
}

GPtrArray *options_machines(RunOptions *o, const RuleTable *table, GError **error)
{
    g_autoptr(GPtrArray) machines = g_ptr_array_new_with_free_func((GDestroyNotify)machine_free);

    set_absolute(&o->kernel, paths_kernel());
    set_absolute(&o->iso, paths_iso());
    set_absolute(&o->efi, paths_efi());
    if (!o->machines) {
        o->machines = default_machines(o);
    }
    if (o->kvm && !kvm_check_device(error)) {
        return NULL;
    }
    for (gsize i = 0; o->machines[i]; i++) {
        Profile *profile = profile_load(o->machines[i], paths_machines(), error);
        if (!profile) {
            return NULL;
        }
        Machine *machine = machine_new(profile);
        Saved *saved = o->saved ? o->saved->pdata[i] : NULL;
        if (!fill_machine(o, machine, saved, table, machines, error)) {
            machine_free(machine);
            return NULL;
        }
        g_ptr_array_add(machines, machine);
    }
    return g_steal_pointer(&machines);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kvm.h"
#include "options.h"
#include "output.h"
#include "paths.h"
#include "plan.h"
#include "progress.h"
#include "resume.h"
#include "save.h"
#include "spawn.h"
#include "stop.h"
#include "timelines.h"
#include "util.h"

// Room in sockaddr_un, less the terminator.
#define SOCKET_PATH_MAX 107

static int complain(const GError *error)
{
    fprintf(stderr, "amdvi-check run: %s\n", error->message);
    return error->code;
}

static RuleTable *load_rules(const RunOptions *o, GError **error)
{
    if (o->rules_list) {
        return rule_table_load(o->rules_list, error);
    }
    if (o->kernel) {
        g_autofree char *folder = g_path_get_dirname(o->kernel);
        g_autofree char *beside = g_build_filename(folder, "rules.list", NULL);
        if (g_file_test(beside, G_FILE_TEST_EXISTS)) {
            return rule_table_load(beside, error);
        }
    }
    return rule_table_load(paths_rules(), error);
}

// The debugger's socket: in the run's folder unless its path is too long for a socket.
static char *gdb_socket(const Machine *machine, GError **error)
{
    g_autofree char *near = g_build_filename(machine->results->folder, "gdb", NULL);
    g_autoptr(GError) local = NULL;

    if (strlen(near) <= SOCKET_PATH_MAX) {
        return g_steal_pointer(&near);
    }
    g_autofree char *folder = g_dir_make_tmp("amdvi-check-XXXXXX", &local);
    if (!folder) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot make a folder for the gdb socket: %s",
                    local->message);
        return NULL;
    }
    return g_build_filename(folder, "gdb", NULL);
}

static void remove_gdb_socket(const char *socket)
{
    g_autofree char *folder = g_path_get_dirname(socket);

    g_unlink(socket);
    g_rmdir(folder); // fails where it is the run's folder, which is not empty
}

static void print_repro(const RunOptions *o, const Machine *machine)
{
    const BootSetup *setup = &machine->setup;
    g_autofree char *folder = g_build_filename(machine->results->folder, "boot-01", NULL);
    g_autofree char *disk = g_build_filename(folder, "disk.raw", NULL);
    g_autofree char *cmdline =
        plan_cmdline(machine->rules, o->seed, "debug", o->reverse, machine->profile->options);
    SpawnSpec spec = {
        .profile = setup->profile,
        .emulator = setup->emulator,
        .kernel = setup->kernel,
        .iso = setup->iso,
        .efi = setup->efi,
        .disk = disk,
        .folder = folder,
        .cmdline = cmdline,
        .kvm = setup->kvm,
        .extra = setup->extra,
    };
    g_auto(GStrv) argv = spawn_command(&spec, TRUE, NULL);
    g_autofree char *line = argv ? avc_shell_join((const char *const *)argv) : NULL;
    const Rule *rule = machine->rules->pdata[0];

    printf("Again: amdvi-check run --machine %s --repro %s --seed %" G_GUINT64_FORMAT "%s%s%s\n",
           o->machines[0], rule->id, o->seed, o->emulator ? " --emulator " : "",
           o->emulator ? o->emulator : "", o->kvm ? " --accel kvm" : "");
    printf("By hand, with the serial line on the terminal:\n  %s\n", line ? line : "");
    if (setup->gdb_socket) {
        printf("The machine waits. Attach with:\n  gdb %s -ex 'target remote %s' -ex continue\n",
               setup->kernel, setup->gdb_socket);
    }
    fflush(stdout);
}

static const Result *first_unexpected(const MachineResults *results)
{
    for (guint i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        if (result->unexpected && result->finished) {
            return result;
        }
    }
    return NULL;
}

// Where the results are, and what to look at next.
static void print_end(FILE *to, GPtrArray *machines, gboolean repro)
{
    // Both may lead to one file: standard error must not write into the middle of a line.
    fflush(stdout);
    for (guint i = 0; i < machines->len; i++) {
        const Machine *machine = machines->pdata[i];
        const MachineResults *results = machine->results;
        const Result *result = first_unexpected(results);

        fprintf(to, "Results: %s\n", results->folder);
        if (!results->complete) {
            fprintf(to, "Finish it: amdvi-check run --resume %s\n", results->folder);
        }
        if (result && !repro) {
            fprintf(to,
                    "Look closer: amdvi-check run --machine %s --seed %" G_GUINT64_FORMAT
                    " --repro %s\n",
                    machine->profile->spec, results->seed, result->rule->id);
        }
        if (results->exit == AVC_TROUBLE && results->complete) {
            fprintf(to, "Trouble: read boot-*/serial.log and boot-*/emulator.log there.\n");
        }
    }
}

static void print_results(const RunOptions *o, GPtrArray *machines)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    FILE *to = o->tap ? stderr : stdout;

    for (guint i = 0; i < machines->len; i++) {
        g_ptr_array_add(all, ((Machine *)machines->pdata[i])->results);
    }
    if (o->tap) {
        g_autofree char *tap = output_tap(all);
        fputs(tap, stdout);
    } else if (o->repro) {
        g_autofree char *text = output_details(all->pdata[0], progress_color(stdout));
        fputs(text, stdout);
    } else {
        g_autofree char *table = output_table(all, progress_width(stdout), progress_color(stdout));
        fputs(table, stdout);
    }
    print_end(to, machines, o->repro != NULL);
    fflush(stdout);
}

static int exit_status(GPtrArray *machines)
{
    int status = AVC_OK;

    for (guint i = 0; i < machines->len; i++) {
        status = MAX(status, ((Machine *)machines->pdata[i])->results->exit);
    }
    return status;
}

typedef struct {
    Progress *progress;
    GError *error; // the first of the last boot's files that could not be written
} Watch;

// What has come so far is on disk before the next boot is over, whatever becomes of this program.
static void on_news(GPtrArray *machines, const Machine *machine, const BootRecord *record,
                    gpointer data)
{
    Watch *watch = data;

    progress_update(machines, machine, record, watch->progress);
    if (record) {
        g_clear_error(&watch->error);
        save_progress(machine, &watch->error);
    }
}

static gboolean draw_timelines(const RunOptions *o, const Machine *machine, GError **error)
{
    guint count;
    gboolean good = timelines_write(machine->results, o->timelines, &count, error);

    fprintf(o->tap ? stderr : stdout, "Timelines: %u in %s\n", count, o->timelines);
    return good;
}

static int run_machines(const RunOptions *o, GPtrArray *machines, GError **error)
{
    guint jobs = o->jobs ? (guint)o->jobs : g_get_num_processors();
    Watch watch = {.progress = progress_new(o->tap ? stderr : stdout)};

    runner_run(machines, jobs, on_news, &watch);

    progress_free(watch.progress);
    g_clear_error(&watch.error); // it is tried again
    gboolean saved = save_end(machines, o->junit, error);
    print_results(o, machines);
    if (stop_wanted()) {
        fputs("amdvi-check run: stopped; the results are partial\n", stderr);
    }
    if (saved && o->timelines && !draw_timelines(o, machines->pdata[0], error)) {
        return -1;
    }
    return saved ? exit_status(machines) : -1;
}

// Once for each emulator. A hypervisor that is slow, as one in software is, gets more time.
static gboolean try_kvm(GPtrArray *machines, GError **error)
{
    g_autoptr(GHashTable) tried = g_hash_table_new(g_str_hash, g_str_equal);
    double patience = 1;

    for (guint i = 0; i < machines->len; i++) {
        Machine *machine = machines->pdata[i];
        double seconds = 0;
        if (!g_hash_table_add(tried, machine->results->emulator.path)) {
            continue;
        }
        if (!kvm_probe(machine, &seconds, error)) {
            return FALSE;
        }
        patience = MAX(patience, kvm_patience(seconds));
    }
    for (guint i = 0; i < machines->len; i++) {
        Profile *p = ((Machine *)machines->pdata[i])->profile;
        p->rule_scale *= patience;
        p->boot_timeout_s *= patience;
    }
    if (patience > 1) {
        fprintf(stderr, "amdvi-check run: KVM is slow here; all limits are %.1f times as long\n",
                patience);
    }
    return TRUE;
}

static int run(RunOptions *o, GError **error)
{
    if (o->resume && !resume_options(o, error)) {
        return -1;
    }
    g_autoptr(RuleTable) table = load_rules(o, error);
    g_autoptr(GPtrArray) machines =
        table && save_check_junit(o->junit, error) ? options_machines(o, table, error) : NULL;
    g_autofree char *parent = o->out ? g_canonicalize_filename(o->out, NULL) : paths_results();
    g_autofree char *socket = NULL;

    if (!machines) {
        return -1;
    }
    stop_catch();
    if (o->kvm && !try_kvm(machines, error)) {
        return -1;
    }
    if ((o->timelines && !timelines_folder(o->timelines, error)) ||
        !save_start(machines, parent, error)) {
        return -1;
    }
    for (guint i = 0; i < machines->len; i++) {
        const Machine *machine = machines->pdata[i];
        if (machine->note) {
            fprintf(stderr, "amdvi-check run: %s\n", machine->note);
        }
    }
    if (o->repro) {
        Machine *machine = machines->pdata[0];
        if (o->gdb) {
            socket = gdb_socket(machine, error);
            if (!socket) {
                return -1;
            }
            machine->setup.gdb_socket = socket;
        }
        print_repro(o, machine);
    }
    int status = run_machines(o, machines, error);
    if (socket) {
        remove_gdb_socket(socket);
    }
    return status;
}

int cmd_run(int argc, char **argv)
{
    RunOptions options = {0};
    g_autoptr(GError) error = NULL;

    if (!options_parse(argc, argv, &options, &error)) {
        return complain(error);
    }
    int status = run(&options, &error);
    if (error) {
        status = complain(error);
    }
    options_clear(&options);
    return status;
}

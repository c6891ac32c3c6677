// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>

#include "plan.h"
#include "util.h"

// A machine on which so many boots broke off is not going to get better.
#define BROKEN_BOOTS_MAX 40
#define NOTIFY_MS        200

typedef struct {
    GPtrArray *machines;
    guint jobs;
    guint next; // machine that starts the next boot: all get their turn
    guint running;
    gboolean stopped;
    GMainLoop *loop;
    RunnerFunc func;
    gpointer data;
} Runner;

typedef struct {
    Runner *runner;
    Machine *machine;
} BootContext;

Machine *machine_new(Profile *profile)
{
    Machine *machine = g_new0(Machine, 1);

    machine->profile = profile;
    machine->results = machine_results_new();
    machine->active = g_ptr_array_new();
    g_queue_init(&machine->pending);
    return machine;
}

void machine_free(Machine *machine)
{
    profile_free(machine->profile);
    machine_results_free(machine->results);
    g_queue_clear_full(&machine->pending, (GDestroyNotify)g_ptr_array_unref);
    g_ptr_array_unref(machine->active);
    if (machine->rules) {
        g_ptr_array_unref(machine->rules);
    }
    g_free(machine->note);
    g_free(machine);
}

static Result *find_result(const Machine *machine, const Rule *rule)
{
    for (guint i = 0; i < machine->results->results->len; i++) {
        Result *result = machine->results->results->pdata[i];
        if (result->rule == rule) {
            return result;
        }
    }
    g_assert_not_reached();
}

// The platform's facts are those of the first boot that told them.
static void keep_platform(Machine *machine, const Transcript *talk)
{
    GPtrArray *kept = machine->results->platform;

    if (kept->len > 0) {
        return;
    }
    for (guint i = 0; i < talk->platform->len; i++) {
        const Pair *pair = talk->platform->pdata[i];
        g_ptr_array_add(kept, pair_new(pair->key, pair->value));
    }
}

// Judges the boot's rules, and plans another boot for those that never had their turn.
static void gather(Machine *machine, Boot *boot)
{
    MachineResults *results = machine->results;
    GPtrArray *rules = boot_rules(boot);
    const BootEnd *end = boot_end(boot);
    Transcript *talk = boot_take_transcript(boot);
    g_autoptr(GPtrArray) rest = g_ptr_array_new();
    gboolean go_on = results_may_go_on(talk, end);

    g_ptr_array_add(results->talks, talk);
    g_ptr_array_add(results->boots, boot_take_record(boot));
    keep_platform(machine, talk);

    for (guint i = 0; i < rules->len; i++) {
        const RuleRun *run = transcript_find(talk, rules->pdata[i]);
        if (!run && go_on) {
            g_ptr_array_add(rest, rules->pdata[i]);
        }
    }
    machine->broken += go_on ? 1 : 0;
    // No progress would mean no end; a boot that got nowhere is not tried again.
    gboolean again = rest->len > 0 && rest->len < rules->len && machine->broken < BROKEN_BOOTS_MAX;
    for (guint i = 0; i < rules->len; i++) {
        if (!again || !g_ptr_array_find(rest, rules->pdata[i], NULL)) {
            results_judge(find_result(machine, rules->pdata[i]), talk, end,
                          ((BootRecord *)results->boots->pdata[results->boots->len - 1])->number);
        }
    }
    if (again) {
        g_queue_push_head(&machine->pending, g_steal_pointer(&rest));
    }
}

static void pump(Runner *runner);

static void on_boot_over(Boot *boot, gpointer data)
{
    BootContext *context = data;
    Runner *runner = context->runner;
    Machine *machine = context->machine;

    g_free(context);
    g_ptr_array_remove(machine->active, boot);
    runner->running--;
    gather(machine, boot);
    boot_free(boot);
    runner->func(runner->machines, machine,
                 machine->results->boots->pdata[machine->results->boots->len - 1], runner->data);
    pump(runner);
}

static void start_one(Runner *runner, Machine *machine)
{
    g_autoptr(GPtrArray) rules = g_queue_pop_head(&machine->pending);
    g_autoptr(GError) error = NULL;
    BootContext *context = g_new(BootContext, 1);
    guint number = ++machine->boots;
    g_autofree char *name = g_strdup_printf("boot-%02u", number);
    g_autofree char *folder = g_build_filename(machine->results->folder, name, NULL);

    if (machine->started == 0) {
        machine->started = g_get_monotonic_time();
    }
    context->runner = runner;
    context->machine = machine;
    Boot *boot = boot_start(&machine->setup, rules, number, folder, on_boot_over, context, &error);
    if (boot) {
        g_ptr_array_add(machine->active, boot);
        runner->running++;
        return;
    }
    g_free(context);
    g_ptr_array_add(machine->results->errors, g_strdup(error->message));
    for (guint i = 0; i < rules->len; i++) {
        results_set_error(find_result(machine, rules->pdata[i]), error->message);
    }
}

static Machine *next_machine(Runner *runner)
{
    for (guint i = 0; i < runner->machines->len; i++) {
        Machine *machine = runner->machines->pdata[(runner->next + i) % runner->machines->len];
        if (!g_queue_is_empty(&machine->pending)) {
            runner->next = (runner->next + i + 1) % runner->machines->len;
            return machine;
        }
    }
    return NULL;
}

static void close_machine(Machine *machine)
{
    if (machine->started && machine->results->duration_ms == 0 && machine->active->len == 0 &&
        g_queue_is_empty(&machine->pending)) {
        gint64 us = g_get_monotonic_time() - machine->started;
        machine->results->duration_ms = MAX(us / 1000, 1);
    }
}

// Starts what may be started; ends the main loop when nothing is left.
static void pump(Runner *runner)
{
    Machine *machine;

    while (!runner->stopped && runner->running < runner->jobs && (machine = next_machine(runner))) {
        start_one(runner, machine);
    }
    for (guint i = 0; i < runner->machines->len; i++) {
        close_machine(runner->machines->pdata[i]);
    }
    if (runner->running == 0) {
        g_main_loop_quit(runner->loop);
    }
}

static gboolean on_signal(gpointer data)
{
    Runner *runner = data;

    runner->stopped = TRUE;
    for (guint i = 0; i < runner->machines->len; i++) {
        Machine *machine = runner->machines->pdata[i];
        for (guint j = 0; j < machine->active->len; j++) {
            boot_stop(machine->active->pdata[j]);
        }
    }
    return G_SOURCE_CONTINUE;
}

static gboolean on_time(gpointer data)
{
    Runner *runner = data;

    runner->func(runner->machines, NULL, NULL, runner->data);
    return G_SOURCE_CONTINUE;
}

static gboolean start_loop(gpointer data)
{
    pump(data);
    return G_SOURCE_REMOVE;
}

static void prepare(Machine *machine, guint jobs)
{
    gsize other = machine->profile->options ? strlen(machine->profile->options) : 0;
    gsize room = PLAN_CMDLINE_MAX - MIN(other + 80, PLAN_CMDLINE_MAX / 2);
    g_autoptr(GPtrArray) boots = plan_boots(machine->rules, jobs, (guint)room);

    for (guint i = 0; i < boots->len; i++) {
        g_queue_push_tail(&machine->pending, g_ptr_array_ref(boots->pdata[i]));
    }
    for (guint i = 0; i < machine->rules->len; i++) {
        g_ptr_array_add(machine->results->results, result_new(machine->rules->pdata[i]));
    }
    machine->results->started = avc_utc_now();
}

static gint by_number(gconstpointer a, gconstpointer b)
{
    const BootRecord *x = *(BootRecord *const *)a;
    const BootRecord *y = *(BootRecord *const *)b;

    return x->number < y->number ? -1 : 1;
}

static void sum_up(Machine *machine, gboolean complete)
{
    MachineResults *results = machine->results;

    results->complete = complete;
    g_ptr_array_sort(results->boots, by_number);
    for (guint i = 0; i < results->results->len; i++) {
        Result *result = results->results->pdata[i];
        if (result->verdict == STATUS_NONE) {
            results_set_error(result, "not run: stopped by the user");
        }
        results_expect(result, &machine->expectations);
    }
    results_sum_up(results);
}

gboolean runner_run(GPtrArray *machines, guint jobs, RunnerFunc func, gpointer data)
{
    Runner runner = {.machines = machines, .jobs = MAX(jobs, 1), .func = func, .data = data};
    // Few machines share many processors by more boots each.
    guint shards = (runner.jobs + machines->len - 1) / machines->len;

    for (guint i = 0; i < machines->len; i++) {
        prepare(machines->pdata[i], shards);
    }
    runner.loop = g_main_loop_new(NULL, FALSE);
    guint sources[] = {g_unix_signal_add(SIGINT, on_signal, &runner),
                       g_unix_signal_add(SIGTERM, on_signal, &runner),
                       g_timeout_add(NOTIFY_MS, on_time, &runner)};
    g_idle_add(start_loop, &runner);
    g_main_loop_run(runner.loop);
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        g_source_remove(sources[i]);
    }
    g_main_loop_unref(runner.loop);

    for (guint i = 0; i < machines->len; i++) {
        sum_up(machines->pdata[i], !runner.stopped);
    }
    return !runner.stopped;
}

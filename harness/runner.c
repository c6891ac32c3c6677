// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#include <string.h>
#include <unistd.h>

#include "plan.h"
#include "stop.h"
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
    machine->lock = -1;
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
    if (machine->lock >= 0) {
        close(machine->lock);
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

static gint by_number(gconstpointer a, gconstpointer b)
{
    const BootRecord *x = *(BootRecord *const *)a;
    const BootRecord *y = *(BootRecord *const *)b;

    return x->number < y->number ? -1 : 1;
}

// What the machine has come to so far. May be called again when more has come.
static void sum_up(Machine *machine)
{
    MachineResults *results = machine->results;

    results->complete = TRUE;
    g_ptr_array_sort(results->boots, by_number);
    for (guint i = 0; i < results->results->len; i++) {
        Result *result = results->results->pdata[i];
        results->complete = results->complete && result->finished;
        results_expect(result, &machine->expectations);
    }
    results_sum_up(results);
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
    const BootRecord *record =
        machine->results->boots->pdata[machine->results->boots->len - 1]; // until they are sorted
    gint64 us = g_get_monotonic_time() - machine->started;
    machine->results->duration_ms = machine->earlier_ms + MAX(us / 1000, 1);
    sum_up(machine);
    runner->func(runner->machines, machine, record, runner->data);
    pump(runner);
}

// What kept one boot from starting keeps the others too. The rules are not finished: when there is
// room again, say, the run can be resumed.
static void give_up(Machine *machine, GPtrArray *rules, const char *why)
{
    g_autoptr(GPtrArray) boot = g_ptr_array_ref(rules);

    g_ptr_array_add(machine->results->errors, g_strdup(why));
    while (boot) {
        for (guint i = 0; i < boot->len; i++) {
            g_autofree char *reason = g_strconcat("not run: ", why, NULL);
            results_set_error(find_result(machine, boot->pdata[i]), reason);
        }
        g_ptr_array_unref(boot);
        boot = g_queue_pop_head(&machine->pending);
    }
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
    give_up(machine, rules, error->message);
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

// Starts what may be started; ends the main loop when nothing is left.
static void pump(Runner *runner)
{
    Machine *machine;

    while (!runner->stopped && runner->running < runner->jobs && (machine = next_machine(runner))) {
        start_one(runner, machine);
    }
    if (runner->running == 0) {
        g_main_loop_quit(runner->loop);
    }
}

static void on_stop(gpointer data)
{
    Runner *runner = data;

    runner->stopped = TRUE;
    for (guint i = 0; i < runner->machines->len; i++) {
        Machine *machine = runner->machines->pdata[i];
        for (guint j = 0; j < machine->active->len; j++) {
            boot_stop(machine->active->pdata[j]);
        }
    }
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

void machine_prepare(Machine *machine)
{
    for (guint i = 0; i < machine->rules->len; i++) {
        g_ptr_array_add(machine->results->results, result_new(machine->rules->pdata[i]));
    }
    machine->results->started = avc_utc_now();
    sum_up(machine);
}

void machine_adopt(Machine *machine, const char *id, Result *result)
{
    GPtrArray *results = machine->results->results;

    for (guint i = 0; i < results->len; i++) {
        Result *old = results->pdata[i];
        if (strcmp(old->rule->id, id) == 0) {
            result->rule = old->rule;
            results->pdata[i] = result;
            result_free(old);
            return;
        }
    }
    result_free(result);
}

// What is finished already, in an earlier part of the run, is not run again.
static GPtrArray *unfinished(const Machine *machine)
{
    GPtrArray *rules = g_ptr_array_new();

    for (guint i = 0; i < machine->results->results->len; i++) {
        const Result *result = machine->results->results->pdata[i];
        if (!result->finished) {
            g_ptr_array_add(rules, (gpointer)result->rule);
        }
    }
    return rules;
}

static void plan(Machine *machine, guint jobs)
{
    g_autoptr(GPtrArray) rules = unfinished(machine);
    gsize other = machine->profile->options ? strlen(machine->profile->options) : 0;
    gsize room = PLAN_CMDLINE_MAX - MIN(other + 80, PLAN_CMDLINE_MAX / 2);
    g_autoptr(GPtrArray) boots = plan_boots(rules, jobs, (guint)room);

    for (guint i = 0; i < boots->len; i++) {
        g_queue_push_tail(&machine->pending, g_ptr_array_ref(boots->pdata[i]));
    }
}

// Gives the rules that had no turn a verdict. TRUE if there are none.
static gboolean finish(GPtrArray *machines)
{
    gboolean complete = TRUE;

    for (guint i = 0; i < machines->len; i++) {
        Machine *machine = machines->pdata[i];
        for (guint j = 0; j < machine->results->results->len; j++) {
            Result *result = machine->results->results->pdata[j];
            if (result->verdict == STATUS_NONE) {
                results_set_error(result, "not run: stopped by the user");
            }
        }
        sum_up(machine);
        complete = complete && machine->results->complete;
    }
    return complete;
}

gboolean runner_run(GPtrArray *machines, guint jobs, RunnerFunc func, gpointer data)
{
    Runner runner = {.machines = machines, .jobs = MAX(jobs, 1), .func = func, .data = data};
    // Few machines share many processors by more boots each.
    guint shards = (runner.jobs + machines->len - 1) / machines->len;

    for (guint i = 0; i < machines->len; i++) {
        plan(machines->pdata[i], shards);
    }
    runner.loop = g_main_loop_new(NULL, FALSE);
    guint timer = g_timeout_add(NOTIFY_MS, on_time, &runner);
    runner.stopped = stop_wanted();
    stop_watch(on_stop, &runner);
    g_idle_add(start_loop, &runner);
    g_main_loop_run(runner.loop);
    stop_watch(NULL, NULL);
    g_source_remove(timer);
    g_main_loop_unref(runner.loop);
    return finish(machines);
}

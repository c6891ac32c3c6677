// SPDX-License-Identifier: GPL-2.0-or-later
#include "results.h"

#include <string.h>

#include "util.h"

// Exit statuses that the guest's writes to the debug exit port come to (value * 2 + 1).
#define STATUS_ALL_GOOD   33
#define STATUS_SOME_FAIL  35
#define STATUS_SOME_ERROR 37
#define STATUS_CANNOT_RUN 39

Result *result_new(const Rule *rule)
{
    Result *result = g_new0(Result, 1);

    result->rule = rule;
    result->status = STATUS_NONE;
    result->verdict = STATUS_NONE;
    result->reason = g_strdup("");
    result->controls = g_ptr_array_new();
    result->obs = g_ptr_array_new();
    result->diag = g_ptr_array_new();
    result->marks = g_ptr_array_new();
    return result;
}

Result *result_new_owning(const Rule *rule)
{
    Result *result = result_new(rule);

    g_ptr_array_set_free_func(result->controls, control_free);
    g_ptr_array_unref(result->obs);
    result->obs = pair_array_new();
    g_ptr_array_set_free_func(result->diag, g_free);
    g_ptr_array_set_free_func(result->marks, mark_free);
    return result;
}

void result_free(gpointer data)
{
    Result *result = data;
    g_free(result->reason);
    g_free(result->finding);
    g_ptr_array_unref(result->controls);
    g_ptr_array_unref(result->obs);
    g_ptr_array_unref(result->diag);
    g_ptr_array_unref(result->marks);
    g_free(result);
}

BootRecord *boot_record_new(guint number, guint rules)
{
    BootRecord *record = g_new0(BootRecord, 1);

    record->number = number;
    record->rules = rules;
    record->exit = -1;
    record->outcome = OUTCOME_ERROR;
    record->errors = g_ptr_array_new_with_free_func(g_free);
    return record;
}

static void boot_record_free(gpointer data)
{
    BootRecord *record = data;
    g_strfreev(record->command);
    g_ptr_array_unref(record->errors);
    g_free(record);
}

MachineResults *machine_results_new(void)
{
    MachineResults *results = g_new0(MachineResults, 1);

    results->platform = pair_array_new();
    results->boots = g_ptr_array_new_with_free_func(boot_record_free);
    results->results = g_ptr_array_new_with_free_func(result_free);
    results->talks = g_ptr_array_new_with_free_func((GDestroyNotify)transcript_free);
    results->errors = g_ptr_array_new_with_free_func(g_free);
    return results;
}

void machine_results_free(MachineResults *results)
{
    RunSetup *setup = &results->setup;
    char *texts[] = {setup->efi,          setup->profile,  setup->profile_digest,
                     setup->kernel,       setup->iso,      setup->rules_list,
                     setup->image_digest, setup->emulator, setup->device_args};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free(texts[i]);
    }
    g_free(results->machine);
    g_free(results->emulator.path);
    g_free(results->emulator.version);
    g_free(results->emulator.base);
    g_free(results->emulator.digest);
    g_free(results->started);
    g_free(results->folder);
    g_ptr_array_unref(results->platform);
    g_ptr_array_unref(results->boots);
    g_ptr_array_unref(results->results);
    g_ptr_array_unref(results->talks);
    g_ptr_array_unref(results->errors);
    g_free(results);
}

const char *outcome_name(Outcome outcome)
{
    static const char *const names[] = {"done", "timeout", "hung", "crashed", "error", "stopped"};
    return names[outcome];
}

const char *expected_name(Expected expected)
{
    static const char *const names[] = {"pass", "fail", "skip"};
    return names[expected];
}

static gboolean is_guest_status(int status)
{
    return status == STATUS_ALL_GOOD || status == STATUS_SOME_FAIL || status == STATUS_SOME_ERROR ||
           status == STATUS_CANNOT_RUN;
}

// Status 0 is an orderly end that the guest brought about (a triple fault with -no-reboot, a
// power-off), and so is any status where the emulator says so (the debug exit port takes every
// value): the emulator is not to blame.
static gboolean is_crash(const BootEnd *end)
{
    if (end->cause != CAUSE_EXIT || end->signo != 0) {
        return end->cause == CAUSE_EXIT;
    }
    return end->status != 0 && !is_guest_status(end->status) && !end->orderly;
}

static char *describe_crash(const BootEnd *end)
{
    if (end->signo) {
        return g_strdup_printf("emulator crashed (signal %d, %s)", end->signo,
                               avc_signal_name(end->signo));
    }
    return g_strdup_printf("emulator crashed (exit status %d)", end->status);
}

static char *describe_cause(const BootEnd *end)
{
    const char *who = end->life == LIFE_SILENT    ? "emulator hung"
                      : end->life == LIFE_ANSWERS ? "guest hung"
                                                  : "no answer";
    switch (end->cause) {
    case CAUSE_EXIT:
        if (is_crash(end)) {
            return describe_crash(end);
        }
        if (end->status == 0) {
            return g_strdup(end->reset ? "the guest reset the machine (a triple fault does that)"
                                       : "the machine was switched off");
        }
        return g_strdup_printf("the guest ended (exit status %d)", end->status);
    case CAUSE_RULE_TIMEOUT:
        return g_strdup_printf("%s: no verdict within %g s", who, end->limit_s);
    case CAUSE_BOOT_TIMEOUT:
        return g_strdup_printf("%s: the boot took longer than %g s", who, end->limit_s);
    case CAUSE_SILENCE:
        return g_strdup_printf("%s: nothing on the serial line for %g s", who, end->limit_s);
    case CAUSE_LINGER:
        return g_strdup_printf("%s: 'done' came but no exit within %g s", who, end->limit_s);
    case CAUSE_FLOOD:
        return g_strdup("serial flood: more output than the limit");
    case CAUSE_STOPPED:
        return g_strdup("stopped by the user");
    }
    g_assert_not_reached();
}

static int due_status(const Transcript *t)
{
    if (t->tally[STATUS_ERROR]) {
        return STATUS_SOME_ERROR;
    }
    return t->tally[STATUS_FAIL] ? STATUS_SOME_FAIL : STATUS_ALL_GOOD;
}

static void check_exit(Transcript *t, const BootEnd *end)
{
    int due = end->mode == EXIT_DEBUG ? due_status(t) : 0;

    if (end->mode == EXIT_HALT || end->cause != CAUSE_EXIT) {
        return;
    }
    if (end->signo) {
        transcript_error(t, "emulator crashed after 'done' (signal %d, %s)", end->signo,
                         avc_signal_name(end->signo));
    } else if (end->status != due) {
        transcript_error(t, "exit status %d, but what the guest reported comes to %d", end->status,
                         due);
    }
}

Outcome results_close_boot(Transcript *t, const BootEnd *end)
{
    transcript_finish(t, end->cause != CAUSE_EXIT || is_crash(end));

    if (end->cause == CAUSE_STOPPED) {
        return OUTCOME_STOPPED; // no fault of the boot's: the run says that it is not complete
    }
    if (t->done) {
        check_exit(t, end);
        if (end->cause == CAUSE_EXIT || (end->cause == CAUSE_LINGER && end->mode == EXIT_HALT)) {
            return is_crash(end) ? OUTCOME_CRASHED : OUTCOME_DONE;
        }
    }

    // A crash or hang inside a rule is that rule's verdict, not an error of the run.
    g_autofree char *what = describe_cause(end);
    gboolean blamed = t->open && !t->open->damage && !t->open->exception &&
                      (is_crash(end) || end->life == LIFE_SILENT);
    if (!blamed) {
        const char *where = t->open      ? t->open->rule->id
                            : t->done    ? "after 'done'"
                            : t->records ? "outside a rule"
                                         : "before the first line";
        transcript_error(t, "%s, %s%s%s", what, where, end->note ? ": " : "",
                         end->note ? end->note : "");
        if (end->cause == CAUSE_EXIT && end->status == STATUS_CANNOT_RUN && t->diag->len) {
            transcript_error(t, "the guest could not run: %s",
                             (const char *)t->diag->pdata[t->diag->len - 1]);
        }
    }
    if (is_crash(end)) {
        return OUTCOME_CRASHED;
    }
    if (end->cause == CAUSE_EXIT || end->cause == CAUSE_FLOOD) {
        return OUTCOME_ERROR;
    }
    return end->life == LIFE_SILENT ? OUTCOME_HUNG : OUTCOME_TIMEOUT;
}

gboolean results_may_go_on(const Transcript *t, const BootEnd *end)
{
    return !t->done && end->cause != CAUSE_STOPPED;
}

static void set_verdict(Result *result, Status verdict, char *reason)
{
    result->verdict = verdict;
    g_free(result->reason);
    result->reason = reason;
}

void results_set_error(Result *result, const char *reason)
{
    set_verdict(result, STATUS_ERROR, g_strdup(reason));
}

// What speaks against a `pass` as far as controls go, or NULL.
static char *fault_in_controls(const RuleRun *run)
{
    guint good[3] = {0, 0, 0};

    for (guint i = 0; i < run->controls->len; i++) {
        const Control *control = run->controls->pdata[i];
        if (!control->ok) {
            return g_strdup_printf("passed, but a control is bad: %s", control->text);
        }
        good[control->kind]++;
    }
    if (good[CONTROL_NONE] && !run->rule->controls_none) {
        return g_strdup("passed without controls, which its metadata does not allow");
    }
    if (good[CONTROL_NONE] || (good[CONTROL_POS] && good[CONTROL_NEG])) {
        return NULL;
    }
    return g_strdup_printf("passed without a %s control", good[CONTROL_POS] ? "negative"
                                                          : good[CONTROL_NEG]
                                                              ? "positive"
                                                              : "positive and a negative");
}

static void judge_ended(Result *result, const RuleRun *run)
{
    if (run->status == STATUS_PASS) {
        char *fault = fault_in_controls(run);
        if (fault) {
            set_verdict(result, STATUS_ERROR, fault);
            return;
        }
    }
    set_verdict(result, run->status, g_strdup(run->reason));
}

static void judge_open(Result *result, const RuleRun *run, const BootEnd *end)
{
    g_autofree char *what = describe_cause(end);

    if (end->cause == CAUSE_STOPPED) {
        results_set_error(result, "no verdict: stopped by the user");
    } else if (run->exception) {
        set_verdict(result, STATUS_ERROR,
                    g_strdup_printf("no verdict after an %s", run->exception));
    } else if (is_crash(end) || end->life == LIFE_SILENT) {
        set_verdict(result, STATUS_FAIL, g_strdup(what));
    } else {
        gboolean says_so = strstr(what, "no verdict") != NULL;
        set_verdict(result, STATUS_ERROR, g_strconcat(says_so ? "" : "no verdict: ", what, NULL));
    }
}

static void copy_array(GPtrArray *to, GPtrArray *from)
{
    g_ptr_array_set_size(to, 0);
    for (guint i = 0; i < from->len; i++) {
        g_ptr_array_add(to, from->pdata[i]);
    }
}

void results_judge(Result *result, const Transcript *t, const BootEnd *end, guint number)
{
    const RuleRun *run = transcript_find(t, result->rule);

    result->boot = number;
    result->finished = end->cause != CAUSE_STOPPED || (run && run->status != STATUS_NONE);
    if (!run || !run->began) {
        g_autofree char *what = describe_cause(end);
        if (run && run->damage) {
            set_verdict(result, STATUS_ERROR, g_strdup(run->damage));
        } else if (t->done) {
            results_set_error(result, "no verdict: the guest did not run it");
        } else {
            set_verdict(result, STATUS_ERROR, g_strconcat("no verdict, not begun: ", what, NULL));
        }
        return;
    }

    result->status = run->status;
    result->us = run->us;
    copy_array(result->controls, run->controls);
    copy_array(result->obs, run->obs);
    copy_array(result->diag, run->diag);
    copy_array(result->marks, run->marks);
    if (run->damage) {
        set_verdict(result, STATUS_ERROR, g_strdup(run->damage));
    } else if (run->status != STATUS_NONE) {
        judge_ended(result, run);
    } else if (t->open == run) {
        judge_open(result, run, end);
    } else {
        results_set_error(result, "no verdict");
    }
}

// A machine without a device skips what needs it.
static gboolean lacks_need(const Rule *rule, const char *lacks)
{
    g_auto(GStrv) names = g_strsplit(lacks ? lacks : "", ",", -1);

    for (gsize i = 0; names[i]; i++) {
        if (rule_needs(rule, names[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

void results_expect(Result *result, const Expectations *expectations)
{
    const char *id = result->rule->id;
    const char *finding = NULL;
    gboolean fail = expectations->all_fail;
    gboolean skip = (expectations->skips && g_hash_table_contains(expectations->skips, id)) ||
                    lacks_need(result->rule, expectations->lacks);

    if (expectations->fails) {
        finding = g_hash_table_lookup(expectations->fails, id);
        fail = fail || finding;
    }
    result->expected = fail ? EXPECT_FAIL : skip ? EXPECT_SKIP : EXPECT_PASS;

    switch (result->verdict) {
    case STATUS_PASS:
        result->unexpected = fail;
        break;
    case STATUS_FAIL:
        result->unexpected = !fail;
        if (fail) {
            result->verdict = STATUS_KNOWN;
            g_free(result->finding);
            result->finding = g_strdup(finding ? finding : "expected of this machine");
        }
        break;
    case STATUS_SKIP:
        result->unexpected = !skip;
        break;
    case STATUS_KNOWN:
        result->unexpected = FALSE;
        break;
    case STATUS_ERROR:
    case STATUS_NONE:
        result->unexpected = TRUE;
        break;
    }
}

void results_sum_up(MachineResults *results)
{
    gboolean trouble = !results->complete || results->errors->len > 0;
    gboolean broken = FALSE;

    memset(results->summary, 0, sizeof(results->summary));
    results->unexpected = 0;
    for (guint i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        results->summary[result->verdict == STATUS_NONE ? STATUS_ERROR : result->verdict]++;
        results->unexpected += result->unexpected ? 1 : 0;
        trouble = trouble || result->verdict == STATUS_ERROR || result->verdict == STATUS_NONE;
        broken = broken || result->unexpected;
    }
    for (guint i = 0; i < results->boots->len; i++) {
        const BootRecord *boot = results->boots->pdata[i];
        trouble = trouble || boot->errors->len > 0;
    }
    results->exit = trouble ? AVC_TROUBLE : broken ? AVC_BROKEN : AVC_OK;
}

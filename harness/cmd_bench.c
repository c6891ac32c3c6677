// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "options.h"
#include "paths.h"
#include "stop.h"
#include "util.h"

#define PAIRS_DEFAULT 15
#define PAIRS_QUICK   BENCH_PAIRS_MIN
// The same sectors in every boot and every run.
#define SEED          1

#define STOCK   0
#define PATCHED 1

static const char *const emulators[] = {"stock", "patched"};

// What is booted for each pair, and which workloads run there.
static const char *const machines[] = {
    "bench-iommu,rules=*-DOMAIN+*-PASS",
    "bench-bare,rules=*-BARE",
    "bench-held,rules=WAIT-*",
};

#define MACHINES G_N_ELEMENTS(machines)

static const char description[] =
    "Takes the times of disk reads and of completions on the bundled emulators, in pairs of boots\n"
    "one behind the other, and compares them (docs/performance.md).\n"
    "\n"
    "Exit status: 0 no workload is slower, 1 one is slower (the whole interval of its speed is\n"
    "below 0.95), 2 bad usage, 3 trouble, or one is inconclusive (the interval holds 0.95).";

typedef struct {
    gboolean quick;
    int pairs;
    char *out;
} Options;

typedef struct {
    GPtrArray *sides[2]; // of Machine: one for each of `machines`
    GPtrArray *rows;     // of BenchRow, the last one within the patched emulator
    char *folder;
    guint boots, boots_total;
    gint64 started;
    GMainLoop *loop;
    Boot *boot; // that is under way
    gboolean over;
} Run;

static gboolean usage(GError **error, const char *text)
{
    g_set_error_literal(error, AVC_ERROR, AVC_USAGE, text);
    return FALSE;
}

static gboolean parse(int argc, char **argv, Options *o, GError **error)
{
    g_autofree char *pairs_help = g_strdup_printf("pairs of boots, %d to %d (default: %d)",
                                                  BENCH_PAIRS_MIN, BENCH_PAIRS_MAX, PAIRS_DEFAULT);
    g_autofree char *quick_help = g_strdup_printf("%d pairs, for a first look", PAIRS_QUICK);
    const GOptionEntry entries[] = {
        {"pairs", 'n', 0, G_OPTION_ARG_INT, &o->pairs, pairs_help, "N"},
        {"quick", 0, 0, G_OPTION_ARG_NONE, &o->quick, quick_help, NULL},
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &o->out, "folder for the results (default: results)",
         "DIR"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autoptr(GOptionContext) context =
        g_option_context_new("inflight - what the repair of transfers under way costs");
    g_autoptr(GError) local = NULL;

    g_set_prgname("amdvi-check bench");
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_description(context, description);
    if (!g_option_context_parse(context, &argc, &argv, &local)) {
        return usage(error, local->message);
    }
    if (argc < 2) {
        return usage(error, "what is to be measured is missing: inflight");
    }
    if (argc > 2 || strcmp(argv[1], "inflight") != 0) {
        g_autofree char *text =
            g_strdup_printf("unexpected argument '%s'; there is: inflight", argv[argc > 2 ? 2 : 1]);
        return usage(error, text);
    }
    if (o->quick && o->pairs) {
        return usage(error, "--quick says how many pairs: --pairs does not go with it");
    }
    if (o->pairs && (o->pairs < BENCH_PAIRS_MIN || o->pairs > BENCH_PAIRS_MAX)) {
        g_autofree char *text = g_strdup_printf(
            "--pairs: must be %d to %d; the median of fewer has no interval of 95 %%",
            BENCH_PAIRS_MIN, BENCH_PAIRS_MAX);
        return usage(error, text);
    }
    if (!o->pairs) {
        o->pairs = o->quick ? PAIRS_QUICK : PAIRS_DEFAULT;
    }
    return TRUE;
}

// The machines of one emulator. What they borrow is in `o`.
static GPtrArray *load_side(RunOptions *o, const char *emulator, const RuleTable *table,
                            GError **error)
{
    o->machines = g_new0(char *, MACHINES + 1);
    for (guint i = 0; i < MACHINES; i++) {
        o->machines[i] = g_strdup(machines[i]);
    }
    o->emulator = g_strdup(emulator);
    o->kernel = g_strdup(paths_bench_kernel());
    o->seed = SEED;
    return options_machines(o, table, error);
}

// The profile's name, without what was set.
static char *machine_name(guint m)
{
    return g_strndup(machines[m], strcspn(machines[m], ","));
}

static void make_rows(Run *run)
{
    run->rows = g_ptr_array_new_with_free_func(bench_row_free);
    for (guint m = 0; m < MACHINES; m++) {
        const Machine *machine = run->sides[STOCK]->pdata[m];
        g_autofree char *name = machine_name(m);
        for (guint i = 0; i < machine->rules->len; i++) {
            const Rule *rule = machine->rules->pdata[i];
            g_ptr_array_add(run->rows, bench_row_new(rule->id, rule->title, name));
        }
    }
}

static BenchRow *find_row(const Run *run, const char *name)
{
    for (guint i = 0; i < run->rows->len; i++) {
        BenchRow *row = run->rows->pdata[i];
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    g_assert_not_reached();
}

// A number that the workload has observed; 0 if it has not.
static guint64 observed(const Result *result, const char *key)
{
    guint64 value = 0;

    for (guint i = 0; i < result->obs->len; i++) {
        const Pair *pair = result->obs->pdata[i];
        if (strcmp(pair->key, key) == 0 && !avc_parse_decimal(pair->value, G_MAXUINT32, &value)) {
            return 0;
        }
    }
    return value;
}

// Microseconds of one request in the quickest block of the boot.
static gboolean request_us(const Result *result, double *us)
{
    guint64 quickest = observed(result, "quickest_us");
    guint64 requests = observed(result, "requests");

    *us = requests > 0 ? (double)quickest / (double)requests : 0;
    return *us > 0;
}

// Takes the times of one workload of a boot. FALSE if it did not do what it should.
static gboolean take_one(Run *run, const Rule *rule, const Transcript *talk, const BootEnd *end,
                         guint side, const char *where, GError **error)
{
    Result *result = result_new(rule);
    double us = 0;

    results_judge(result, talk, end, 1);
    gboolean good = result->verdict == STATUS_PASS && request_us(result, &us);
    if (good) {
        BenchRow *row = find_row(run, rule->id);
        g_array_append_val(side == STOCK ? row->before : row->after, us);
    } else {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "%s: %s: %s%s%s", where, rule->id,
                    result->verdict == STATUS_PASS ? "no times" : status_name(result->verdict),
                    *result->reason ? ": " : "", result->reason);
    }
    result_free(result);
    return good;
}

static gboolean take_boot(Run *run, const Machine *machine, guint side, const char *where,
                          GError **error)
{
    g_autoptr(Transcript) talk = boot_take_transcript(run->boot);
    const BootEnd *end = boot_end(run->boot);

    if (stop_wanted()) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "stopped; nothing can be said");
        return FALSE;
    }
    for (guint i = 0; i < machine->rules->len; i++) {
        if (!take_one(run, machine->rules->pdata[i], talk, end, side, where, error)) {
            return FALSE;
        }
    }
    if (talk->errors->len > 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "%s: %s", where,
                    (const char *)talk->errors->pdata[0]);
        return FALSE;
    }
    return TRUE;
}

static void on_boot_over(G_GNUC_UNUSED Boot *boot, gpointer data)
{
    Run *run = data;

    run->over = TRUE;
    g_main_loop_quit(run->loop);
}

static void on_stop(gpointer data)
{
    Run *run = data;

    if (run->boot && !run->over) {
        boot_stop(run->boot);
    }
}

// One changing line on a terminal, one for each pair elsewhere.
static void show_progress(const Run *run, guint pair, guint pairs)
{
    double seconds = (double)(g_get_monotonic_time() - run->started) / 1e6;

    if (isatty(STDOUT_FILENO)) {
        printf("\r\033[K%3.0f s  pair %u of %u, boot %u of %u", seconds, pair, pairs, run->boots,
               run->boots_total);
    } else if (run->boots % (2 * MACHINES) == 0) {
        printf("# pair %u of %u: %.1f s\n", pair, pairs, seconds);
    }
    fflush(stdout);
}

static gboolean boot_one(Run *run, guint pair, guint m, guint side, GError **error)
{
    const Machine *machine = run->sides[side]->pdata[m];
    g_autofree char *name = machine_name(m);
    g_autofree char *where = g_strdup_printf("pair-%02u-%s-%s", pair, name, emulators[side]);
    g_autofree char *folder = g_build_filename(run->folder, where, NULL);

    run->over = FALSE;
    run->boot =
        boot_start(&machine->setup, machine->rules, ++run->boots, folder, on_boot_over, run, error);
    if (!run->boot) {
        return FALSE;
    }
    if (!run->over) {
        g_main_loop_run(run->loop);
    }
    gboolean good = take_boot(run, machine, side, where, error);
    boot_free(g_steal_pointer(&run->boot));
    return good;
}

// Stock first in one pair, patched first in the next.
static gboolean run_pair(Run *run, guint pair, guint pairs, GError **error)
{
    for (guint m = 0; m < MACHINES; m++) {
        for (guint k = 0; k < 2; k++) {
            guint side = (k + pair + 1) % 2 == 0 ? STOCK : PATCHED;
            if (!boot_one(run, pair, m, side, error)) {
                return FALSE;
            }
            show_progress(run, pair, pairs);
        }
    }
    return TRUE;
}

static gboolean run_pairs(Run *run, guint pairs, GError **error)
{
    gboolean good = TRUE;

    run->loop = g_main_loop_new(NULL, FALSE);
    run->boots_total = pairs * 2 * MACHINES;
    stop_watch(on_stop, run);
    for (guint pair = 1; good && pair <= pairs; pair++) {
        good = run_pair(run, pair, pairs, error);
    }
    stop_watch(NULL, NULL);
    g_main_loop_unref(run->loop);
    if (isatty(STDOUT_FILENO)) {
        fputs("\r\033[K", stdout);
    }
    return good;
}

// What a held transfer costs an unrelated domain: both times are of the same boots.
static void add_within(Run *run)
{
    const BenchRow *idle = find_row(run, "WAIT-FREE");
    const BenchRow *held = find_row(run, "WAIT-HELD");
    BenchRow *row = bench_row_new("WAIT-HELD/WAIT-FREE", held->title, held->machine);

    row->within = TRUE;
    g_array_append_vals(row->before, idle->after->data, idle->after->len);
    g_array_append_vals(row->after, held->after->data, held->after->len);
    g_ptr_array_add(run->rows, row);
}

static double load_now(void)
{
    double load[1];

    return getloadavg(load, 1) == 1 ? load[0] : -1;
}

static int finish(Run *run, Bench *bench, GError **error)
{
    bench->load[1] = load_now();
    bench->duration_ms = (g_get_monotonic_time() - run->started) / 1000;
    add_within(run);
    for (guint i = 0; i < run->rows->len; i++) {
        bench_row_judge(run->rows->pdata[i]);
    }
    bench->rows = run->rows;

    g_autofree char *json = bench_json(bench);
    g_autofree char *table = bench_table(bench);
    g_autofree char *path = g_build_filename(run->folder, "bench.json", NULL);
    if (!avc_write_file(path, json, strlen(json), error)) {
        return -1;
    }
    printf("%sResults: %s\n", table, path);
    return bench_exit(run->rows);
}

static int measure(Run *run, const Options *o, GError **error)
{
    g_autofree char *parent = o->out ? g_canonicalize_filename(o->out, NULL) : paths_results();
    g_autofree char *started = avc_utc_now();
    g_autofree char *digest = avc_file_digest(paths_bench_kernel(), error);
    Bench bench = {
        .pairs = (guint)o->pairs,
        .seed = SEED,
        .started = started,
        .processors = g_get_num_processors(),
        .load = {load_now()},
        .kernel_digest = digest,
    };

    for (guint side = 0; side < 2; side++) {
        bench.emulators[side] = &((Machine *)run->sides[side]->pdata[0])->results->emulator;
    }
    run->folder = digest ? paths_make_run(parent, "bench", error) : NULL;
    if (!run->folder) {
        return -1;
    }
    stop_catch();
    run->started = g_get_monotonic_time();
    return run_pairs(run, bench.pairs, error) ? finish(run, &bench, error) : -1;
}

static int run_bench(const Options *o, GError **error)
{
    g_autoptr(RuleTable) table = rule_table_load(paths_bench_rules(), error);
    RunOptions run_options[2] = {0};
    Run run = {0};
    int status = -1;

    for (guint side = 0; table && side < 2; side++) {
        run.sides[side] = load_side(&run_options[side], emulators[side], table, error);
        if (!run.sides[side]) {
            break;
        }
    }
    if (run.sides[PATCHED]) {
        make_rows(&run);
        status = measure(&run, o, error);
        g_ptr_array_unref(run.rows);
    }
    for (guint side = 0; side < 2; side++) {
        g_clear_pointer(&run.sides[side], g_ptr_array_unref);
        options_clear(&run_options[side]);
    }
    g_free(run.folder);
    return status;
}

int cmd_bench(int argc, char **argv)
{
    Options options = {0};
    g_autoptr(GError) error = NULL;
    int status = parse(argc, argv, &options, &error) ? run_bench(&options, &error) : -1;

    if (error) {
        fprintf(stderr, "amdvi-check bench: %s\n", error->message);
        status = error->code;
    }
    g_free(options.out);
    return status;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PLAIN_WIDTH 100

struct Progress {
    FILE *to;
    gboolean live;
    gint64 started;
};

guint progress_width(FILE *file)
{
    struct winsize size;

    if (isatty(fileno(file)) && ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return MAX(size.ws_col, 60);
    }
    return isatty(fileno(file)) ? PLAIN_WIDTH : 0;
}

gboolean progress_color(FILE *file)
{
    const char *no = g_getenv("NO_COLOR");
    const char *term = g_getenv("TERM");

    return isatty(fileno(file)) && (!no || !*no) && g_strcmp0(term, "dumb") != 0;
}

Progress *progress_new(FILE *to)
{
    Progress *progress = g_new0(Progress, 1);

    progress->to = to;
    progress->live = isatty(fileno(to)) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    progress->started = g_get_monotonic_time();
    return progress;
}

static void wipe(Progress *progress)
{
    if (progress->live) {
        fputs("\r\033[K", progress->to);
    }
}

void progress_free(Progress *progress)
{
    wipe(progress);
    fflush(progress->to);
    g_free(progress);
}

static void append_machine(GString *line, const Machine *machine)
{
    guint done = 0;

    for (guint i = 0; i < machine->results->results->len; i++) {
        const Result *result = machine->results->results->pdata[i];
        done += result->verdict != STATUS_NONE ? 1 : 0;
    }
    for (guint i = 0; i < machine->active->len; i++) {
        done += boot_ended(machine->active->pdata[i]);
    }
    g_string_append_printf(line, "  %s %u/%u", machine->profile->name, done, machine->rules->len);
    for (guint i = 0; i < machine->active->len; i++) {
        double seconds;
        const Rule *rule = boot_open_rule(machine->active->pdata[i], &seconds);
        if (rule && seconds >= 0.5) {
            g_string_append_printf(line, " %s %.0f s", rule->id, seconds);
        } else if (rule) {
            g_string_append_printf(line, " %s", rule->id);
        }
    }
}

static void show_live(Progress *progress, GPtrArray *machines)
{
    g_autoptr(GString) line = g_string_new(NULL);
    guint width = progress_width(progress->to);

    g_string_printf(line, "%3.0f s", (double)(g_get_monotonic_time() - progress->started) / 1e6);
    for (guint i = 0; i < machines->len; i++) {
        const Machine *machine = machines->pdata[i];
        if (machine->active->len > 0) {
            append_machine(line, machine);
        }
    }
    if (line->len >= width) {
        g_string_truncate(line, width - 4);
        g_string_append(line, "...");
    }
    fprintf(progress->to, "\r\033[K%s", line->str);
    fflush(progress->to);
}

void progress_update(GPtrArray *machines, const Machine *machine, const BootRecord *record,
                     gpointer data)
{
    Progress *progress = data;

    if (record && !(progress->live && record->outcome == OUTCOME_DONE)) {
        wipe(progress);
        fprintf(progress->to, "# %s boot-%02u: %u rule%s, %s, %.2f s\n", machine->profile->name,
                record->number, record->rules, record->rules == 1 ? "" : "s",
                outcome_name(record->outcome), (double)record->duration_ms / 1e3);
        fflush(progress->to);
    }
    if (progress->live) {
        show_live(progress, machines);
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "timelines.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "spawn.h"
#include "timeline.h"
#include "util.h"

// Some thousand times what a boot of all rules writes.
#define TRACE_BYTES_MAX (256 << 20)

static Trace *read_trace(const MachineResults *results, guint boot, GError **error)
{
    g_autofree char *name = g_strdup_printf("boot-%02u", boot);
    g_autofree char *path = g_build_filename(results->folder, name, SPAWN_TRACE, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) local = NULL;
    gsize length;
    GStatBuf st;

    if (g_stat(path, &st) != 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE,
                    "there is no trace %s: %s; the emulator has to be built with the trace backend "
                    "'log'",
                    path, g_strerror(errno));
        return NULL;
    }
    if (st.st_size > TRACE_BYTES_MAX) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "the trace %s has more than %d MiB", path,
                    TRACE_BYTES_MAX >> 20);
        return NULL;
    }
    if (!g_file_get_contents(path, &text, &length, &local)) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot read the trace: %s", local->message);
        return NULL;
    }
    return trace_parse(text, length);
}

static gboolean has_transfer(const Result *result)
{
    for (guint i = 0; i < result->marks->len; i++) {
        if (strcmp(((const Mark *)result->marks->pdata[i])->event, "open") == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean draw(const MachineResults *results, const Result *result, const Trace *trace,
                     const char *folder, GError **error)
{
    Clock clock;

    if (!clock_match(result->marks, trace, &clock, error)) {
        g_prefix_error(error, "%s: ", result->rule->id);
        return FALSE;
    }
    g_autoptr(GPtrArray) scenes = timeline_build(result->marks, trace, &clock);
    const TimelineHead head = {
        .rule = result->rule->id,
        .title = result->rule->title,
        .machine = results->machine,
        .emulator = results->emulator.version,
        .verdict = result->verdict == STATUS_KNOWN ? "known to fail" : status_name(result->verdict),
        .clock = &clock,
    };
    g_autofree char *svg = timeline_svg(&head, scenes);
    g_autofree char *name = g_strconcat(result->rule->id, ".svg", NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);

    return avc_write_file(path, svg, strlen(svg), error);
}

// The rules of one boot. Only the first of several errors is wanted.
static gboolean draw_boot(const MachineResults *results, guint boot, const char *folder,
                          guint *count, GError **error)
{
    g_autoptr(Trace) trace = NULL;
    gboolean good = TRUE;

    for (guint i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];

        if (result->boot != boot || !has_transfer(result)) {
            continue;
        }
        if (!trace) {
            trace = read_trace(results, boot, error);
            if (!trace) {
                return FALSE;
            }
        }
        if (draw(results, result, trace, folder, good ? error : NULL)) {
            (*count)++;
        } else {
            good = FALSE;
        }
    }
    return good;
}

gboolean timelines_folder(const char *folder, GError **error)
{
    if (g_mkdir_with_parents(folder, 0755) == 0) {
        return TRUE;
    }
    g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot make the folder %s: %s", folder,
                g_strerror(errno));
    return FALSE;
}

gboolean timelines_write(const MachineResults *results, const char *folder, guint *count,
                         GError **error)
{
    gboolean good = TRUE;

    *count = 0;
    for (guint i = 0; i < results->boots->len; i++) {
        const BootRecord *boot = results->boots->pdata[i];
        good = draw_boot(results, boot->number, folder, count, good ? error : NULL) && good;
    }
    return good;
}

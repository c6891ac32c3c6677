// SPDX-License-Identifier: GPL-2.0-or-later
#include "save.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "paths.h"
#include "saved.h"
#include "util.h"

gboolean save_check_junit(const char *path, GError **error)
{
    if (!path) {
        return TRUE;
    }
    g_autofree char *folder = g_path_get_dirname(path);
    if (g_file_test(path, G_FILE_TEST_IS_DIR) || access(folder, W_OK) != 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "--junit: cannot write %s", path);
        return FALSE;
    }
    return TRUE;
}

static gboolean write_one(const char *folder, const char *name, char *text, GError **error)
{
    g_autofree char *owned = text;
    g_autofree char *path = g_build_filename(folder, name, NULL);

    // Only the first of several errors is wanted.
    return avc_write_file(path, owned, strlen(owned), !error || *error ? NULL : error);
}

// The disks of boots that are over are kept for people to look at. TRUE if there were any.
static gboolean drop_disks(const MachineResults *results)
{
    gboolean any = FALSE;

    for (guint i = 0; i < results->boots->len; i++) {
        const BootRecord *boot = results->boots->pdata[i];
        g_autofree char *name = g_strdup_printf("boot-%02u", boot->number);
        g_autofree char *disk = g_build_filename(results->folder, name, "disk.raw", NULL);
        any = g_unlink(disk) == 0 || any;
    }
    return any;
}

gboolean save_progress(const Machine *machine, GError **error)
{
    const MachineResults *results = machine->results;

    return write_one(results->folder, "results.json", output_json(results), NULL) ||
           (drop_disks(results) &&
            write_one(results->folder, "results.json", output_json(results), NULL)) ||
           write_one(results->folder, "results.json", output_json(results), error);
}

static void remove_folders(GPtrArray *machines, guint count)
{
    for (guint i = 0; i < count; i++) {
        MachineResults *results = ((Machine *)machines->pdata[i])->results;
        g_autofree char *file = g_build_filename(results->folder, "results.json", NULL);
        g_unlink(file);
        g_rmdir(results->folder);
        g_clear_pointer(&results->folder, g_free);
    }
}

gboolean save_start(GPtrArray *machines, const char *parent, GError **error)
{
    for (guint i = 0; i < machines->len; i++) {
        Machine *machine = machines->pdata[i];
        if (machine->results->folder) {
            continue; // of a run that is resumed
        }
        machine->results->folder = paths_make_run(parent, machine->profile->folder_name, error);
        if (!machine->results->folder) {
            remove_folders(machines, i);
            return FALSE;
        }
        machine->lock = saved_lock(machine->results->folder);
        if (!save_progress(machine, error)) {
            remove_folders(machines, i + 1);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean save_end(GPtrArray *machines, const char *junit, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    gboolean good = TRUE;

    for (guint i = 0; i < machines->len; i++) {
        const Machine *machine = machines->pdata[i];
        g_autoptr(GPtrArray) one = g_ptr_array_new();
        const char *folder = machine->results->folder;
        g_autofree char *parent = g_path_get_dirname(folder);

        g_ptr_array_add(one, machine->results);
        g_ptr_array_add(all, machine->results);
        good = save_progress(machine, error) && good;
        good = write_one(folder, "results.tap", output_tap(one), error) && good;
        good = write_one(folder, "results.xml", output_junit(one), error) && good;
        paths_link_latest(parent, machine->profile->folder_name, folder);
    }
    if (junit) {
        g_autofree char *xml = output_junit(all);
        good = avc_write_file(junit, xml, strlen(xml), error && !*error ? error : NULL) && good;
    }
    return good;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "paths.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

const char *paths_kernel(void)
{
    return AVC_BUILD_DIR "/guest/amdvi-check.elf";
}

const char *paths_iso(void)
{
    return AVC_BUILD_DIR "/images/amdvi-check.iso";
}

const char *paths_efi(void)
{
    return AVC_BUILD_DIR "/guest/efi/amdvi-check.efi";
}

const char *paths_rules(void)
{
    return AVC_BUILD_DIR "/guest/rules.list";
}

const char *paths_bench_kernel(void)
{
    return AVC_BUILD_DIR "/guest/bench/amdvi-bench.elf";
}

const char *paths_bench_rules(void)
{
    return AVC_BUILD_DIR "/guest/bench/rules.list";
}

const char *paths_build_script(void)
{
    return AVC_SOURCE_DIR "/emulator-patches/build.sh";
}

const char *const *paths_machines(void)
{
    static const char *const folders[] = {AVC_SOURCE_DIR "/harness/machines",
                                          AVC_DATA_DIR "/machines", NULL};
    return folders;
}

char *paths_results(void)
{
    g_autofree char *start = g_get_current_dir();
    g_autofree char *folder = g_strdup(start);

    while (strcmp(folder, "/") != 0 && strcmp(folder, ".") != 0) {
        g_autofree char *mark = g_build_filename(folder, "harness", "machines", NULL);
        if (g_file_test(mark, G_FILE_TEST_IS_DIR)) {
            return g_build_filename(folder, "results", NULL);
        }
        char *up = g_path_get_dirname(folder);
        g_free(folder);
        folder = up;
    }
    return g_build_filename(start, "results", NULL);
}

char *paths_absolute(const char *path)
{
    return g_canonicalize_filename(path, NULL);
}

char *paths_absolute_program(const char *program)
{
    return strchr(program, '/') ? paths_absolute(program) : g_strdup(program);
}

char *paths_make_run(const char *parent, const char *name, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *stamp = g_date_time_format(now, "%Y%m%dT%H%M%SZ");
    g_autofree char *absolute = g_canonicalize_filename(parent, NULL);

    if (g_mkdir_with_parents(absolute, 0755) != 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot make the output folder %s: %s", absolute,
                    g_strerror(errno));
        return NULL;
    }
    for (guint i = 1; i < 1000; i++) {
        g_autofree char *leaf = i == 1 ? g_strdup_printf("%s-%s", stamp, name)
                                       : g_strdup_printf("%s-%s-%u", stamp, name, i);
        char *path = g_build_filename(absolute, leaf, NULL);
        if (g_mkdir(path, 0755) == 0) {
            return path;
        }
        g_free(path);
        if (errno != EEXIST) {
            break;
        }
    }
    g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot write to the output folder %s: %s", absolute,
                g_strerror(errno));
    return NULL;
}

static void point(const char *parent, const char *name, const char *target)
{
    g_autofree char *link = g_build_filename(parent, name, NULL);
    g_autofree char *fresh = g_strdup_printf("%s.%d", link, (int)getpid());

    // A rename replaces the old link in one step.
    if (symlink(target, fresh) == 0 && rename(fresh, link) != 0) {
        unlink(fresh);
    }
}

void paths_link_latest(const char *parent, const char *name, const char *run)
{
    g_autofree char *leaf = g_path_get_basename(run);
    g_autofree char *own = g_strconcat("latest-", name, NULL);

    point(parent, own, leaf);
    point(parent, "latest", leaf);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "spawn.h"
#include "util.h"

#define ASK_TIMEOUT_S    10
#define SCRIPT_TIMEOUT_S 60
#define ANSWER_BYTES_MAX 65536

typedef struct {
    GMainLoop *loop;
    GSubprocess *process;
    pid_t group;
    int pending;
    gboolean late;
    gsize length[2];
    char *text[2];
} Ask;

static void kill_all(Ask *ask)
{
    spawn_kill(ask->group, SIGKILL);
}

static void finish_one(Ask *ask)
{
    if (--ask->pending == 0) {
        g_main_loop_quit(ask->loop);
    }
}

static void on_read(GObject *source, GAsyncResult *result, gpointer data)
{
    Ask *ask = data;
    int which = G_INPUT_STREAM(source) == g_subprocess_get_stdout_pipe(ask->process) ? 0 : 1;

    g_input_stream_read_all_finish(G_INPUT_STREAM(source), result, &ask->length[which], NULL);
    if (ask->length[which] == ANSWER_BYTES_MAX) {
        kill_all(ask);
    }
    finish_one(ask);
}

static void on_exit_seen(GObject *source, GAsyncResult *result, gpointer data)
{
    g_subprocess_wait_finish(G_SUBPROCESS(source), result, NULL);
    finish_one(data);
}

static gboolean on_late(gpointer data)
{
    Ask *ask = data;

    ask->late = TRUE;
    kill_all(ask);
    g_main_loop_quit(ask->loop);
    return G_SOURCE_CONTINUE;
}

// Runs a program that is expected to say little and end soon; it may do neither. Returns its exit
// status, or -1 with `error` set; what it wrote is cut at 64 KiB.
static int ask_program(const char *const *argv, guint timeout_s, char **out, char **err,
                       GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
    spawn_bind_child(launcher);
    g_autoptr(GSubprocess) process = g_subprocess_launcher_spawnv(launcher, argv, &local);

    if (!process) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot run %s: %s", argv[0], local->message);
        return -1;
    }

    Ask *ask = g_new0(Ask, 1);
    g_autoptr(GMainContext) context = g_main_context_ref_thread_default();
    g_autoptr(GCancellable) cancel = g_cancellable_new();
    GInputStream *pipes[2] = {g_subprocess_get_stdout_pipe(process),
                              g_subprocess_get_stderr_pipe(process)};
    ask->loop = g_main_loop_new(context, FALSE);
    ask->process = process;
    ask->group = spawn_group(process);
    ask->pending = 3;
    for (int i = 0; i < 2; i++) {
        ask->text[i] = g_malloc0(ANSWER_BYTES_MAX + 1);
        g_input_stream_read_all_async(pipes[i], ask->text[i], ANSWER_BYTES_MAX, G_PRIORITY_DEFAULT,
                                      cancel, on_read, ask);
    }
    g_subprocess_wait_async(process, cancel, on_exit_seen, ask);
    guint timer = g_timeout_add_seconds(timeout_s, on_late, ask);
    g_main_loop_run(ask->loop);
    g_source_remove(timer);
    // A grandchild may hold the pipes open: let the reads that are still under way end first.
    g_cancellable_cancel(cancel);
    while (ask->pending > 0) {
        g_main_context_iteration(context, TRUE);
    }

    int status = -1;
    if (ask->late) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "%s did not end within %u s", argv[0],
                    timeout_s);
    } else {
        g_subprocess_wait(process, NULL, NULL);
        status = g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process) : 255;
    }
    *out = g_strstrip(g_utf8_make_valid(ask->text[0], -1));
    *err = g_strstrip(g_utf8_make_valid(ask->text[1], -1));
    g_free(ask->text[0]);
    g_free(ask->text[1]);
    g_main_loop_unref(ask->loop);
    g_free(ask);
    return status;
}

static const char *known_kind(const char *what)
{
    static const char *const kinds[] = {"patched", "stock", "mutant"};

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(what, kinds[i]) == 0) {
            return kinds[i];
        }
    }
    return NULL;
}

// What the build script knows about its binaries; nothing depends on it.
static void ask_build_info(const char *script, EmulatorInfo *info)
{
    const char *argv[] = {script, "--info", NULL};
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;

    if (ask_program(argv, SCRIPT_TIMEOUT_S, &out, &err, NULL) != 0 || !out) {
        return;
    }
    g_autofree char *digest_key = g_strconcat("digest_", info->kind, "=", NULL);
    g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        if (g_str_has_prefix(lines[i], "version=")) {
            g_free(info->base);
            info->base = g_strdup(lines[i] + strlen("version="));
        } else if (g_str_has_prefix(lines[i], digest_key)) {
            g_free(info->digest);
            info->digest = g_strdup(lines[i] + strlen(digest_key));
        }
    }
}

static gboolean resolve_built(const char *script, EmulatorInfo *info, GError **error)
{
    const char *argv[] = {script, "--print", info->kind, NULL};
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    int status = ask_program(argv, SCRIPT_TIMEOUT_S, &out, &err, error);

    if (status < 0) {
        return FALSE;
    }
    if (status != 0 || !*out) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "%s",
                    *err ? err : "the build script gives no path for the emulator");
        return FALSE;
    }
    info->path = g_strdup(out);
    ask_build_info(script, info);
    return TRUE;
}

gboolean emulator_resolve(const char *what, const char *script, EmulatorInfo *info, GError **error)
{
    info->kind = known_kind(what);
    if (info->kind) {
        if (!resolve_built(script, info, error)) {
            return FALSE;
        }
    } else {
        info->kind = "other";
        info->path =
            strchr(what, '/') ? g_canonicalize_filename(what, NULL) : g_find_program_in_path(what);
        if (!info->path) {
            g_set_error(error, AVC_ERROR, AVC_TROUBLE, "there is no emulator '%s' in PATH", what);
            return FALSE;
        }
    }
    if (!g_file_test(info->path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "there is no emulator at %s", info->path);
        return FALSE;
    }
    if (g_file_test(info->path, G_FILE_TEST_IS_DIR) || access(info->path, X_OK) != 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "the emulator %s is not an executable file",
                    info->path);
        return FALSE;
    }
    return TRUE;
}

char *emulator_parse_version(const char *text)
{
    g_autoptr(GRegex) regex = g_regex_new("version ([0-9]+\\.[0-9]+(\\.[0-9]+)*)", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    return g_regex_match(regex, text, 0, &match) ? g_match_info_fetch(match, 1) : NULL;
}

gboolean emulator_ask_version(EmulatorInfo *info, GError **error)
{
    const char *argv[] = {info->path, "--version", NULL};
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    int status = ask_program(argv, ASK_TIMEOUT_S, &out, &err, error);

    if (status < 0) {
        return FALSE;
    }
    if (status != 0 || !*out) {
        g_strdelimit(err, "\n", ' ');
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "%s --version failed (exit status %d)%s%s",
                    info->path, status, *err ? ": " : "", err);
        return FALSE;
    }
    out[strcspn(out, "\r\n")] = '\0';
    g_free(info->version);
    info->version = g_strdup(out);
    if (!info->base) {
        info->base = emulator_parse_version(out);
    }
    return TRUE;
}

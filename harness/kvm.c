// SPDX-License-Identifier: GPL-2.0-or-later
#include "kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <linux/kvm.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "disk.h"
#include "line.h"
#include "spawn.h"
#include "stop.h"
#include "util.h"

// Seen: 1.5 to 20 s on a software hypervisor, a fraction of a second on hardware.
#define PROBE_S     60
#define KEPT_BYTES  4096
#define STATUS_GOOD 33

typedef struct {
    GMainLoop *loop;
    Child child;
    pid_t group;
    LineFramer framer;
    gboolean done; // a whole `done` line came
    gboolean late;
    double limit_s;
    GString *words; // the first bytes of what the emulator said
} Probe;

gboolean kvm_check_device(GError **error)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "KVM cannot be used: /dev/kvm: %s",
                    g_strerror(errno));
        return FALSE;
    }
    int version = ioctl(fd, KVM_GET_API_VERSION, 0);
    int machine = version == KVM_API_VERSION ? ioctl(fd, KVM_CREATE_VM, 0) : -1;
    int saved = errno;
    close(fd);
    if (machine < 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "KVM cannot be used: %s",
                    version == KVM_API_VERSION ? g_strerror(saved) : "unknown API version");
        return FALSE;
    }
    close(machine);
    return TRUE;
}

static void take_line(const char *bytes, gsize length, gboolean overlong, gpointer data)
{
    Probe *probe = data;
    Line line;

    if (line_parse(bytes, length, overlong, &line) == LINE_RECORD &&
        g_str_has_prefix(line.record, "done ")) {
        probe->done = TRUE;
    }
}

static void read_serial(Probe *probe)
{
    char buffer[4096];
    gssize n;

    while ((n = read(probe->child.serial, buffer, sizeof(buffer))) > 0) {
        line_framer_feed(&probe->framer, buffer, (gsize)n, take_line, probe);
    }
}

static void read_output(Probe *probe)
{
    char buffer[4096];
    gssize n;

    while ((n = read(probe->child.output, buffer, sizeof(buffer))) > 0) {
        gsize room = KEPT_BYTES - MIN(probe->words->len, KEPT_BYTES);
        g_string_append_len(probe->words, buffer, MIN(n, (gssize)room));
    }
}

// Both lines are read now and then: nobody waits for what they say.
static gboolean on_tick(gpointer data)
{
    Probe *probe = data;

    read_serial(probe);
    read_output(probe);
    return G_SOURCE_CONTINUE;
}

static void on_exit_seen(GObject *source, GAsyncResult *result, gpointer data)
{
    Probe *probe = data;

    g_subprocess_wait_finish(G_SUBPROCESS(source), result, NULL);
    g_main_loop_quit(probe->loop);
}

static gboolean on_late(gpointer data)
{
    Probe *probe = data;

    probe->late = TRUE;
    spawn_kill(probe->group, SIGKILL);
    return G_SOURCE_CONTINUE;
}

static void on_stop(gpointer data)
{
    spawn_kill(((Probe *)data)->group, SIGKILL);
}

// The last line that the emulator wrote is the one that explains its end.
static char *last_line(const Probe *probe)
{
    g_autofree char *text = g_utf8_make_valid(probe->words->str, (gssize)probe->words->len);
    g_strchomp(text);
    const char *start = strrchr(text, '\n');

    return g_strdup(start ? start + 1 : text);
}

static gboolean judge(const Probe *probe, GError **error)
{
    GSubprocess *process = probe->child.process;
    g_autofree char *words = last_line(probe);
    const char *colon = *words ? ": " : "";

    if (stop_wanted()) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "stopped while KVM was tried");
    } else if (probe->late) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE,
                    "KVM cannot be used: the kernel %s within %g s%s%s",
                    probe->done ? "does not end" : "says nothing", probe->limit_s, colon, words);
    } else if (!g_subprocess_get_if_exited(process)) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE,
                    "KVM cannot be used: the emulator dies of signal %d%s%s",
                    g_subprocess_get_term_sig(process), colon, words);
    } else if (!probe->done || g_subprocess_get_exit_status(process) != STATUS_GOOD) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE,
                    "KVM cannot be used: the emulator ends with status %d%s%s%s",
                    g_subprocess_get_exit_status(process),
                    probe->done ? "" : " before the kernel has said what it should", colon, words);
    } else {
        return TRUE;
    }
    return FALSE;
}

static void wait_for_end(Probe *probe)
{
    guint tick = g_timeout_add(20, on_tick, probe);
    guint timer = g_timeout_add((guint)(probe->limit_s * 1e3), on_late, probe);

    probe->loop = g_main_loop_new(NULL, FALSE);
    probe->group = spawn_group(probe->child.process);
    stop_watch(on_stop, probe);
    g_subprocess_wait_async(probe->child.process, NULL, on_exit_seen, probe);
    g_main_loop_run(probe->loop);
    stop_watch(NULL, NULL);
    g_source_remove(tick);
    g_source_remove(timer);
    g_main_loop_unref(probe->loop);
    spawn_kill(probe->group, SIGKILL);
    read_serial(probe);
    read_output(probe);
}

static gboolean run(const SpawnSpec *spec, GError **error)
{
    Probe probe = {.limit_s = MIN(PROBE_S, spec->profile->boot_timeout_s)};
    g_auto(GStrv) argv = spawn_command(spec, FALSE, error);

    if (!argv || !spawn_start(spec, (const char *const *)argv, &probe.child, error)) {
        return FALSE;
    }
    probe.words = g_string_new(NULL);
    wait_for_end(&probe);
    gboolean good = judge(&probe, error);
    const int fds[] = {probe.child.serial, probe.child.output, probe.child.qmp, probe.child.net};
    for (gsize i = 0; i < G_N_ELEMENTS(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    g_object_unref(probe.child.process);
    g_string_free(probe.words, TRUE);
    return good;
}

double kvm_patience(double seconds)
{
    // 0.2 s are usual on hardware, and the profiles' limits are made for that.
    return CLAMP(seconds / 0.2, 1, 30);
}

gboolean kvm_probe(const Machine *machine, double *seconds, GError **error)
{
    gint64 start = g_get_monotonic_time();
    const BootSetup *setup = &machine->setup;
    const Rule *rule = machine->rules->pdata[0];
    Profile profile = *setup->profile;
    g_autofree char *folder = g_dir_make_tmp("amdvi-check-XXXXXX", error);

    if (!folder) {
        return FALSE;
    }
    g_autofree char *disk = g_build_filename(folder, "disk.raw", NULL);
    g_autofree char *cmdline = g_strdup_printf("list run=%s exit=debug", rule->id);
    SpawnSpec spec = {
        .profile = &profile,
        .emulator = setup->emulator,
        .kernel = setup->kernel,
        .iso = setup->iso,
        .efi = setup->efi,
        .disk = disk,
        .folder = folder,
        .cmdline = cmdline,
        .kvm = TRUE,
        .extra = setup->extra,
        .plain_disk = TRUE,
    };
    profile.exit = EXIT_DEBUG;
    gboolean good = disk_create(disk, setup->seed, error) && run(&spec, error);
    g_unlink(disk);
    g_rmdir(folder);
    *seconds = (double)(g_get_monotonic_time() - start) / 1e6;
    return good;
}

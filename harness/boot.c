// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "plan.h"
#include "util.h"

#define TICK_MS   20
// Not even SIGKILL ends a process that sits in the kernel. Then it is left behind, with a word.
#define GIVE_UP_S 10

static gint64 now_us(void)
{
    return g_get_monotonic_time();
}

static gboolean passed(gint64 since, double limit_s)
{
    return (double)(now_us() - since) > limit_s * 1e6;
}

static void set_phase(Boot *boot, Phase phase)
{
    boot->phase = phase;
    boot->phase_since = now_us();
}

static gboolean on_serial(gint fd, GIOCondition condition, gpointer data)
{
    Boot *boot = data;
    (void)fd;
    (void)condition;

    if (boot_read_serial(boot)) {
        return G_SOURCE_CONTINUE;
    }
    boot->serial_source = 0;
    return G_SOURCE_REMOVE;
}

static gboolean on_output(gint fd, GIOCondition condition, gpointer data)
{
    Boot *boot = data;
    (void)fd;
    (void)condition;

    if (boot_read_output(boot)) {
        return G_SOURCE_CONTINUE;
    }
    boot->output_source = 0;
    return G_SOURCE_REMOVE;
}

// An emulator waits for all requests of its disks before it ends.
static void release_all(Boot *boot)
{
    if (boot->served) {
        nbd_disk_release_all(boot->served);
    }
}

static void begin_kill(Boot *boot)
{
    gboolean at_once = boot->end.cause == CAUSE_FLOOD || boot->end.cause == CAUSE_STOPPED;

    // Who hangs has been asked: now it may go on, so that it can end by itself.
    release_all(boot);
    if (at_once) {
        spawn_kill(boot->pid, SIGKILL);
        set_phase(boot, PHASE_KILL);
    } else if (boot->qmp && boot->end.life == LIFE_ANSWERS) {
        qmp_quit(boot->qmp);
        set_phase(boot, PHASE_QUIT);
    } else {
        spawn_kill(boot->pid, SIGTERM);
        set_phase(boot, PHASE_TERM);
    }
}

static void lose_patience(Boot *boot, BootCause cause, double limit_s)
{
    boot->end.cause = cause;
    boot->end.limit_s = limit_s;
    boot->suspect = boot->transcript->open;
    if (boot->qmp && cause != CAUSE_FLOOD && cause != CAUSE_STOPPED) {
        qmp_ask(boot->qmp);
        set_phase(boot, PHASE_ASKING);
    } else {
        begin_kill(boot);
    }
}

static void check_limits(Boot *boot)
{
    const Profile *p = boot->setup->profile;
    const Transcript *t = boot->transcript;

    if (t->bytes >= (gsize)p->serial_limit_mib << 20) {
        lose_patience(boot, CAUSE_FLOOD, 0);
        return;
    }
    if (t->done && p->exit == EXIT_HALT) {
        lose_patience(boot, CAUSE_LINGER, p->grace_s);
        return;
    }
    if (boot->setup->gdb_socket) {
        return;
    }
    double rule_s = t->open ? t->open->rule->timeout_ms / 1e3 * p->rule_scale : 0;
    if (t->open && passed(boot->rule_since, rule_s)) {
        lose_patience(boot, CAUSE_RULE_TIMEOUT, rule_s);
    } else if (t->done && passed(boot->last_byte, p->grace_s)) {
        lose_patience(boot, CAUSE_LINGER, p->grace_s);
    } else if (!t->open && passed(boot->last_byte, p->silence_s)) {
        lose_patience(boot, CAUSE_SILENCE, p->silence_s);
    } else if (passed(boot->started, p->boot_timeout_s)) {
        lose_patience(boot, CAUSE_BOOT_TIMEOUT, p->boot_timeout_s);
    }
}

// The verdict may come after all while QMP is being asked, on a machine that is only slow.
static gboolean recovered(const Boot *boot)
{
    if (boot->end.cause == CAUSE_RULE_TIMEOUT) {
        return boot->transcript->open != boot->suspect;
    }
    return boot->end.cause == CAUSE_SILENCE && boot->last_byte > boot->phase_since;
}

static void check_answer(Boot *boot)
{
    if (recovered(boot)) {
        boot->end.cause = CAUSE_EXIT;
        set_phase(boot, PHASE_RUNNING);
    } else if (qmp_answered(boot->qmp)) {
        boot->end.life = LIFE_ANSWERS;
        begin_kill(boot);
    } else if (passed(boot->phase_since, boot->setup->profile->qmp_s)) {
        boot->end.life = LIFE_SILENT;
        begin_kill(boot);
    }
}

static void finish(Boot *boot);

static gboolean on_tick(gpointer data)
{
    Boot *boot = data;
    double grace_s = boot->setup->profile->grace_s;
    // An emulator whose main loop hangs cannot hear SIGTERM either: a formality.
    double term_s = boot->end.life == LIFE_SILENT ? MIN(grace_s, 0.3) : grace_s;

    boot_send_answers(boot);
    if (boot->transcript->done) {
        release_all(boot);
    }
    switch (boot->phase) {
    case PHASE_RUNNING:
        check_limits(boot);
        break;
    case PHASE_ASKING:
        check_answer(boot);
        break;
    case PHASE_QUIT:
        if (passed(boot->phase_since, grace_s)) {
            spawn_kill(boot->pid, SIGTERM);
            set_phase(boot, PHASE_TERM);
        }
        break;
    case PHASE_TERM:
        if (passed(boot->phase_since, term_s)) {
            spawn_kill(boot->pid, SIGKILL);
            set_phase(boot, PHASE_KILL);
        }
        break;
    case PHASE_KILL:
        if (passed(boot->phase_since, GIVE_UP_S)) {
            transcript_error(boot->transcript, "process %d cannot be killed and is left behind",
                             (int)boot->pid);
            finish(boot);
            return G_SOURCE_CONTINUE; // finish() has removed the source
        }
        break;
    case PHASE_OVER:
        break;
    }
    return G_SOURCE_CONTINUE;
}

static void check_disk(Boot *boot)
{
    g_autoptr(GError) error = NULL;

    if (!disk_verify(boot->disk, boot->setup->seed, &error)) {
        transcript_error(boot->transcript, "%s", error->message);
    }
}

static void fill_record(Boot *boot)
{
    BootRecord *record = boot->record;

    g_strchomp(boot->last_words);
    boot->end.note = boot->last_words[0] ? boot->last_words : NULL;
    record->exit = boot->end.status;
    record->signo = boot->end.signo;
    record->duration_ms = (now_us() - boot->started) / 1000;
    record->outcome = results_close_boot(boot->transcript, &boot->end);
    check_disk(boot);
    if (boot->log_errno) {
        transcript_error(boot->transcript, "the logs in %s are cut short: %s", boot->folder,
                         g_strerror(boot->log_errno));
    }
    for (guint i = 0; i < boot->transcript->errors->len; i++) {
        g_ptr_array_add(record->errors, g_strdup(boot->transcript->errors->pdata[i]));
    }
}

static void stop_serving(Boot *boot)
{
    g_autofree char *trouble = boot->served ? nbd_disk_free(g_steal_pointer(&boot->served)) : NULL;

    if (trouble) {
        transcript_error(boot->transcript, "the emulator's NBD client sent %s", trouble);
    }
}

static void finish(Boot *boot)
{
    // What a dead process wrote is still in the sockets. Its children may hold them open, so no
    // end of file is waited for.
    spawn_kill(boot->pid, SIGKILL);
    boot_read_serial(boot);
    boot_read_output(boot);
    if (boot->qmp) {
        qmp_read(boot->qmp);
        boot->end.reset = qmp_guest_reset(boot->qmp);
        boot->end.orderly = qmp_guest_ended(boot->qmp);
    }

    g_clear_handle_id(&boot->serial_source, g_source_remove);
    g_clear_handle_id(&boot->output_source, g_source_remove);
    g_clear_handle_id(&boot->tick_source, g_source_remove);
    boot->host = (Host){0};
    g_clear_pointer(&boot->net, net_free);
    stop_serving(boot);
    *boot->watch = NULL;
    fill_record(boot);
    boot->phase = PHASE_OVER;
    // After an error it is kept, but not where there is no room for more important things.
    if ((boot->record->errors->len == 0 || boot->log_errno) && !boot->setup->keep) {
        unlink(boot->disk);
    }
    boot->func(boot, boot->data);
}

static void on_exit_seen(GObject *source, GAsyncResult *result, gpointer data)
{
    GSubprocess *process = G_SUBPROCESS(source);
    Boot **watch = data;
    Boot *boot = *watch;

    g_subprocess_wait_finish(process, result, NULL);
    if (!boot) {
        g_free(watch);
        return;
    }
    if (g_subprocess_get_if_signaled(process)) {
        boot->end.signo = g_subprocess_get_term_sig(process);
    } else {
        boot->end.status = g_subprocess_get_exit_status(process);
    }
    finish(boot);
    g_free(watch);
}

static int open_log(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

static gboolean write_command(Boot *boot, GError **error)
{
    g_autofree char *lines = g_strjoinv("\n", boot->record->command);
    g_autofree char *text = g_strconcat(lines, "\n", NULL);
    g_autofree char *path = g_build_filename(boot->folder, "command", NULL);

    return avc_write_file(path, text, strlen(text), error);
}

static gboolean launch(Boot *boot, GError **error)
{
    static const char *const exit_ways[] = {"debug", "acpi", "halt"};
    const BootSetup *setup = boot->setup;
    const Profile *p = setup->profile;
    g_autofree char *cmdline =
        plan_cmdline(boot->rules, setup->seed, exit_ways[p->exit], setup->reverse, p->options);
    SpawnSpec spec = {
        .profile = p,
        .emulator = setup->emulator,
        .kernel = setup->kernel,
        .iso = setup->iso,
        .efi = setup->efi,
        .disk = boot->disk,
        .folder = boot->folder,
        .cmdline = cmdline,
        .kvm = setup->kvm,
        .trace = setup->trace,
        .extra = setup->extra,
        .gdb_socket = setup->gdb_socket,
    };

    if (g_mkdir_with_parents(boot->folder, 0755) != 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot make the folder %s: %s", boot->folder,
                    g_strerror(errno));
        return FALSE;
    }
    boot->record->command = spawn_command(&spec, FALSE, error);
    if (!boot->record->command || !write_command(boot, error) ||
        !disk_create(boot->disk, setup->seed, error)) {
        return FALSE;
    }
    boot->serial_log = open_log(boot->folder, "serial.log");
    boot->output_log = open_log(boot->folder, "emulator.log");
    if (boot->serial_log < 0 || boot->output_log < 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot make the logs in %s: %s", boot->folder,
                    g_strerror(errno));
        return FALSE;
    }
    boot->started = now_us();
    if (!spawn_start(&spec, (const char *const *)boot->record->command, &boot->child, error)) {
        return FALSE;
    }
    if (boot->child.nbd >= 0) {
        boot->served = nbd_disk_new(g_steal_fd(&boot->child.nbd), boot->disk, error);
        if (!boot->served) {
            spawn_kill(spawn_group(boot->child.process), SIGKILL);
            return FALSE;
        }
    }
    return TRUE;
}

Boot *boot_start(const BootSetup *setup, GPtrArray *rules, guint number, const char *folder,
                 BootFunc func, gpointer data, GError **error)
{
    Boot *boot = g_new0(Boot, 1);

    boot->setup = setup;
    boot->rules = g_ptr_array_ref(rules);
    boot->folder = g_strdup(folder);
    boot->disk = g_build_filename(folder, "disk.raw", NULL);
    boot->func = func;
    boot->data = data;
    boot->serial_log = boot->output_log = -1;
    boot->child.serial = boot->child.output = boot->child.qmp = boot->child.net = boot->child.nbd =
        -1;
    boot->to_guest = g_string_new(NULL);
    boot->transcript = transcript_new(setup->table, rules);
    boot->record = boot_record_new(number, rules->len);
    boot->end.status = -1;
    boot->end.mode = setup->profile->exit;
    if (!launch(boot, error)) {
        boot_free(boot);
        return NULL;
    }

    boot->last_byte = boot->rule_since = boot->started;
    set_phase(boot, PHASE_RUNNING);
    boot->pid = spawn_group(boot->child.process);
    if (boot->child.qmp >= 0) {
        boot->qmp = qmp_new(g_steal_fd(&boot->child.qmp));
    }
    if (boot->child.net >= 0) {
        boot->net = net_new(g_steal_fd(&boot->child.net));
    }
    boot->host = (Host){.net = boot->net,
                        .qmp = boot->qmp,
                        .disk = boot->served,
                        .qmp_s = setup->profile->qmp_s,
                        .command = (const char *const *)boot->record->command,
                        .records = &boot->transcript->records};
    boot->serial_source =
        g_unix_fd_add(boot->child.serial, G_IO_IN | G_IO_HUP | G_IO_ERR, on_serial, boot);
    boot->output_source =
        g_unix_fd_add(boot->child.output, G_IO_IN | G_IO_HUP | G_IO_ERR, on_output, boot);
    boot->tick_source = g_timeout_add(TICK_MS, on_tick, boot);
    boot->watch = g_new(Boot *, 1);
    *boot->watch = boot;
    g_subprocess_wait_async(boot->child.process, NULL, on_exit_seen, boot->watch);
    return boot;
}

void boot_stop(Boot *boot)
{
    if (boot->phase != PHASE_OVER && boot->phase != PHASE_KILL) {
        lose_patience(boot, CAUSE_STOPPED, 0);
    }
}

void boot_free(Boot *boot)
{
    int fds[] = {boot->child.serial, boot->child.output, boot->child.qmp, boot->child.net,
                 boot->child.nbd,    boot->serial_log,   boot->output_log};

    for (gsize i = 0; i < G_N_ELEMENTS(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    g_clear_pointer(&boot->qmp, qmp_free);
    g_clear_pointer(&boot->net, net_free);
    if (boot->served) {
        g_free(nbd_disk_free(boot->served));
    }
    g_clear_object(&boot->child.process);
    g_clear_pointer(&boot->transcript, transcript_free);
    if (boot->record) {
        g_ptr_array_unref(boot->record->errors);
        g_strfreev(boot->record->command);
        g_free(boot->record);
    }
    g_string_free(boot->to_guest, TRUE);
    g_ptr_array_unref(boot->rules);
    g_free(boot->folder);
    g_free(boot->disk);
    g_free(boot);
}

const Rule *boot_open_rule(const Boot *boot, double *seconds)
{
    *seconds = (double)(now_us() - boot->rule_since) / 1e6;
    return boot->transcript->open ? boot->transcript->open->rule : NULL;
}

guint boot_ended(const Boot *boot)
{
    return boot->transcript ? boot->transcript->ended : 0;
}

GPtrArray *boot_rules(const Boot *boot)
{
    return boot->rules;
}

const BootEnd *boot_end(const Boot *boot)
{
    return &boot->end;
}

guint boot_number(const Boot *boot)
{
    return boot->record->number;
}

Transcript *boot_take_transcript(Boot *boot)
{
    return g_steal_pointer(&boot->transcript);
}

BootRecord *boot_take_record(Boot *boot)
{
    return g_steal_pointer(&boot->record);
}

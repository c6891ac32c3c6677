// SPDX-License-Identifier: GPL-2.0-or-later
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nbd_disk.h"
#include "util.h"

// Numbers the sockets have in the emulator.
#define SERIAL_FD      3
#define QMP_FD         4
#define NET_FD         5
#define NBD_FD         6
// What the card of a profile names as its other end.
#define NET_ID         "net0"
// Far above what an emulator needs to write; an endless file ends in SIGXFSZ, not in a full disk.
#define FILE_BYTES_MAX ((rlim_t)1 << 30)

// QEMU ends an option's value at a comma; two stand for one.
static char *double_commas(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    return g_strjoinv(",,", parts);
}

static void add(GPtrArray *argv, const char *word)
{
    g_ptr_array_add(argv, g_strdup(word));
}

static void add2(GPtrArray *argv, const char *option, const char *value)
{
    add(argv, option);
    add(argv, value);
}

static void add_format(GPtrArray *argv, const char *option, const char *format, const char *value)
    G_GNUC_PRINTF(3, 0);

static void add_format(GPtrArray *argv, const char *option, const char *format, const char *value)
{
    g_autofree char *escaped = double_commas(value);
    add(argv, option);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    g_ptr_array_add(argv, g_strdup_printf(format, escaped));
#pragma GCC diagnostic pop
}

static gboolean add_words(GPtrArray *argv, const SpawnSpec *spec, const char *key, const char *text,
                          GHashTable *values, GError **error)
{
    GStrv words = profile_expand(spec->profile, key, text, values, error);

    if (!words) {
        return FALSE;
    }
    for (gsize i = 0; words[i]; i++) {
        g_ptr_array_add(argv, words[i]);
    }
    g_free(words);
    return TRUE;
}

static void add_lines(GPtrArray *argv, gboolean by_hand)
{
    if (by_hand) {
        add2(argv, "-serial", "stdio");
        return;
    }
    g_autofree char *serial = g_strdup_printf("socket,id=serial,fd=%d", SERIAL_FD);
    g_autofree char *qmp = g_strdup_printf("socket,id=qmp,fd=%d", QMP_FD);
    add2(argv, "-chardev", serial);
    add2(argv, "-serial", "chardev:serial");
    add2(argv, "-chardev", qmp);
    add2(argv, "-mon", "chardev=qmp,mode=control");
}

static gboolean wants_net(const Profile *p)
{
    const char *where[] = {p->devices, p->args};

    if (p->command) {
        return strstr(p->command, "{net}") != NULL;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(where); i++) {
        if (where[i] && strstr(where[i], "netdev=" NET_ID)) {
            return TRUE;
        }
    }
    return FALSE;
}

// By hand nobody listens at the other end, but there is one.
static void add_net(GPtrArray *argv, const SpawnSpec *spec, gboolean by_hand)
{
    if (wants_net(spec->profile)) {
        add(argv, "-netdev");
        g_ptr_array_add(
            argv, by_hand
                      ? g_strdup("hubport,id=" NET_ID ",hubid=0")
                      : g_strdup_printf("dgram,id=" NET_ID ",local.type=fd,local.str=%d", NET_FD));
    }
}

static gboolean wants_nbd(const SpawnSpec *spec)
{
    return !spec->plain_disk && profile_serves_disk(spec->profile);
}

static void add_disk(GPtrArray *argv, const SpawnSpec *spec, gboolean by_hand)
{
    if (by_hand || !wants_nbd(spec)) {
        add_format(argv, "-blockdev",
                   "driver=raw,node-name=scratch,file.driver=file,file.filename=%s", spec->disk);
        return;
    }
    add(argv, "-blockdev");
    g_ptr_array_add(argv, g_strdup_printf("driver=raw,node-name=scratch,file.driver=nbd,"
                                          "file.server.type=fd,file.server.str=%d",
                                          NBD_FD));
}

static void add_door(GPtrArray *argv, const SpawnSpec *spec)
{
    // All doors: what stands here replaces the boot loader's command line.
    add_format(argv, "-fw_cfg", "name=opt/org.amdvi-check/cmdline,string=%s", spec->cmdline);
    if (spec->profile->door != DOOR_ISO) {
        // UEFI firmware starts an EFI application that is given as a kernel.
        add2(argv, "-kernel", spec->profile->door == DOOR_EFI ? spec->efi : spec->kernel);
        add2(argv, "-append", spec->cmdline);
        return;
    }
    add_format(argv, "-drive", "if=none,id=cd,media=cdrom,format=raw,readonly=on,file=%s",
               spec->iso);
    add2(argv, "-device", "ide-cd,bus=ide.2,drive=cd");
}

static void add_gdb(GPtrArray *argv, const SpawnSpec *spec)
{
    if (spec->gdb_socket) {
        add_format(argv, "-gdb", "unix:%s,server=on,wait=off", spec->gdb_socket);
        add(argv, "-S");
    }
}

// What timeline.c and timeline_clock.c know. An emulator that does not have one of these says so
// and goes on.
static void add_trace(GPtrArray *argv, const SpawnSpec *spec)
{
    static const char *const events[] = {
        "fw_cfg_select",
        "runstate_set",
        "amdvi_*",
        "-amdvi_mmio_*",
        "-amdvi_ir_*",
        "-amdvi_mem_ir_*",
        "bmdma_cmd_writeb",
        "dma_blk_io",
        "dma_complete",
        "ahci_cmd_done",
        "ahci_start_dma",
        "pci_nvme_read",
        "pci_nvme_write",
        "process_ncq_command",
        "nbd_send_request",
        "pci_nvme_enqueue_req_completion",
        "nbd_receive_simple_reply",
    };
    g_autofree char *path = g_build_filename(spec->folder, SPAWN_TRACE, NULL);

    if (!spec->trace) {
        return;
    }
    add2(argv, "-msg", "timestamp=on");
    add2(argv, "-D", path);
    for (gsize i = 0; i < G_N_ELEMENTS(events); i++) {
        add2(argv, "-trace", events[i]);
    }
}

static GHashTable *placeholder_values(const SpawnSpec *spec)
{
    GHashTable *values = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);

    g_hash_table_insert(values, (char *)"emulator", g_strdup(spec->emulator));
    g_hash_table_insert(values, (char *)"kernel", g_strdup(spec->kernel));
    g_hash_table_insert(values, (char *)"iso", g_strdup(spec->iso));
    g_hash_table_insert(values, (char *)"efi", g_strdup(spec->efi));
    g_hash_table_insert(values, (char *)"disk", g_strdup(spec->disk));
    g_hash_table_insert(values, (char *)"rundir", g_strdup(spec->folder));
    g_hash_table_insert(values, (char *)"cmdline", g_strdup(spec->cmdline));
    g_hash_table_insert(values, (char *)"serial", g_strdup_printf("%d", SERIAL_FD));
    g_hash_table_insert(values, (char *)"qmp", g_strdup_printf("%d", QMP_FD));
    g_hash_table_insert(values, (char *)"net", g_strdup_printf("%d", NET_FD));
    g_hash_table_insert(values, (char *)"nbd", g_strdup_printf("%d", NBD_FD));
    return values;
}

static gboolean add_qemu(GPtrArray *argv, const SpawnSpec *spec, gboolean by_hand,
                         GHashTable *values, GError **error)
{
    const Profile *p = spec->profile;
    // QEMU refuses interrupt remapping with the whole interrupt controller in the kernel.
    g_autofree char *machine =
        g_strconcat(p->machine, spec->kvm ? ",kernel-irqchip=split" : "", NULL);

    add(argv, spec->emulator);
    if (!add_words(argv, spec, "firmware", p->firmware, values, error)) {
        return FALSE;
    }
    add2(argv, "-machine", machine);
    add2(argv, "-accel", spec->kvm ? "kvm" : "tcg");
    add2(argv, "-m", p->memory);
    add(argv, "-nodefaults");
    add(argv, "-no-user-config");
    add(argv, "-no-reboot");
    add2(argv, "-display", "none");
    add_lines(argv, by_hand);
    add_net(argv, spec, by_hand);
    if (p->exit == EXIT_DEBUG) {
        add2(argv, "-device", "isa-debug-exit,iobase=0xf4,iosize=1");
    }
    add_disk(argv, spec, by_hand);
    if (!add_words(argv, spec, "devices", p->devices, values, error) ||
        !add_words(argv, spec, "args", p->args, values, error)) {
        return FALSE;
    }
    add_door(argv, spec);
    add_gdb(argv, spec);
    add_trace(argv, spec);
    return TRUE;
}

GStrv spawn_command(const SpawnSpec *spec, gboolean by_hand, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) values = placeholder_values(spec);
    const Profile *p = spec->profile;

    if (p->command) {
        if (!add_words(argv, spec, "command", p->command, values, error)) {
            return NULL;
        }
        if (argv->len == 0) {
            g_set_error(error, AVC_ERROR, AVC_USAGE, "%s: [machine] command: it is empty", p->path);
            return NULL;
        }
    } else if (!add_qemu(argv, spec, by_hand, values, error)) {
        return NULL;
    }
    if (!add_words(argv, spec, "--device-args", spec->extra, values, error)) {
        return NULL;
    }
    g_ptr_array_add(argv, NULL);
    return (GStrv)g_ptr_array_steal(argv, NULL);
}

// Runs in the child between fork and exec: system calls only.
static void prepare_child(gpointer data)
{
    const struct rlimit no_core = {0, 0};
    const struct rlimit file = {FILE_BYTES_MAX, FILE_BYTES_MAX};
    pid_t parent = *(const pid_t *)data;

    setpgid(0, 0);
    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_FSIZE, &file);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGXFSZ, SIG_DFL);
    if (getppid() != parent) {
        _exit(127);
    }
}

void spawn_bind_child(GSubprocessLauncher *launcher)
{
    static pid_t self;

    self = getpid();
    g_subprocess_launcher_set_child_setup(launcher, prepare_child, &self, NULL);
}

pid_t spawn_group(GSubprocess *process)
{
    const char *id = g_subprocess_get_identifier(process);
    return id ? (pid_t)g_ascii_strtoll(id, NULL, 10) : 0;
}

static gboolean make_pair(int type, int pair[2], GError **error)
{
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) != 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot make a socket pair: %s",
                    g_strerror(errno));
        return FALSE;
    }
    g_unix_set_fd_nonblocking(pair[0], TRUE, NULL);
    return TRUE;
}

static gboolean make_pipe(int pair[2], GError **error)
{
    g_autoptr(GError) local = NULL;

    if (!g_unix_open_pipe(pair, FD_CLOEXEC, &local)) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot make a pipe: %s", local->message);
        return FALSE;
    }
    g_unix_set_fd_nonblocking(pair[0], TRUE, NULL);
    return TRUE;
}

static gboolean wants_qmp(const Profile *p)
{
    return !p->command || strstr(p->command, "{qmp}") != NULL;
}

static void close_all(const int *fds, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
}

gboolean spawn_start(const SpawnSpec *spec, const char *const *argv, Child *child, GError **error)
{
    enum { SERIAL, OUTPUT, QMP, NET, NBD, LINES };
    int ends[LINES][2] = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
    g_autoptr(GError) local = NULL;

    if (!make_pair(SOCK_STREAM, ends[SERIAL], error) || !make_pipe(ends[OUTPUT], error) ||
        (wants_qmp(spec->profile) && !make_pair(SOCK_STREAM, ends[QMP], error)) ||
        (wants_net(spec->profile) && !make_pair(SOCK_DGRAM, ends[NET], error)) ||
        (wants_nbd(spec) && !nbd_disk_pair(ends[NBD], error))) {
        close_all(ends[0], 2 * (gsize)LINES);
        return FALSE;
    }

    if (spec->profile->serial_stdio) {
        g_subprocess_launcher_take_stdin_fd(launcher, dup(ends[SERIAL][1]));
        g_subprocess_launcher_take_stdout_fd(launcher, ends[SERIAL][1]);
    } else {
        g_subprocess_launcher_take_fd(launcher, ends[SERIAL][1], SERIAL_FD);
        g_subprocess_launcher_take_stdout_fd(launcher, dup(ends[OUTPUT][1]));
    }
    g_subprocess_launcher_take_stderr_fd(launcher, ends[OUTPUT][1]);
    if (ends[QMP][1] >= 0) {
        g_subprocess_launcher_take_fd(launcher, ends[QMP][1], QMP_FD);
    }
    if (ends[NET][1] >= 0) {
        g_subprocess_launcher_take_fd(launcher, ends[NET][1], NET_FD);
    }
    if (ends[NBD][1] >= 0) {
        g_subprocess_launcher_take_fd(launcher, ends[NBD][1], NBD_FD);
    }
    spawn_bind_child(launcher);

    child->process = g_subprocess_launcher_spawnv(launcher, argv, &local);
    // The launcher holds the emulator's ends until it goes; an end of file is seen only then.
    g_subprocess_launcher_close(launcher);
    child->serial = ends[SERIAL][0];
    child->output = ends[OUTPUT][0];
    child->qmp = ends[QMP][0];
    child->net = ends[NET][0];
    child->nbd = ends[NBD][0];
    if (!child->process) {
        int *mine[] = {&child->serial, &child->output, &child->qmp, &child->net, &child->nbd};

        for (gsize i = 0; i < G_N_ELEMENTS(mine); i++) {
            close_all(mine[i], 1);
            *mine[i] = -1;
        }
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot start %s: %s", argv[0], local->message);
        return FALSE;
    }
    return TRUE;
}

void spawn_kill(pid_t group, int signo)
{
    if (group > 1) {
        kill(-group, signo);
    }
}

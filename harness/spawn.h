// SPDX-License-Identifier: GPL-2.0-or-later
// Starting an emulator. Nothing else in the harness knows QEMU's command line.
#pragma once

#include <gio/gio.h>

#include "profile.h"

// Where an emulator that is traced writes what it does: a file in the boot's folder.
#define SPAWN_TRACE "trace.log"

typedef struct {
    const Profile *profile;
    const char *emulator; // path
    const char *kernel;
    const char *iso;
    const char *efi;
    const char *disk;    // scratch image
    const char *folder;  // of this boot
    const char *cmdline; // for the kernel
    gboolean kvm;
    gboolean trace;         // write SPAWN_TRACE
    const char *extra;      // shell-quoted arguments of the user, or NULL
    const char *gdb_socket; // path of a socket for a debugger, or NULL
    gboolean plain_disk;    // the image as a file, whatever the profile says: nobody serves it
} SpawnSpec;

typedef struct {
    GSubprocess *process;
    int serial; // connected sockets and a pipe, all non-blocking, owned by the caller
    int qmp;    // -1 if the machine has none
    int net;    // datagrams, one a frame; -1 if the machine has no network
    int nbd;    // of nbd_disk_pair(); -1 if the disk is a file
    int output; // standard error, and standard output unless that is the serial line
} Child;

// The command line. `by_hand`: one that a person can type, with the serial line on the terminal.
// NULL and `error` (AVC_USAGE) if the profile has an unknown placeholder or bad quoting.
GStrv spawn_command(const SpawnSpec *spec, gboolean by_hand, GError **error);

// Starts `argv` in a process group of its own that dies with the harness. FALSE and `error`
// (AVC_TROUBLE) if it cannot be started.
gboolean spawn_start(const SpawnSpec *spec, const char *const *argv, Child *child, GError **error);

// Makes what `launcher` starts a process group of its own that dies with the harness.
void spawn_bind_child(GSubprocessLauncher *launcher);

// The process group of a child, 0 if it has ended already.
pid_t spawn_group(GSubprocess *process);

// Sends a signal to the whole process group.
void spawn_kill(pid_t group, int signo);

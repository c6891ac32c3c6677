// SPDX-License-Identifier: GPL-2.0-or-later
// A boot from the inside, shared by boot.c (its course) and boot_io.c (its lines and logs).
#pragma once

#include "boot.h"
#include "host.h"
#include "nbd_disk.h"
#include "spawn.h"

typedef enum {
    PHASE_RUNNING,
    PHASE_ASKING, // a limit was passed; QMP is asked who hangs
    PHASE_QUIT,
    PHASE_TERM,
    PHASE_KILL,
    PHASE_OVER,
} Phase;

struct Boot {
    const BootSetup *setup;
    GPtrArray *rules;
    char *folder;
    char *disk;
    BootFunc func;
    gpointer data;

    Child child;
    pid_t pid;
    Qmp *qmp;
    Net *net;        // NULL if the machine has no network
    NbdDisk *served; // NULL if its disk is a file
    Host host;       // what the guest may ask for acts on the three above
    guint serial_source, output_source, tick_source;
    Boot **watch; // cleared when the boot is over: the process may outlive it
    int serial_log, output_log;
    int log_errno; // why a log is cut short, 0 if none is
    gsize output_kept;
    char last_words[300]; // the emulator's last line of output
    gsize last_length;
    gboolean line_over;
    GString *to_guest;
    gboolean answers_dropped; // because it was full

    Phase phase;
    gint64 started, phase_since, last_byte, rule_since; // monotonic, microseconds
    const RuleRun *rule_seen;
    const RuleRun *suspect; // open when the limit was passed

    Transcript *transcript;
    BootEnd end;
    BootRecord *record;
};

// Sends the answers to what the guest has asked, as far as the line takes them.
void boot_send_answers(Boot *boot);

// Take what the serial line and the emulator's own output hold, up to a limit for each call.
// FALSE at the end of the stream.
gboolean boot_read_serial(Boot *boot);
gboolean boot_read_output(Boot *boot);

// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs by which the guest has something done to its machine (docs/results-format.md section
// 2).
#pragma once

#include "hold.h"
#include "host.h"

// How long the machine may be stopped, in milliseconds.
#define MACHINE_PAUSE_MS_MAX 10000

// How long an emulator may take to stop or reset its machine, in seconds: it waits for its disks,
// so for the longest armed release and what the profile allows for QMP besides.
#define MACHINE_WAIT_S (HOLD_MS_MAX / 1000 + 15)

// Resets until the guest has started again: the one that was asked for, and firmware's own. SeaBIOS
// makes one when it finds that it has run before.
#define MACHINE_RESETS_MAX 3

VerbEnd machine_pause(Host *host, const char *args, GString *text);
VerbEnd machine_reset(Host *host, const char *args, GString *text);
VerbEnd machine_unplug(Host *host, const char *args, GString *text);

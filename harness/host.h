// SPDX-License-Identifier: GPL-2.0-or-later
// What the guest may ask of the host (docs/results-format.md section 2).
#pragma once

#include <glib.h>

#include "net.h"
#include "transcript.h"

// What the verbs act on; NULL where this machine has no such thing.
typedef struct {
    Net *net;
} Host;

// The answer of `host` to `request` as a line ready to be sent. Caller frees.
char *host_answer(const Host *host, const HostRequest *request);

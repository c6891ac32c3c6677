// SPDX-License-Identifier: GPL-2.0-or-later
// What the guest may ask of the host (docs/results-format.md section 2).
#pragma once

#include <glib.h>

#include "net.h"
#include "qmp.h"
#include "transcript.h"

// What the verbs act on; NULL where this machine has no such thing.
typedef struct {
    Net *net;
    Qmp *qmp;
    double qmp_s; // how long QMP may take for an answer
    gint64 asked; // when QMP was asked for the request at hand (monotonic, us); 0: it was not
} Host;

// The answer of `host` to `request` as a line ready to be sent; the caller frees it. NULL: it
// depends on somebody else who has not answered yet. Ask again, before any other request.
char *host_answer(Host *host, const HostRequest *request);

// SPDX-License-Identifier: GPL-2.0-or-later
// What the guest may ask of the host (docs/results-format.md section 2).
#pragma once

#include <glib.h>

#include "nbd_disk.h"
#include "net.h"
#include "qmp.h"
#include "transcript.h"

// What the verbs act on; NULL where this machine has no such thing.
typedef struct {
    Net *net;
    Qmp *qmp;
    NbdDisk *disk;
    double qmp_s; // how long QMP may take for an answer
    gint64 asked; // since when the request at hand waits (monotonic, us); 0: it does not
} Host;

typedef enum { VERB_DONE, VERB_REFUSED, VERB_WAITS } VerbEnd;

// The answer of `host` to `request` as a line ready to be sent; the caller frees it. NULL: it
// depends on somebody else who has not answered yet. Ask again, before any other request.
char *host_answer(Host *host, const HostRequest *request);

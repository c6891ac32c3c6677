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
    double qmp_s;               // how long QMP may take for an answer
    const char *const *command; // of the emulator, ended by NULL
    const guint *records;       // that the guest has written so far
    gint64 asked; // since when the request at hand waits (monotonic, us); 0: it does not
    guint step;   // how far it has got by then, for a verb that takes several
    guint resets_before, records_before; // it, of the machine and by the guest
} Host;

typedef enum { VERB_DONE, VERB_REFUSED, VERB_WAITS } VerbEnd;

// Is there QMP at all? If not, `text` says so.
gboolean host_has_qmp(const Host *host, GString *text);

// Has the request at hand waited longer than `limit_s`?
gboolean host_waited(const Host *host, double limit_s);

// What came of the last qmp_call(), which may take `limit_s`: done, refused with a sentence in
// `text`, or neither so far.
VerbEnd host_qmp_end(const Host *host, double limit_s, GString *text);

// The answer of `host` to `request` as a line ready to be sent; the caller frees it. NULL: it
// depends on somebody else who has not answered yet. Ask again, before any other request.
char *host_answer(Host *host, const HostRequest *request);

// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs by which the guest has requests of its disk held (docs/results-format.md section 2).
#pragma once

#include "host.h"

// How long `wait-held` waits for a request, in seconds.
#define HOLD_WAIT_S 5

VerbEnd hold_verb_hold(Host *host, const char *args, GString *text);
VerbEnd hold_verb_wait(Host *host, const char *args, GString *text);
VerbEnd hold_verb_release(Host *host, const char *args, GString *text);
VerbEnd hold_verb_arm(Host *host, const char *args, GString *text);
VerbEnd hold_verb_look(Host *host, const char *args, GString *text);
VerbEnd hold_verb_count(Host *host, const char *args, GString *text);

// SPDX-License-Identifier: GPL-2.0-or-later
// What the guest may ask of the host (docs/results-format.md section 2).
#pragma once

#include <glib.h>

#include "transcript.h"

// The answer to `request` as a line ready to be sent. Caller frees.
char *host_answer(const HostRequest *request);

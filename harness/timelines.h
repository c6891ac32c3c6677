// SPDX-License-Identifier: GPL-2.0-or-later
// The pictures of a run (docs/timelines.md): reads the traces of its boots and writes the files.
#pragma once

#include "runner.h"

// Makes the folder if it is not there. FALSE and `error` (AVC_TROUBLE) if it cannot be made.
gboolean timelines_folder(const char *folder, GError **error);

// Writes FOLDER/RULE.svg for every rule of the machine that has noted a transfer, and counts them
// in
// `*count`. FALSE and `error` (AVC_TROUBLE, about the first that failed) if a trace cannot be read,
// the clocks do not match, or a file cannot be written; the others have been written.
gboolean timelines_write(const MachineResults *results, const char *folder, guint *count,
                         GError **error);

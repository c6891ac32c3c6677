// SPDX-License-Identifier: GPL-2.0-or-later
// What the user sees while a run is under way: one changing line on a terminal, one line per boot
// elsewhere.
#pragma once

#include <stdio.h>

#include "runner.h"

typedef struct Progress Progress;

// Writes to `to`.
Progress *progress_new(FILE *to);
void progress_free(Progress *progress);

// A RunnerFunc; `data` is the Progress.
void progress_update(GPtrArray *machines, const Machine *machine, const BootRecord *record,
                     gpointer data);

// Columns of the terminal behind `file`, 100 if it does not tell; 0 if it is none.
guint progress_width(FILE *file);

// TRUE if colours are wanted there: a terminal, and NO_COLOR is not set.
gboolean progress_color(FILE *file);

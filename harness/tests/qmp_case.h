// SPDX-License-Identifier: GPL-2.0-or-later
// QMP with the test at the emulator's end.
#pragma once

#include "../qmp.h"

Qmp *open_qmp(void);
void close_qmp(Qmp *qmp);

// What the emulator was sent since it was last asked; the caller frees it.
char *sent(void);

void emulator_says(Qmp *qmp, const char *line);

// The emulator's end goes; close_qmp() is called all the same.
void emulator_hangs_up(Qmp *qmp);

// SPDX-License-Identifier: GPL-2.0-or-later
// Finding an emulator and asking it what it is.
#pragma once

#include <glib.h>

#include "results.h"

// Fills `info` (path, kind, base, digest) for `what`: patched, stock or mutant (asks the build
// script at `script`), a path, or a program name to look for in PATH. FALSE and `error`
// (AVC_TROUBLE) if there is no such executable; the build script's own sentence is passed on.
gboolean emulator_resolve(const char *what, const char *script, EmulatorInfo *info, GError **error);

// Runs `PATH --version`, at most 10 s, and fills version and, for a foreign binary, base.
// FALSE and `error` (AVC_TROUBLE) if it cannot be run or says nothing.
gboolean emulator_ask_version(EmulatorInfo *info, GError **error);

// "10.0.13" out of "QEMU emulator version 10.0.13 (Debian ...)"; NULL if there is none. Caller
// frees.
char *emulator_parse_version(const char *text);

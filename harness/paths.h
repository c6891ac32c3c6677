// SPDX-License-Identifier: GPL-2.0-or-later
// Where things are that the user did not name.
#pragma once

#include <glib.h>

// In the build folder, or installed beside it. All return static strings.
const char *paths_kernel(void);
const char *paths_iso(void);
const char *paths_efi(void);
const char *paths_rules(void);
const char *paths_bench_kernel(void);
const char *paths_bench_rules(void);
const char *paths_build_script(void);

// Folders with machine profiles, NULL-terminated.
const char *const *paths_machines(void);

// The results folder of the project that the current folder belongs to, else of the current folder
// itself. Caller frees.
char *paths_results(void);

// `path` from the root. Caller frees.
char *paths_absolute(const char *path);

// The same for a program, which is left as it is where it is a mere name. Caller frees.
char *paths_absolute_program(const char *program);

// Makes PARENT/<UTC stamp>-NAME, with a number added if it is there already, and returns its
// absolute path. NULL and `error` (AVC_TROUBLE) if it cannot be made or written to.
char *paths_make_run(const char *parent, const char *name, GError **error);

// Points PARENT/latest and PARENT/latest-NAME to the folder `run`. Failure is not important.
void paths_link_latest(const char *parent, const char *name, const char *run);

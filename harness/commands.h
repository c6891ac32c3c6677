// SPDX-License-Identifier: GPL-2.0-or-later
// The subcommands. Each takes its own argv (argv[0] is the subcommand) and returns the program's
// exit status.
#pragma once

int cmd_run(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_list(int argc, char **argv);

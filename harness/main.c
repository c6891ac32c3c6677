// SPDX-License-Identifier: GPL-2.0-or-later
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "util.h"

static const char help[] =
    "Usage: amdvi-check COMMAND [OPTION...]\n"
    "\n"
    "Boots small bare-metal kernels on emulators with an AMD IOMMU and says for each rule of the\n"
    "architecture whether the machine keeps it.\n"
    "\n"
    "Commands:\n"
    "  run    run rules on one or more machines and print the verdicts\n"
    "  list   print the rules\n"
    "  bench  take times of the patched emulator and of the one without the patches\n"
    "\n"
    "Options:\n"
    "  --help, -h     this text; amdvi-check COMMAND --help for the options of a command\n"
    "  --version      the version\n"
    "\n"
    "Exit status: 0 all as expected, 1 a rule is broken, 2 bad usage, 3 trouble (emulator "
    "missing,\n"
    "crash outside a rule, no verdict, stopped).\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", cmd_run},
    {"bench", cmd_bench},
    {"list", cmd_list},
};

int main(int argc, char **argv)
{
    // GOption and messages only; numbers are written and read independent of the locale.
    setlocale(LC_CTYPE, "");
    // A file that may not grow is an error of that write and not the end of the program.
    signal(SIGXFSZ, SIG_IGN);

    if (argc < 2) {
        fputs("amdvi-check: a command is missing: run, list or bench; see amdvi-check --help\n",
              stderr);
        return AVC_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        fputs(help, stdout);
        return AVC_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("amdvi-check " AVC_VERSION);
        return AVC_OK;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "amdvi-check: unknown command '%s'; see amdvi-check --help\n", argv[1]);
    return AVC_USAGE;
}

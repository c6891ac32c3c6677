// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the framework asks of the tests' surroundings (tests/env.c).
 */
#ifndef CHECK_ENV_H
#define CHECK_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct env_options {
    bool force;      /* run although the firmware already translates */
    uint64_t seed;   /* of all random data and choices */
    uint64_t budget; /* random cases per rule that has such */
};

/**
 * Find the devices and make sure that it is safe to run. Returns NULL, or why nothing may be run
 * (design: an SNP machine, firmware that already translates).
 */
const char *env_init(const struct env_options *opt);

/** Report the machine through report_platform(). */
void env_platform(void);

/** Is the need named @need ("ide", "testdev", ...) met? If not, *@why says what is missing. */
bool env_has(const char *need, const char **why);

/** Give the devices back in the state in which env_init() found them. */
void env_restore(void);

#endif

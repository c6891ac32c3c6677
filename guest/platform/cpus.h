// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's CPUs, from the MADT.
 */
#ifndef PLATFORM_CPUS_H
#define PLATFORM_CPUS_H

#include <stdint.h>

/**
 * Enable this CPU's local APIC, mask the I/O APICs and start the other CPUs that the MADT names.
 * @page: a free page below 1 MiB for the way in, or 0 (then none is started). Call once, with the
 * page allocator and time at work.
 */
void cpus_init(uint64_t page);

/** CPUs that the MADT names; 1 if there is no MADT. */
unsigned cpus_named(void);

/** NULL, or why fewer CPUs may run than there are. */
const char *cpus_trouble(void);

#endif

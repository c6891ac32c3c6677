// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Other CPUs: started once, parked, and lent to who has something to run.
 *
 * CPU 0 is the one that the firmware started. A parked CPU halts with interrupts enabled, so that
 * messages to it are handled at once. A CPU that runs a function has them disabled, as a test has
 * (arch/irq.h). All functions below are called on CPU 0.
 */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/exceptions.h"

#define SMP_MAX 512

/**
 * Start the CPUs with the APIC IDs @ids[0..@count); this CPU's own ID is passed over, and what is
 * beyond SMP_MAX CPUs is left out. @page: a free page below 1 MiB, which must stay free. Takes 36
 * KiB below 4 GiB for each CPU, for good. A CPU that has not come within 10 s after the last
 * STARTUP is given up. To be called once, with lapic_init() done. Returns the number of CPUs that
 * run, this one included.
 */
unsigned smp_start(const uint32_t *ids, unsigned count, uint64_t page);

/** CPUs known, those that did not come included; at least 1. They are numbered in @ids' order. */
unsigned smp_count(void);

/** Does CPU @n run? */
bool smp_started(unsigned n);

/** APIC ID of CPU @n. */
uint32_t smp_apic_id(unsigned n);

/**
 * Have CPU @n (not 0) call @fn(@arg). Returns false if it does not run, is still busy, or could not
 * be woken.
 */
bool smp_run(unsigned n, void (*fn)(void *arg), void *arg);

enum smp_result {
    SMP_RETURNED,
    SMP_EXCEPTION, /* the function took one; the CPU is parked again and can be used */
    SMP_BUSY,      /* no end within the limit; the CPU stays busy until the function ends */
    SMP_IDLE,      /* there was nothing to wait for */
};

/**
 * Wait at most @us microseconds until what smp_run() gave to CPU @n has ended. @ex is filled in for
 * SMP_EXCEPTION.
 */
enum smp_result smp_wait(unsigned n, uint64_t us, struct exception_info *ex);

/**
 * Was CPU @n, which was parked, sent an INIT? It is sent a STARTUP, which one that was not ignores,
 * and something to run, which one that was never sees: what comes first tells. Either way it is
 * parked afterwards. An error (neither within 10 s) counts as a reset, and the CPU is then absent.
 */
bool smp_was_reset(unsigned n);

/**
 * Exceptions outside of such functions, which means in interrupt handlers: returns true if CPU @n
 * took one since the last call, and describes the last in @ex. The CPU went on.
 */
bool smp_take_idle_exception(unsigned n, struct exception_info *ex);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time from the TSC, and deadlines. Nothing here sleeps.
 */
#ifndef ARCH_TIME_H
#define ARCH_TIME_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Measure the TSC against the PIT (channel 2, about 5 ms), or take CPUID leaf 15h where it tells.
 * Returns the frequency in kHz; if the PIT does not count within a bounded number of polls, a
 * frequency of 1 GHz is assumed and false is stored in @*measured.
 */
uint64_t time_init(bool *measured);

/** Microseconds since time_init(). */
uint64_t time_us(void);

/** A point in time, in TSC ticks. */
typedef uint64_t deadline_t;

/** The point @us microseconds from now. */
deadline_t deadline_in(uint64_t us);

/** True once @d lies in the past. */
bool deadline_passed(deadline_t d);

/** Microseconds that were spent in wait_until() and reported by time_add_waited(), by all CPUs. */
uint64_t time_waited_us(void);

/** Count the time since @begin, as deadline_in(0) told it, as waiting. */
void time_add_waited(deadline_t begin);

/**
 * Poll until the condition holds or @us microseconds are over; the value is whether it held.
 * The condition is looked at once more after the deadline, so that a stolen time slice of the
 * virtual CPU is not taken for a slow device.
 */
#define wait_until(cond, us)                                                      \
    ({                                                                            \
        bool wait_ok_ = (cond);                                                   \
        if (!wait_ok_) {                                                          \
            deadline_t wait_begin_ = deadline_in(0), wait_end_ = deadline_in(us); \
            for (bool wait_last_ = false; !wait_ok_ && !wait_last_;) {            \
                __asm__ volatile("pause" : : : "memory");                         \
                wait_last_ = deadline_passed(wait_end_);                          \
                wait_ok_ = (cond);                                                \
            }                                                                     \
            time_add_waited(wait_begin_);                                         \
        }                                                                         \
        wait_ok_;                                                                 \
    })

#endif

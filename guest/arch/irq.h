// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts: vectors, handlers, and when they are taken.
 *
 * A CPU that runs a test or a function (smp_run()) has interrupts disabled, so that nothing happens
 * in the middle of a thought. It takes what is pending where it opens a window, which irq_wait()
 * does in each of its polls. A parked CPU (arch/smp.h) takes interrupts at any time. A handler runs
 * with interrupts disabled on the CPU that the message named, may do what a function of that CPU
 * may, and must be short; the end of interrupt is sent for it.
 */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/time.h"

#define IRQ_VECTOR_FIRST    0x30 /* for irq_alloc_vector() and irq_claim_vector() */
#define IRQ_VECTOR_LAST     0xef
#define IRQ_VECTOR_WAKE     0xf0 /* arch/smp.c */
#define IRQ_VECTOR_SPURIOUS 0xff

typedef void (*irq_handler)(void *arg);

/** Take a free vector and have @fn(@arg) called for it. Returns it, or 0 if none is free. */
unsigned irq_alloc_vector(irq_handler fn, void *arg);

/**
 * Take the vector @vector, IRQ_VECTOR_FIRST to IRQ_VECTOR_LAST. Returns false if it is out of range
 * or taken.
 */
bool irq_claim_vector(unsigned vector, irq_handler fn, void *arg);

/** Give a vector back. What still arrives there counts as stray. */
void irq_free_vector(unsigned vector);

/** Interrupts on vectors that nobody had, since the start, of all CPUs. */
uint32_t irq_strays(void);

/** The vector of the last one, or 0. */
unsigned irq_last_stray(void);

/** Spurious interrupts (vector FFh, no end of interrupt), since the start, of all CPUs. */
uint32_t irq_spurious(void);

/** Take what is pending on this CPU now. */
static inline void irq_window(void)
{
    /* Interrupts are held off for one instruction behind STI. */
    __asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

/**
 * Halt until an interrupt has been taken. Whoever does this has seen to it that one comes, such as
 * the timer's (arch/lapic.h).
 */
static inline void irq_rest(void)
{
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

/**
 * As wait_until(), at rest before each further look at the condition: for long waits, in which an
 * emulator has work to do.
 */
#define irq_rest_until(cond, us) wait_until((cond) || (irq_rest(), (cond)), us)

/**
 * As wait_until(), with a window before each look at the condition: what a handler changes in it
 * has to be volatile.
 */
#define irq_wait(cond, us) wait_until((irq_window(), (cond)), us)

/** For exceptions.c: end the interrupt whose handler this CPU is about to leave, if any. */
void irq_abandon(void);

#endif

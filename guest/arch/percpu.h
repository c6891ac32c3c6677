// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each CPU has of its own. The GS base of a CPU points at it.
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include <stdint.h>

#include "arch/descriptors.h"
#include "arch/exceptions.h"

struct try_frame;

struct cpu {
    struct cpu *self; /* first: this_cpu() reads it at GS:0 */
    unsigned number;  /* 0 is the CPU that the firmware started */
    uint32_t apic_id;
    struct try_frame *innermost;   /* of the nested exceptions_try() */
    struct exception_info pending; /* the exception that ended the innermost one */
    unsigned irq_depth;            /* 1 while an interrupt handler runs */
    struct descriptors descriptors;
};

/** This CPU. Valid once exceptions_init() or exceptions_init_cpu() ran on it. */
static inline struct cpu *this_cpu(void)
{
    struct cpu *cpu;
    __asm__ volatile("mov %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

#endif

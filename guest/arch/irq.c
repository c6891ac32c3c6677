// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/irq.h"

#include <stddef.h>

#include "arch/lapic.h"
#include "arch/percpu.h"

#define VECTORS 256

void interrupt_dispatch(unsigned vector);

static struct {
    irq_handler volatile fn;
    void *volatile arg;
} slots[VECTORS];
static uint32_t strays, spurious;
static volatile unsigned last_stray;

void interrupt_dispatch(unsigned vector)
{
    struct cpu *cpu = this_cpu();
    irq_handler fn = slots[vector].fn;

    if (vector == IRQ_VECTOR_SPURIOUS) {
        __atomic_fetch_add(&spurious, 1, __ATOMIC_SEQ_CST);
        return;
    }
    cpu->irq_depth++;
    if (fn != NULL) {
        fn(slots[vector].arg);
    } else {
        last_stray = vector;
        __atomic_fetch_add(&strays, 1, __ATOMIC_SEQ_CST);
    }
    cpu->irq_depth--;
    lapic_eoi();
}

void irq_abandon(void)
{
    struct cpu *cpu = this_cpu();

    if (cpu->irq_depth != 0) {
        cpu->irq_depth = 0;
        lapic_eoi();
    }
}

static void set(unsigned vector, irq_handler fn, void *arg)
{
    slots[vector].arg = arg; /* before the handler, as another CPU may be told to call it */
    slots[vector].fn = fn;
}

bool irq_claim_vector(unsigned vector, irq_handler fn, void *arg)
{
    bool own = vector == IRQ_VECTOR_WAKE;

    if ((!own && (vector < IRQ_VECTOR_FIRST || vector > IRQ_VECTOR_LAST)) || fn == NULL ||
        slots[vector].fn != NULL) {
        return false;
    }
    set(vector, fn, arg);
    return true;
}

unsigned irq_alloc_vector(irq_handler fn, void *arg)
{
    for (unsigned v = IRQ_VECTOR_FIRST; v <= IRQ_VECTOR_LAST; v++) {
        if (irq_claim_vector(v, fn, arg)) {
            return v;
        }
    }
    return 0;
}

void irq_free_vector(unsigned vector)
{
    if (vector >= IRQ_VECTOR_FIRST && vector <= IRQ_VECTOR_LAST) {
        slots[vector].fn = NULL;
    }
}

uint32_t irq_strays(void)
{
    return __atomic_load_n(&strays, __ATOMIC_SEQ_CST);
}

unsigned irq_last_stray(void)
{
    return last_stray;
}

uint32_t irq_spurious(void)
{
    return __atomic_load_n(&spurious, __ATOMIC_SEQ_CST);
}

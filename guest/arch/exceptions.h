// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPU exceptions: a guest that takes one reports it and goes on. Vectors 32 and up are interrupts
 * (arch/irq.h).
 */
#ifndef ARCH_EXCEPTIONS_H
#define ARCH_EXCEPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct exception_info {
    uint8_t vector;
    uint64_t error_code; /* 0 where the vector has none */
    uint64_t rip;
    uint64_t cr2; /* meaningful for vector 14 */
    uint64_t rsp;
};

struct cpu;

/**
 * Make the IDT and load it with GDT and TSS into the CPU that the firmware started. Call once,
 * before anything that can fault. Double faults, NMIs and machine checks get a stack of their own
 * (IST). Interrupts are disabled, and the 8259s masked.
 */
void exceptions_init(void);

/**
 * The same for another CPU, after exceptions_init(). @cpu: zeroed but for number and APIC ID, and
 * stays; the IST stacks lie at @ist, each of @ist_bytes bytes.
 */
void exceptions_init_cpu(struct cpu *cpu, uint64_t ist, uint64_t ist_bytes);

/**
 * Run @fn(@arg). Returns true if it returned; false if it took an exception, which is
 * then described in @ex. The stack is unwound to here, out of an interrupt handler too (the
 * interrupt is then ended); interrupts are disabled. Calls nest, and each CPU has its own. An
 * exception outside of any call is printed on the raw console and the guest ends through
 * exit_guest(0x13) (lib/exit.h).
 */
bool exceptions_try(void (*fn)(void *arg), void *arg, struct exception_info *ex);

#endif

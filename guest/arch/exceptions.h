// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPU exceptions: a guest that takes one reports it and goes on.
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

/**
 * Load an IDT in which all 256 vectors lead to the handler. Call once, before anything that can
 * fault. Double faults and NMIs get a stack of their own (IST).
 */
void exceptions_init(void);

/**
 * Run @fn(@arg). Returns true if it returned; false if it took an exception, which is
 * then described in @ex. The stack is unwound to here; interrupts stay disabled.
 * Calls nest. An exception outside of any call is printed on the raw console and the CPU stops
 * through exit_guest(0x13) (lib/exit.h).
 */
bool exceptions_try(void (*fn)(void *arg), void *arg, struct exception_info *ex);

#endif

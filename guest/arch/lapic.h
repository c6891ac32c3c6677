// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The local APIC, by memory (xAPIC) or by MSRs (x2APIC). Source: AMD64 Architecture Programmer's
 * Manual volume 2, chapter 16.
 */
#ifndef ARCH_LAPIC_H
#define ARCH_LAPIC_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Enable the local APIC of this CPU with all local sources masked and no priority threshold. Called
 * first on the CPU that the firmware started, where it decides for all of them: x2APIC if CPUID has
 * it, else xAPIC at the address in the APIC base register. Returns false if there is no local APIC
 * or its registers cannot be mapped; then nothing below may be called.
 */
bool lapic_init(void);

/** Was lapic_init() successful? */
bool lapic_present(void);

/** Is it the x2APIC that is used? */
bool lapic_is_x2apic(void);

/** The APIC ID of this CPU. */
uint32_t lapic_id(void);

/** Was the last interrupt that this CPU accepted at @vector a level (trigger mode register)? */
bool lapic_level(uint8_t vector);

/**
 * Give this CPU the logical destination @id, one bit of eight, in the flat model. The x2APIC makes
 * its own of the APIC ID, and nothing happens.
 */
void lapic_set_logical(uint8_t id);

/**
 * Interrupt this CPU at @vector each time @count ticks of its timer are over, at whatever rate that
 * ticks: a millisecond for 1,000,000 at 1 GHz. Until lapic_timer_stop().
 */
void lapic_timer_start(uint8_t vector, uint32_t count);
void lapic_timer_stop(void);

/** End the interrupt in service with the highest priority. */
void lapic_eoi(void);

/**
 * Send an inter-processor interrupt to one CPU: @low as APIC_ICR_* (arch/apic_encode.h). Waits, at
 * most 10 ms, until an earlier one has left. Returns false if it has not, or if @dest cannot be
 * addressed.
 */
bool lapic_ipi(uint32_t dest, uint32_t low);

#endif

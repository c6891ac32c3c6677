// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is written into interrupt controllers and messages, as numbers. No privileged instruction,
 * so it is unit tested natively. Sources: AMD64 Architecture Programmer's Manual volume 2, sections
 * 16.5 (ICR) and 16.11 (x2APIC); 82093AA I/O APIC data sheet, section 3.2.4; PCI Local Bus
 * Specification 3.0, section 6.8.1 for the place of MSI address and data.
 */
#ifndef ARCH_APIC_ENCODE_H
#define ARCH_APIC_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

/* Low half of the ICR */
#define APIC_ICR_FIXED    0x00000000u /* OR with the vector */
#define APIC_ICR_NMI      0x00000400u
#define APIC_ICR_INIT     0x00000500u
#define APIC_ICR_STARTUP  0x00000600u /* OR with the number of the page below 1 MiB */
#define APIC_ICR_PENDING  0x00001000u /* RO, xAPIC only */
#define APIC_ICR_ASSERT   0x00004000u
#define APIC_XAPIC_ID_MAX 0xfeu /* 0xff addresses all */
#define APIC_MSI_BASE     0xfee00000u

/**
 * The ICR as 64 bits: destination in 63:56 (xAPIC) or 63:32 (x2APIC), @low below. Physical
 * destination mode.
 */
uint64_t apic_icr(bool x2apic, uint32_t dest, uint32_t low);

/** Address of a message to one CPU: physical, no redirection hint. @dest: APIC ID below 256. */
uint32_t apic_msi_address(uint32_t dest);

/** Data of a message: fixed delivery, edge. */
uint32_t apic_msi_data(uint8_t vector);

struct ioapic_entry {
    uint8_t vector;
    uint8_t dest; /* APIC ID */
    bool level;
    bool active_low;
    bool masked;
};

/** A redirection entry: fixed delivery, physical destination. */
uint64_t apic_redirection(const struct ioapic_entry *e);

#endif

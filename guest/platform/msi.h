// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Message signalled interrupts of a PCI function, by its MSI capability. Source: PCI Local Bus
 * Specification 3.0, section 6.8.1.
 */
#ifndef PLATFORM_MSI_H
#define PLATFORM_MSI_H

#include <stdbool.h>
#include <stdint.h>

/** Offset of the MSI capability of @devid, or 0 if it has none. */
uint8_t msi_cap(uint16_t devid);

/**
 * Write message address and data, disabled, with one message allotted and nothing masked.
 * @addr: a multiple of 4; above 4 GiB only where the capability has the 64-bit form. Also lets the
 * function write to memory (bus master), without which no message leaves. Returns false if there
 * is no capability, or no room for the address.
 */
bool msi_program(uint16_t devid, uint64_t addr, uint16_t data);

/** Turn the messages of @devid on or off. Without a capability nothing happens. */
void msi_enable(uint16_t devid, bool on);

/** Mask or unmask message 0. Returns false where the capability has no mask bits. */
bool msi_mask(uint16_t devid, bool masked);

/** Program @devid to interrupt the CPU with APIC ID @dest (below 256) at @vector, and enable it. */
bool msi_connect(uint16_t devid, uint32_t dest, uint8_t vector);

/* What firmware left in the capability, and whether the function may write to memory. */
struct msi_state {
    uint64_t addr;
    uint16_t data;
    uint16_t control;
    bool master;
};

/** Remember the state of @devid, to be put back by msi_restore(). */
struct msi_state msi_save(uint16_t devid);
void msi_restore(uint16_t devid, const struct msi_state *state);

#endif

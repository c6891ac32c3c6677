// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The slot below a PCI Express port, and what hot-plug needs of it: PCI Express Base Specification
 * 4.0, sections 6.7 (hot-plug) and 7.5.3.9 to 7.5.3.11 (Slot Capabilities, Control and Status).
 */
#ifndef PLATFORM_PCIEHP_H
#define PLATFORM_PCIEHP_H

#include <stdbool.h>
#include <stdint.h>

struct pciehp {
    uint16_t devid; /* of the port */
    uint8_t cap;    /* offset of its PCI Express capability */
    uint32_t slot;  /* Slot Capabilities */
};

/**
 * The slot of port @devid. Returns NULL, or what it lacks: hot-plug, a power controller and
 * indicator, and an attention button are wanted.
 */
const char *pciehp_find(struct pciehp *p, uint16_t devid);

/** Is there a card in the slot (Presence Detect State)? */
bool pciehp_present(const struct pciehp *p);

/** Forget events of before: they are cleared by a 1 (7.5.3.11). */
void pciehp_clear(const struct pciehp *p);

/** Has the attention button been pressed since? That asks for the card's removal (6.7.1.5). */
bool pciehp_pressed(const struct pciehp *p);

/**
 * Power and power indicator off, by one command (6.7.1.1, 6.7.1.8), and wait for its end (6.7.3.2).
 * False on time-out.
 */
bool pciehp_power_off(const struct pciehp *p);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines to the host and its answers, on a serial port of their own.
 */
#ifndef OS_TALK_H
#define OS_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "pci.h"

/** Open the port. */
void talk_open(const char *port);

/** What was seen to work; the host calls the run off if it did not. */
void talk_check(const char *name, bool ok);

/**
 * Have the host look at the device's entry before the fault @name is provoked. @place is the
 * address that its event has to name.
 */
void talk_fault(const char *name, const struct pci *p, bool write, uint64_t iova, uint64_t place);

/** It was provoked, and what the device said. Returns when the host has seen what Linux says. */
void talk_did(const char *name, const char *device_says, uint32_t value);

/** Have the host set a reserved bit in the device's entry, or in the entry of the page. */
void talk_break_entry(const struct pci *p);
void talk_break_page(const struct pci *p, uint64_t iova);

/** Have the host put the table of level 1 for @iova to @spa, where nothing is. */
void talk_break_table(const struct pci *p, uint64_t iova, uint64_t spa);

/** Have the host take that back. */
void talk_mend(void);

void talk_end(void);

#endif

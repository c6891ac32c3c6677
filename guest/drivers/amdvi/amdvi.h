// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Driver for one AMD IOMMU: mechanism only, never a verdict. Functions that wait return false when
 * the limit is over.
 */
#ifndef DRIVERS_AMDVI_AMDVI_H
#define DRIVERS_AMDVI_AMDVI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/amdvi/cmd.h"
#include "drivers/amdvi/dte.h"
#include "drivers/amdvi/evt.h"

struct amdvi {
    /* What was found */
    uint16_t devid;      /* of the IOMMU's PCI function */
    uint8_t cap;         /* offset of its capability block */
    uint64_t base;       /* MMIO registers */
    uint32_t cap_header; /* capability dword 0 */
    uint32_t ivhd_types; /* bit n: an IVHD of type 10h (0), 11h (1), 40h (2) names this unit */
    uint64_t control; /* bits of Control that the IVHD's flags ask for: HtTunEn, PassPW, ResPassPW,
                         Isoc, Coherent */
    uint16_t ioapic;  /* DeviceID of the I/O APIC's messages; 0 if the IVRS names none */

    /* What amdvi_setup() made */
    uint64_t dev_tab;
    unsigned dev_tab_pages;
    uint64_t cmd_buf;
    unsigned cmd_entries;
    unsigned cmd_tail; /* entry that is written next */
    uint64_t evt_log;
    unsigned evt_entries;
    uint64_t semaphore; /* 8 bytes for COMPLETION_WAIT */
    uint64_t semaphore_value;
};

/** Limit for everything that an IOMMU does by itself, in microseconds. The manual names none; this
 * is generous. */
#define AMDVI_WAIT_US 1000000u

/**
 * * Find the first IOMMU that the IVRS names: DeviceID, capability, base and the Control bits it
 * wants. Returns NULL, or what is missing or contradicts itself.
 */
const char *amdvi_discover(struct amdvi *u);

uint32_t amdvi_read32(const struct amdvi *u, unsigned reg);
uint64_t amdvi_read64(const struct amdvi *u, unsigned reg);
void amdvi_write32(const struct amdvi *u, unsigned reg, uint32_t v);
void amdvi_write64(const struct amdvi *u, unsigned reg, uint64_t v);

/** Everything off, run bits waited for, W1C status cleared (section 13 of docs/rules.md, INIT-001).
 */
bool amdvi_disable(struct amdvi *u);

/**
 * With the unit disabled: a device table for DeviceIDs below @devids (rounded up to 128), all
 * entries zero = pass-through; a command buffer of 2^@cmd_log2 and an event log of 2^@evt_log2
 * entries (8..15); registers programmed, pointers 0. Memory comes from the page allocator below 4
 * GiB. Returns false without memory.
 */
bool amdvi_setup(struct amdvi *u, unsigned devids, unsigned cmd_log2, unsigned evt_log2);

/**
 * Switch on command buffer, event log and translation, then flush everything known (INIT-005).
 * The run bits are waited for, but only a COMPLETION_WAIT that does not come makes it false.
 */
bool amdvi_enable(struct amdvi *u);

/** Write the DTE of @devid: upper quadwords first, V last (DTE-016). Does not flush. */
void amdvi_dte_write(struct amdvi *u, uint16_t devid, struct amdvi_dte dte);

/** Put a command, or any 16 bytes, at the tail. The doorbell is not rung. The caller keeps at most
 * entries-1 queued. */
void amdvi_cmd_put(struct amdvi *u, struct amdvi_cmd cmd);

/** Ring the doorbell: write CmdTail. */
void amdvi_cmd_ring(struct amdvi *u);

/** COMPLETION_WAIT with store behind what is queued, and the doorbell: amdvi_completed() tells when
 * all of it is done. */
void amdvi_ask_completion(struct amdvi *u);
bool amdvi_completed(const struct amdvi *u);

/** COMPLETION_WAIT with store: true once all commands before it are done; at most @us microseconds.
 */
bool amdvi_wait_completion(struct amdvi *u, uint64_t us);

/** One command and a COMPLETION_WAIT. */
bool amdvi_cmd_and_wait(struct amdvi *u, struct amdvi_cmd cmd);

/** INVALIDATE_DEVTAB_ENTRY and INVALIDATE_IOMMU_PAGES of the whole @domain, then COMPLETION_WAIT.
 */
bool amdvi_flush_device(struct amdvi *u, uint16_t devid, uint16_t domain);

/** Number of records in the event log, from head to tail. */
unsigned amdvi_evt_pending(const struct amdvi *u);

/** Take at most @max records from the head into @out, move the head past them, return their number.
 */
unsigned amdvi_evt_take(struct amdvi *u, struct amdvi_event *out, unsigned max);

#endif

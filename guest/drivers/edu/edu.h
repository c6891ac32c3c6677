// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Driver for QEMU's edu device as a requester with 64-bit addresses (property dma_mask). It is
 * slow, about 100 ms for a transfer. Mechanism only.
 */
#ifndef DRIVERS_EDU_EDU_H
#define DRIVERS_EDU_EDU_H

#include <stdbool.h>
#include <stdint.h>

struct edu {
    uint16_t devid;
    uint64_t base; /* BAR 0 */
};

/* Longest transfer, bytes: QEMU 7.2 aborts at 4096. */
#define EDU_MAX 4088u

/** Limit for one transfer, in microseconds. */
#define EDU_WAIT_US 2000000u

/** Find the first one. Returns NULL, or what is missing. */
const char *edu_discover(struct edu *e);

/**
 * Move @len bytes (1..EDU_MAX) between the device's buffer and IOVA @iova: @to_memory false fills
 * the buffer, true empties it into memory. The device cannot tell whether they arrived. Returns
 * false if it does not end.
 */
bool edu_dma(struct edu *e, bool to_memory, uint64_t iova, uint32_t len);

/** As edu_dma(), and the interrupt 100h is raised at its end. */
bool edu_dma_interrupt(struct edu *e, bool to_memory, uint64_t iova, uint32_t len);

/** The interrupt status, and the registers that set and clear bits of it. Setting interrupts, by
 * message if MSI is enabled, else by pin. */
uint32_t edu_status(const struct edu *e);
void edu_raise(const struct edu *e, uint32_t bits);
void edu_acknowledge(const struct edu *e, uint32_t bits);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PIIX bus-master IDE, primary channel, first disk: polling, one request at a time. Mechanism only.
 */
#ifndef DRIVERS_IDE_IDE_H
#define DRIVERS_IDE_IDE_H

#include <stdbool.h>
#include <stdint.h>

struct ide {
    uint16_t devid;   /* DeviceID of the controller */
    uint16_t cmd;     /* command block port */
    uint16_t ctl;     /* device control port */
    uint16_t bm;      /* bus master port */
    uint32_t sectors; /* from IDENTIFY, 28-bit */
};

/* One entry of the PRD table: @bytes is 2..65536 and even, @iova even and the block within one 64
 * KiB. */
struct ide_prd {
    uint32_t iova;
    uint32_t bytes;
};

/* How a request ended; each field as read from the device. */
struct ide_result {
    bool timed_out; /* no end within the limit; the channel was reset */
    uint8_t bm_status;
    uint8_t status;
    uint8_t error; /* valid with IDE_STATUS_ERR */
};

/** Limit for one request or reset, in microseconds. */
#define IDE_WAIT_US 5000000u

/**
 * Find the first PCI IDE controller with a bus master, reset the channel and identify its first
 * disk. Returns NULL, or what is missing.
 */
const char *ide_discover(struct ide *d);

/** SRST, wait for the disk (ATA/ATAPI-6 section 9.2), bus master stopped, its status cleared. False
 * on time-out. */
bool ide_reset(struct ide *d);

/** Read one sector by PIO, without any DMA, to @buf (512 bytes). */
bool ide_pio_read(struct ide *d, uint32_t lba, void *buf);

/**
 * Build a PRD table: @n entries at @table (address in memory, 4-byte aligned, not crossing 64 KiB),
 * end mark on the last.
 */
void ide_prdt_build(uint64_t table, const struct ide_prd *prd, unsigned n);

/**
 * READ DMA (@write false) or WRITE DMA of @count sectors (1..256) from @lba through the table at
 * IOVA @prdt, to its end. The bus master is stopped afterwards. Returns true if the request came to
 * an end, whatever it was.
 */
bool ide_dma(struct ide *d, bool write, uint32_t lba, unsigned count, uint32_t prdt,
             struct ide_result *res);

#endif

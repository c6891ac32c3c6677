// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PIIX bus-master IDE, the first disk of either channel: polling, one request at a time. Mechanism
 * only. ide.c: the drive; bm.c: the bus master.
 */
#ifndef DRIVERS_IDE_IDE_H
#define DRIVERS_IDE_IDE_H

#include <stdbool.h>
#include <stdint.h>

/* One channel and its first disk. */
struct ide {
    uint16_t devid;   /* DeviceID of the controller, the same for both channels */
    uint16_t cmd;     /* command block port */
    uint16_t ctl;     /* device control port */
    uint16_t bm;      /* bus master port */
    uint8_t irq;      /* ISA interrupt: 14 or 15; 0 in native mode */
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
#define IDE_WAIT_US 1000000u

/** How long nothing may move, without an interrupt, before that is taken for the end; microseconds.
 */
#define IDE_QUIET_US 10000u

/**
 * Find the first PCI IDE controller with a bus master, reset its primary channel and identify the
 * first disk. Returns NULL, or what is missing.
 */
const char *ide_discover(struct ide *d);

/** The same for @channel 0 (primary) or 1 (secondary) of that controller. */
const char *ide_discover_channel(struct ide *d, unsigned channel);

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

/*
 * The steps of a request, raw: nothing is checked, nothing is put right.
 */

/** Give the drive a READ DMA or WRITE DMA command and nothing else. False if it stays busy. */
bool ide_command(const struct ide *d, bool write, uint32_t lba, unsigned count);

/** Wait for the end of the request under way. False if there is none within IDE_WAIT_US. */
bool ide_bm_wait(const struct ide *d);

/** Read and write a register of the channel's bus master; @reg is IDE_BM_COMMAND or IDE_BM_STATUS.
 */
uint8_t ide_bm_read(const struct ide *d, unsigned reg);
void ide_bm_write(const struct ide *d, unsigned reg, uint8_t v);

/** The table pointer. */
uint32_t ide_bm_table(const struct ide *d);
void ide_bm_set_table(const struct ide *d, uint32_t iova);

/** Status, which takes INTRQ back, and Alternate Status, which does not (ATA/ATAPI-6 section 7.15).
 */
uint8_t ide_status(const struct ide *d);
uint8_t ide_alt_status(const struct ide *d);

/** Read a register of the command block (IDE_ERROR ... IDE_DEVICE); not IDE_STATUS. */
uint8_t ide_taskfile(const struct ide *d, unsigned reg);

/** Write Device Control: IDE_CTL_NIEN, IDE_CTL_SRST. */
void ide_control(const struct ide *d, uint8_t v);

#endif

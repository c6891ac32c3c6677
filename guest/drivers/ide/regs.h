// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PIIX IDE: taskfile (ATA/ATAPI-6 sections 7 and 8), bus-master registers and PRD table
 * (Programming Interface for Bus Master IDE Controller 1.0, sections 1 and 2).
 */
#ifndef DRIVERS_IDE_REGS_H
#define DRIVERS_IDE_REGS_H

/* Command block, offsets from its first port */
#define IDE_DATA       0
#define IDE_ERROR      1 /* read */
#define IDE_COUNT      2
#define IDE_LBA0       3
#define IDE_LBA1       4
#define IDE_LBA2       5
#define IDE_DEVICE     6
#define IDE_DEVICE_LBA 0xe0 /* LBA mode, the two obsolete bits set */
#define IDE_STATUS     7    /* read; clears the interrupt */
#define IDE_COMMAND    7    /* write */

/* Status */
#define IDE_STATUS_ERR  0x01
#define IDE_STATUS_DRQ  0x08
#define IDE_STATUS_DF   0x20
#define IDE_STATUS_DRDY 0x40
#define IDE_STATUS_BSY  0x80

/* Device control (write) and alternate status (read), one port */
#define IDE_CTL_NIEN 0x02
#define IDE_CTL_SRST 0x04

#define IDE_CMD_READ_DMA     0xc8
#define IDE_CMD_WRITE_DMA    0xca
#define IDE_CMD_IDENTIFY     0xec
#define IDE_CMD_READ_SECTORS 0x20

/* Bus master, offsets from the channel's first register */
#define IDE_BM_COMMAND           0
#define IDE_BM_COMMAND_START     0x01
#define IDE_BM_COMMAND_TO_MEMORY 0x08
#define IDE_BM_STATUS            2
#define IDE_BM_STATUS_ACTIVE     0x01 /* RO */
#define IDE_BM_STATUS_ERROR      0x02 /* W1C */
#define IDE_BM_STATUS_INT        0x04 /* W1C */
#define IDE_BM_STATUS_CAP0       0x20 /* RW: drive 0 is set up for DMA; means nothing to the hardware */
#define IDE_BM_STATUS_CAP1       0x40
#define IDE_BM_PRDT              4
#define IDE_BM_CHANNEL           8 /* from one channel's registers to the other's */

#define IDE_PRD_EOT 0x80000000u
#define IDE_SECTOR  512u

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AHCI: what a port reads and writes in memory (Serial ATA AHCI 1.3.1, section 4.2).
 */
#ifndef DRIVERS_AHCI_COMMAND_H
#define DRIVERS_AHCI_COMMAND_H

/* Command header, section 4.2.2: dwords */
#define AHCI_HEADER_DWORDS 8u
#define AHCI_HEADER_CFL    5u          /* dword 0, 4:0: length of the FIS in dwords */
#define AHCI_HEADER_WRITE  0x00000040u /* the device is written to */
#define AHCI_HEADER_PRDTL  16          /* shift in dword 0: entries of the PRDT */
#define AHCI_HEADER_PRDBC  1           /* dword: bytes moved */
#define AHCI_HEADER_CTBA   2           /* dwords 2 and 3: command table */

/* Command table, section 4.2.3: bytes */
#define AHCI_TABLE_PRDT    0x80u
#define AHCI_PRD_DWORDS    4u /* address, upper address, reserved, count */
#define AHCI_PRD_BYTES_MAX 0x400000u
#define AHCI_PRDS          248u /* that fit into a page behind the command's own part */

/* Register FIS, host to device (Serial ATA 2.6, section 10.3.4): bytes */
#define AHCI_FIS_H2D      0x27
#define AHCI_FIS_COMMAND  0x80 /* byte 1: the command register is written */
#define AHCI_FIS_LBA_MODE 0x40 /* byte 7 */

#define AHCI_CMD_IDENTIFY      0xec
#define AHCI_CMD_READ_DMA_EXT  0x25
#define AHCI_CMD_WRITE_DMA_EXT 0x35

#endif

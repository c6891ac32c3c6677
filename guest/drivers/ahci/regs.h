// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AHCI: registers of the controller and of a port (Serial ATA AHCI 1.3.1, sections 3.1 and 3.3).
 */
#ifndef DRIVERS_AHCI_REGS_H
#define DRIVERS_AHCI_REGS_H

/* Mass storage, serial ATA, AHCI 1.0 interface (section 2.1.5) */
#define AHCI_CLASS 0x010601
#define AHCI_BAR   5 /* ABAR, section 2.1.11 */

/* Generic host control, section 3.1 */
#define AHCI_CAP      0x00
#define AHCI_CAP_S64A 0x80000000u /* 64-bit addresses */
#define AHCI_GHC      0x04
#define AHCI_GHC_HR   0x00000001u /* reset; reads 1 until it is over */
#define AHCI_GHC_IE   0x00000002u
#define AHCI_GHC_AE   0x80000000u
#define AHCI_IS       0x08 /* W1C, one bit for each port */
#define AHCI_PI       0x0c /* ports that are there */

/* Port registers, section 3.3 */
#define AHCI_PORT0       0x100u
#define AHCI_PORT_BYTES  0x80u
#define AHCI_PORTS       32u
#define AHCI_PX_CLB      0x00
#define AHCI_PX_CLBU     0x04
#define AHCI_PX_FB       0x08
#define AHCI_PX_FBU      0x0c
#define AHCI_PX_IS       0x10 /* W1C */
#define AHCI_PX_IS_DHRS  0x00000001u
#define AHCI_PX_IS_PSS   0x00000002u
#define AHCI_PX_IS_IFS   0x08000000u
#define AHCI_PX_IS_HBDS  0x10000000u
#define AHCI_PX_IS_HBFS  0x20000000u
#define AHCI_PX_IS_TFES  0x40000000u
#define AHCI_PX_IS_FATAL 0x78000000u /* the four above, section 6.2.2 */
#define AHCI_PX_IE       0x14
#define AHCI_PX_CMD      0x18
#define AHCI_PX_CMD_ST   0x00000001u
#define AHCI_PX_CMD_SUD  0x00000002u
#define AHCI_PX_CMD_FRE  0x00000010u
#define AHCI_PX_CMD_FR   0x00004000u
#define AHCI_PX_CMD_CR   0x00008000u
#define AHCI_PX_TFD      0x20
#define AHCI_PX_TFD_ERR  0x00000001u
#define AHCI_PX_TFD_DRQ  0x00000008u
#define AHCI_PX_TFD_BSY  0x00000080u
#define AHCI_PX_SIG      0x24
#define AHCI_SIG_DISK    0x00000101u
#define AHCI_PX_SSTS     0x28
#define AHCI_SSTS_DET    0x0000000fu
#define AHCI_DET_READY   3u /* device and link */
#define AHCI_PX_SCTL     0x2c
#define AHCI_SCTL_DET    0x0000000fu
#define AHCI_SCTL_RESET  0x00000001u /* COMRESET while it stands */
#define AHCI_PX_SERR     0x30        /* W1C */
#define AHCI_PX_CI       0x38

#endif

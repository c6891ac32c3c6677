// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PCI capability block (48882 section 3.2) and MMIO registers (section 3.4). Names and places only.
 * Bits are RW unless marked RO, W1C (write 1 to clear) or W1S (write 1 to set).
 */
#ifndef DRIVERS_AMDVI_REGS_H
#define DRIVERS_AMDVI_REGS_H

/* Capability block, offsets from its start; all RO but Enable (W1S) */
#define AMDVI_CAP_HEADER         0x00
#define AMDVI_CAP_BASE_LO        0x04
#define AMDVI_CAP_BASE_ENABLE    0x00000001u
#define AMDVI_CAP_BASE_LO_ADDR   0xffffc000u
#define AMDVI_CAP_BASE_HI        0x08
#define AMDVI_CAP_RANGE          0x0c
#define AMDVI_CAP_MISC0          0x10
#define AMDVI_CAP_HEADER_NPCACHE (1u << 26)

#define AMDVI_DEV_TAB_BASE 0x0000
#define AMDVI_CMD_BUF_BASE 0x0008
#define AMDVI_EVT_LOG_BASE 0x0010
#define AMDVI_CONTROL      0x0018
#define AMDVI_EXCL_BASE    0x0020
#define AMDVI_EXCL_LIMIT   0x0028
#define AMDVI_EFR          0x0030 /* RO */
#define AMDVI_CMD_HEAD     0x2000
#define AMDVI_CMD_TAIL     0x2008
#define AMDVI_EVT_HEAD     0x2010
#define AMDVI_EVT_TAIL     0x2018
#define AMDVI_STATUS       0x2020

/* CmdBufBase, EvtLogBase: [59:56] log2 of the number of 16-byte entries, 8..15 */
#define AMDVI_RING_LEN_SHIFT 56
#define AMDVI_RING_LEN_MIN   8
#define AMDVI_RING_LEN_MAX   15

/* Control, section 2.1 of docs/rules.md */
#define AMDVI_CTRL_IOMMU_EN        (1ull << 0)
#define AMDVI_CTRL_HT_TUN_EN       (1ull << 1)
#define AMDVI_CTRL_EVT_LOG_EN      (1ull << 2)
#define AMDVI_CTRL_EVT_INT_EN      (1ull << 3)
#define AMDVI_CTRL_COM_WAIT_INT_EN (1ull << 4)
#define AMDVI_CTRL_PASS_PW         (1ull << 8)
#define AMDVI_CTRL_RES_PASS_PW     (1ull << 9)
#define AMDVI_CTRL_COHERENT        (1ull << 10)
#define AMDVI_CTRL_ISOC            (1ull << 11)
#define AMDVI_CTRL_CMD_BUF_EN      (1ull << 12)

/* Extended features, section 2.2 of docs/rules.md */
#define AMDVI_EFR_IA_SUP     (1ull << 6)
#define AMDVI_EFR_HATS_SHIFT 10 /* 2 bits: 0, 1, 2 = 4, 5, 6 levels */
#define AMDVI_EFR_SNP_SUP    (1ull << 63)

/* Status, section 2.3 of docs/rules.md */
#define AMDVI_STATUS_EVT_OVERFLOW (1ull << 0) /* W1C */
#define AMDVI_STATUS_EVT_INT      (1ull << 1) /* W1C */
#define AMDVI_STATUS_COM_WAIT_INT (1ull << 2) /* W1C */
#define AMDVI_STATUS_EVT_RUN      (1ull << 3) /* RO */
#define AMDVI_STATUS_CMD_RUN      (1ull << 4) /* RO */
#define AMDVI_STATUS_W1C          0x68e67ull  /* all W1C bits */

#endif

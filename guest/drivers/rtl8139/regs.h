// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RTL8139 registers. Names as in the RTL8139D(L) data sheet, chapter "Register Descriptions"; those
 * of C+ mode as in the RTL8139C+ data sheet. Offsets from BAR 0 (ports) or BAR 1 (memory); each has
 * the width that its name in brackets says.
 */
#ifndef DRIVERS_RTL8139_REGS_H
#define DRIVERS_RTL8139_REGS_H

#define RTL8139_VENDOR       0x10ec
#define RTL8139_DEVICE       0x8139
#define RTL8139_REVISION_CP  0x20 /* PCI revision from which on the chip is a C+ */
#define RTL8139_WINDOW_BYTES 0x100

#define RTL8139_IDR0    0x00 /* [6 bytes, RO here] station address, loaded at reset */
#define RTL8139_TSD0    0x10 /* [32] transmit status of descriptor 0; 1 to 3 follow, 4 apart */
#define RTL8139_TSAD0   0x20 /* [32] transmit start address of descriptor 0; 1 to 3 follow */
#define RTL8139_RBSTART 0x30 /* [32] address of the receive buffer */
#define RTL8139_CR      0x37 /* [8] command */
#define RTL8139_CAPR    0x38 /* [16] where the driver has read up to, less 16 */
#define RTL8139_CBR     0x3a /* [16, RO] where the card has written up to */
#define RTL8139_IMR     0x3c /* [16] which bits of ISR drive the interrupt pin */
#define RTL8139_ISR     0x3e /* [16, W1C] */
#define RTL8139_TCR     0x40 /* [32] transmit configuration */
#define RTL8139_RCR     0x44 /* [32] receive configuration */
#define RTL8139_MPC     0x4c /* [32, 24 bits] frames missed; any write clears */
#define RTL8139_TSALL   0x60 /* [16, RO] summary of the four transmit states */
#define RTL8139_TPPOLL  0xd9 /* [8, WO] C+: look at the transmit descriptors */
#define RTL8139_CPCR    0xe0 /* [16] C+ command */
#define RTL8139_RDSAR   0xe4 /* [64] C+: address of the receive descriptors */
#define RTL8139_TNPDS   0x20 /* [64] C+: address of the transmit descriptors, normal priority */

/* CR */
#define RTL8139_CR_BUFE 0x01 /* RO: the receive buffer is empty */
#define RTL8139_CR_TE   0x04
#define RTL8139_CR_RE   0x08
#define RTL8139_CR_RST  0x10 /* clears itself when the reset is over */

/* ISR and IMR */
#define RTL8139_INT_ROK   0x0001
#define RTL8139_INT_RER   0x0002
#define RTL8139_INT_TOK   0x0004
#define RTL8139_INT_TER   0x0008
#define RTL8139_INT_RXOVW 0x0010 /* receive buffer overflow; C+: no descriptor */
#define RTL8139_INT_PUN   0x0020 /* CAPR written, buffer empty; or the link has changed */
#define RTL8139_INT_FOVW  0x0040
#define RTL8139_INT_SERR  0x8000 /* an error on the PCI bus; PCI status says which */

/* TSD */
#define RTL8139_TSD_SIZE 0x00001fff /* bytes of the frame without CRC */
#define RTL8139_TSD_OWN  0x00002000 /* 0 while the card has the descriptor, written 0 to give it */
#define RTL8139_TSD_TUN  0x00004000
#define RTL8139_TSD_TOK  0x00008000
#define RTL8139_TSD_TABT 0x40000000
#define RTL8139_TX_SLOTS 4

/* TCR */
#define RTL8139_TCR_IFG      0x03000000 /* the only gap that keeps IEEE 802.3 */
#define RTL8139_TCR_LOOPBACK 0x00060000 /* bits 18:17 = 11b */
#define RTL8139_TCR_DMA_1024 0x00000600

/* RCR */
#define RTL8139_RCR_NO_THRESHOLD 0x0000e000 /* a frame is moved when it is there whole */
#define RTL8139_RCR_RBLEN_SHIFT  11         /* buffer of 8 KiB << n, plus 16 bytes */
#define RTL8139_RCR_DMA_1024     0x00000600
#define RTL8139_RCR_WRAP         0x00000080 /* 1: a frame goes on behind the buffer's end */
#define RTL8139_RCR_AB           0x00000008 /* accept broadcast */
#define RTL8139_RCR_APM          0x00000002 /* accept the station address */

/* TPPOLL, CPCR */
#define RTL8139_TPPOLL_NPQ 0x40
#define RTL8139_CPCR_DAC   0x0010 /* 64-bit addresses on the bus */
#define RTL8139_CPCR_MULRW 0x0008
#define RTL8139_CPCR_RX    0x0002
#define RTL8139_CPCR_TX    0x0001

#endif

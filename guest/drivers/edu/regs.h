// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The "edu" device, register by register: docs/specs/edu.rst of QEMU. DMA registers take 4 or 8
 * bytes, the others 4.
 */
#ifndef DRIVERS_EDU_REGS_H
#define DRIVERS_EDU_REGS_H

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

#define EDU_ID         0x00 /* RO: revision in 31:16, 00EDh below */
#define EDU_ID_VALUE   0x00edu
#define EDU_IRQ_STATUS 0x24 /* RO */
#define EDU_IRQ_RAISE  0x60 /* WO: ORed into the status */
#define EDU_IRQ_ACK    0x64 /* WO: these bits of the status become 0 */
#define EDU_DMA_SRC    0x80
#define EDU_DMA_DST    0x88
#define EDU_DMA_COUNT  0x90
#define EDU_DMA_CMD    0x98
#define EDU_DMA_START  0x01u /* reads 1 until the transfer is over */
#define EDU_DMA_TO_RAM 0x02u
#define EDU_DMA_IRQ    0x04u    /* raise 100h at the end */
#define EDU_BUFFER     0x40000u /* in the device's own address space, no part of the BAR */

#endif

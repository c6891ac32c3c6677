// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors of C+ mode: 16 bytes, in rings that start at a multiple of 256
 * (RTL8139C+ data sheet, "C+ mode: Transmit/Receive Descriptor").
 */
#ifndef DRIVERS_RTL8139_CPLUS_H
#define DRIVERS_RTL8139_CPLUS_H

/* dword 0, both directions */
#define RTL8139_CP_OWN 0x80000000u /* 1: the card's */
#define RTL8139_CP_EOR 0x40000000u /* the last descriptor of the ring */
#define RTL8139_CP_FS  0x20000000u /* first segment of a frame */
#define RTL8139_CP_LS  0x10000000u /* last segment of a frame */

/* dword 0 as the card leaves it after a reception */
#define RTL8139_CP_RX_MAR  0x04000000u
#define RTL8139_CP_RX_PAM  0x02000000u
#define RTL8139_CP_RX_BAR  0x01000000u
#define RTL8139_CP_RX_SIZE 0x00001fffu /* before: of the buffer; after: of the frame with CRC */

/* dword 1 is about VLAN tags; dwords 2 and 3: buffer address, low and high */
#define RTL8139_CP_BYTES 16

#endif

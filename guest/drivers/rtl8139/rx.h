// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the card puts before each frame in the receive buffer: status in bits 15:0, length with the
 * four bytes of CRC in bits 31:16 (RTL8139D(L) data sheet, "Receive Status Register in Rx packet
 * header"). A frame and its CRC follow; the next header stands at a multiple of 4.
 */
#ifndef DRIVERS_RTL8139_RX_H
#define DRIVERS_RTL8139_RX_H

#define RTL8139_RX_ROK          0x0001
#define RTL8139_RX_BAR          0x2000 /* broadcast */
#define RTL8139_RX_PAM          0x4000 /* sent to the station address */
#define RTL8139_RX_MAR          0x8000 /* multicast */
#define RTL8139_RX_LENGTH_SHIFT 16
#define RTL8139_RX_HEADER_BYTES 4
#define RTL8139_RX_CRC_BYTES    4
#define RTL8139_RX_CAPR_BIAS    16 /* CAPR holds the read offset less this */
#define RTL8139_RX_SLACK        16 /* bytes that a buffer is longer than its nominal size */

#endif

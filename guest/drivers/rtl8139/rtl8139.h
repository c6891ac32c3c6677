// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RTL8139 network card, legacy and C+ mode, by polling. Mechanism only.
 */
#ifndef DRIVERS_RTL8139_RTL8139_H
#define DRIVERS_RTL8139_RTL8139_H

#include <stdbool.h>
#include <stdint.h>

struct rtl8139 {
    uint16_t devid;   /* DeviceID */
    uint8_t revision; /* PCI revision */
    uint64_t base;    /* BAR 1 */
    uint8_t mac[6];
};

/** Limit for a reset, and for the card to send or receive one frame, in microseconds. */
#define RTL8139_WAIT_US 1000000u

/** Find the first one, reset it, read its station address. Returns NULL, or what is missing. */
const char *rtl8139_discover(struct rtl8139 *d);

/** Reset: transmitter, receiver and interrupts off, C+ mode off. False if it does not end. */
bool rtl8139_reset(struct rtl8139 *d);

/** Registers as they stand; @off of regs.h. */
uint8_t rtl8139_read8(const struct rtl8139 *d, uint16_t off);
uint16_t rtl8139_read16(const struct rtl8139 *d, uint16_t off);
uint32_t rtl8139_read32(const struct rtl8139 *d, uint16_t off);
void rtl8139_write8(const struct rtl8139 *d, uint16_t off, uint8_t v);
void rtl8139_write16(const struct rtl8139 *d, uint16_t off, uint16_t v);
void rtl8139_write32(const struct rtl8139 *d, uint16_t off, uint32_t v);

struct rtl8139_setup {
    uint32_t rx_iova; /* receive buffer, a multiple of 4 */
    unsigned rx_log2; /* 0..3: 8, 16, 32, 64 KiB */
    bool rx_wrap;     /* frames go on behind the end of the buffer */
    bool loopback;    /* nothing leaves, what is sent is received */
};

/**
 * From a reset card to one that sends and receives frames to its own address and broadcasts, in
 * legacy mode, with no interrupt enabled and ISR clear.
 */
void rtl8139_start(const struct rtl8139 *d, const struct rtl8139_setup *s);

/** Give descriptor @slot (0..3) to the card: @len bytes (up to 1FFFh) at @iova (a multiple of 4).
 */
void rtl8139_tx(const struct rtl8139 *d, unsigned slot, uint32_t iova, uint32_t len);

/**
 * Wait until the card has come to an end with descriptor @slot, or reports an error of the bus in
 * ISR; *@tsd gets the descriptor's status. False on time-out.
 */
bool rtl8139_tx_wait(const struct rtl8139 *d, unsigned slot, uint32_t *tsd);

/** Wait until the receive buffer holds a frame. False on time-out. */
bool rtl8139_rx_wait(const struct rtl8139 *d);

/** Tell the card that the buffer has been read up to @offset. */
void rtl8139_rx_release(const struct rtl8139 *d, uint32_t offset);

/** Is this a C+ chip? */
bool rtl8139_has_cplus(const struct rtl8139 *d);

struct rtl8139_cp_setup {
    uint64_t tx_iova, rx_iova; /* descriptor rings, multiples of 256 */
    bool loopback;
};

/** As rtl8139_start(), in C+ mode with 64-bit addresses. */
void rtl8139_cp_start(const struct rtl8139 *d, const struct rtl8139_cp_setup *s);

/** Have the card look at its transmit descriptors. */
void rtl8139_cp_poll(const struct rtl8139 *d);

/** Write descriptor @i of the ring at @ring (an address in memory); dword 0 last. */
void rtl8139_cp_put(uint64_t ring, unsigned i, uint32_t dw0, uint64_t iova);

/** Dword @dw of descriptor @i. */
uint32_t rtl8139_cp_get(uint64_t ring, unsigned i, unsigned dw);

/** Wait until descriptor @i is no longer the card's, or it reports an error of the bus in ISR.
 * False on time-out. */
bool rtl8139_cp_wait(const struct rtl8139 *d, uint64_t ring, unsigned i);

#endif

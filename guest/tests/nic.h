// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of the RTL8139 share: the card behind the IOMMU with its buffers in scattered
 * pages, frames of which every byte is known, and the wire's other end, the host.
 */
#ifndef TESTS_NIC_H
#define TESTS_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/rtl8139/rtl8139.h"
#include "tests/rig.h"

/* Metadata of a rule about the card. @safe: may run on a board, whose network is a real one. */
#define NIC_KEYS(ref, needs, safe) \
    "ref=" ref " needs=" needs " hw-safe=" safe " may-kill=no controls=both timeout-ms=20000"

#define NIC_DOMAIN   0x139
#define NIC_TX_IOVA  0x40000000u
#define NIC_RX_IOVA  0x20000000u
/* Four frames at any offsets; a receive buffer of 64 KiB and what lies behind it. */
#define NIC_TX_PAGES 4
#define NIC_RX_PAGES 17

/* The longest frame without its CRC (IEEE 802.3), and the shortest */
#define FRAME_MAX 1514u
#define FRAME_MIN 60u

/*
 * Memory that the card finds at consecutive IOVAs and that lies in pages the other way round: page
 * i of the window is the block's last page but i, so that no two pages follow each other in memory.
 */
struct window {
    uint64_t iova;
    struct buf b;
};

struct nic {
    struct rig *r;
    struct check *c;
    struct rtl8139 *d;
    struct amdvi_pt pt;
    struct window tx, rx;
};

/**
 * rig_begin(), the card reset, and a tree of four levels in which the card has its tx window at
 * NIC_TX_IOVA and its rx window at NIC_RX_IOVA, both in memory above 4 GiB, all of it canary; the
 * card is attached. The end of the rule resets the card. False: the rule is an error.
 */
bool nic_begin(struct nic *n, struct check *c);

/** A window of @pages pages at @iova, mapped with both rights. False: the rule is an error. */
bool nic_window(struct nic *n, struct window *w, uint64_t iova, unsigned pages);

/** Have the card's DMA denied (@on), or attached to the tree again. False: the rule is an error. */
bool nic_deny(struct nic *n, bool on);

/** Write the entry of the page of @iova, @value as it stands, and flush. */
bool nic_set_entry(struct nic *n, uint64_t iova, uint64_t value);

/** Reset the card, start it in legacy mode with an 8 KiB buffer at NIC_RX_IOVA, rx window canary.
 */
void nic_start(struct nic *n, bool loopback);

/** As nic_start(), with a buffer of 8 KiB << @rx_log2 and RCR.WRAP = @wrap, in loopback. */
void nic_start_ring(struct nic *n, unsigned rx_log2, bool wrap);

/** The byte at offset @off of the window. */
volatile uint8_t *window_at(const struct window *w, uint32_t off);

/** Address in memory of the page that window offset @off lies in. */
uint64_t window_page(const struct window *w, uint32_t off);

void window_write(const struct window *w, uint32_t off, const void *data, uint32_t len);

/* What a part of a window has to hold; @bytes NULL: anything. */
struct piece {
    uint32_t off;
    const uint8_t *bytes;
    uint32_t len;
};

/** The window must hold these pieces, and its canary everywhere else. */
void expect_window(struct nic *n, const char *what, const struct window *w,
                   const struct piece *pieces, unsigned count);

/** The same question without a verdict. */
bool window_holds(const struct window *w, const struct piece *pieces, unsigned count,
                  uint32_t *where);

/* A frame, and behind it the CRC that the wire adds. image holds what a receive buffer gets. */
struct frame {
    uint32_t len;
    uint8_t image[4 + FRAME_MAX + 4];
};

enum frame_to { TO_CARD, TO_ALL, TO_OTHER };

/**
 * A frame of @len bytes from 14 to FRAME_MAX, unlike any other; @header is what the card has to put
 * before it in the receive buffer.
 */
void frame_make(struct nic *n, struct frame *f, enum frame_to to, uint32_t len, uint32_t header);

/** The frame itself. */
const uint8_t *frame_bytes(const struct frame *f);

/** All that a receive buffer has of it: header, frame, CRC. */
struct piece frame_piece(const struct frame *f, uint32_t off);

/** Does the rx window hold the bytes of @f at the start of the ring, and nothing behind them? What
 * stands round a frame is for rules, not for controls. */
bool nic_received(struct nic *n, const struct frame *f);

/** Put @f at offset @off (a multiple of 4) of the tx window and have it sent by descriptor @slot;
 * true if the card says that it has. */
bool nic_send(struct nic *n, unsigned slot, uint32_t off, const struct frame *f, uint32_t *tsd);

/**
 * Controls by loopback: a frame arrives at the start of the receive buffer through the IOMMU, and
 * with a DTE that denies the same one does not. The card is to be started again after it. False if
 * the rule is broken.
 */
bool nic_controls(struct nic *n);

/** The same with the host at the other end, both ways. */
bool nic_host_controls(struct nic *n);

/** Have the host send @f (up to 430 bytes) to the card. False: the rule is an error. */
bool host_send(struct nic *n, const struct frame *f);

/** Have the card send what is in memory at offset @off, wait until it has come to an end with it;
 * *@tsd gets the status. */
void nic_try(struct nic *n, unsigned slot, uint32_t off, uint32_t len, uint32_t *tsd);

/* A frame that the host got. */
struct host_frame {
    uint32_t len;
    uint32_t crc;   /* of its bytes */
    uint32_t shown; /* bytes that are known: all, or none of a long frame */
    uint8_t bytes[128];
};

/** What the host has got since it was last asked, at most @max. Returns how many. */
unsigned host_take(struct nic *n, struct host_frame *list, unsigned max);

/** Does any quadword of @len bytes at @data stand in a frame that the host got since it was last
 * asked? Frames beyond 128 bytes are not seen. */
bool host_has_any(struct nic *n, const uint8_t *data, uint32_t len);

/** The host must have got these frames since it was last asked, in this order, and no other. */
void expect_host(struct nic *n, const char *what, const struct frame *const *list, unsigned count);

#endif

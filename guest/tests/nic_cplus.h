// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The RTL8139 in C+ mode with its rings and buffers above 4 GiB of IOVA.
 */
#ifndef TESTS_NIC_CPLUS_H
#define TESTS_NIC_CPLUS_H

#include "tests/nic.h"

/* IOVAs of rings (one page each) and buffers (four pages each); none is mapped at its low half. */
#define NIC_CP_TX_RING 0x123400000ull
#define NIC_CP_RX_RING 0x2345600000ull
#define NIC_CP_TX_IOVA 0x700000000ull
#define NIC_CP_RX_IOVA 0x5555000000ull

struct nic_cplus {
    struct nic n;
    struct window tx_ring, rx_ring, tx, rx;
};

/** nic_begin() and the windows of C+ mode. False: the rule is over, be it that the chip is none. */
bool nic_cplus_begin(struct nic_cplus *p, struct check *c);

/** Reset the card and start it in C+ mode, all windows canary but the rings, which are zero in the
 * first 64 bytes: four descriptors, none the card's. False: the rule is an error. */
bool nic_cplus_start(struct nic_cplus *p, bool loopback);

/** Have @f sent from the start of the buffers by descriptor *@slot of a ring of four, and wait for
 * it. *@slot moves on. */
void nic_cplus_send(struct nic_cplus *p, unsigned *slot, const struct frame *f);

#endif

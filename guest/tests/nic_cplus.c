// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/nic_cplus.h"

#include "check/rule.h"

bool nic_cplus_begin(struct nic_cplus *p, struct check *c)
{
    if (!nic_begin(&p->n, c)) {
        return false;
    }
    if (!rtl8139_has_cplus(p->n.d)) {
        rule_skip(c, "the chip has no C+ mode: PCI revision 0x%02x", p->n.d->revision);
        return false;
    }
    return nic_window(&p->n, &p->tx_ring, NIC_CP_TX_RING, 1) &&
           nic_window(&p->n, &p->rx_ring, NIC_CP_RX_RING, 1) &&
           nic_window(&p->n, &p->tx, NIC_CP_TX_IOVA, 4) &&
           nic_window(&p->n, &p->rx, NIC_CP_RX_IOVA, 4) && rig_flush(p->n.r, NIC_DOMAIN);
}

bool nic_cplus_start(struct nic_cplus *p, bool loopback)
{
    static const uint8_t none[64];

    if (!rtl8139_reset(p->n.d)) {
        rule_error(p->n.c, "the card does not come out of its reset");
        return false;
    }
    buf_canary(&p->tx_ring.b);
    buf_canary(&p->rx_ring.b);
    buf_canary(&p->tx.b);
    buf_canary(&p->rx.b);
    window_write(&p->tx_ring, 0, none, sizeof(none));
    window_write(&p->rx_ring, 0, none, sizeof(none));
    rtl8139_cp_start(p->n.d, &(struct rtl8139_cp_setup){.tx_iova = NIC_CP_TX_RING,
                                                        .rx_iova = NIC_CP_RX_RING,
                                                        .loopback = loopback});
    return true;
}

void nic_cplus_send(struct nic_cplus *p, unsigned *slot, const struct frame *f)
{
    uint64_t ring = window_page(&p->tx_ring, 0);
    unsigned i = (*slot)++ % 4;

    window_write(&p->tx, 0, frame_bytes(f), f->len);
    /* OWN FS LS, and EOR in the last one */
    rtl8139_cp_put(ring, i, (i == 3 ? 0xf0000000 : 0xb0000000) | f->len, NIC_CP_TX_IOVA);
    rtl8139_cp_poll(p->n.d);
    expect_true(p->n.c, rtl8139_cp_wait(p->n.d, ring, i),
                "transmit descriptor %u is not given back", i);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RTL8139: reset, interrupt status and mask (docs/rules.md, RTL-RST and RTL-IR). The pin is seen in
 * bit 3 of PCI status; what becomes of it further on is a matter of other rules.
 */
#include "arch/time.h"
#include "drivers/rtl8139/regs.h"
#include "platform/pci.h"
#include "tests/nic.h"

#define STATUS_INTERRUPT 0x0008 /* PCI Local Bus Specification 3.0, 6.2.3 */

static bool pin(const struct nic *n)
{
    return pci_read16(n->d->devid, PCI_STATUS) & STATUS_INTERRUPT;
}

static uint16_t isr(const struct nic *n)
{
    return rtl8139_read16(n->d, 0x3e);
}

/* One frame in loopback: ISR has ROK and TOK after it, and only these of the low bits. */
static bool raise_two(struct nic *n)
{
    static struct frame f;
    struct piece arrived;

    nic_start(n, true);
    frame_make(n, &f, TO_CARD, 60, 0x00404001);
    arrived = frame_piece(&f, 0);
    expect_true(n->c, nic_send(n, 0, 0, &f, NULL) && rtl8139_rx_wait(n->d), "no frame arrived");
    expect_window(n, "receive buffer", &n->rx, &arrived, 1);
    expect_u64(n->c, "ISR after a frame in loopback", 0x0005, isr(n) & 0x001f);
    return !rule_broken(n->c);
}

RULE("RTL-IR-001", "A", rtl_isr_w1c_imr_gates_pin, NIC_KEYS("rtl8139/ISR-IMR", "rtl8139", "yes"),
     "ISR bits stay until a 1 is written to them, whatever IMR says; the interrupt pin is on while "
     "ISR and IMR have a bit in common")
{
    static const struct {
        uint16_t imr;
        bool on;
    } masks[] = {{0x0000, false}, {0x0001, true},  {0x0004, true}, {0x0005, true},
                 {0xe07a, false}, {0x0008, false}, {0x000f, true}};
    struct nic n;

    if (!nic_begin(&n, c) || !nic_controls(&n) || !raise_two(&n)) {
        return;
    }
    rtl8139_write16(n.d, 0x3e, 0x0000);
    expect_u64(c, "ISR after 0 was written", 0x0005, isr(&n) & 0x001f);
    rtl8139_write16(n.d, 0x3e, 0x001a);
    expect_u64(c, "ISR after 1 was written to other bits", 0x0005, isr(&n) & 0x001f);
    rtl8139_write16(n.d, 0x3e, 0x0001);
    expect_u64(c, "ISR after 1 was written to ROK", 0x0004, isr(&n) & 0x001f);
    rtl8139_write16(n.d, 0x3e, 0x0004);
    expect_u64(c, "ISR after 1 was written to TOK", 0x0000, isr(&n) & 0x001f);

    if (!raise_two(&n)) {
        return;
    }
    for (unsigned i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        rtl8139_write16(n.d, 0x3c, masks[i].imr);
        expect_u64(c, "IMR reads what was written", masks[i].imr, rtl8139_read16(n.d, 0x3c));
        expect_true(c, pin(&n) == masks[i].on,
                    "ISR=0x0005 IMR=0x%04x: expected the pin %s, actual PCI status 0x%04x",
                    masks[i].imr, masks[i].on ? "on" : "off", pci_read16(n.d->devid, PCI_STATUS));
        expect_u64(c, "ISR is not changed by IMR", 0x0005, isr(&n) & 0x001f);
    }
    rtl8139_write16(n.d, 0x3e, 0x0001);
    expect_true(c, pin(&n), "TOK is left: expected the pin on");
    rtl8139_write16(n.d, 0x3e, 0x0004);
    expect_true(c, !pin(&n), "nothing is left: expected the pin off, ISR 0x%04x", isr(&n));
    expect_no_event(n.r, "two frames");
}

RULE(
    "RTL-RST-001", "A", rtl_reset_stops_the_card, NIC_KEYS("rtl8139/CR.RST", "rtl8139", "yes"),
    "CR.RST ends by itself and leaves transmitter, receiver and interrupts off and the ring at its "
    "start; nothing is sent or received until they are enabled again")
{
    static struct frame f;
    struct piece arrived;
    struct nic n;
    uint32_t tsd;

    if (!nic_begin(&n, c) || !nic_controls(&n) || !raise_two(&n)) {
        return;
    }
    rtl8139_write16(n.d, 0x3c, 0x000f);
    rtl8139_write8(n.d, 0x37, 0x10);
    expect_true(c, wait_until(!(rtl8139_read8(n.d, 0x37) & 0x10), RTL8139_WAIT_US),
                "CR.RST stays 1");
    expect_u64(c, "CR: TE=0 RE=0 BUFE=1", 0x01, rtl8139_read8(n.d, 0x37) & 0x1d);
    expect_u64(c, "IMR", 0, rtl8139_read16(n.d, 0x3c));
    expect_u64(c, "ISR", 0, isr(&n) & 0x805f);
    expect_u64(c, "CBR", 0, rtl8139_read16(n.d, 0x3a));
    expect_true(c, !pin(&n), "expected the pin off");
    for (unsigned i = 0; i < 6; i++) {
        expect_u64(c, "a byte of the station address", n.d->mac[i],
                   rtl8139_read8(n.d, (uint16_t)i));
    }
    observe(c, "capr", "%04x", rtl8139_read16(n.d, 0x38));
    observe(c, "tsd0", "%08x", rtl8139_read32(n.d, 0x10));

    /* With TE=0 a descriptor is not sent: the next frame is the first to arrive. */
    frame_make(&n, &f, TO_CARD, 60, 0x00404001);
    buf_canary(&n.rx.b);
    window_write(&n.tx, 0, frame_bytes(&f), f.len);
    rtl8139_tx(n.d, 0, NIC_TX_IOVA, f.len);
    expect_u64(c, "ISR with the transmitter off", 0, isr(&n) & 0x805f);
    expect_window(&n, "with transmitter and receiver off", &n.rx, NULL, 0);

    nic_start(&n, true);
    arrived = frame_piece(&f, 0);
    expect_true(c, nic_send(&n, 0, 0, &f, &tsd) && rtl8139_rx_wait(n.d),
                "no frame after the reset: TSD 0x%08x", tsd);
    expect_window(&n, "after the reset", &n.rx, &arrived, 1);
    expect_no_event(n.r, "a reset");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RTL8139: the ends of the receive ring, and what happens when it is full (docs/rules.md, RTL-RX).
 *
 * A frame of 1514 bytes takes 4 + 1514 + 4 bytes, rounded up to 5F4h.
 */
#include "arch/time.h"
#include "drivers/rtl8139/regs.h"
#include "lib/format.h"
#include "tests/nic.h"

#define LONG_FRAME  1514u
#define LONG_HEADER 0x05ee4001u
#define LONG_STEP   0x5f4u

/* How a ring of 8 KiB << log2 ends: so many long frames, then one that starts at @start with
 * @before bytes before the end and @behind behind it; the next one starts at @next. */
static const struct {
    unsigned log2, frames;
    uint32_t size, start, before, behind, next;
} ends[] = {
    {0, 5, 0x2000, 0x1dc4, 0x23c, 0x3b6, 0x3b8},
    {1, 10, 0x4000, 0x3b88, 0x478, 0x17a, 0x17c},
    {2, 21, 0x8000, 0x7d04, 0x2fc, 0x2f6, 0x2f8},
    {3, 43, 0x10000, 0xfffc, 0x004, 0x5ee, 0x5f0}, /* the header alone before the end */
};

/* Send @f by the next descriptor, wait for it, release all that was received. */
static bool pass_frame(struct nic *n, unsigned *slot, const struct frame *f, uint32_t next)
{
    bool ok = nic_send(n, *slot % 4, 0, f, NULL) &&
              wait_until(rtl8139_read16(n->d, RTL8139_CBR) == (uint16_t)next, RTL8139_WAIT_US);

    (*slot)++;
    if (!ok) {
        expect_true(n->c, false, "frame %u did not arrive: CBR expected 0x%x, actual 0x%x", *slot,
                    next, rtl8139_read16(n->d, RTL8139_CBR));
        return false;
    }
    rtl8139_rx_release(n->d, next);
    return true;
}

/* Round the end of ring @e, once: frames up to it, the one across, and one more. */
static void round_the_end(struct nic *n, unsigned e, bool wrap)
{
    static struct frame across, after;
    char what[40];
    unsigned slot = 0;

    format(what, sizeof(what), "%u KiB, WRAP=%u", 8u << ends[e].log2, wrap);
    nic_start_ring(n, ends[e].log2, wrap);
    for (unsigned i = 1; i <= ends[e].frames; i++) {
        frame_make(n, &across, TO_CARD, LONG_FRAME, LONG_HEADER);
        if (!pass_frame(n, &slot, &across, i * LONG_STEP)) {
            return;
        }
    }
    buf_canary(&n->rx.b);
    frame_make(n, &across, TO_CARD, LONG_FRAME, LONG_HEADER);
    frame_make(n, &after, TO_CARD, 60, 0x00404001);
    if (!pass_frame(n, &slot, &across, ends[e].next) ||
        !pass_frame(n, &slot, &after, ends[e].next + 0x44)) {
        return;
    }

    uint32_t behind = wrap ? ends[e].size : 0;
    const struct piece pieces[] = {
        {behind + ends[e].behind, NULL, 2}, /* the gap to the next multiple of 4 */
        {ends[e].start, across.image, ends[e].before},
        {behind, across.image + ends[e].before, ends[e].behind},
        frame_piece(&after, ends[e].next),
    };

    expect_window(n, what, &n->rx, pieces, 4);
}

RULE("RTL-RX-002", "A", rtl_rx_wraps_at_the_end, NIC_KEYS("rtl8139/RCR.WRAP", "rtl8139", "yes"),
     "WRAP=0: what does not fit before the end of the ring goes on at its start, for each size")
{
    struct nic n;

    if (!nic_begin(&n, c) || !nic_controls(&n)) {
        return;
    }
    for (unsigned e = 0; e < sizeof(ends) / sizeof(ends[0]); e++) {
        round_the_end(&n, e, false);
    }
    expect_no_event(n.r, "rings of four sizes");
}

RULE("RTL-RX-005", "A", rtl_rx_goes_on_behind_the_end,
     NIC_KEYS("rtl8139/RCR.WRAP", "rtl8139", "yes"),
     "WRAP=1: a frame goes on behind the end of the ring, and the next one stands where it would "
     "have without")
{
    struct nic n;

    if (!nic_begin(&n, c) || !nic_controls(&n)) {
        return;
    }
    /* With 64 KiB the bit has no meaning. */
    for (unsigned e = 0; e < 3; e++) {
        round_the_end(&n, e, true);
    }
    expect_no_event(n.r, "rings of three sizes");
}

/* Five long frames fill a ring of 8 KiB but for 23Ch bytes; a sixth is one too many. */
static void overflow(struct nic *n, uint16_t imr)
{
    static struct frame frames[6], late;
    struct piece pieces[5];
    char what[24];
    uint32_t tsd;

    format(what, sizeof(what), "IMR=0x%04x", imr);
    nic_start(n, true);
    rtl8139_write32(n->d, RTL8139_MPC, 0);
    rtl8139_write16(n->d, RTL8139_IMR, imr);
    for (unsigned i = 0; i < 5; i++) {
        frame_make(n, &frames[i], TO_CARD, LONG_FRAME, LONG_HEADER);
        pieces[i] = (struct piece){i * LONG_STEP, frames[i].image, 4 + LONG_FRAME + 4};
        if (!nic_send(n, i % 4, 0, &frames[i], NULL) ||
            !wait_until(rtl8139_read16(n->d, RTL8139_CBR) == (i + 1) * LONG_STEP,
                        RTL8139_WAIT_US)) {
            expect_true(n->c, false, "%s: frame %u did not arrive: CBR 0x%x", what, i,
                        rtl8139_read16(n->d, RTL8139_CBR));
            return;
        }
    }
    expect_u64(n->c, "ISR with five frames: ROK and TOK, no RXOVW", 0x0005,
               rtl8139_read16(n->d, RTL8139_ISR) & 0x0015);
    rtl8139_write16(n->d, RTL8139_ISR, 0xffff);
    /* The gaps between the frames hold anything. */
    struct piece ring[10];

    for (unsigned i = 0; i < 5; i++) {
        ring[2 * i] = (struct piece){i * LONG_STEP, NULL, LONG_STEP};
        ring[2 * i + 1] = pieces[i];
    }
    frame_make(n, &frames[5], TO_CARD, LONG_FRAME, LONG_HEADER);
    window_write(&n->tx, 0, frame_bytes(&frames[5]), LONG_FRAME);
    rtl8139_tx(n->d, 1, NIC_TX_IOVA, LONG_FRAME);
    expect_true(n->c, rtl8139_tx_wait(n->d, 1, &tsd), "%s: the sixth frame was not sent", what);
    expect_true(n->c,
                wait_until(rtl8139_read16(n->d, RTL8139_ISR) & RTL8139_INT_RXOVW, RTL8139_WAIT_US),
                "%s: expected ISR.RXOVW with a frame that does not fit, actual ISR 0x%04x", what,
                rtl8139_read16(n->d, RTL8139_ISR));
    expect_u64(n->c, "ISR.ROK of a frame that does not fit", 0,
               rtl8139_read16(n->d, RTL8139_ISR) & RTL8139_INT_ROK);
    expect_window(n, what, &n->rx, ring, 10);
    observe(n->c, "missed", "%u", rtl8139_read32(n->d, RTL8139_MPC) & 0xffffff);

    /* With room again the receiver goes on, be it with the sixth frame or with one more. */
    rtl8139_write16(n->d, RTL8139_IMR, 0);
    rtl8139_write16(n->d, RTL8139_ISR, 0xffff);
    rtl8139_rx_release(n->d, 5 * LONG_STEP);
    frame_make(n, &late, TO_CARD, LONG_FRAME, LONG_HEADER);
    expect_true(n->c, nic_send(n, 2, 0, &late, NULL) && rtl8139_rx_wait(n->d),
                "%s: nothing is received after room was made", what);

    const struct piece sixth[] = {{0x1dc4, frames[5].image, 0x23c}};
    const struct piece next[] = {{0x1dc4, late.image, 0x23c}};
    const struct piece any[] = {{0, NULL, 0x1dc4}, {0x2000, NULL, 0xf000}};
    const struct piece as_sixth[] = {any[0], any[1], sixth[0]};
    const struct piece as_next[] = {any[0], any[1], next[0]};
    uint32_t where;

    expect_true(
        n->c, window_holds(&n->rx, as_sixth, 3, &where) || window_holds(&n->rx, as_next, 3, &where),
        "%s: what is received after room was made is no frame that was sent", what);
}

RULE("RTL-RX-003", "A", rtl_rx_overflow, NIC_KEYS("rtl8139/ISR.RXOVW", "rtl8139", "yes"),
     "A frame for which the ring has no room changes nothing in it and sets ISR.RXOVW, whatever "
     "IMR says")
{
    struct nic n;

    if (!nic_begin(&n, c) || !nic_controls(&n)) {
        return;
    }
    overflow(&n, 0x0010);
    overflow(&n, 0x0000);
    expect_no_event(n.r, "a full ring");
}

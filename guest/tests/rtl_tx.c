// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RTL8139: sending in legacy mode, and the internal loopback (docs/rules.md, RTL-TX and RTL-LB).
 */
#include "drivers/rtl8139/regs.h"
#include "lib/format.h"
#include "tests/nic.h"

RULE("RTL-TX-001", "A", rtl_tx_slots_send_exact_bytes,
     NIC_KEYS("rtl8139/TSD-TSAD", "rtl8139,host", "no"),
     "The four descriptors in turn send exactly their bytes, gathered from scattered pages")
{
    /* Lengths at the limits and between; offsets in the four pages of the window, most frames
     * across the end of a page. */
    static const struct {
        uint32_t len, off;
    } cases[3][4] = {
        {{60, 0x0000}, {61, 0x0fe0}, {1514, 0x1c00}, {64, 0x2ffc}},
        {{1513, 0x0a00}, {127, 0x1fc0}, {128, 0x2084}, {1514, 0x2a00}},
        {{577, 0x0004}, {1024, 0x0f00}, {129, 0x1ff0}, {60, 0x2fc4}},
    };
    static struct frame frames[4];
    const struct frame *list[4] = {&frames[0], &frames[1], &frames[2], &frames[3]};
    struct nic n;

    if (!nic_begin(&n, c) || !nic_host_controls(&n)) {
        return;
    }
    nic_start(&n, false);
    for (unsigned round = 0; round < 3; round++) {
        char what[24];

        format(what, sizeof(what), "round %u", round);
        buf_canary(&n.tx.b);
        for (unsigned slot = 0; slot < 4; slot++) {
            frame_make(&n, &frames[slot], TO_OTHER, cases[round][slot].len, 0);
            expect_true(c, nic_send(&n, slot, cases[round][slot].off, &frames[slot], NULL),
                        "%s: descriptor %u with %u bytes at 0x%x was not sent", what, slot,
                        cases[round][slot].len, cases[round][slot].off);
        }
        expect_host(&n, what, list, 4);
        const struct piece sent[] = {
            {cases[round][0].off, frame_bytes(list[0]), cases[round][0].len},
            {cases[round][1].off, frame_bytes(list[1]), cases[round][1].len},
            {cases[round][2].off, frame_bytes(list[2]), cases[round][2].len},
            {cases[round][3].off, frame_bytes(list[3]), cases[round][3].len},
        };
        expect_window(&n, what, &n.tx, sent, 4);
    }
    expect_window(&n, "receive buffer", &n.rx, NULL, 0);
    expect_no_event(n.r, "three rounds of frames");
}

RULE("RTL-TX-002", "A", rtl_tx_own_tok_size, NIC_KEYS("rtl8139/TSD", "rtl8139", "yes"),
     "TSD written with OWN=1 sends nothing; with OWN=0 the frame is sent, OWN and TOK become 1 and "
     "the size stays")
{
    static struct frame f;
    struct nic n;
    uint32_t tsd;

    if (!nic_begin(&n, c) || !nic_controls(&n)) {
        return;
    }
    nic_start(&n, true);
    frame_make(&n, &f, TO_CARD, 60, 0x00404001);
    window_write(&n.tx, 0, frame_bytes(&f), 60);
    for (unsigned slot = 0; slot < 4; slot++) {
        const struct piece arrived = frame_piece(&f, 0x44 * slot);
        uint16_t tsd_off = (uint16_t)(0x10 + 4 * slot);
        uint32_t others[4];

        buf_canary(&n.rx.b);
        for (unsigned i = 0; i < 4; i++) {
            others[i] = rtl8139_read32(n.d, (uint16_t)(0x10 + 4 * i));
        }
        rtl8139_write32(n.d, (uint16_t)(0x20 + 4 * slot), 0x40000000);
        rtl8139_write32(n.d, tsd_off, 0x0000203c); /* OWN=1, 60 bytes */
        expect_u64(c, "TSD.OWN after OWN=1 was written", 0x2000,
                   rtl8139_read32(n.d, tsd_off) & 0x2000);
        expect_u64(c, "ISR after OWN=1 was written", 0, rtl8139_read16(n.d, 0x3e) & 0x000f);
        expect_window(&n, "OWN=1", &n.rx, NULL, 0);

        rtl8139_write32(n.d, tsd_off, 0x0000003c); /* OWN=0, 60 bytes */
        expect_true(c, rtl8139_tx_wait(n.d, slot, &tsd), "descriptor %u does not come to an end",
                    slot);
        /* TABT, TOK, TUN, OWN and SIZE; the rest are counters and thresholds */
        expect_u64(c, "TSD of a frame that was sent", 0x0000a03c, tsd & 0x4000ffff);
        expect_true(c, rtl8139_rx_wait(n.d), "nothing was received from descriptor %u", slot);
        expect_window(&n, "OWN=0", &n.rx, &arrived, 1);
        expect_u64(c, "ISR: ROK and TOK", 0x0005, rtl8139_read16(n.d, 0x3e) & 0x000f);
        rtl8139_write16(n.d, 0x3e, 0x0005);
        for (unsigned i = 0; i < 4; i++) {
            if (i != slot) {
                expect_u64(c, "TSD of another descriptor", others[i],
                           rtl8139_read32(n.d, (uint16_t)(0x10 + 4 * i)));
            }
        }
        rtl8139_rx_release(n.d, 0x44 * (slot + 1));
    }
    /* TOK of all four, no TUN, no TABT, OWN of all four */
    observe(c, "tsd_summary", "%04x", rtl8139_read16(n.d, RTL8139_TSALL));
    expect_no_event(n.r, "four frames");
}

RULE("RTL-LB-001", "A", rtl_loopback_receives_and_sends_nothing,
     NIC_KEYS("rtl8139/TCR", "rtl8139,host", "no"),
     "TCR bits 18:17 = 11b: what is sent is received, to the byte, and does not leave")
{
    static const struct {
        uint32_t len, header, off;
    } cases[] = {
        {60, 0x00404001, 0x0000},   {61, 0x00414001, 0x0044},   {62, 0x00424001, 0x008c},
        {63, 0x00434001, 0x00d4},   {64, 0x00444001, 0x011c},   {511, 0x02034001, 0x0164},
        {1513, 0x05ed4001, 0x036c}, {1514, 0x05ee4001, 0x0960},
    };
    enum { COUNT = sizeof(cases) / sizeof(cases[0]) };
    static struct frame frames[COUNT], last;
    const struct frame *outside[] = {&last};
    struct piece pieces[2 * COUNT];
    struct nic n;

    if (!nic_begin(&n, c) || !nic_host_controls(&n)) {
        return;
    }
    nic_start(&n, true);
    for (unsigned i = 0; i < COUNT; i++) {
        frame_make(&n, &frames[i], TO_CARD, cases[i].len, cases[i].header);
        expect_true(c, nic_send(&n, i % 4, 0xc00, &frames[i], NULL), "frame %u was not sent", i);
        expect_true(c, rtl8139_rx_wait(n.d), "frame %u was not received", i);
        /* Up to the next multiple of 4 anything may stand behind a frame. */
        pieces[2 * i] = (struct piece){cases[i].off, NULL, (4 + cases[i].len + 4 + 3) & ~3u};
        pieces[2 * i + 1] = frame_piece(&frames[i], cases[i].off);
        expect_window(&n, "loopback", &n.rx, pieces, 2 * (i + 1));
    }
    expect_host(&n, "in loopback", NULL, 0);

    /* The same card without the bits sends to the host, and receives nothing of it. */
    nic_start(&n, false);
    frame_make(&n, &last, TO_CARD, 60, 0);
    expect_true(c, nic_send(&n, 0, 0, &last, NULL), "the frame without loopback was not sent");
    expect_host(&n, "without loopback", outside, 1);
    expect_window(&n, "without loopback", &n.rx, NULL, 0);
    expect_no_event(n.r, "frames in loopback");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RTL8139: receiving into the ring in legacy mode (docs/rules.md, RTL-RX).
 */
#include "arch/time.h"
#include "drivers/rtl8139/regs.h"
#include "tests/nic.h"

/* Wait until the card has written up to @cbr. */
static bool wait_cbr(struct nic *n, uint16_t cbr)
{
    bool ok = wait_until(rtl8139_read16(n->d, RTL8139_CBR) == cbr, RTL8139_WAIT_US);

    expect_true(n->c, ok, "CBR: expected 0x%x, actual 0x%x", cbr,
                rtl8139_read16(n->d, RTL8139_CBR));
    return ok;
}

RULE("RTL-RX-001", "A", rtl_rx_places_header_frame_crc,
     NIC_KEYS("rtl8139/Rx-header", "rtl8139,host", "no"),
     "A frame stands in the ring behind a header with status and length, with its CRC, and the "
     "next one at the next multiple of 4")
{
    static const struct {
        enum frame_to to;
        uint32_t len, header, off;
        uint16_t next;
    } cases[] = {
        {TO_CARD, 60, 0x00404001, 0x0000, 0x0044},  {TO_ALL, 60, 0x00402001, 0x0044, 0x0088},
        {TO_CARD, 61, 0x00414001, 0x0088, 0x00d0},  {TO_CARD, 62, 0x00424001, 0x00d0, 0x0118},
        {TO_ALL, 63, 0x00432001, 0x0118, 0x0160},   {TO_CARD, 64, 0x00444001, 0x0160, 0x01a8},
        {TO_CARD, 300, 0x01304001, 0x01a8, 0x02dc}, {TO_CARD, 430, 0x01b24001, 0x02dc, 0x0494},
    };
    enum { COUNT = sizeof(cases) / sizeof(cases[0]) };
    static struct frame frames[COUNT];
    struct piece pieces[2 * COUNT];
    struct nic n;

    if (!nic_begin(&n, c) || !nic_host_controls(&n)) {
        return;
    }
    nic_start(&n, false);
    for (unsigned i = 0; i < COUNT; i++) {
        frame_make(&n, &frames[i], cases[i].to, cases[i].len, cases[i].header);
        if (!host_send(&n, &frames[i]) || !wait_cbr(&n, cases[i].next)) {
            return;
        }
        /* Up to the next multiple of 4 anything may stand behind a frame. */
        pieces[2 * i] = (struct piece){cases[i].off, NULL, cases[i].next - cases[i].off};
        pieces[2 * i + 1] = frame_piece(&frames[i], cases[i].off);
        expect_window(&n, "receive buffer", &n.rx, pieces, 2 * (i + 1));
    }
    expect_u64(c, "ISR: ROK", 0x0001, rtl8139_read16(n.d, RTL8139_ISR) & 0x005f);
    expect_window(&n, "transmit buffers", &n.tx, &(struct piece){0x40, NULL, 64}, 1);
    expect_no_event(n.r, "frames of the host");
}

RULE("RTL-RX-004", "A", rtl_rx_capr_cbr_bufe, NIC_KEYS("rtl8139/CAPR-CBR", "rtl8139", "yes"),
     "CBR is where the card has written up to, CAPR where the driver has read up to less 16, and "
     "BUFE=1 says that they meet")
{
    static struct frame a, b;
    struct nic n;

    if (!nic_begin(&n, c) || !nic_controls(&n)) {
        return;
    }
    frame_make(&n, &a, TO_CARD, 60, 0x00404001);
    frame_make(&n, &b, TO_CARD, 100, 0x00684001);
    nic_start(&n, true);
    expect_u64(c, "CAPR at the start", 0xfff0, rtl8139_read16(n.d, 0x38));
    expect_u64(c, "CBR at the start", 0x0000, rtl8139_read16(n.d, 0x3a));
    expect_u64(c, "CR.BUFE at the start", 1, rtl8139_read8(n.d, 0x37) & 1);

    expect_true(c, nic_send(&n, 0, 0, &a, NULL) && rtl8139_rx_wait(n.d), "no frame arrived");
    expect_u64(c, "CBR after 60 bytes", 0x0044, rtl8139_read16(n.d, 0x3a));
    expect_u64(c, "CR.BUFE after 60 bytes", 0, rtl8139_read8(n.d, 0x37) & 1);
    expect_true(c, nic_send(&n, 1, 0x100, &b, NULL), "the second frame was not sent");
    expect_true(c, wait_until(rtl8139_read16(n.d, 0x3a) == 0x00b0, RTL8139_WAIT_US),
                "CBR after 100 more bytes: expected 0xb0, actual 0x%x", rtl8139_read16(n.d, 0x3a));

    rtl8139_write16(n.d, 0x38, 0x0034); /* 44h less 16: the first is read */
    expect_u64(c, "CAPR after the first was read", 0x0034, rtl8139_read16(n.d, 0x38));
    expect_u64(c, "CR.BUFE with one frame left", 0, rtl8139_read8(n.d, 0x37) & 1);
    rtl8139_write16(n.d, 0x38, 0x00a0); /* B0h less 16: both are read */
    expect_u64(c, "CR.BUFE with none left", 1, rtl8139_read8(n.d, 0x37) & 1);
    expect_u64(c, "CBR is not moved by CAPR", 0x00b0, rtl8139_read16(n.d, 0x3a));

    const struct piece both[] = {frame_piece(&a, 0), frame_piece(&b, 0x44)};

    expect_window(&n, "reading changes no memory", &n.rx, both, 2);
    expect_no_event(n.r, "two frames");
}

RULE("RTL-RX-006", "A", rtl_rx_filter, NIC_KEYS("rtl8139/RCR", "rtl8139,host", "no"),
     "With AAP=0 a frame to another station, and with AB=0 a broadcast, leave the ring alone")
{
    static struct frame other, all, mine, all_again;
    struct nic n;

    if (!nic_begin(&n, c) || !nic_host_controls(&n)) {
        return;
    }
    nic_start(&n, false);
    frame_make(&n, &other, TO_OTHER, 60, 0);
    frame_make(&n, &all, TO_ALL, 64, 0x00442001);
    frame_make(&n, &mine, TO_CARD, 68, 0x00484001);
    frame_make(&n, &all_again, TO_ALL, 72, 0);

    /* What is to be dropped is followed by what is not: when that is there, the first has passed.
     */
    if (!host_send(&n, &other) || !host_send(&n, &all) || !wait_cbr(&n, 0x0048)) {
        return;
    }

    const struct piece first = frame_piece(&all, 0);

    expect_window(&n, "AB=1 APM=1", &n.rx, &first, 1);
    rtl8139_write32(n.d, RTL8139_RCR, 0x0000e602); /* APM=1 AB=0 */
    buf_canary(&n.rx.b);

    uint16_t at = rtl8139_read16(n.d, RTL8139_CBR);
    const struct piece second = frame_piece(&mine, at);

    if (!host_send(&n, &all_again) || !host_send(&n, &mine) ||
        !wait_cbr(&n, (uint16_t)(at + 0x4c))) {
        return;
    }
    expect_window(&n, "AB=0 APM=1", &n.rx, &second, 1);
    expect_no_event(n.r, "frames of the host");
}

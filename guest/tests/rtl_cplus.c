// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RTL8139: C+ mode, with descriptors and buffers above 4 GiB of IOVA (docs/rules.md, RTL-CP).
 */
#include "arch/time.h"
#include "drivers/rtl8139/regs.h"
#include "lib/string.h"
#include "tests/nic_cplus.h"

/* Put @f into the transmit buffers from @off on. */
static void put_frame(struct nic_cplus *p, uint32_t off, const struct frame *f)
{
    window_write(&p->tx, off, frame_bytes(f), f->len);
}

/* After it was sent descriptor @i has OWN=0, EOR as before, no error, and the same address. */
static void expect_sent(struct nic_cplus *p, unsigned i, uint32_t eor, uint64_t iova)
{
    uint64_t ring = window_page(&p->tx_ring, 0);

    expect_true(p->n.c, rtl8139_cp_wait(p->n.d, ring, i), "descriptor %u is not given back", i);
    /* OWN, EOR, and TES, the summary of all errors */
    expect_u64(p->n.c, "transmit status: OWN EOR TES", eor,
               rtl8139_cp_get(ring, i, 0) & 0xc0800000);
    expect_u64(p->n.c, "address in a transmit descriptor", iova,
               rtl8139_cp_get(ring, i, 2) | (uint64_t)rtl8139_cp_get(ring, i, 3) << 32);
}

RULE("RTL-CP-001", "A", rtl_cplus_sends_64bit_descriptors,
     NIC_KEYS("rtl8139cp/Tx-descriptor", "rtl8139,host", "no"),
     "C+ mode sends frames of one or more segments by descriptors and from buffers above 4 GiB, "
     "and goes back to the start at EOR")
{
    static struct frame one, two, three, four;
    const struct frame *first[] = {&one, &two, &three}, *second[] = {&four};
    struct nic_cplus p;

    if (!nic_cplus_begin(&p, c) || !nic_host_controls(&p.n) || !nic_cplus_start(&p, false)) {
        return;
    }

    uint64_t ring = window_page(&p.tx_ring, 0);

    frame_make(&p.n, &one, TO_OTHER, 60, 0);
    frame_make(&p.n, &two, TO_OTHER, 1100, 0);
    frame_make(&p.n, &three, TO_OTHER, 1514, 0);
    put_frame(&p, 0x0fe0, &one);
    put_frame(&p, 0x1c00, &two);
    put_frame(&p, 0x2a00, &three);
    rtl8139_cp_put(ring, 0, 0xb000003c, 0x700000fe0); /* OWN FS LS, 60 */
    rtl8139_cp_put(ring, 1, 0xa0000258, 0x700001c00); /* OWN FS, 600 */
    rtl8139_cp_put(ring, 2, 0x900001f4, 0x700001e58); /* OWN LS, 500 */
    rtl8139_cp_put(ring, 3, 0xf00005ea, 0x700002a00); /* OWN EOR FS LS, 1514 */
    rtl8139_cp_poll(p.n.d);
    expect_sent(&p, 0, 0, 0x700000fe0);
    expect_sent(&p, 1, 0, 0x700001c00);
    expect_sent(&p, 2, 0, 0x700001e58);
    expect_sent(&p, 3, 0x40000000, 0x700002a00);
    expect_host(&p.n, "a ring of four", first, 3);
    expect_u64(c, "ISR: TOK, no error", 0x0004, rtl8139_read16(p.n.d, RTL8139_ISR) & 0x800c);

    /* Round the end: three segments; the last descriptor is not the card's. */
    frame_make(&p.n, &four, TO_OTHER, 600, 0);
    put_frame(&p, 0x0000, &four);
    rtl8139_cp_put(ring, 3, 0x700005ea, 0x700002a00);
    rtl8139_cp_put(ring, 2, 0x90000056, 0x700000202); /* OWN LS, 86 */
    rtl8139_cp_put(ring, 1, 0x800001f4, 0x70000000e); /* OWN, 500 */
    rtl8139_cp_put(ring, 0, 0xa000000e, 0x700000000); /* OWN FS, 14 */
    rtl8139_cp_poll(p.n.d);
    expect_sent(&p, 0, 0, 0x700000000);
    expect_sent(&p, 1, 0, 0x70000000e);
    expect_sent(&p, 2, 0, 0x700000202);
    expect_host(&p.n, "round the end", second, 1);
    expect_u64(c, "a descriptor that is not the card's", 0x700005ea, rtl8139_cp_get(ring, 3, 0));

    const struct piece descriptors = {0, NULL, 0x40};

    expect_window(&p.n, "beside the ring", &p.tx_ring, &descriptors, 1);
    expect_no_event(p.n.r, "C+ frames");
}

RULE("RTL-CP-002", "A", rtl_cplus_receives_64bit_descriptors,
     NIC_KEYS("rtl8139cp/Rx-descriptor", "rtl8139", "yes"),
     "C+ mode receives each frame with its CRC into the next buffer above 4 GiB, gives the "
     "descriptor back with status and length, and never touches one that is not its own")
{
    /* Buffers of 600h bytes, all but the first across the end of a page. */
    static const struct {
        uint32_t len, give, status, off;
    } cases[] = {
        {60, 0x80000600, 0x32000040, 0x0000},
        {1514, 0x80000600, 0x320005ee, 0x0c00},
        {61, 0x80000600, 0x32000041, 0x1fd0},
        {1513, 0xc0000600, 0x720005ed, 0x2b00}, /* EOR */
    };
    static struct frame frames[4], lost, again;
    struct piece pieces[4];
    struct nic_cplus p;
    unsigned slot = 0;

    if (!nic_cplus_begin(&p, c) || !nic_controls(&p.n) || !nic_cplus_start(&p, true)) {
        return;
    }

    uint64_t ring = window_page(&p.rx_ring, 0);

    for (unsigned i = 0; i < 4; i++) {
        rtl8139_cp_put(ring, i, i < 3 ? cases[i].give : 0x40000600, 0x5555000000 + cases[i].off);
    }
    for (unsigned i = 0; i < 3; i++) {
        frame_make(&p.n, &frames[i], TO_CARD, cases[i].len, 0);
        pieces[i] = (struct piece){cases[i].off, frame_bytes(&frames[i]), cases[i].len + 4};
        nic_cplus_send(&p, &slot, &frames[i]);
        expect_true(c, rtl8139_cp_wait(p.n.d, ring, i), "frame %u is not received", i);
        expect_u64(c, "receive status", cases[i].status, rtl8139_cp_get(ring, i, 0));
        expect_window(&p.n, "receive buffers", &p.rx, pieces, i + 1);
    }
    expect_u64(c, "ISR: ROK, no RXOVW", 0x0001, rtl8139_read16(p.n.d, RTL8139_ISR) & 0x8013);

    /* The fourth descriptor is the driver's still. */
    rtl8139_write16(p.n.d, RTL8139_ISR, 0xffff);
    frame_make(&p.n, &lost, TO_CARD, 60, 0);
    nic_cplus_send(&p, &slot, &lost);
    expect_true(c,
                wait_until(rtl8139_read16(p.n.d, RTL8139_ISR) & RTL8139_INT_RXOVW, RTL8139_WAIT_US),
                "without a descriptor: expected ISR.RXOVW, actual ISR 0x%04x",
                rtl8139_read16(p.n.d, RTL8139_ISR));
    expect_window(&p.n, "without a descriptor", &p.rx, pieces, 3);
    expect_u64(c, "a descriptor that is not the card's", 0x40000600, rtl8139_cp_get(ring, 3, 0));

    /* Given now, with the first one again: the ring goes round. */
    rtl8139_write16(p.n.d, RTL8139_ISR, 0xffff);
    rtl8139_cp_put(ring, 0, cases[0].give, 0x5555000000);
    rtl8139_cp_put(ring, 3, cases[3].give, 0x5555002b00);
    frame_make(&p.n, &frames[3], TO_CARD, 1513, 0);
    frame_make(&p.n, &again, TO_CARD, 60, 0);
    nic_cplus_send(&p, &slot, &frames[3]);
    expect_true(c, rtl8139_cp_wait(p.n.d, ring, 3), "the last descriptor is not given back");
    expect_u64(c, "receive status at the end", cases[3].status, rtl8139_cp_get(ring, 3, 0));
    nic_cplus_send(&p, &slot, &again);
    expect_true(c, rtl8139_cp_wait(p.n.d, ring, 0), "the first descriptor is not given back");
    expect_u64(c, "receive status at the start", cases[0].status, rtl8139_cp_get(ring, 0, 0));
    pieces[0].bytes = frame_bytes(&again);
    pieces[3] = (struct piece){0x2b00, frame_bytes(&frames[3]), 1513 + 4};
    expect_window(&p.n, "round the end", &p.rx, pieces, 4);

    const struct piece descriptors = {0, NULL, 0x40};

    expect_window(&p.n, "beside the ring", &p.rx_ring, &descriptors, 1);
    expect_no_event(p.n.r, "C+ frames");
}

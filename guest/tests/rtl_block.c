// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RTL8139: transfers that the IOMMU blocks (docs/rules.md, RTL-BLK). What moves is architected by
 * the IOMMU; what the card says of it rests on its data sheet.
 */
#include "drivers/rtl8139/regs.h"
#include "lib/format.h"
#include "platform/pci.h"
#include "tests/nic_cplus.h"

#define STATUS_ABORTS 0x3000 /* received target abort, received master abort: PCI 3.0, 6.2.3 */

/* Leaf entries that deny a read, or a write; a page address is ORed in. */
#define NO_READ     0x4000000000000001ull /* PR=1 IW=1 */
#define NO_WRITE    0x2000000000000001ull /* PR=1 IR=1 */
#define NOT_PRESENT 0x6000000000000000ull
#define ALL_RIGHTS  0x6000000000000001ull

static void clear_aborts(const struct nic *n)
{
    pci_write16(n->d->devid, PCI_STATUS, STATUS_ABORTS);
    rtl8139_write16(n->d, RTL8139_ISR, 0xffff);
}

static uint16_t aborts(const struct nic *n)
{
    return pci_read16(n->d->devid, PCI_STATUS) & STATUS_ABORTS;
}

static uint16_t isr(const struct nic *n)
{
    return rtl8139_read16(n->d, RTL8139_ISR);
}

RULE("RTL-BLK-001", "A", rtl_blocked_read_leaks_nothing,
     NIC_KEYS("48882/2.2.3", "rtl8139,host", "no"),
     "Of a transmit buffer's page that is not mapped or not readable no byte leaves; the fault "
     "names the card")
{
    static const struct {
        uint64_t entry;
        bool present;
        uint32_t off, hidden;
        const char *what;
    } cases[] = {
        {NOT_PRESENT, false, 0x1000, 0, "not present, the whole frame"},
        {NOT_PRESENT, false, 0x0fe0, 32, "not present, from byte 32 on"},
        {NO_READ, true, 0x1000, 0, "IR=0, the whole frame"},
        {NO_READ, true, 0x0fe0, 32, "IR=0, from byte 32 on"},
    };
    static struct frame f, after;
    const struct frame *list[] = {&after};
    struct nic n;
    uint32_t tsd;

    if (!nic_begin(&n, c) || !nic_host_controls(&n)) {
        return;
    }
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct piece sent = {cases[i].off, f.image + 4, 128};
        char key[16];

        buf_canary(&n.tx.b);
        frame_make(&n, &f, TO_OTHER, 128, 0);
        window_write(&n.tx, cases[i].off, frame_bytes(&f), 128);
        nic_start(&n, false);
        if (!nic_set_entry(&n, NIC_TX_IOVA + 0x1000, cases[i].entry | window_page(&n.tx, 0x1000))) {
            return;
        }
        nic_try(&n, 0, cases[i].off, 128, &tsd);

        uint32_t from = cases[i].hidden ? cases[i].hidden : 16; /* the header is not random */

        expect_true(c, !host_has_any(&n, frame_bytes(&f) + from, 128 - from),
                    "%s: bytes of the page reached the host", cases[i].what);
        expect_window(&n, cases[i].what, &n.tx, &sent, 1);
        expect_fault(n.r, cases[i].what, n.d->devid, NIC_DOMAIN,
                     cases[i].present ? FAULT_DENIED : FAULT_NOT_PRESENT, FROM_MEMORY,
                     NIC_TX_IOVA + 0x1000, 128 - cases[i].hidden);
        format(key, sizeof(key), "isr%u", i);
        observe(c, key, "%04x tsd %08x pci %04x", isr(&n), tsd, aborts(&n));

        /* Mapped again the same frame leaves. */
        if (!nic_set_entry(&n, NIC_TX_IOVA + 0x1000, ALL_RIGHTS | window_page(&n.tx, 0x1000))) {
            return;
        }
        nic_start(&n, false);
        after = f;
        nic_try(&n, 0, cases[i].off, 128, &tsd);
        expect_host(&n, cases[i].what, list, 1);
        clear_aborts(&n);
    }
    expect_no_event(n.r, "mapped again");
}

RULE("RTL-BLK-002", "A", rtl_blocked_write_changes_nothing,
     NIC_KEYS("48882/2.2.3", "rtl8139", "yes"),
     "A page of the receive ring that is not mapped or not writable keeps every byte; the fault "
     "names the card")
{
    static const struct {
        uint64_t entry;
        bool present;
        const char *what;
    } cases[] = {{NOT_PRESENT, false, "not present"}, {NO_WRITE, true, "IW=0"}};
    static struct frame frames[3];
    struct nic n;
    uint32_t tsd;

    if (!nic_begin(&n, c) || !nic_controls(&n)) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        /* The third frame starts at BE8h in the first page and ends in the second. */
        struct piece pieces[] = {
            {0, NULL, 0x1000}, frame_piece(&frames[0], 0), frame_piece(&frames[1], 0x5f4)};
        char key[16];

        nic_start(&n, true);
        if (!nic_set_entry(&n, NIC_RX_IOVA + 0x1000, cases[i].entry | window_page(&n.rx, 0x1000))) {
            return;
        }
        for (unsigned j = 0; j < 3; j++) {
            frame_make(&n, &frames[j], TO_CARD, 1514, 0x05ee4001);
            window_write(&n.tx, 0, frame_bytes(&frames[j]), 1514);
            nic_try(&n, j, 0, 1514, &tsd);
            if (j == 1) {
                pieces[1] = frame_piece(&frames[0], 0);
                pieces[2] = frame_piece(&frames[1], 0x5f4);
                expect_window(&n, "before the page", &n.rx, pieces, 3);
                expect_no_event(n.r, "before the page");
            }
        }
        expect_window(&n, cases[i].what, &n.rx, pieces, 3);
        expect_fault(n.r, cases[i].what, n.d->devid, NIC_DOMAIN,
                     cases[i].present ? FAULT_DENIED : FAULT_NOT_PRESENT, TO_MEMORY,
                     NIC_RX_IOVA + 0x1000, 0x1da);
        format(key, sizeof(key), "isr%u", i);
        observe(c, key, "%04x pci %04x cbr %04x", isr(&n), aborts(&n),
                rtl8139_read16(n.d, RTL8139_CBR));
        clear_aborts(&n);
        if (!nic_set_entry(&n, NIC_RX_IOVA + 0x1000, ALL_RIGHTS | window_page(&n.rx, 0x1000))) {
            return;
        }
    }
}

/* A transfer was blocked: ISR.SERR says that there was an error on the bus, PCI status which. */
static void expect_reported(struct nic *n, const char *what)
{
    expect_true(n->c, isr(n) & RTL8139_INT_SERR, "%s: expected ISR.SERR, actual ISR 0x%04x", what,
                isr(n));
    expect_true(n->c, aborts(n), "%s: expected an abort in PCI status, actual 0x%04x", what,
                pci_read16(n->d->devid, PCI_STATUS));
}

static void expect_silent(struct nic *n, const char *what)
{
    expect_true(n->c, !(isr(n) & RTL8139_INT_SERR) && !aborts(n),
                "%s: expected no error, actual ISR 0x%04x PCI status 0x%04x", what, isr(n),
                pci_read16(n->d->devid, PCI_STATUS));
}

RULE("RTL-BLK-003", "M", rtl_blocked_read_is_reported,
     NIC_KEYS("rtl8139/ISR.SERR", "rtl8139", "yes"),
     "A frame that cannot be read is not sent and gets no TOK; ISR.SERR and PCI status tell")
{
    static struct frame f;
    struct piece arrived;
    struct nic n;
    uint32_t tsd;

    if (!nic_begin(&n, c) || !nic_controls(&n)) {
        return;
    }
    nic_start(&n, true);
    clear_aborts(&n);
    frame_make(&n, &f, TO_CARD, 128, 0x00844001);
    arrived = frame_piece(&f, 0);
    window_write(&n.tx, 0xfe0, frame_bytes(&f), 128);
    nic_try(&n, 0, 0xfe0, 128, &tsd);
    expect_window(&n, "mapped", &n.rx, &arrived, 1);
    expect_silent(&n, "mapped");

    /* The header can be read, so that a card that sends all the same is seen to. */
    nic_start(&n, true);
    clear_aborts(&n);
    if (!nic_set_entry(&n, NIC_TX_IOVA + 0x1000, NOT_PRESENT | window_page(&n.tx, 0x1000))) {
        return;
    }
    nic_try(&n, 0, 0xfe0, 128, &tsd);
    expect_reported(&n, "second page not present");
    expect_u64(c, "TSD.TOK of a frame that was not read", 0, tsd & RTL8139_TSD_TOK);
    expect_u64(c, "ISR.TOK and ROK", 0, isr(&n) & (RTL8139_INT_TOK | RTL8139_INT_ROK));
    expect_window(&n, "second page not present", &n.rx, NULL, 0);

    /* A reset is all that it takes to go on. */
    if (!nic_set_entry(&n, NIC_TX_IOVA + 0x1000, ALL_RIGHTS | window_page(&n.tx, 0x1000))) {
        return;
    }
    nic_start(&n, true);
    nic_try(&n, 0, 0xfe0, 128, &tsd);
    expect_window(&n, "after a reset", &n.rx, &arrived, 1);
    clear_aborts(&n);
}

RULE("RTL-BLK-004", "M", rtl_blocked_write_is_reported,
     NIC_KEYS("rtl8139/ISR.SERR", "rtl8139", "yes"),
     "A frame that cannot be put into the ring is not counted as received; ISR.SERR and PCI status "
     "tell")
{
    static struct frame f;
    struct piece arrived;
    struct nic n;
    uint32_t tsd;

    if (!nic_begin(&n, c) || !nic_controls(&n)) {
        return;
    }
    frame_make(&n, &f, TO_CARD, 128, 0x00844001);
    arrived = frame_piece(&f, 0);
    window_write(&n.tx, 0, frame_bytes(&f), 128);
    for (unsigned i = 0; i < 3; i++) {
        static const char *const what[] = {"mapped", "IW=0", "mapped again"};

        if (!nic_set_entry(&n, NIC_RX_IOVA,
                           (i == 1 ? NO_WRITE : ALL_RIGHTS) | window_page(&n.rx, 0))) {
            return;
        }
        nic_start(&n, true);
        clear_aborts(&n);
        nic_try(&n, 0, 0, 128, &tsd);
        expect_window(&n, what[i], &n.rx, &arrived, i == 1 ? 0 : 1);
        if (i == 1) {
            expect_reported(&n, what[i]);
            expect_u64(c, "ISR.ROK of a frame that was not written", 0, isr(&n) & RTL8139_INT_ROK);
            expect_u64(c, "CR.BUFE", 1, rtl8139_read8(n.d, RTL8139_CR) & RTL8139_CR_BUFE);
        } else {
            expect_silent(&n, what[i]);
            expect_u64(c, "ISR.ROK", 1, isr(&n) & RTL8139_INT_ROK);
        }
    }
    clear_aborts(&n);
}

/* Which access of C+ mode is blocked */
static const struct {
    uint64_t page, entry;
    bool send; /* of the transmitter */
    const char *what;
} cplus_cases[] = {
    {0, 0, true, "nothing blocked"},
    {NIC_CP_TX_RING, NOT_PRESENT, true, "transmit descriptor not readable"},
    {NIC_CP_TX_IOVA + 0x1000, NO_READ, true, "transmit buffer not readable"},
    {NIC_CP_TX_RING, NO_WRITE, true, "transmit descriptor not writable"},
    {NIC_CP_RX_RING, NOT_PRESENT, false, "receive descriptor not readable"},
    {NIC_CP_RX_IOVA, NO_WRITE, false, "receive buffer not writable"},
    {NIC_CP_RX_RING, NO_WRITE, false, "receive descriptor not writable"},
};

static const struct window *cplus_window(const struct nic_cplus *p, uint64_t iova)
{
    const struct window *all[] = {&p->tx_ring, &p->rx_ring, &p->tx, &p->rx};

    for (unsigned i = 0; i < 4; i++) {
        if (iova - all[i]->iova < all[i]->b.len) {
            return all[i];
        }
    }
    return NULL;
}

static bool cplus_entry(struct nic_cplus *p, uint64_t iova, uint64_t entry)
{
    const struct window *w = cplus_window(p, iova);

    return nic_set_entry(&p->n, iova, entry | window_page(w, (uint32_t)(iova - w->iova)));
}

RULE("RTL-BLK-005", "M", rtl_blocked_cplus_is_reported,
     NIC_KEYS("rtl8139cp/ISR.SERR", "rtl8139", "yes"),
     "C+ mode: a blocked access to descriptor or buffer hands no descriptor back as done and "
     "changes no buffer; ISR.SERR and PCI status tell")
{
    static struct frame f;
    struct nic_cplus p;

    if (!nic_cplus_begin(&p, c) || !nic_controls(&p.n)) {
        return;
    }
    for (unsigned i = 0; i < sizeof(cplus_cases) / sizeof(cplus_cases[0]); i++) {
        const char *what = cplus_cases[i].what;
        const struct piece arrived = {0, f.image + 4, 128 + 4};

        if (!nic_cplus_start(&p, true)) {
            return;
        }
        clear_aborts(&p.n);

        uint64_t tx = window_page(&p.tx_ring, 0), rx = window_page(&p.rx_ring, 0);

        frame_make(&p.n, &f, TO_CARD, 128, 0);
        window_write(&p.tx, 0xfe0, frame_bytes(&f), 128);
        rtl8139_cp_put(rx, 0, 0xc0000600, NIC_CP_RX_IOVA);
        rtl8139_cp_put(tx, 0, 0xf0000080, NIC_CP_TX_IOVA + 0xfe0);
        if (i > 0 && !cplus_entry(&p, cplus_cases[i].page, cplus_cases[i].entry)) {
            return;
        }
        rtl8139_cp_poll(p.n.d);
        if (i == 0) {
            expect_true(c, rtl8139_cp_wait(p.n.d, tx, 0) && rtl8139_cp_wait(p.n.d, rx, 0),
                        "%s: no frame went round", what);
            expect_window(&p.n, what, &p.rx, &arrived, 1);
            expect_u64(c, "receive status", 0x72000084, rtl8139_cp_get(rx, 0, 0));
            expect_silent(&p.n, what);
            continue;
        }
        (void)rtl8139_cp_wait(p.n.d, cplus_cases[i].send ? tx : rx, 0);
        expect_reported(&p.n, what);
        if (cplus_cases[i].send) {
            expect_u64(c, what, 0xf0000080, rtl8139_cp_get(tx, 0, 0));
            expect_u64(c, "ISR.TOK", 0, isr(&p.n) & RTL8139_INT_TOK);
        }
        /* A buffer may be full when its descriptor cannot be written; otherwise it is as before. */
        bool filled = cplus_cases[i].page == NIC_CP_RX_RING && cplus_cases[i].entry == NO_WRITE;

        expect_u64(c, what, 0xc0000600, rtl8139_cp_get(rx, 0, 0));
        expect_u64(c, "ISR.ROK", 0, isr(&p.n) & RTL8139_INT_ROK);
        expect_window(&p.n, what, &p.rx, &arrived, filled ? 1 : 0);
        if (!cplus_entry(&p, cplus_cases[i].page, ALL_RIGHTS)) {
            return;
        }
    }
    clear_aborts(&p.n);
}

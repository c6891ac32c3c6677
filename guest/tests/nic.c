// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/nic.h"

#include "arch/cpu.h"
#include "drivers/rtl8139/regs.h"
#include "lib/crc32.h"
#include "lib/string.h"
#include "tests/env.h"

#define DENY_ALL 0x0000000000000003ull /* V=1 TV=1 Mode 0 IR=IW=0 */

static void nic_end(void *arg)
{
    struct nic *n = arg;

    if (!rtl8139_reset(n->d)) {
        rule_error(n->c, "the card does not come out of its reset");
    }
    /* An emulator may hold frames back for which there was no room, until CAPR is written. The
     * receiver is off now, so they go. */
    rtl8139_rx_release(n->d, 0);
}

uint64_t window_page(const struct window *w, uint32_t off)
{
    return w->b.spa + w->b.len - PAGE_SIZE - (off & ~0xfffu);
}

volatile uint8_t *window_at(const struct window *w, uint32_t off)
{
    return (volatile uint8_t *)(window_page(w, off) + (off & 0xfff));
}

void window_write(const struct window *w, uint32_t off, const void *data, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        *window_at(w, off + i) = ((const uint8_t *)data)[i];
    }
    memory_barrier();
}

bool nic_window(struct nic *n, struct window *w, uint64_t iova, unsigned pages)
{
    w->iova = iova;
    if (!buf_new(n->r, &w->b, PAGE_HIGH, pages)) {
        return false;
    }
    for (uint32_t off = 0; off < w->b.len; off += PAGE_SIZE) {
        if (!amdvi_pt_map(&n->pt, iova + off, window_page(w, off), 1, AMDVI_IR | AMDVI_IW)) {
            rule_error(n->c, "no memory for page tables");
            return false;
        }
    }
    return true;
}

bool nic_begin(struct nic *n, struct check *c)
{
    *n = (struct nic){.c = c, .d = &env.rtl8139};
    n->r = rig_begin(c);
    if (!n->r) {
        return false;
    }
    rule_at_end(c, nic_end, n);
    if (!rtl8139_reset(n->d)) {
        rule_error(c, "the card does not come out of its reset");
        return false;
    }
    if (!rig_tree(n->r, &n->pt, 4) || !nic_window(n, &n->tx, NIC_TX_IOVA, NIC_TX_PAGES) ||
        !nic_window(n, &n->rx, NIC_RX_IOVA, NIC_RX_PAGES)) {
        return false;
    }
    if (!env.host_missing) {
        (void)host_take(n, NULL, 0);
    }
    return nic_deny(n, false) && !rule_broken(c);
}

bool nic_deny(struct nic *n, bool on)
{
    return on ? rig_attach(n->r, n->d->devid, DENY_ALL, NIC_DOMAIN, 0, 0)
              : rig_attach_tree(n->r, n->d->devid, &n->pt, NIC_DOMAIN);
}

bool nic_set_entry(struct nic *n, uint64_t iova, uint64_t value)
{
    volatile uint64_t *slot = amdvi_pt_slot(&n->pt, iova, 1);

    if (!slot) {
        rule_error(n->c, "no memory for page tables");
        return false;
    }
    rig_store(slot, value);
    return rig_flush(n->r, NIC_DOMAIN);
}

static void start(struct nic *n, const struct rtl8139_setup *s)
{
    if (!rtl8139_reset(n->d)) {
        rule_error(n->c, "the card does not come out of its reset");
    }
    buf_canary(&n->rx.b);
    rtl8139_start(n->d, s);
}

void nic_start(struct nic *n, bool loopback)
{
    start(n, &(struct rtl8139_setup){.rx_iova = NIC_RX_IOVA, .loopback = loopback});
}

void nic_start_ring(struct nic *n, unsigned rx_log2, bool wrap)
{
    start(n, &(struct rtl8139_setup){
                 .rx_iova = NIC_RX_IOVA, .rx_log2 = rx_log2, .rx_wrap = wrap, .loopback = true});
}

/* What the pieces say of the byte at @off: its value, -1 any, -2 nothing. The last one counts. */
static int wanted(const struct piece *pieces, unsigned count, uint32_t off)
{
    for (unsigned i = count; i-- > 0;) {
        if (off - pieces[i].off < pieces[i].len) {
            return pieces[i].bytes ? pieces[i].bytes[off - pieces[i].off] : -1;
        }
    }
    return -2;
}

/* Do the pieces say nothing of the quadword at @off? */
static bool beside_pieces(const struct piece *pieces, unsigned count, uint32_t off)
{
    for (unsigned i = 0; i < count; i++) {
        if (off + 8 > pieces[i].off && off < pieces[i].off + pieces[i].len) {
            return false;
        }
    }
    return true;
}

bool window_holds(const struct window *w, const struct piece *pieces, unsigned count,
                  uint32_t *where)
{
    for (uint32_t off = 0; off < w->b.len; off++) {
        volatile uint8_t *p = window_at(w, off);

        /* Nearly all of a window is canary: eight bytes at a time where that is so. */
        if (off % 8 == 0 && beside_pieces(pieces, count, off) && buf_canary_intact((uint64_t)p)) {
            off += 7;
            continue;
        }

        int want = wanted(pieces, count, off);

        if (want == -2) {
            want = buf_canary_byte((uint64_t)p);
        }
        if (want != -1 && *p != want) {
            *where = off;
            return false;
        }
    }
    *where = w->b.len;
    return buf_untouched_but(&w->b, 0, w->b.len);
}

void expect_window(struct nic *n, const char *what, const struct window *w,
                   const struct piece *pieces, unsigned count)
{
    uint32_t where;

    if (window_holds(w, pieces, count, &where)) {
        return;
    }
    if (where == w->b.len) {
        expect_true(n->c, false, "%s: memory beside the window at IOVA 0x%llx changed", what,
                    (unsigned long long)w->iova);
        return;
    }

    int want = wanted(pieces, count, where);
    volatile uint8_t *p = window_at(w, where);

    expect_true(n->c, false, "%s: IOVA 0x%llx + 0x%x: expected %02x (%s), actual %02x", what,
                (unsigned long long)w->iova, where,
                want < 0 ? buf_canary_byte((uint64_t)p) : (unsigned)want,
                want < 0 ? "as before" : "data", *p);
}

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

static void put32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

void frame_make(struct nic *n, struct frame *f, enum frame_to to, uint32_t len, uint32_t header)
{
    static const uint8_t type[2] = {0x88, 0xb5}; /* IEEE 802: local experiments */
    uint8_t *p = f->image + 4;

    n->r->nonce++;
    f->len = len;
    put32(f->image, header);
    for (uint32_t i = 0; i < len; i++) {
        p[i] = (uint8_t)(mix(n->r->nonce << 16 | i / 8) >> (i % 8 * 8));
    }
    memset(p, 0xff, 6);
    if (to != TO_ALL) {
        memcpy(p, n->d->mac, 6);
        p[5] ^= to == TO_OTHER;
    }
    memcpy(p + 6, n->d->mac, 6);
    memcpy(p + 12, type, 2);
    put32(p + len, crc32(0, p, len));
}

const uint8_t *frame_bytes(const struct frame *f)
{
    return f->image + 4;
}

struct piece frame_piece(const struct frame *f, uint32_t off)
{
    return (struct piece){off, f->image, 4 + f->len + 4};
}

bool nic_send(struct nic *n, unsigned slot, uint32_t off, const struct frame *f, uint32_t *tsd)
{
    uint32_t status;

    window_write(&n->tx, off, frame_bytes(f), f->len);
    rtl8139_tx(n->d, slot, NIC_TX_IOVA + off, f->len);

    bool ended = rtl8139_tx_wait(n->d, slot, &status);

    if (tsd) {
        *tsd = status;
    }
    return ended && (status & RTL8139_TSD_TOK);
}

bool nic_received(struct nic *n, const struct frame *f)
{
    const struct piece pieces[] = {{0, NULL, 4 + f->len + 4}, {4, frame_bytes(f), f->len}};
    uint32_t where;

    return window_holds(&n->rx, pieces, 2, &where);
}

void nic_try(struct nic *n, unsigned slot, uint32_t off, uint32_t len, uint32_t *tsd)
{
    rtl8139_tx(n->d, slot, NIC_TX_IOVA + off, len);
    (void)rtl8139_tx_wait(n->d, slot, tsd);
}

bool nic_controls(struct nic *n)
{
    static struct frame f;
    uint32_t where, tsd;

    frame_make(n, &f, TO_CARD, 60, 0);
    nic_start(n, true);
    control_pos(n->c,
                nic_send(n, 0, 0x40, &f, NULL) && rtl8139_rx_wait(n->d) && nic_received(n, &f),
                "a frame that is sent in loopback is received, through the IOMMU both ways");
    if (rule_broken(n->c) || !nic_deny(n, true)) {
        return false;
    }
    nic_start(n, true);
    window_write(&n->tx, 0x40, frame_bytes(&f), f.len);
    nic_try(n, 0, 0x40, f.len, &tsd);
    control_neg(n->c, window_holds(&n->rx, NULL, 0, &where),
                "with a denying DTE it is not received");
    rig_take_events(n->r);
    return nic_deny(n, false) && !rule_broken(n->c);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A network card receives while its ring gets other pages (docs/rules.md section 7.1). No host can
 * hold a frame: frames come before the change, between it and the flush, behind the flush, and once
 * the completion is seen.
 */
#include "arch/cpu.h"
#include "arch/time.h"
#include "check/mark.h"
#include "drivers/rtl8139/regs.h"
#include "tests/hold_rig.h"
#include "tests/nic.h"

/*
 * A frame of 430 bytes: 1B2h with its CRC, status "received, for this card". With the header that
 * is 1B6h bytes in the ring; the next one begins 1B8h bytes behind it.
 */
#define LEN    430u
#define HEADER 0x01b24001u
#define STEP   0x1b8u

/* The pages of the second ring have an IOVA of their own besides, which nobody uses. */
#define OTHER_IOVA 0x21000000u

#define FRAMES_MAX 4u

/* Which frames come when. */
struct round {
    bool wait;     /* the one before the flush has been received when the flush is queued */
    bool behind;   /* one is sent behind the flush, before its completion is seen */
    bool by_pages; /* each page is flushed, or the whole domain */
};

static const struct round rounds[] = {
    {true, false, false},
    {false, true, false},
    {true, false, true},
    {false, true, true},
};

enum place { IN_OLD, IN_NEW, IN_BOTH, LOST };

/* A ring that moves from one window to the other with each round. */
struct ring {
    struct nic n;
    struct window other;
    struct window *old, *new;
    struct frame frame[FRAMES_MAX];
    unsigned frames;                        /* of this round */
    uint32_t first;                         /* where its first frame stands in the ring */
    uint8_t seen[NIC_RX_PAGES * PAGE_SIZE]; /* what the old pages held at the completion */
};

static uint32_t at(const struct ring *g, unsigned frame)
{
    return g->first + frame * STEP;
}

static bool send(struct ring *g)
{
    struct frame *f = &g->frame[g->frames++];

    frame_make(&g->n, f, TO_CARD, LEN, HEADER);
    return host_send(&g->n, f);
}

/* Until all that were sent are in the ring. */
static bool receive(struct ring *g)
{
    uint32_t cbr = at(g, g->frames);
    bool ok = wait_until(rtl8139_read16(g->n.d, RTL8139_CBR) == cbr, RTL8139_WAIT_US);

    expect_true(g->n.c, ok, "CBR: expected 0x%x, actual 0x%x", cbr,
                rtl8139_read16(g->n.d, RTL8139_CBR));
    return ok;
}

/* Both rights, NextLevel 0, PR=1. */
static void move_pages(struct ring *g)
{
    for (uint32_t p = 0; p < NIC_RX_PAGES; p++) {
        rig_store(amdvi_pt_slot(&g->n.pt, NIC_RX_IOVA + p * PAGE_SIZE, 1),
                  0x6000000000000001ull | window_page(g->new, p * PAGE_SIZE));
    }
}

/* The pages from 2000_0000h on, or all of domain 0139h. */
static void queue_flush(struct ring *g, bool by_pages)
{
    struct rig *r = g->n.r;

    if (!by_pages) {
        hold_queue(r, (struct amdvi_cmd){{0, 0x30000139u, 0xfffff003u, 0x7fffffffu}});
    }
    for (uint32_t p = 0; by_pages && p < NIC_RX_PAGES; p++) {
        hold_queue(r, (struct amdvi_cmd){{0, 0x30000139u, 0x20000000u + p * 0x1000u, 0}});
    }
}

/* Each byte of the frame is in one of the rings, and the other one holds what it held before. */
static enum place place_of(const struct ring *g, unsigned frame)
{
    struct piece piece = frame_piece(&g->frame[frame], at(g, frame));
    unsigned olds = 0, news = 0;

    for (uint32_t i = 0; i < piece.len; i++) {
        uint64_t old_at = (uint64_t)window_at(g->old, piece.off + i);
        volatile uint8_t *new_at = window_at(g->new, piece.off + i);
        bool old_new = g->seen[piece.off + i] == piece.bytes[i] &&
                       *new_at == buf_canary_byte((uint64_t)new_at);
        bool new_only =
            g->seen[piece.off + i] == buf_canary_byte(old_at) && *new_at == piece.bytes[i];

        olds += old_new;
        news += new_only;
        if (!old_new && !new_only) {
            return LOST;
        }
    }
    return olds == piece.len ? IN_OLD : news == piece.len ? IN_NEW : IN_BOTH;
}

static void take_old_pages(struct ring *g)
{
    memory_barrier();
    for (uint32_t i = 0; i < sizeof(g->seen); i++) {
        g->seen[i] = *window_at(g->old, i);
    }
    buf_canary(&g->old->b); /* by the new owner */
    memory_barrier();
}

/* Of the old ring at the completion: has anything changed where no frame went? */
static bool rest_untouched(const struct ring *g, const enum place *place)
{
    for (uint32_t i = 0; i < sizeof(g->seen); i++) {
        uint32_t frame = i >= g->first ? (i - g->first) / STEP : FRAMES_MAX;
        bool theirs = frame < g->frames && (place[frame] == IN_OLD || place[frame] == IN_BOTH);

        if (!theirs && g->seen[i] != buf_canary_byte((uint64_t)window_at(g->old, i))) {
            return false;
        }
    }
    return true;
}

static void judge(struct ring *g, const struct round *round, const char *what)
{
    static const char *const names[] = {"old", "new", "both"};
    struct check *c = g->n.c;
    enum place place[FRAMES_MAX];
    struct piece pieces[2 * FRAMES_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < g->frames; i++) {
        struct piece piece = frame_piece(&g->frame[i], at(g, i));

        place[i] = place_of(g, i);
        expect_true(c, place[i] != LOST,
                    "%s: expected each byte of frame %u in one ring alone, the old or the new one",
                    what, i);
        if (place[i] == IN_NEW || place[i] == IN_BOTH) {
            /* Up to the next frame anything may stand behind this one. */
            pieces[count++] = (struct piece){piece.off, NULL, STEP};
        }
        if (place[i] == IN_NEW) {
            pieces[count++] = piece;
        }
    }
    expect_true(c, place[0] == IN_OLD, "%s: expected the frame before the change in the old ring",
                what);
    expect_true(c, place[g->frames - 1] == IN_NEW,
                "%s: expected the frame after the completion in the new ring", what);
    expect_true(c, rest_untouched(g, place),
                "%s: expected nothing else in the old ring before the completion", what);
    expect_window(&g->n, "the new ring", g->new, pieces, count);
    expect_window(&g->n, "the old ring's new owner", g->old, NULL, 0);
    if (round->wait && place[1] != LOST) {
        observe(c, "before_the_flush", "%s", names[place[1]]);
    }
}

static bool run(struct ring *g, const struct round *round, const char *what)
{
    struct nic *n = &g->n;

    buf_canary(&g->old->b);
    buf_canary(&g->new->b);
    g->frames = 0;
    g->first = rtl8139_read16(n->d, RTL8139_CBR);
    mark_open("frames into the receive ring, %s", what);
    mark(MARK_START, "the first frame");
    if (!send(g) || !receive(g)) {
        return false;
    }
    move_pages(g);
    if (!send(g) || (round->wait && !receive(g))) {
        return false;
    }
    queue_flush(g, round->by_pages);
    mark(MARK_DOORBELL, "with a COMPLETION_WAIT behind them");
    amdvi_ask_completion(n->r->u);
    if (round->behind && !send(g)) {
        return false;
    }
    if (!wait_until(amdvi_completed(n->r->u), AMDVI_WAIT_US)) {
        expect_true(n->c, false, "%s: expected a completion, actual none", what);
        return false;
    }
    mark(MARK_COMPLETE, "its store is seen");
    take_old_pages(g);
    if (!send(g) || !receive(g)) {
        return false;
    }
    mark(MARK_END, "the last frame has come");
    judge(g, round, what);
    rtl8139_rx_release(n->d, at(g, g->frames));
    return !rule_broken(n->c);
}

RULE("AMDVI-INF-051", "M", inf_ring_moves_while_receiving, NIC_KEYS("2.4", "rtl8139,host", "no"),
     "The receive ring of a network card gets other pages between frames, is flushed, and "
     "COMPLETION_WAIT is seen: no frame is lost or doubled, and none comes to the old pages any "
     "more")
{
    static const char *const names[] = {"first round", "second round", "third round",
                                        "fourth round"};
    static struct ring g;

    if (!nic_begin(&g.n, c) || !nic_window(&g.n, &g.other, OTHER_IOVA, NIC_RX_PAGES) ||
        !rig_flush(g.n.r, NIC_DOMAIN) || !nic_host_controls(&g.n)) {
        return;
    }
    nic_start(&g.n, false);
    for (unsigned i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++) {
        g.old = i & 1 ? &g.other : &g.n.rx;
        g.new = i & 1 ? &g.n.rx : &g.other;
        if (!run(&g, &rounds[i], names[i])) {
            return;
        }
    }
    expect_no_event(g.n.r, "frames while the ring moves");
}

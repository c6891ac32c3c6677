// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/requester.h"

#include "arch/cpu.h"
#include "lib/string.h"
#include "tests/env.h"

/* A frame of this many bytes is what the card moves. */
#define FRAME_BYTES 128u

#define FAR_BYTES 16u

static const struct {
    uint64_t iova;
    uint16_t domain;
    const char *key;
    const char *names[DIRECTION_COUNT];
} requesters[REQUESTER_COUNT] = {
    [REQUESTER_IDE] = {0x92345000ull, 0xa1de, "ide", {"IDE READ DMA", "IDE WRITE DMA"}},
    [REQUESTER_TESTDEV] = {0x5a6792345000ull, 0x7e57, "testdev", {"testdev write", "testdev read"}},
    [REQUESTER_RTL8139] = {0x92345000ull,
                           0x8139,
                           "rtl8139",
                           {"RTL8139 receive", "RTL8139 transmit"}},
    [REQUESTER_FAR] = {0x5a6792345000ull,
                       0x5fa4,
                       "far_testdev",
                       {"far testdev write", "far testdev read"}},
};

uint64_t requester_iova(enum requester w)
{
    return requesters[w].iova;
}

bool requester_is_wide(enum requester w)
{
    return requesters[w].iova >> 32;
}

uint16_t requester_domain(enum requester w)
{
    return requesters[w].domain;
}

const char *requester_name(enum requester w, enum direction d)
{
    return requesters[w].names[d];
}

void observe_requesters(const struct requesters *q)
{
    for (enum requester w = 0; w < REQUESTER_COUNT; w++) {
        if (q->who[w].here) {
            observe(q->r->c, requesters[w].key, "%04x", q->who[w].devid);
        }
    }
}

uint32_t requester_bytes(enum requester w, enum direction d)
{
    switch (w) {
    case REQUESTER_IDE:
        return dma_probe_bytes(ENGINE_IDE);
    case REQUESTER_TESTDEV:
        return dma_probe_bytes(ENGINE_TESTDEV);
    case REQUESTER_RTL8139:
        /* What is received has a header and a CRC besides. */
        return d == TO_MEMORY ? FRAME_BYTES + 8 : FRAME_BYTES;
    default:
        return FAR_BYTES;
    }
}

bool requesters_begin(struct requesters *q, struct check *c)
{
    *q = (struct requesters){0};
    q->who[REQUESTER_RTL8139].here = !env.rtl8139_missing;
    if (q->who[REQUESTER_RTL8139].here) {
        if (!nic_begin(&q->n, c)) {
            return false;
        }
        q->r = q->n.r;
        q->who[REQUESTER_RTL8139].devid = env.rtl8139.devid;
    } else {
        q->r = rig_begin(c);
        if (!q->r || !rig_tree(q->r, &q->n.pt, 4)) {
            return false;
        }
    }
    q->who[REQUESTER_IDE].here = !env.ide_missing;
    q->who[REQUESTER_IDE].devid = q->r->ide;
    q->who[REQUESTER_TESTDEV].here = !env.testdev_missing;
    q->who[REQUESTER_TESTDEV].devid = q->r->testdev;
    q->who[REQUESTER_FAR].here = !testdev_discover_behind_bridge(&q->far);
    q->who[REQUESTER_FAR].devid = q->far.devid;
    if (!buf_new(q->r, &q->b, PAGE_LOW, 1)) {
        return false;
    }
    for (enum requester w = 0; w < REQUESTER_COUNT; w++) {
        volatile uint64_t *slot = amdvi_pt_slot(&q->n.pt, requesters[w].iova, 1);

        if (!slot) {
            rule_error(c, "no memory for page tables");
            return false;
        }
        rig_store(slot, 0x6000000000000001ull | q->b.spa);
    }
    return true;
}

volatile uint64_t *requester_slot(struct requesters *q, enum requester w, unsigned level)
{
    return amdvi_pt_slot(&q->n.pt, requesters[w].iova, level);
}

bool requester_attach(struct requesters *q, enum requester w)
{
    return rig_attach_tree(q->r, q->who[w].devid, &q->n.pt, requesters[w].domain);
}

static enum outcome outcome(bool arrived, bool untouched)
{
    return arrived ? DMA_MOVED : untouched ? DMA_BLOCKED : DMA_WRONG;
}

static enum outcome far_try(struct requesters *q, enum direction d, uint64_t iova)
{
    uint8_t want[FAR_BYTES], got[FAR_BYTES] = {0};
    uint8_t *page = (uint8_t *)q->b.spa;
    uint32_t result = 0;
    bool ran;

    for (unsigned i = 0; i < FAR_BYTES; i++) {
        want[i] = (uint8_t)(0x5a + 7 * i + 31 * q->r->nonce);
    }
    q->r->nonce++;
    buf_canary(&q->b);
    if (d == FROM_MEMORY) {
        memcpy(page, want, FAR_BYTES);
        memory_barrier();
    }
    ran = d == TO_MEMORY ? testdev_write(&q->far, iova, want, FAR_BYTES, &result)
                         : testdev_read(&q->far, iova, got, FAR_BYTES, &result);
    if (!ran) {
        rule_error(q->r->c, "the test device %04x did not run: RESULT 0x%x", q->far.devid, result);
        return DMA_BROKEN;
    }
    if (d == TO_MEMORY) {
        return outcome(!result && memcmp(page, want, FAR_BYTES) == 0,
                       result && buf_untouched_but(&q->b, 0, 0));
    }
    return outcome(!result && memcmp(got, want, FAR_BYTES) == 0,
                   result && memcmp(got, want, FAR_BYTES) != 0);
}

/* Where a frame lands in the receive window: does it stand there, or nothing? */
static enum outcome received(const struct nic *n, const struct frame *f)
{
    bool arrived = true, untouched = true;

    for (uint32_t off = 0; off < 4 + FRAME_BYTES; off++) {
        volatile uint8_t *p = window_at(&n->rx, off);

        arrived = arrived && (off < 4 || *p == frame_bytes(f)[off - 4]);
        untouched = untouched && *p == buf_canary_byte((uint64_t)p);
    }
    return outcome(arrived, untouched);
}

/* In loopback: a frame that is read from the page arrives in the card's receive window, and one
 * from its transmit window in a receive buffer at the page. */
static enum outcome card_try(struct requesters *q, enum direction d, uint64_t iova)
{
    static struct frame f;
    struct nic *n = &q->n;
    uint8_t *page = (uint8_t *)q->b.spa;
    uint32_t tsd;

    frame_make(n, &f, TO_CARD, FRAME_BYTES, 0);
    buf_canary(&q->b);
    nic_start(n, true);
    if (d == FROM_MEMORY) {
        memcpy(page, frame_bytes(&f), FRAME_BYTES);
        memory_barrier();
        nic_try(n, 0, (uint32_t)iova - NIC_TX_IOVA, FRAME_BYTES, &tsd);
        return received(n, &f);
    }
    window_write(&n->tx, 0, frame_bytes(&f), FRAME_BYTES);
    (void)rtl8139_reset(n->d);
    rtl8139_start(n->d, &(struct rtl8139_setup){.rx_iova = (uint32_t)iova, .loopback = true});
    nic_try(n, 0, 0, FRAME_BYTES, &tsd);
    return outcome(memcmp(page + 4, frame_bytes(&f), FRAME_BYTES) == 0,
                   buf_untouched_but(&q->b, 0, 0));
}

enum outcome requester_try(struct requesters *q, enum requester w, enum direction d, uint64_t iova)
{
    switch (w) {
    case REQUESTER_IDE:
        return dma_probe(q->r, ENGINE_IDE, d, iova, &q->b, 0);
    case REQUESTER_TESTDEV:
        return dma_probe(q->r, ENGINE_TESTDEV, d, iova, &q->b, 0);
    case REQUESTER_RTL8139:
        return card_try(q, d, iova);
    default:
        return far_try(q, d, iova);
    }
}

bool requester_controls(struct requesters *q, enum requester w)
{
    struct check *c = q->r->c;

    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
        bool moved = requester_try(q, w, d, requesters[w].iova) == DMA_MOVED;

        /* That a device behind a bridge has an entry of its own is for rules to say (EVT-010). */
        if (w == REQUESTER_FAR) {
            expect_true(c, moved, "%s: expected it to reach the page", requester_name(w, d));
        } else {
            control_pos(c, moved, "%s reaches the page", requester_name(w, d));
        }
        expect_no_event(q->r, requester_name(w, d));
        control_neg(c, requester_try(q, w, d, requesters[w].iova + 0x1000) != DMA_MOVED,
                    "%s does not reach the page behind it, which is not mapped",
                    requester_name(w, d));
        rig_take_events(q->r);
    }
    return !rule_broken(c);
}

bool requesters_ready(struct requesters *q)
{
    observe_requesters(q);
    for (enum requester w = 0; w < REQUESTER_COUNT; w++) {
        if (q->who[w].here && (!requester_attach(q, w) || !requester_controls(q, w))) {
            return false;
        }
    }
    return !rule_broken(q->r->c);
}

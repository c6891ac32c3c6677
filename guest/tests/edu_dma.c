// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The edu device's transfers (docs/rules.md section 18): by a page table both ways, with a message
 * at the end, and what happens where a page stops it. That they go to edu's own domain is
 * AMDVI-DTE-017. Each transfer takes 100 ms, so there are few.
 */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/smp.h"
#include "lib/string.h"
#include "platform/msi.h"
#include "tests/edu_rig.h"
#include "tests/env.h"
#include "tests/irq_rig.h"

#define DOMAIN 0x0ed0
#define VECTOR 0x9b
#define LEN    512u

/* LEN bytes from here end before the page does. */
#define FROM      0x1234567d00ull
#define TO        0x1234569da8ull
#define OFF(iova) ((uint32_t)(iova)&0xfff)

struct pages {
    struct rig *r;
    struct amdvi_pt pt;
    uint8_t data[LEN];
};

/* A page at @iova, or with 0 at the IOVA of its own address; @rights: IW, IR and PR of the leaf. */
static bool page(struct pages *p, struct buf *b, uint64_t iova, uint64_t rights)
{
    volatile uint64_t *leaf;

    if (!buf_new(p->r, b, PAGE_HIGH, 1)) {
        return false;
    }
    leaf = amdvi_pt_slot(&p->pt, iova ? iova : b->spa, 1);
    if (!leaf) {
        rule_error(p->r->c, "no memory for page tables");
        return false;
    }
    rig_store(leaf, rights | b->spa);
    return true;
}

static bool begin(struct check *c, struct pages *p)
{
    p->r = edu_rig_begin(c);
    return p->r && rig_tree(p->r, &p->pt, 4);
}

static void fill(struct pages *p, const struct buf *b, uint32_t off)
{
    uint32_t x = (uint32_t)++p->r->nonce * 0x9e3779b9u;

    for (uint32_t i = 0; i < LEN; i++) {
        x = x * 1664525u + 1013904223u;
        p->data[i] = (uint8_t)(x >> 24);
    }
    memcpy((void *)(b->spa + off), p->data, LEN);
    memory_barrier();
}

static bool ends(struct pages *p, bool ended)
{
    if (!ended) {
        rule_error(p->r->c, "the edu device does not end its transfer");
    }
    return ended;
}

RULE("EDU-DMA-001", "A", edu_dma_interrupts_at_its_end, RULE_KEYS("edu/98h", "edu,apic"),
     "A transfer of edu by a page table moves its bytes in either direction; at its end bit 2 of "
     "the "
     "command sends one message and sets status 100h, and nothing does without it")
{
    struct edu *e = &env.edu;
    struct pages p;
    struct buf from, to;
    struct listener *l;

    if (!begin(c, &p) || !page(&p, &from, FROM, 0x2000000000000001) ||
        !page(&p, &to, TO, 0x4000000000000001) || !rig_attach_tree(p.r, e->devid, &p.pt, DOMAIN)) {
        return;
    }
    l = irq_listen(c, VECTOR);
    if (!l) {
        return;
    }
    control_listener(c, l);
    if (!msi_connect(e->devid, smp_apic_id(0), VECTOR)) {
        rule_error(c, "the edu device has no MSI capability");
        return;
    }
    fill(&p, &from, OFF(FROM));
    if (!ends(&p, edu_dma(e, false, FROM, LEN))) {
        return;
    }
    irq_settle();
    expect_u64(c, "messages of a transfer without bit 2", 0, l->count);
    expect_u64(c, "interrupt status", 0, edu_status(e));
    if (!ends(&p, edu_dma_interrupt(e, true, TO, LEN))) {
        return;
    }
    (void)irq_wait(l->count != 0, AMDVI_WAIT_US / 4);
    irq_settle();
    expect_u64(c, "messages of one with bit 2", 1, l->count);
    expect_u64(c, "interrupt status", 0x100, edu_status(e));
    expect_true(c, memcmp((const void *)(to.spa + OFF(TO)), p.data, LEN) == 0,
                "expected what was taken from page 0x%llx in page 0x%llx",
                (unsigned long long)from.spa, (unsigned long long)to.spa);
    expect_true(c, buf_untouched_but(&to, OFF(TO), LEN) && buf_untouched_but(&from, OFF(FROM), LEN),
                "expected nothing else changed in the two pages");
    edu_acknowledge(e, 0x100);
    if (!ends(&p, edu_dma_interrupt(e, false, FROM, LEN))) {
        return;
    }
    (void)irq_wait(l->count != 1, AMDVI_WAIT_US / 4);
    irq_settle();
    expect_u64(c, "messages after another one, to the device", 2, l->count);
    expect_u64(c, "interrupt status", 0x100, edu_status(e));
    expect_no_event(p.r, "three transfers");
}

/*
 * What the device's buffer holds is only seen by having it written to memory: the first half is
 * overwritten by the transfer that is refused, or it is not; the second half is the control.
 *
 * The refused pages lie at the IOVA of their own address, where a request that went on untranslated
 * would meet them. edu has no way to say that bytes did not move.
 */
RULE("EDU-BLK-001", "A", edu_blocked_page_is_not_touched, RULE_KEYS("2.2.3", "edu"),
     "Of a page that is not present edu reads nothing, to one that is read-only it writes nothing, "
     "and the fault names edu and its domain")
{
    struct edu *e = &env.edu;
    uint8_t secret[LEN];
    struct pages p;
    struct buf from, to, hidden, fixed;
    unsigned leaked = 0;
    uint64_t shown;

    if (!begin(c, &p) || !page(&p, &from, FROM, 0x2000000000000001) ||
        !page(&p, &to, TO, 0x4000000000000001) || !page(&p, &hidden, 0, 0x6000000000000000) ||
        !page(&p, &fixed, 0, 0x2000000000000001) ||
        !rig_attach_tree(p.r, e->devid, &p.pt, DOMAIN)) {
        return;
    }
    shown = to.spa + OFF(TO);
    fill(&p, &hidden, 0);
    memcpy(secret, p.data, LEN);
    fill(&p, &from, OFF(FROM));
    if (!ends(&p, edu_dma(e, false, FROM, LEN)) ||
        !ends(&p, edu_dma(e, false, hidden.spa, LEN / 2))) {
        return;
    }
    expect_fault(p.r, "a read of a page with PR=0", e->devid, DOMAIN, FAULT_NOT_PRESENT,
                 FROM_MEMORY, hidden.spa, LEN / 2);
    if (!ends(&p, edu_dma(e, true, TO, LEN))) {
        return;
    }
    expect_no_event(p.r, "a write to a page that may be written");
    control_pos(c, memcmp((const void *)(shown + LEN / 2), p.data + LEN / 2, LEN / 2) == 0,
                "what it read before, where it may, comes out of its buffer");
    control_neg(c, !buf_untouched_but(&to, 0, 0), "a page that may be written is changed");
    for (uint32_t i = 0; i < LEN / 2; i += 8) {
        leaked += memcmp((const void *)(shown + i), secret + i, 8) == 0;
    }
    expect_u64(c, "quadwords of the page with PR=0 that reached the device", 0, leaked);
    if (!ends(&p, edu_dma(e, true, fixed.spa + 0x40, LEN))) {
        return;
    }
    expect_fault(p.r, "a write to a page with IW=0", e->devid, DOMAIN, FAULT_DENIED, TO_MEMORY,
                 fixed.spa + 0x40, LEN);
    expect_true(c, buf_untouched_but(&fixed, 0, 0), "expected the page with IW=0 as it was");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes that do not concern a transfer of the disk that is under way (docs/rules.md section 7.1).
 * The host holds the disk's answer, so that it is, for as long as the rule needs.
 */
#include "drivers/ide/regs.h"
#include "tests/env.h"
#include "tests/hold_rig.h"

#define INF_BESIDE_KEYS \
    "ref=2.4 needs=ide,hold,testdev hw-safe=no may-kill=no controls=both timeout-ms=60000"

/* Where the completion has to come before. */
#define COMPLETES_MS 3000u

#define OTHER_DOMAIN 0x0411

/* The transfer as it ought to be: exactly the sectors have moved, and nothing was logged. */
static void expect_moved(struct ide_rig *t, bool write, uint32_t lba, const struct ide_result *res,
                         const char *what)
{
    expect_true(t->c,
                (res->bm_status & IDE_BM_STATE) == 0x04 && !(res->status & IDE_STATUS_ERR) &&
                    ide_rig_moved(t, write, hold_one, 1, lba, HOLD_BYTES),
                "%s, %s: expected all sectors moved and nothing else, BMISTA bits 2:0 = 4, actual "
                "0x%02x, status 0x%02x",
                ide_rig_name(write), what, res->bm_status, res->status);
    expect_no_event(t->r, what);
}

/* A request that the host fails: what the disk says decides, so the transfer really waits for it.
 */
static bool fails_on_request(struct ide_rig *t, bool write)
{
    uint32_t lba = ide_rig_lba(t, write);
    struct ide_result res;

    if (!hold_begin(t, "fails", write, lba, HOLD_PREPARE_MS) ||
        !host_release(t->c, "fails", false) || !hold_end(t, write, &res)) {
        return false;
    }
    control_neg(t->c, (res.status & IDE_STATUS_ERR) && ide_rig_untouched(t, lba, HOLD_SECTORS),
                "%s that the host has failed moves nothing: status 0x%02x", ide_rig_name(write),
                res.status);
    return true;
}

/*
 * Start a transfer that is held, make a change, flush it, and see the completion before the
 * transfer has gone on. Then it does, and moves all its data. @change may be NULL.
 */
static bool goes_on(struct ide_rig *t, bool write, void (*change)(void *arg), void *arg,
                    struct amdvi_cmd flush, const char *what)
{
    uint32_t lba = ide_rig_lba(t, write);
    struct ide_result res;
    enum hold_state state;

    if (!fails_on_request(t, write) || !hold_begin(t, "goes-on", write, lba, HOLD_PREPARE_MS)) {
        return false;
    }
    if (change) {
        change(arg);
    }
    if (!hold_complete(t->r, "goes-on", flush, COMPLETES_MS, COMPLETES_MS, &state)) {
        return false;
    }
    expect_true(t->c, state == HOLD_HELD,
                "%s: expected the completion while the transfer is held, actual only when it "
                "was released",
                ide_rig_name(write));
    if (state == HOLD_HELD) {
        expect_true(
            t->c, (ide_bm_read(&env.ide, IDE_BM_STATUS) & IDE_BM_STATE) == 0x01 && ide_rig_holds(t),
            "%s: expected the transfer still under way and nothing moved after the "
            "completion",
            ide_rig_name(write));
        if (!host_release(t->c, "goes-on", true)) {
            return false;
        }
    }
    if (!hold_end(t, write, &res)) {
        return false;
    }
    expect_moved(t, write, lba, &res, what);
    return true;
}

RULE("AMDVI-INF-020", "M", inf_flush_of_nothing_does_not_wait, HOLD_KEYS,
     "A flush of a domain in which nothing has changed completes while a transfer is under way, "
     "which then goes on unharmed")
{
    /* All of domain 0410h, directories too. */
    const struct amdvi_cmd flush = {{0, 0x30000410u, 0xfffff003u, 0x7fffffffu}};
    struct ide_rig t;

    if (!ide_rig(c, &t, HOLD_PAGES)) {
        return;
    }
    for (unsigned write = 0; write < 2; write++) {
        if (!goes_on(&t, write, NULL, NULL, flush, "after a flush that changed nothing")) {
            return;
        }
    }
}

/* A page that the test device reaches, and that comes to lie elsewhere. */
struct beside {
    struct ide_rig t;
    struct amdvi_pt own; /* a tree in which the page lies, unless it is the disk's */
    struct amdvi_pt *pt;
    struct buf from, to;
    uint64_t iova;
};

static bool beside(struct check *c, struct beside *b, bool own, uint64_t iova)
{
    if (!ide_rig(c, &b->t, HOLD_PAGES)) {
        return false;
    }

    struct rig *r = b->t.r;

    b->pt = own ? &b->own : &b->t.pt;
    b->iova = iova;
    if (!buf_new(r, &b->from, PAGE_HIGH, 1) || !buf_new(r, &b->to, PAGE_HIGH, 1) ||
        (own && !amdvi_pt_init(&b->own, 3)) ||
        !amdvi_pt_map(b->pt, iova, b->from.spa, 1, AMDVI_IR | AMDVI_IW)) {
        rule_error(c, "no memory for a page beside the transfer");
        return false;
    }
    return rig_attach_tree(r, r->testdev, b->pt, own ? OTHER_DOMAIN : IDE_DOMAIN);
}

/* FC=0, IR=IW=1, NextLevel=0, PR=1 */
static void move_page(void *arg)
{
    struct beside *b = arg;

    rig_store(amdvi_pt_slot(b->pt, b->iova, 1), 0x6000000000000001ull | b->to.spa);
}

static bool moves_at(struct beside *b, const struct buf *at, const char *what)
{
    expect_dma(b->t.r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, b->iova, at, 0, what);
    return !rule_broken(b->t.c);
}

/* Of both directions of the disk: @mapped tells whether there is a page at the IOVA before. */
static void beside_goes_on(struct beside *b, bool mapped, struct amdvi_cmd flush, const char *what)
{
    volatile uint64_t *slot = amdvi_pt_slot(b->pt, b->iova, 1);

    for (unsigned write = 0; write < 2; write++) {
        rig_store(slot, mapped ? 0x6000000000000001ull | b->from.spa : 0);
        if (!rig_flush(b->t.r, IDE_DOMAIN) || !rig_flush(b->t.r, OTHER_DOMAIN) ||
            (mapped && !moves_at(b, &b->from, "before the change")) ||
            !goes_on(&b->t, write, move_page, b, flush, what) ||
            !moves_at(b, &b->to, "after the change")) {
            return;
        }
    }
}

RULE("AMDVI-INF-021", "M", inf_other_domain_does_not_wait, INF_BESIDE_KEYS,
     "A page of another domain gets another place, that domain is flushed: the completion comes "
     "while a transfer of the disk's domain is under way, which then goes on unharmed")
{
    /* All of domain 0411h, where the IOVA is one of those that the disk uses in its own. */
    const struct amdvi_cmd flush = {{0, 0x30000411u, 0xfffff003u, 0x7fffffffu}};
    static struct beside b;

    if (beside(c, &b, true, IDE_IOVA)) {
        beside_goes_on(&b, true, flush, "after a change of another domain");
    }
}

RULE("AMDVI-INF-022", "M", inf_other_page_does_not_wait, INF_BESIDE_KEYS,
     "Another page of the domain gets another place and is flushed: the completion comes while a "
     "transfer to the pages in front of it is under way, which then goes on unharmed")
{
    /* Page 4000_4000h of domain 0410h, next to those of the transfer. */
    const struct amdvi_cmd flush = {{0, 0x30000410u, 0x40004000u, 0}};
    static struct beside b;

    if (beside(c, &b, false, 0x40004000)) {
        beside_goes_on(&b, true, flush, "after a change of another page");
    }
}

RULE("AMDVI-INF-023", "M", inf_new_page_does_not_wait, INF_BESIDE_KEYS,
     "A page is mapped where none was and flushed: the completion comes while a transfer in the "
     "same domain is under way, which then goes on unharmed")
{
    /* Page 6000_0000h of domain 0410h. */
    const struct amdvi_cmd flush = {{0, 0x30000410u, 0x60000000u, 0}};
    static struct beside b;

    if (beside(c, &b, false, 0x60000000)) {
        beside_goes_on(&b, false, flush, "after a mapping was added");
    }
}

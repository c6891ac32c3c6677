// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands that are queued while a COMPLETION_WAIT has to be kept back, because a transfer of the
 * disk still uses a page that was flushed (docs/rules.md section 7.1): they keep their order, and
 * each is carried out once.
 */
#include "arch/time.h"
#include "tests/env.h"
#include "tests/inf_rig.h"

static struct inf inf;

RULE("AMDVI-INF-030", "M", inf_all_waits_are_kept_back, HOLD_KEYS,
     "Several COMPLETION_WAITs behind the flush of a page that a transfer uses: none completes "
     "while the page is touched, then each does once, in order")
{
    static const struct {
        uint32_t flags;
        const char *what;
    } cases[] = {
        {INF_STORE, "five waits"},
        {INF_STORE | INF_FLUSH, "five waits with f=1"},
    };
    struct inf *q = &inf;

    if (!inf_begin(c, q)) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (!inf_hold(q)) {
            return;
        }
        for (unsigned n = 0; n < 5; n++) {
            inf_put(q, cases[i].flags);
        }
        if (!inf_await(q) || !inf_judge(q, cases[i].what)) {
            return;
        }
    }
}

/* A page of a domain of its own that the test device reaches, so that the flush of the transfer's
 * pages does not drop it: it is moved, and flushed behind the first wait. */
#define OTHER_IOVA   0x40001000u
#define OTHER_DOMAIN 0x0411

struct other {
    struct amdvi_pt pt;
    struct buf from, to;
    volatile uint64_t *slot;
};

/* FC=0, IR=IW=1, NextLevel=0, PR=1 */
static uint64_t leaf(const struct buf *b)
{
    return 0x6000000000000001ull | b->spa;
}

static bool other(struct inf *q, struct other *o)
{
    struct rig *r = q->t.r;

    if (!buf_new(r, &o->from, PAGE_HIGH, 1) || !buf_new(r, &o->to, PAGE_HIGH, 1) ||
        !amdvi_pt_init(&o->pt, 3) ||
        !amdvi_pt_map(&o->pt, OTHER_IOVA, o->from.spa, 1, AMDVI_IR | AMDVI_IW)) {
        rule_error(q->c, "no memory for another page");
        return false;
    }
    o->slot = amdvi_pt_slot(&o->pt, OTHER_IOVA, 1);
    return rig_attach_tree(r, r->testdev, &o->pt, OTHER_DOMAIN);
}

static bool moves_at(struct inf *q, const struct buf *at, const char *what)
{
    expect_dma(q->t.r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, OTHER_IOVA, at, 0, what);
    return !rule_broken(q->c);
}

/* A wait, the flush of another page, a wait: the second one says that the other page is dropped. */
static bool flush_behind(struct inf *q, struct other *o, uint32_t flags, const char *what)
{
    rig_store(o->slot, leaf(&o->from));
    if (!rig_flush(q->t.r, OTHER_DOMAIN) || !moves_at(q, &o->from, "before the flush behind") ||
        !inf_hold(q)) {
        return false;
    }
    rig_store(o->slot, leaf(&o->to));
    inf_put(q, flags);
    /* Page 4000_1000h of domain 0411h. */
    amdvi_cmd_put(q->t.r->u, (struct amdvi_cmd){{0, 0x30000411u, 0x40001000u, 0}});
    inf_put(q, INF_STORE);
    /* Before anything else is flushed. */
    return inf_await(q) && inf_judge_pages(q, what) && inf_judge_waits(q, q->count, what) &&
           moves_at(q, &o->to, what) && inf_judge_rest(q, what);
}

/*
 * An illegal command behind the wait, and a wait behind that. When it is met is free (CMD-006): it
 * must not lose the wait in front of it, nor carry out the one behind it (CMD-026).
 */
static bool illegal_behind(struct inf *q)
{
    static const char what[] = "an illegal command behind a wait";

    if (!inf_hold(q)) {
        return false;
    }
    inf_put(q, INF_STORE);
    amdvi_cmd_put(q->t.r->u, (struct amdvi_cmd){{0, 0, 0, 0}});
    inf_put(q, INF_STORE);
    if (!inf_await(q) || !inf_judge_pages(q, what)) {
        return false;
    }
    cmd_join(q->t.r);
    expect_true(q->c, cmd_halted(q->t.r), "%s: expected CmdBufRun=0, actual 1", what);
    if (!inf_judge_waits(q, 1, what)) {
        return false;
    }
    cmd_restart(q->t.r);
    rig_take_events(q->t.r);
    return inf_restore(q);
}

RULE("AMDVI-INF-031", "M", inf_commands_behind_wait_too,
     "ref=2.4 needs=ide,hold,testdev hw-safe=no may-kill=no controls=both timeout-ms=60000",
     "Commands behind a COMPLETION_WAIT that a transfer keeps back: a later wait does not complete "
     "before it, and what is between them is done")
{
    static struct other o;
    struct inf *q = &inf;

    if (!inf_begin(c, q) || !other(q, &o) ||
        !flush_behind(q, &o, INF_STORE, "a flush of another page behind a wait") ||
        !flush_behind(q, &o, INF_STORE | INF_FLUSH,
                      "a flush of another page behind a wait with f=1")) {
        return;
    }
    (void)illegal_behind(q);
}

/* Is there room for a command in front of CmdHead? */
static bool has_room(const struct amdvi *u)
{
    return (u->cmd_tail + 1) % u->cmd_entries * 16ull != amdvi_read64(u, 0x2000);
}

/* Put waits until the ring is full, each with a doorbell of its own. */
static void fill(void *arg)
{
    struct inf *q = arg;

    amdvi_cmd_ring(q->t.r->u);
    q->rang = true;
    while (q->count < INF_WAITS_MAX && has_room(q->t.r->u)) {
        inf_put(q, INF_STORE);
        amdvi_cmd_ring(q->t.r->u);
    }
}

static bool fill_elsewhere(void *arg)
{
    return inf_elsewhere(arg, fill, arg);
}

static bool scan(void *arg)
{
    return inf_scan(arg);
}

/* The flush at entry @start, then @waits waits, and others while they are kept back if @more. */
static bool wrapped(struct inf *q, unsigned start, unsigned waits, bool more, const char *what)
{
    const struct hold_watch w = {fill_elsewhere, scan, q};
    struct rig *r = q->t.r;

    if (!cmd_use_ring(r, r->u->cmd_buf, 8, start) || !inf_hold(q)) {
        return false;
    }
    for (unsigned n = 0; n < waits; n++) {
        inf_put(q, INF_STORE);
    }
    return (more ? inf_await_by(q, &w) : inf_await(q)) && inf_judge(q, what);
}

RULE("AMDVI-INF-032", "M", inf_waits_over_the_ring_end, HOLD_KEYS,
     "A COMPLETION_WAIT that a transfer keeps back in the last entry of the ring, or with the ring "
     "full behind it: nothing early, nothing lost, nothing twice")
{
    struct inf *q = &inf;

    /* The first wait in the last entry; one entry before it; the flush there. */
    if (!inf_begin(c, q) || !wrapped(q, 254, 1, false, "the wait in the last entry") ||
        !wrapped(q, 254, 5, false, "the first of five waits in the last entry") ||
        !wrapped(q, 255, 5, false, "the flush in the last entry") ||
        !wrapped(q, 0, 254, false, "a full ring that begins at entry 0") ||
        !wrapped(q, 123, 254, false, "a full ring that wraps")) {
        return;
    }
    (void)wrapped(q, 250, 1, true, "a ring that fills while the first wait is kept back");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/inf_rig.h"

#include "arch/smp.h"
#include "arch/time.h"
#include "check/mark.h"
#include "drivers/ide/regs.h"
#include "lib/string.h"

/* What has to come after the transfer's end. */
#define AFTER_US 5000000u

/* 16 KiB at 4000_0000h of domain 0410h: S=1, bit 12 set, bit 13 clear. */
static const struct amdvi_cmd flush = {{0, 0x30000410u, 0x40001001u, 0}};

static uint64_t data_of(unsigned n)
{
    return 0x5707e00d00000000ull | n;
}

bool inf_begin(struct check *c, struct inf *q)
{
    *q = (struct inf){.c = c};
    if (!ide_rig(c, &q->t, HOLD_PAGES)) {
        return false;
    }
    q->words = cmd_words(q->t.r);
    if (!q->words) {
        return false;
    }
    cmd_controls(q->t.r);
    return !rule_broken(c);
}

bool inf_hold(struct inf *q)
{
    struct ide_rig *t = &q->t;
    uint32_t lba = ide_rig_lba(t, false);
    struct ide_result res;

    q->count = q->wrong = q->disorder = 0;
    memset(q->stores, 0, sizeof(q->stores));
    q->taken = false;
    if (!ide_rig_table(t, false, lba, HOLD_SECTORS, hold_one, 1, &res)) {
        return false;
    }
    control_pos(q->c, ide_rig_moved(t, false, hold_one, 1, lba, HOLD_BYTES),
                "a plain %s moves its sectors and is seen", ide_rig_name(false));
    if (!hold_begin(t, INF_TAG, false, lba, HOLD_PREPARE_MS)) {
        return false;
    }
    control_neg(q->c, !hold_leaks(t, t->data, 0, HOLD_PAGES),
                "what moves does not look like the new owner's pages");
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        volatile uint64_t *slot = amdvi_pt_slot(&t->pt, IDE_IOVA + p * PAGE_SIZE, 1);

        q->found[p] = *slot;
        rig_store(slot, 0);
    }
    hold_queue(t->r, flush);
    return true;
}

void inf_put(struct inf *q, uint32_t flags)
{
    unsigned n = q->count;
    struct amdvi_cmd cmd = cmd_store(&q->words[n], data_of(n));

    cmd.dw[0] = (cmd.dw[0] & ~7u) | flags;
    q->flags[n] = (uint8_t)flags;
    hold_queue(q->t.r, cmd);
    __atomic_store_n(&q->count, n + 1, __ATOMIC_RELEASE); /* for a CPU that watches */
}

void inf_take(struct inf *q)
{
    if (!q->taken) {
        mark(MARK_COMPLETE, "its store, or its interrupt");
        ide_rig_canary(&q->t);
        q->taken = true;
    }
}

bool inf_scan(struct inf *q)
{
    unsigned count = __atomic_load_n(&q->count, __ATOMIC_ACQUIRE);
    bool has[INF_WAITS_MAX];

    /* The youngest first: where one has come, those before it have. */
    for (unsigned n = count; n-- > 0;) {
        has[n] = q->words[n] != CMD_CANARY;
    }
    for (unsigned n = 0; n < count; n++) {
        if (!has[n]) {
            continue;
        }
        inf_take(q);
        for (unsigned k = 0; k < n; k++) {
            q->disorder += (q->flags[k] & INF_STORE) && !q->stores[k];
        }
        q->wrong += __atomic_exchange_n(&q->words[n], CMD_CANARY, __ATOMIC_ACQ_REL) != data_of(n);
        q->stores[n] += q->stores[n] < UINT8_MAX;
    }
    return q->taken;
}

static void ring(void *inf)
{
    struct inf *q = inf;

    amdvi_cmd_ring(q->t.r->u);
    q->rang = true;
}

bool inf_elsewhere(struct inf *q, void (*fn)(void *arg), void *arg)
{
    q->rang = false;
    if (smp_count() < 2 || !smp_started(1)) {
        fn(arg);
    } else if (smp_run(1, fn, arg)) {
        (void)wait_until(q->rang || inf_scan(q), INF_RING_US);
    } else {
        rule_error(q->c, "CPU 1 cannot be had");
        return false;
    }
    return true;
}

bool inf_ring_elsewhere(void *inf)
{
    return inf_elsewhere(inf, ring, inf);
}

static bool scan(void *arg)
{
    return inf_scan(arg);
}

bool inf_await_by(struct inf *q, const struct hold_watch *w)
{
    return hold_await(q->c, INF_TAG, w, HOLD_LOOK_MS, HOLD_RELEASE_MS, &q->sight);
}

bool inf_await(struct inf *q)
{
    const struct hold_watch w = {inf_ring_elsewhere, scan, q};

    return inf_await_by(q, &w);
}

bool inf_judge_pages(struct inf *q, const char *what)
{
    struct ide_result res;
    enum hold_state now;
    unsigned requests;

    if (q->sight.then == HOLD_HELD && !host_release(q->c, INF_TAG, true)) {
        return false;
    }
    if (!wait_until(inf_scan(q), AFTER_US)) {
        expect_true(q->c, false, "%s: expected a completion after the transfer's end, actual none",
                    what);
        return false;
    }
    if (!hold_end(&q->t, false, &res) || !host_hold_state(q->c, INF_TAG, &now, &requests)) {
        return false;
    }
    control_pos(q->c, now == HOLD_RELEASED && requests == 1,
                "the transfer was %s when the first completion was seen, and has gone on since",
                q->sight.then == HOLD_HELD ? "held" : "over");
    expect_true(q->c, ide_rig_holds(&q->t),
                "%s: expected the new owner's pages unchanged since the first completion, actual "
                "changed by the old transfer (BMISTA 0x%02x, status 0x%02x)",
                what, res.bm_status, res.status);
    return !rule_broken(q->c) && hold_sure(q->c, &q->sight);
}

static bool all_stored(struct inf *q, unsigned count)
{
    (void)inf_scan(q);
    for (unsigned n = 0; n < count; n++) {
        if ((q->flags[n] & INF_STORE) && !q->stores[n]) {
            return false;
        }
    }
    return true;
}

bool inf_judge_waits(struct inf *q, unsigned count, const char *what)
{
    (void)wait_until(all_stored(q, count), AFTER_US);
    (void)inf_scan(q);
    for (unsigned n = 0; n < q->count && !rule_broken(q->c); n++) {
        unsigned want = n < count && (q->flags[n] & INF_STORE);

        expect_true(q->c, q->stores[n] == want,
                    "%s: expected %u stores of COMPLETION_WAIT %u of %u, actual %u", what, want, n,
                    q->count, q->stores[n]);
    }
    expect_true(q->c, q->wrong == 0 && q->disorder == 0,
                "%s: %u stores were of other data, %u were seen before older ones", what, q->wrong,
                q->disorder);
    return !rule_broken(q->c);
}

bool inf_judge(struct inf *q, const char *what)
{
    return inf_judge_pages(q, what) && inf_judge_rest(q, what);
}

bool inf_judge_rest(struct inf *q, const char *what)
{
    struct amdvi *u = q->t.r->u;
    uint64_t tail;

    cmd_join(q->t.r);
    /* The ring may be full until then. */
    (void)wait_until(all_stored(q, q->count), AFTER_US);
    tail = u->cmd_tail * 16ull;
    expect_u64(q->c, "CmdHead once all is done", tail, cmd_head_at(q->t.r, tail));
    if (rule_broken(q->c)) {
        return false;
    }
    /* Behind all of them, so that one that comes again has come. */
    expect_true(q->c, amdvi_wait_completion(u, AFTER_US),
                "%s: expected a completion behind all of them, actual none", what);
    if (!inf_judge_waits(q, q->count, what)) {
        return false;
    }
    rig_take_events(q->t.r); /* a transfer that was aborted may log */
    return inf_restore(q);
}

bool inf_restore(struct inf *q)
{
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        rig_store(amdvi_pt_slot(&q->t.pt, IDE_IOVA + p * PAGE_SIZE, 1), q->found[p]);
    }
    return rig_flush(q->t.r, IDE_DOMAIN);
}

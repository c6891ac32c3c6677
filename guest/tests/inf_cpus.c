// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The CPUs, while a COMPLETION_WAIT is kept back by a transfer of the disk (docs/rules.md section
 * 7.1): the one that waits goes on, and another one queues what it likes.
 */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/lapic.h"
#include "arch/smp.h"
#include "arch/time.h"
#include "tests/env.h"
#include "tests/inf_rig.h"
#include "tests/irq_rig.h"

#define VECTOR 0x77

/* A millisecond at 1 GHz, and how many of them have to be seen. */
#define TICK_COUNT 1000000u
#define TICKS      3u
#define TICKS_US   2000000u

/* When the host lets go what this CPU does not get to let go. */
#define STILL_MS 3000u

static void stop_timer(void *arg)
{
    (void)arg;
    lapic_timer_stop();
}

/* Have there been enough of them? The pages go to their new owner as soon as anywhere else. */
static bool ticked(struct inf *q, const struct listener *l)
{
    (void)inf_scan(q);
    return l->count >= TICKS;
}

/* Ticks from now on, at least TICKS within a limit. */
static unsigned ticks(struct inf *q, struct listener *l)
{
    irq_window();
    l->count = 0;
    (void)irq_wait(ticked(q, l), TICKS_US);
    return l->count;
}

static void goes_on(struct inf *q, struct listener *l)
{
    struct check *c = q->c;
    enum hold_state before, after;
    unsigned requests, seen, rang_ms;
    uint64_t armed;

    inf_put(q, INF_STORE);
    armed = time_us();
    if (!host_arm_release(c, INF_TAG, true, STILL_MS) ||
        !host_hold_state(c, INF_TAG, &before, &requests)) {
        return;
    }
    amdvi_cmd_ring(q->t.r->u);
    rang_ms = (unsigned)((time_us() - armed) / 1000);
    seen = ticks(q, l);
    if (!host_hold_state(c, INF_TAG, &after, &requests)) {
        return;
    }
    q->sight = (struct hold_sight){.then = after, .sure = true};
    if (after != HOLD_HELD && rang_ms < STILL_MS * 9 / 10) {
        rule_error(c, "the transfer went on %u ms after the doorbell: the host is too slow",
                   STILL_MS - rang_ms);
        return;
    }
    control_pos(c, before == HOLD_HELD, "the transfer is held before the doorbell is rung");
    expect_true(c, after == HOLD_HELD && seen >= TICKS,
                "expected at least %u timer interrupts between the doorbell and the transfer's "
                "end, actual %u, the doorbell took %u ms",
                TICKS, after == HOLD_HELD ? seen : 0, rang_ms);
    if (rule_broken(c)) {
        return;
    }
    observe(c, "completion", "%s", q->taken ? "while_held" : "after_the_transfer");
    (void)inf_judge(q, "with timer interrupts");
}

RULE("AMDVI-INF-034", "M", inf_the_cpu_that_waits_goes_on,
     "ref=2.4 needs=ide,hold,apic hw-safe=no may-kill=no controls=both timeout-ms=60000",
     "While a transfer keeps a completion back, the CPU that rang the doorbell goes on and takes "
     "its timer's interrupts")
{
    static struct inf inf;
    struct inf *q = &inf;
    struct listener *l;

    if (!inf_begin(c, q)) {
        return;
    }
    irq_rig_join(q->t.r);
    l = irq_listen(c, VECTOR);
    if (!l) {
        return;
    }
    control_listener(c, l);
    rule_at_end(c, stop_timer, NULL);
    lapic_timer_start(VECTOR, TICK_COUNT);
    control_pos(c, ticks(q, l) >= TICKS, "the timer interrupts this CPU");
    if (inf_hold(q)) {
        goes_on(q, l);
    }
}

/* What each CPU queues. */
#define EACH 60u

struct shared {
    struct inf q;
    bool locked;
    unsigned mine;          /* what CPU 0 has queued */
    volatile unsigned done; /* what CPU 1 has */
};

static bool try_lock(struct shared *s)
{
    return !__atomic_test_and_set(&s->locked, __ATOMIC_ACQUIRE);
}

static void unlock(struct shared *s)
{
    __atomic_clear(&s->locked, __ATOMIC_RELEASE);
}

/* A wait and its doorbell, in one piece. */
static bool append(struct shared *s)
{
    bool good = try_lock(s);

    if (good) {
        inf_put(&s->q, INF_STORE);
        amdvi_cmd_ring(s->q.t.r->u);
        unlock(s);
    }
    return good;
}

/* On CPU 1: the doorbell of what there is, then one wait after the other. */
static void append_all(void *arg)
{
    struct shared *s = arg;

    amdvi_cmd_ring(s->q.t.r->u);
    s->q.rang = true;
    unlock(s); /* CPU 0 had locked it for this */
    while (s->done < EACH && wait_until(append(s), AMDVI_WAIT_US)) {
        s->done++;
    }
}

static bool start_appending(void *arg)
{
    struct shared *s = arg;

    s->locked = true;
    return inf_elsewhere(&s->q, append_all, s);
}

static bool scan_and_append(void *arg)
{
    struct shared *s = arg;

    if (!inf_scan(&s->q) && s->mine < EACH) {
        s->mine += append(s);
    }
    return s->q.taken;
}

RULE("AMDVI-INF-035", "M", inf_two_cpus_queue_behind_a_wait,
     "ref=2.4 needs=ide,hold,cpus2 hw-safe=no may-kill=no controls=both timeout-ms=60000",
     "Two CPUs queue COMPLETION_WAITs by turns while a transfer keeps the first one back: none "
     "completes while the page is touched, then each does once, in order")
{
    static struct shared shared;
    struct shared *s = &shared;
    const struct hold_watch w = {start_appending, scan_and_append, s};

    *s = (struct shared){0};
    if (!inf_begin(c, &s->q) || !inf_hold(&s->q)) {
        return;
    }
    inf_put(&s->q, INF_STORE);
    if (!inf_await_by(&s->q, &w)) {
        return;
    }
    observe(c, "queued_until_then", "%u_and_%u", s->mine, s->done);
    if (!inf_judge_pages(&s->q, "waits of two CPUs")) {
        return;
    }
    while (s->mine < EACH && wait_until(append(s), AMDVI_WAIT_US)) {
        s->mine++;
    }
    cmd_join(s->q.t.r);
    control_pos(c, s->mine == EACH && s->done == EACH, "both CPUs have queued %u waits", EACH);
    (void)inf_judge_rest(&s->q, "waits of two CPUs");
}

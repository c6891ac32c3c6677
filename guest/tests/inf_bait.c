// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bait: one CPU starts a disk transfer, the other one takes its pages away at any moment of it,
 * waits for the completion and uses them for something else; thousands of times (docs/rules.md
 * section 7.1).
 *
 * The moment is up to the emulator. So that no verdict depends on it, the host holds the transfer
 * in some of the rounds.
 */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/lapic.h"
#include "arch/smp.h"
#include "arch/time.h"
#include "drivers/ide/regs.h"
#include "tests/env.h"
#include "tests/hold_rig.h"

#define ROUNDS     5000u
#define HELD_EVERY 499u /* odd: reads and writes by turns */
#define TAG        "bait"

/* Whom the host does not let go until then has stood still. Shorter than END_US. */
#define RELEASE_MS 500u

/* What one CPU waits for the other, and for a transfer. */
#define OTHER_US 20000000u
#define END_US   10000000u

/* A CPU that waits rests for a tenth of a millisecond, at 1 GHz. */
#define REST_COUNT 100000u

/* Where the sectors are read back: a table behind the one of the transfer, and its pages. */
#define BACK_TABLE (IDE_TABLE + 0x100u)
#define BACK_ENTRY 32u
#define BACK_IOVA  0x41000000u

/* 16 KiB at 4000_0000h of domain 0410h: S=1, bit 12 set, bit 13 clear. */
static const struct amdvi_cmd flush = {{0, 0x30000410u, 0x40001001u, 0}};

static struct bait {
    struct ide_rig t;
    struct check *c;
    struct buf back;
    uint64_t leaf[HOLD_PAGES]; /* entries of the pages */
    uint64_t seed;
    unsigned vector;     /* of the timers */
    uint64_t typical_us; /* a transfer that nobody disturbs */
    unsigned moved, refused;
    /* The round, for the CPU that starts the transfer. */
    volatile unsigned go, ended;
    bool write;
    uint32_t lba;
    bool good;
    struct ide_result res;
} bait;

/* What is in quadword @off of the pages in round @n: before they are taken away, and behind it. */
enum owner { OLD, NEW };

static uint64_t mark(const struct bait *b, unsigned n, enum owner o, uint32_t off)
{
    return (b->seed + 2 * n + o) * 0x9e3779b97f4a7c15ull + off;
}

static volatile uint64_t *at(const struct bait *b, uint32_t off)
{
    return (volatile uint64_t *)ide_rig_at(&b->t, IDE_IOVA + off);
}

static void fill(const struct bait *b, unsigned n, enum owner o)
{
    for (uint32_t off = 0; off < HOLD_BYTES; off += 8) {
        *at(b, off) = mark(b, n, o, off);
    }
    memory_barrier();
}

static bool holds(const struct bait *b, unsigned n, enum owner o)
{
    uint32_t off = 0;

    memory_barrier();
    while (off < HOLD_BYTES && *at(b, off) == mark(b, n, o, off)) {
        off += 8;
    }
    return off == HOLD_BYTES;
}

/* How many quadwords of the sectors of the round are @o's? */
static bool on_disk(struct bait *b, unsigned n, enum owner o, unsigned *count)
{
    struct ide_result res;

    if (!ide_rig_request(&b->t, &env.ide, false, b->lba, HOLD_SECTORS, BACK_TABLE, &res)) {
        return false;
    }
    *count = 0;
    for (uint32_t off = 0; off < HOLD_BYTES; off += 8) {
        *count += *(volatile uint64_t *)(b->back.spa + off) == mark(b, n, o, off);
    }
    return true;
}

static bool at_end(void)
{
    uint8_t bm = ide_bm_read(&env.ide, IDE_BM_STATUS);

    return (bm & IDE_BM_STATUS_INT) ||
           (bm & (IDE_BM_STATUS_ERROR | IDE_BM_STATUS_ACTIVE)) == IDE_BM_STATUS_ERROR;
}

/* On CPU 1: the transfer of each round, to its end, whatever that is. */
static void keep_starting(void *arg)
{
    struct bait *b = arg;

    lapic_timer_start((uint8_t)b->vector, REST_COUNT);
    for (unsigned n = 1; irq_rest_until(b->go >= n, OTHER_US) && b->go == n; n++) {
        b->good = hold_start(&b->t, b->write, b->lba);
        (void)irq_rest_until(at_end(), END_US); /* one that ends otherwise is hold_end()'s affair */
        b->good = hold_end(&b->t, b->write, &b->res) && b->good;
        memory_barrier();
        b->ended = n;
    }
    lapic_timer_stop();
}

static bool wait_end(struct bait *b, unsigned n)
{
    if (!irq_rest_until(b->ended == n, OTHER_US)) {
        rule_error(b->c, "round %u: CPU 1 does not tell the transfer's end", n);
        return false;
    }
    return b->good;
}

static uint64_t scatter(const struct bait *b, unsigned n)
{
    uint64_t x = (b->seed ^ n) * 0xbf58476d1ce4e5b9ull;

    return (x ^ (x >> 31)) * 0x94d049bb133111ebull >> 32;
}

/* The pages are the device's, with what it may write in them. */
static bool lay(struct bait *b, unsigned n)
{
    b->write = n & 1;
    b->lba = ide_rig_lba(&b->t, b->write);
    fill(b, n, OLD);
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        rig_store(amdvi_pt_slot(&b->t.pt, IDE_IOVA + p * PAGE_SIZE, 1), b->leaf[p]);
    }
    return rig_flush(b->t.r, IDE_DOMAIN);
}

static void withdraw(struct bait *b)
{
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        rig_store(amdvi_pt_slot(&b->t.pt, IDE_IOVA + p * PAGE_SIZE, 1), 0);
    }
}

/* What has come of it: the pages keep what is their new owner's, and the disk has none of it. */
static bool judge(struct bait *b, unsigned n, bool is_held)
{
    unsigned leaked = 0;

    if (!wait_end(b, n)) {
        return false;
    }
    bool kept = holds(b, n, NEW);

    if (b->write && !on_disk(b, n, NEW, &leaked)) {
        return false;
    }
    expect_true(b->c, kept && !leaked,
                "round %u, %s %s: expected nothing to cross, actual %s (BMISTA 0x%02x, status "
                "0x%02x)",
                n, ide_rig_name(b->write), is_held ? "held by the host" : "in a race",
                kept ? "on the disk what the pages' new owner had put there"
                     : "the pages changed by the old transfer",
                b->res.bm_status, b->res.status);
    if ((b->res.bm_status & IDE_BM_STATE) == 0x04 && !(b->res.status & IDE_STATUS_ERR)) {
        b->moved++;
    } else {
        b->refused++;
    }
    /* What was refused is logged. The log is large enough for what one transfer causes. */
    (void)amdvi_evt_take(b->t.r->u, b->t.r->events, RIG_EVENTS_MAX);
    return !rule_broken(b->c);
}

/* At any moment of the transfer, a little before and a little behind it. */
static bool raced(struct bait *b, unsigned n)
{
    deadline_t moment = deadline_in(scatter(b, n) % (b->typical_us * 5 / 4 + 1));

    b->go = n;
    (void)wait_until(deadline_passed(moment), OTHER_US);
    withdraw(b);
    amdvi_cmd_put(b->t.r->u, flush);
    amdvi_ask_completion(b->t.r->u);
    if (!irq_rest_until(amdvi_completed(b->t.r->u), END_US)) {
        rule_error(b->c, "round %u: no completion", n);
        return false;
    }
    fill(b, n, NEW);
    return true;
}

/* While the host holds it. */
static bool held(struct bait *b, unsigned n)
{
    enum hold_state then, now;
    unsigned requests;

    if (!host_hold(b->c, TAG, b->write, b->lba, HOLD_SECTORS) ||
        !host_arm_release(b->c, TAG, true, HOLD_PREPARE_MS)) {
        return false;
    }
    b->go = n;
    if (!host_wait_held(b->c, TAG)) {
        return false;
    }

    uint8_t bm = ide_bm_read(&env.ide, IDE_BM_STATUS);

    control_pos(b->c, (bm & IDE_BM_STATE) == 0x01 && holds(b, n, OLD),
                "round %u: %s is under way, BMISTA 0x%02x, nothing has moved", n,
                ide_rig_name(b->write), bm);
    if (rule_broken(b->c)) {
        return false;
    }
    withdraw(b);
    if (!hold_complete(b->t.r, TAG, flush, HOLD_LOOK_MS, RELEASE_MS, &then)) {
        return false;
    }
    fill(b, n, NEW);
    if ((then == HOLD_HELD && !host_release(b->c, TAG, true)) || !wait_end(b, n) ||
        !host_hold_state(b->c, TAG, &now, &requests)) {
        return false;
    }
    control_pos(b->c, now == HOLD_RELEASED && requests == 1,
                "round %u: the transfer was %s when the completion came, and has gone on", n,
                then == HOLD_HELD ? "held" : "over");
    return true;
}

/* Nobody disturbs it: what crosses, and from where, is seen. */
static bool controls(struct bait *b, unsigned n)
{
    uint64_t begin;
    unsigned count = 0;

    if (!lay(b, n)) {
        return false;
    }
    fill(b, n, NEW);
    begin = time_us();
    b->go = n;
    if (!wait_end(b, n)) {
        return false;
    }
    b->typical_us = time_us() - begin;
    if (b->write) {
        if (!on_disk(b, n, NEW, &count)) {
            return false;
        }
        control_pos(b->c, count == HOLD_BYTES / 8,
                    "all that is in the pages is found on the disk after an undisturbed write");
    } else {
        control_neg(b->c, !holds(b, n, NEW), "the pages do not keep it over an undisturbed read");
    }
    return true;
}

static bool prepare(struct check *c, struct bait *b)
{
    *b = (struct bait){.c = c};
    if (!ide_rig(c, &b->t, HOLD_PAGES) || !buf_new(b->t.r, &b->back, PAGE_HIGH, HOLD_PAGES)) {
        return false;
    }
    b->seed = b->t.r->nonce;
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        b->leaf[p] = *amdvi_pt_slot(&b->t.pt, IDE_IOVA + p * PAGE_SIZE, 1);
        if (!amdvi_pt_map(&b->t.pt, BACK_IOVA + p * PAGE_SIZE, b->back.spa + p * PAGE_SIZE, 1,
                          AMDVI_IW)) {
            rule_error(c, "no memory for page tables");
            return false;
        }
    }
    ide_rig_prd(&b->t, 0, hold_one[0][0], hold_one[0][1]);
    ide_rig_prd(&b->t, BACK_ENTRY, BACK_IOVA, hold_one[0][1]);
    if (!env_may_write(ide_rig_lba(&b->t, true), HOLD_SECTORS)) {
        rule_error(c, "the sectors are not in the scratch area: nothing is written");
        return false;
    }
    return true;
}

/* That the host holds what it says it holds, before a round can fail. */
static bool host_holds(struct bait *b)
{
    struct ide_result res;

    return hold_begin(&b->t, TAG, false, ide_rig_lba(&b->t, false), HOLD_PREPARE_MS) &&
           host_release(b->c, TAG, true) && hold_end(&b->t, false, &res);
}

static void tick(void *arg)
{
    (void)arg; /* that it came is all */
}

/* CPU 1 comes back when there is no such round. */
static void finish(void *arg)
{
    struct bait *b = arg;
    struct exception_info ex;
    enum smp_result end;

    b->go = UINT32_MAX;
    end = smp_wait(1, OTHER_US, &ex);
    if (end != SMP_RETURNED && end != SMP_IDLE) {
        rule_error(b->c, "CPU 1 does not come back");
    }
    lapic_timer_stop();
    irq_window(); /* a tick that is on its way */
    irq_free_vector(b->vector);
}

static bool begin(struct bait *b)
{
    b->vector = irq_alloc_vector(tick, NULL);
    if (!b->vector) {
        rule_error(b->c, "no vector is to be had");
        return false;
    }
    rule_at_end(b->c, finish, b);
    lapic_timer_start((uint8_t)b->vector, REST_COUNT);
    if (!smp_run(1, keep_starting, b)) {
        rule_error(b->c, "CPU 1 cannot be had");
        return false;
    }
    return true;
}

RULE("AMDVI-INF-060", "M", inf_nothing_crosses_in_5000_rounds,
     "ref=2.4 needs=ide,hold,apic,cpus2 hw-safe=no may-kill=no controls=both timeout-ms=400000",
     "One CPU starts disk reads and writes, the other takes their pages away, sees the completion "
     "and uses them, 5000 times: no byte crosses")
{
    struct bait *b = &bait;
    unsigned n = 0;
    bool good;

    if (!prepare(c, b) || !host_holds(b) || !begin(b)) {
        return;
    }
    do {
        good = controls(b, ++n);
    } while (good && n < 8);
    for (unsigned i = 0; good && i < ROUNDS; i++) {
        bool is_held = i % HELD_EVERY == HELD_EVERY - 1;

        n++;
        good = lay(b, n) && (is_held ? held(b, n) : raced(b, n)) && judge(b, n, is_held);
    }
    note(c, "%u of %u transfers moved their sectors, %u did not; one that is alone takes %u us",
         b->moved, b->moved + b->refused, b->refused, (unsigned)b->typical_us);
}

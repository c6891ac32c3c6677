// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands while fetching is stopped, and what comes when it goes on (docs/rules.md sections 2.4
 * and 7).
 */
#include "arch/time.h"
#include "tests/cmd_rig.h"

/* How long nothing may happen. What follows shows that it could have: the same entries run then. */
#define IDLE_US 500u

static void words_clear(volatile uint64_t *w)
{
    for (unsigned i = 0; i < 512; i++) {
        w[i] = CMD_CANARY;
    }
}

/* Number of the words [0, count) that do not hold what their command stores. */
static unsigned missing(volatile uint64_t *w, unsigned count, uint64_t data)
{
    unsigned n = 0;

    for (unsigned i = 0; i < count; i++) {
        n += w[i] != data + i;
    }
    return n;
}

static unsigned changed(volatile uint64_t *w)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 512; i++) {
        n += w[i] != CMD_CANARY;
    }
    return n;
}

struct stopped {
    const char *name;
    uint64_t control;  /* under which entries are queued */
    uint64_t steps[3]; /* further values that start nothing; 0: none */
};

static const struct stopped ways[] = {
    {"CmdBufEn=0", 0x0005, {0x0001, 0x0015, 0x0005}},
    {"IommuEn=0", 0x1004, {0x1000, 0x1014, 0}},
    {"CmdBufEn=IommuEn=0", 0x0004, {0x1004, 0x0004, 0x0005}},
    {"IommuEn=CmdBufEn=0", 0x0004, {0x0005, 0x1004, 0}},
};

static void queue_stopped(struct rig *r, const struct stopped *way, volatile uint64_t *w,
                          unsigned start, unsigned count)
{
    uint64_t end = (start + count) % 256 * 16ull, data = (uint64_t)start << 32 | 0xc0de0000;

    /* The pointers are written where CmdBufRun is surely 0 (REG-007). */
    if (!cmd_use_ring(r, r->u->cmd_buf, 8, start) || !cmd_control(r, CMD_OFF)) {
        rule_error(r->c, "CmdBufRun stays 1 after CmdBufEn=0");
        return;
    }
    amdvi_write64(r->u, 0x18, r->u->control | way->control);
    words_clear(w);
    for (unsigned i = 0; i < count; i++) {
        amdvi_cmd_put(r->u, cmd_store(&w[i], data + i));
    }
    amdvi_cmd_ring(r->u);
    for (unsigned i = 0; i < 4; i++) {
        (void)wait_until(changed(w), IDLE_US);
        expect_true(r->c, changed(w) == 0,
                    "%s, %u entries from %u, step %u: expected no store, actual %u", way->name,
                    count, start, i, changed(w));
        expect_u64(r->c, "CmdHead while stopped", start * 16ull, amdvi_read64(r->u, 0x2000));
        expect_u64(r->c, "CmdTail while stopped", end, amdvi_read64(r->u, 0x2008));
        if (i < 3 && way->steps[i]) {
            amdvi_write64(r->u, 0x18, r->u->control | way->steps[i]);
        }
    }
    expect_true(r->c, cmd_control(r, CMD_ON), "%s: expected CmdBufRun=1 after enabling", way->name);
    (void)wait_until(w[count - 1] == data + count - 1, AMDVI_WAIT_US / 4);
    expect_true(r->c, missing(w, count, data) == 0,
                "%s, %u entries from %u: expected all to run after enabling, %u did not", way->name,
                count, start, missing(w, count, data));
    expect_true(r->c, changed(w) == count, "%s: expected no other store, actual %u of %u",
                way->name, changed(w), count);
    expect_u64(r->c, "CmdHead after enabling", end, cmd_head_at(r, end));
}

RULE(
    "AMDVI-CMD-005", "A", cmd_stopped_runs_nothing, RULE_KEYS("2.4", "none"),
    "With CmdBufEn=0 or IommuEn=0 no command runs and head stays; what is queued runs once enabled")
{
    static const struct {
        unsigned start, count;
    } cases[] = {{0, 1}, {7, 3}, {255, 1}, {250, 20}, {128, 255}};
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;

    if (!w) {
        return;
    }
    cmd_controls(r);
    for (unsigned m = 0; m < sizeof(ways) / sizeof(ways[0]); m++) {
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]) && !rule_broken(c); i++) {
            queue_stopped(r, &ways[m], w, cases[i].start, cases[i].count);
        }
    }
    expect_no_event(r, "after stopping and starting");
}

/*
 * Stop behind @count commands, with head and tail where they are, then queue @more. Entries behind
 * head and beyond tail hold commands that would store, too.
 */
static void stop_and_resume(struct rig *r, volatile uint64_t *w, unsigned start, unsigned count,
                            unsigned more)
{
    uint64_t data = (uint64_t)start << 32 | 0xbeef0000;
    uint64_t at = (start + count) % 256 * 16ull, end = (start + count + more) % 256 * 16ull;

    if (!cmd_use_ring(r, r->u->cmd_buf, 8, start)) {
        return;
    }
    for (unsigned i = 0; i < 256; i++) {
        amdvi_cmd_put(r->u, cmd_store(&w[256 + i], data));
    }
    words_clear(w);
    for (unsigned i = 0; i < count; i++) {
        amdvi_cmd_put(r->u, cmd_store(&w[i], data + i));
    }
    amdvi_cmd_ring(r->u);

    /* Stopped on the way, if it takes that long: what is before head has run, the rest has not. */
    expect_true(r->c, cmd_control(r, CMD_OFF), "expected CmdBufRun=0 after CmdBufEn=0");

    uint64_t head = amdvi_read64(r->u, 0x2000);
    unsigned ran = (unsigned)(head / 16 + 256 - start) % 256;

    (void)wait_until(missing(w, ran, data) == 0, AMDVI_WAIT_US / 4);
    expect_true(r->c, ran <= count && missing(w, ran, data) == 0 && changed(w) == ran,
                "stopped at head 0x%llx: expected the stores of the %u commands before it, %u are "
                "missing, %u words changed",
                (unsigned long long)head, ran, missing(w, ran, data), changed(w));
    (void)cmd_control(r, CMD_ON);
    expect_u64(r->c, "CmdHead of the batch", at, cmd_head_at(r, at));
    expect_true(r->c, wait_until(missing(w, count, data) == 0, AMDVI_WAIT_US / 4),
                "expected all %u commands to have run after going on", count);

    /* Stopped with nothing left: head stays, and so it does when other bits are written. */
    static const uint64_t idle[] = {0x0005, 0x0001, 0x0015, 0x0005};

    words_clear(w);
    for (unsigned i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
        expect_true(r->c, cmd_control(r, idle[i]), "expected CmdBufRun=0 with CmdBufEn=0");
        expect_u64(r->c, "CmdHead with CmdBufEn=0", at, amdvi_read64(r->u, 0x2000));
    }
    for (unsigned i = 0; i < more; i++) {
        amdvi_cmd_put(r->u, cmd_store(&w[i], data + i));
    }
    if (more) {
        amdvi_cmd_ring(r->u);
    }
    expect_true(r->c, cmd_control(r, CMD_ON), "expected CmdBufRun=1 after CmdBufEn=1");
    expect_u64(r->c, "CmdHead after going on", end, cmd_head_at(r, end));
    if (more) {
        (void)wait_until(w[more - 1] == data + more - 1, AMDVI_WAIT_US / 4);
    } else {
        (void)wait_until(changed(w), IDLE_US);
    }
    expect_true(r->c, missing(w, more, data) == 0 && changed(w) == more,
                "going on at 0x%llx with %u commands: %u of them did not run, %u words changed",
                (unsigned long long)at, more, missing(w, more, data), changed(w));
}

RULE("AMDVI-REG-011", "M", reg_stop_keeps_head, RULE_KEYS("3.4", "none"),
     "Clearing CmdBufEn stops behind commands in progress, head stays; setting it goes on at head")
{
    static const struct {
        unsigned start, count, more;
    } cases[] = {{0, 3, 2}, {10, 0, 5}, {100, 155, 40}, {255, 1, 255}, {200, 56, 1}, {33, 200, 0}};
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;

    if (!w) {
        return;
    }
    cmd_controls(r);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]) && !rule_broken(c); i++) {
        stop_and_resume(r, w, cases[i].start, cases[i].count, cases[i].more);
    }
    expect_no_event(r, "after stopping and starting");
}

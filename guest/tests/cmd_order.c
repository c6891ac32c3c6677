// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The order of commands (docs/rules.md section 7).
 */
#include "arch/cpu.h"
#include "arch/time.h"
#include "platform/msi.h"
#include "tests/cmd_rig.h"

/* Commands that must not be carried out; which one is met first tells in what order entries are
 * fetched. */
static const struct amdvi_cmd bad[] = {
    {{0, 0x00000000u, 0, 0}},
    {{0, 0xf0000000u, 0, 0}},
    {{0, 0x10800000u, 0, 0}},
};

struct queue {
    unsigned start, count; /* entries in a ring of 256 */
    unsigned bad[3];       /* which of them are illegal, the first one first */
};

static void expect_first(struct rig *r, const struct queue *q, volatile uint64_t *w)
{
    uint64_t first = r->u->cmd_buf + (q->start + q->bad[0]) % 256 * 16ull;

    if (!cmd_use_ring(r, r->u->cmd_buf, 8, q->start)) {
        return;
    }
    for (unsigned i = 0; i < 256; i++) {
        w[i] = CMD_CANARY;
    }
    for (unsigned i = 0; i < q->count; i++) {
        unsigned k = 0;

        while (k < 3 && q->bad[k] != i) {
            k++;
        }
        amdvi_cmd_put(r->u, k < 3 ? bad[k] : cmd_store(&w[i], i));
    }
    amdvi_cmd_ring(r->u);
    expect_true(r->c, cmd_halted(r), "expected a halt, actual CmdBufRun=1");
    for (unsigned i = 0; i < q->count; i++) {
        if (i < q->bad[0]) {
            (void)wait_until(w[i] == i, rule_broken(r->c) ? 1000 : AMDVI_WAIT_US / 4);
        }
        expect_u64(r->c, i < q->bad[0] ? "store before the first illegal one" : "word behind it",
                   i < q->bad[0] ? i : CMD_CANARY, w[i]);
    }
    cmd_expect_illegal(r, first, "the first of three");
    cmd_restart(r);
}

RULE(
    "AMDVI-CMD-006", "A", cmd_fetched_in_order, RULE_KEYS("2.4", "none"),
    "Entries are fetched in order: of several illegal ones the oldest is named, also over the wrap")
{
    static const struct queue queues[] = {{0, 3, {0, 1, 2}},          {0, 8, {3, 4, 7}},
                                          {100, 60, {33, 40, 59}},    {250, 20, {2, 8, 19}},
                                          {250, 20, {10, 12, 13}},    {255, 255, {1, 128, 254}},
                                          {77, 255, {178, 180, 200}}, {77, 255, {0, 179, 254}}};
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;

    if (!w) {
        return;
    }
    cmd_controls(r);
    for (unsigned i = 0; i < sizeof(queues) / sizeof(queues[0]) && !rule_broken(c); i++) {
        expect_first(r, &queues[i], w);
    }
}

/*
 * Stores of 1, 2, 3, ... go to two words in turn, so the first is never behind the second, and no
 * word goes back; or all go to one word, which has the last value in the end.
 */
static void expect_order(struct rig *r, volatile uint64_t *w, unsigned count, uint32_t flags,
                         unsigned words)
{
    uint64_t end[2] = {(count + words - 1) / words, words == 2 ? count / 2 : 0};
    uint64_t last[2] = {0, 0}, early = 0, back = 0;

    w[0] = w[1] = 0;
    for (unsigned i = 0; i < count; i++) {
        struct amdvi_cmd cmd = cmd_store(&w[i % words], i / words + 1);

        cmd.dw[0] |= i % 3 ? flags : 0;
        amdvi_cmd_put(r->u, cmd);
    }
    if (!cmd_ring_elsewhere(r)) {
        rule_error(r->c, "CPU 1 cannot be had");
        return;
    }
    (void)wait_until(({
                         uint64_t second = w[1], first = w[0];

                         early += second > first;
                         back += first < last[0] || second < last[1];
                         last[0] = first;
                         last[1] = second;
                         first == end[0] && second == end[1];
                     }),
                     AMDVI_WAIT_US / 4);
    cmd_join(r);
    expect_u64(r->c, "first word after all stores", end[0], w[0]);
    expect_u64(r->c, "second word after all stores", end[1], w[1]);
    expect_true(r->c, early == 0 && back == 0,
                "%u stores: %llu times a younger one was seen without the older, %llu times a word "
                "went back",
                count, (unsigned long long)early, (unsigned long long)back);
}

/* With s=1 and i=1: what holds the word when ComWaitInt is seen? */
static void expect_store_first(struct rig *r, volatile uint64_t *word, uint64_t data,
                               uint32_t flags)
{
    struct amdvi_cmd cmd = cmd_store(word, data);

    *word = CMD_CANARY;
    amdvi_write64(r->u, 0x2020, CMD_COM_WAIT_INT);
    if (amdvi_read64(r->u, 0x2020) & CMD_COM_WAIT_INT) {
        observe(r->c, "com_wait_int_stays", "1"); /* REG-004: it cannot tell anything here */
        return;
    }
    cmd.dw[0] |= 2 | flags;
    amdvi_cmd_put(r->u, cmd);
    if (!cmd_ring_elsewhere(r)) {
        rule_error(r->c, "CPU 1 cannot be had");
        return;
    }

    bool told = wait_until(amdvi_read64(r->u, 0x2020) & CMD_COM_WAIT_INT, AMDVI_WAIT_US / 4);
    uint64_t found = *word;

    cmd_join(r);
    expect_true(r->c, told, "expected ComWaitInt=1 after i=1");
    expect_u64(r->c, "stored word when ComWaitInt is first seen", data, found);
}

RULE("AMDVI-CMD-012", "M", cmd_wait_stores_in_order, RULE_KEYS("2.4.1", "none"),
     "Stores of successive COMPLETION_WAITs appear in order, and ComWaitInt not before the store")
{
    static const unsigned counts[] = {2, 3, 17, 100, 255, 254};
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;

    if (!w) {
        return;
    }
    msi_enable(r->u->devid, false);
    cmd_controls(r);
    for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]) && !rule_broken(c); i++) {
        /* f on some of them, i on some of them */
        for (uint32_t flags = 0; flags < 8; flags += 2) {
            expect_order(r, w, counts[i], flags, 1);
            expect_order(r, w, counts[i], flags, 2);
        }
    }
    for (unsigned i = 0; i < 16 && !rule_broken(c); i++) {
        expect_store_first(r, &w[2 + i], 0x1122334455667700ull + i, i % 2 * 4);
    }
    expect_no_event(r, "after all stores");
}

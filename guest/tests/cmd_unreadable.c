// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands that cannot be read (docs/rules.md section 7).
 */
#include "arch/time.h"
#include "tests/cmd_rig.h"
#include "tests/env.h"

/* Nothing answers at 512 GiB on the machines that this is run on (the rule is not for boards, where
 * such memory may read as ones). */
#define VOID 0x8000000000ull

/* Stop fetching, take another ring, pointers as given, start again. False: it does not stop. */
static bool use_ring(struct rig *r, uint64_t base, uint64_t head, uint64_t tail)
{
    struct amdvi *u = r->u;

    amdvi_write64(u, 0x18, u->control | 0x0005);
    if (!wait_until(!(amdvi_read64(u, 0x2020) & CMD_RUN), AMDVI_WAIT_US)) {
        rule_error(r->c, "CmdBufRun stays 1 after CmdBufEn=0");
        return false;
    }
    amdvi_write64(u, 0x08, 0x0800000000000000ull | base);
    amdvi_write64(u, 0x2000, head);
    amdvi_write64(u, 0x2008, tail);
    amdvi_write64(u, 0x18, u->control | 0x1005);
    return true;
}

/*
 * A page of memory with nothing behind it: the last one above 4 GiB, if the test device says that
 * what follows cannot be read. 0: there is none.
 */
static uint64_t last_page(void)
{
    uint64_t end = page_range_end(PAGE_HIGH);
    uint32_t word, result = 0;

    if (env.testdev_missing || !end || page_free_count(PAGE_HIGH) < 16 ||
        !testdev_read(&env.testdev, end, &word, 4, &result) || result == 0) {
        return 0;
    }
    return end - PAGE_SIZE;
}

/* A ring of 512 entries, of which the second half is not there: what stands before it is run, and
 * the event names its first entry. */
static void expect_edge(struct rig *r, uint64_t ring, unsigned start)
{
    volatile uint64_t *w = cmd_words(r);

    if (!w || !cmd_use_ring(r, ring, 9, start)) {
        return;
    }
    for (unsigned i = start; i < 256; i++) {
        amdvi_cmd_put(r->u, cmd_store(&w[i], i));
    }
    r->u->cmd_tail = 260;
    amdvi_cmd_ring(r->u);
    /* Any Type, as above */
    expect_event(r, "ring that runs out of memory",
                 &(struct event_want){0x00000000u,
                                      {0x60000000u, 0x62000000u, 0x64000000u, 0x66000000u},
                                      ring + PAGE_SIZE,
                                      0});
    expect_true(r->c, cmd_halted(r), "expected CmdBufRun=0, actual 1");
    (void)wait_until(w[255] == 255, AMDVI_WAIT_US / 4);
    for (unsigned i = 0; i < 256; i++) {
        expect_u64(r->c, "store of an entry before it", i < start ? CMD_CANARY : i, w[i]);
    }

    /* And back, in the half that is there. */
    cmd_restart_at(r, 17);
    expect_true(r->c, amdvi_wait_completion(r->u, AMDVI_WAIT_US / 4),
                "expected a COMPLETION_WAIT to run after the restart");
}

RULE("AMDVI-CMD-028", "A", cmd_unreadable_halts_and_logs,
     "ref=2.4 needs=none hw-safe=no may-kill=no controls=both timeout-ms=10000",
     "A command that cannot be read: COMMAND_HARDWARE_ERROR with its address, CmdBufRun=0")
{
    static const struct {
        uint64_t head, tail;
    } cases[] = {{0x000, 0x010}, {0x000, 0x030}, {0x020, 0x050}, {0xff0, 0x010}, {0x7c0, 0x7b0}};
    struct rig *r = rig_begin(c);
    uint64_t ring = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
    uint64_t page = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

    if (!r || !ring || !page) {
        return;
    }

    volatile uint64_t *word = (volatile uint64_t *)page;
    volatile uint32_t *cmd = (volatile uint32_t *)ring;

    for (unsigned i = 0; i < 256; i++) {
        cmd[4 * i] = (uint32_t)page | 1;
        cmd[4 * i + 1] = 0x10000000u;
        cmd[4 * i + 2] = 0x00001000u + i;
        cmd[4 * i + 3] = 0;
    }
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        /* The same pointers in a ring that is there. */
        *word = 0;
        if (!use_ring(r, ring, cases[i].head, cases[i].tail)) {
            return;
        }
        control_pos(c, wait_until(amdvi_read64(r->u, 0x2000) == cases[i].tail, AMDVI_WAIT_US),
                    "the same ring in memory is run");
        control_neg(c,
                    wait_until(*word, AMDVI_WAIT_US) && (amdvi_read64(r->u, 0x2020) & CMD_RUN) &&
                        !amdvi_evt_pending(r->u),
                    "it stores, leaves CmdBufRun at 1 and the event log empty");

        *word = 0;
        if (!use_ring(r, VOID, cases[i].head, cases[i].tail)) {
            return;
        }
        /* Any Type: what nothing answers with is the platform's affair. */
        expect_event(r, "ring at 512 GiB",
                     &(struct event_want){0x00000000u,
                                          {0x60000000u, 0x62000000u, 0x64000000u, 0x66000000u},
                                          VOID + cases[i].head,
                                          0});
        if (r->event_count) {
            observe(c, "type", "%u", r->events[0].dw[1] >> 25 & 3);
        }
        expect_true(c, wait_until(!(amdvi_read64(r->u, 0x2020) & CMD_RUN), AMDVI_WAIT_US / 4),
                    "expected CmdBufRun=0, actual 1");
        observe(c, "head", "%llx", (unsigned long long)amdvi_read64(r->u, 0x2000));
        if (rule_broken(c)) {
            break;
        }
    }

    /* Back to a ring that is there, as after any halt. */
    *word = 0;
    if (use_ring(r, ring, 0, 0x10)) {
        expect_true(c, wait_until(*word == 0x1000, AMDVI_WAIT_US),
                    "expected a ring in memory to run after the halt");
    }

    static const unsigned starts[] = {255, 0, 200};
    uint64_t edge = last_page();

    observe(c, "ring_at_the_end_of_memory", "%s", edge ? "yes" : "no");
    for (unsigned i = 0; i < sizeof(starts) / sizeof(starts[0]) && edge && !rule_broken(c); i++) {
        expect_edge(r, edge, starts[i]);
    }
}

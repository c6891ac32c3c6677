// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A halt whose event finds no place (docs/rules.md section 7).
 */
#include "arch/time.h"
#include "tests/cmd_rig.h"
#include "tests/evt_rig.h"

enum log_state { LOG_ON, LOG_OFF, LOG_FULL, LOG_STOPPED };

static const char *const log_names[] = {"log on", "log off", "log full",
                                        "log stopped by an overflow"};

/*
 * A good command, an illegal one, and one behind it: the first stores, the halt comes, the last
 * does nothing. Then the way back.
 */
static void expect_halt(struct rig *r, volatile uint64_t *w, const char *name, unsigned start,
                        struct amdvi_cmd cmd)
{
    w[0] = w[1] = CMD_CANARY;
    cmd_restart_at(r, start);
    amdvi_cmd_put(r->u, cmd_store(&w[0], start));
    amdvi_cmd_put(r->u, cmd);
    amdvi_cmd_put(r->u, cmd_store(&w[1], 0xbad));
    amdvi_cmd_ring(r->u);
    expect_true(r->c, cmd_halted(r), "%s: expected CmdBufRun=0, actual 1", name);
    /* A halt that shows does not prove that the store before it has arrived (CMD-006). */
    (void)wait_until(w[0] == start, AMDVI_WAIT_US / 4);
    expect_u64(r->c, "store of the command before the illegal one", start, w[0]);
    expect_u64(r->c, "word of the command behind the illegal one", CMD_CANARY, w[1]);
    cmd_restart(r);
    expect_true(r->c, amdvi_wait_completion(r->u, AMDVI_WAIT_US / 4),
                "%s: expected a COMPLETION_WAIT to run after the restart", name);
    expect_u64(r->c, "word of the command behind it, after the restart", CMD_CANARY, w[1]);
}

/* The log in this state, with its tail at entry @tail. Returns false, and the rule is an error, if
 * there is no log. */
static bool set_log(struct rig *r, enum log_state s, unsigned tail)
{
    if (!evt_ring(r, 8, tail)) {
        return false;
    }
    if (s == LOG_OFF) {
        (void)evt_control(r, EVT_LOG_OFF);
    } else if (s != LOG_ON) {
        /* 255 records that have not been read: the head is one entry ahead of the tail. */
        (void)evt_control(r, EVT_LOG_OFF);
        amdvi_write64(r->u, 0x2010, (tail + 1) % 256 * 16ull);
        (void)evt_control(r, EVT_LOG_ON);
    }
    return true;
}

RULE("AMDVI-CMD-029", "M", cmd_halt_without_log, RULE_KEYS("2.4", "none"),
     "An illegal command halts also where its event cannot be logged: log off, full, or stopped")
{
    static const struct amdvi_cmd bad[] = {
        {{0, 0x00000000u, 0, 0}},
        {{0, 0x10100000u, 0, 0}},
        {{0x00000020u, 0x20000000u, 0, 0x80000000u}},
    };
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;

    if (!w) {
        return;
    }
    cmd_controls(r);
    for (enum log_state s = LOG_ON; s <= LOG_STOPPED && !rule_broken(c); s++) {
        unsigned tail = 250 + s * 2;

        if (!set_log(r, s, tail)) {
            return;
        }
        for (unsigned i = 0; i < 3; i++) {
            if (s == LOG_FULL && !set_log(r, s, tail)) {
                return;
            }
            expect_halt(r, w, log_names[s], 16 + i * 100, bad[i]);
        }

        /* Only the log that is on holds records, and nothing comes later. */
        uint64_t end = (s == LOG_ON ? tail + 3 : tail) % 256 * 16ull;

        expect_u64(c, "EvtTail after illegal commands", end, amdvi_read64(r->u, 0x2018));
        for (unsigned i = 0; i < 256; i++) {
            bool record = s == LOG_ON && (i + 256 - tail) % 256 < 3;

            expect_true(c, evt_entry_empty(r, i) != record, "%s: expected %s in entry %u",
                        log_names[s], record ? "a record" : "no record", i);
        }
        expect_u64(c, "EventOverflow", s >= LOG_FULL, amdvi_read64(r->u, 0x2020) & EVT_OVERFLOW);
    }

    /* As it was, for what follows. */
    (void)set_log(r, LOG_ON, 0);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/give_rig.h"

#include "drivers/ide/regs.h"
#include "lib/string.h"
#include "tests/env.h"

static bool flush_and_complete(struct ide_rig *t, const struct giving *g, enum hold_state *then)
{
    for (unsigned i = 0; i + 1 < g->count; i++) {
        hold_queue(t->r, g->cmd[i]);
    }
    return hold_complete(t->r, "old", g->cmd[g->count - 1], HOLD_LOOK_MS, HOLD_RELEASE_MS, then);
}

bool give_away(struct ide_rig *t, const struct giving *g)
{
    const ide_entry one[1] = {{t->iova, 0x80004000}};
    struct check *c = t->c;
    bool write = g->write;
    uint32_t lba = ide_rig_lba(t, write);
    enum hold_state then, now;
    struct ide_result res;
    unsigned requests;

    /* Undisturbed; after a write the sectors hold nothing that another rule has let through. */
    if (!ide_rig_table(t, write, lba, HOLD_SECTORS, one, 1, &res)) {
        return false;
    }
    control_pos(c, ide_rig_moved(t, write, one, 1, lba, HOLD_BYTES),
                "a plain %s moves its sectors and is seen", ide_rig_name(write));
    if (!hold_begin_table(t, "old", write, lba, one, 1, HOLD_PREPARE_MS)) {
        return false;
    }
    control_neg(c,
                !hold_leaks(t, t->before, 0, HOLD_PAGES) && !hold_leaks(t, t->data, 0, HOLD_PAGES),
                "neither what the disk held nor what moves looks like the new owner's pages");
    g->withdraw(t, g->arg);
    if (!flush_and_complete(t, g, &then)) {
        return false;
    }

    bool active = ide_bm_read(&env.ide, IDE_BM_STATUS) & IDE_BM_STATUS_ACTIVE;

    ide_rig_canary(t); /* by the new owner */
    if ((then == HOLD_HELD && !host_release(c, "old", true)) || !hold_end(t, write, &res) ||
        !host_hold_state(c, "old", &now, &requests)) {
        return false;
    }
    control_pos(c, now == HOLD_RELEASED && requests == 1,
                "the transfer was %s when the completion came, Active=%d, and has gone on since",
                then == HOLD_HELD ? "held" : "over", active);
    expect_true(c, ide_rig_holds(t),
                "%s, %s: expected the new owner's pages unchanged, actual "
                "changed by the old transfer (BMISTA 0x%02x, status 0x%02x)",
                ide_rig_name(write), g->how, res.bm_status, res.status);
    if (write) {
        if (!ide_rig_pio(t, lba, HOLD_SECTORS, t->sectors)) {
            return false;
        }
        expect_true(c, !hold_leaks(t, t->sectors, 0, HOLD_PAGES),
                    "%s, %s: expected nothing of the new owner's pages on the "
                    "disk, actual written by the old transfer (BMISTA 0x%02x, status 0x%02x)",
                    ide_rig_name(write), g->how, res.bm_status, res.status);
    }
    rig_take_events(t->r); /* one that was aborted may log */
    observe(c, g->key, "%s",
            then != HOLD_HELD ? "after_the_transfer"
            : active          ? "while_under_way"
                              : "after_an_abort");
    return g->restore(t, g->arg);
}

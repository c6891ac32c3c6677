// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a flush of one page and its COMPLETION_WAIT take in a domain that has nothing to do with
 * the disk's: with nothing under way, and with a disk read that the host holds.
 */
#include "arch/time.h"
#include "bench/bench.h"
#include "tests/hold_rig.h"

#define ROUNDS 1000u /* of a block */
#define TAG    "bench"

/* Of a domain that no device has. */
#define OTHER_DOMAIN 0x0b0bu
#define OTHER_PAGE   0x12345000u

static bool round_trip(struct ide_rig *t)
{
    return amdvi_cmd_and_wait(t->r->u,
                              amdvi_cmd_invalidate_pages(OTHER_DOMAIN, OTHER_PAGE, 12, false));
}

/* A wait stores, and does so because it was asked. */
static bool waits_work(struct ide_rig *t)
{
    struct amdvi *u = t->r->u;
    volatile uint64_t *word = (volatile uint64_t *)page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

    if (!word) {
        rule_error(t->c, "no memory for a word");
        return false;
    }
    amdvi_cmd_put(u, amdvi_cmd_completion_wait(AMDVI_CMD_CW_STORE, (uint64_t)word, 0x5707e));
    control_neg(t->c, *word == 0, "no completion comes before it is asked for");
    amdvi_cmd_ring(u);
    control_pos(t->c, wait_until(*word == 0x5707e, AMDVI_WAIT_US), "a completion comes");
    return !rule_broken(t->c);
}

static void measure(struct ide_rig *t)
{
    uint64_t us[BENCH_BLOCKS];

    for (unsigned block = 0; block < BENCH_BLOCKS; block++) {
        uint64_t begin = time_us();

        for (unsigned n = 0; n < ROUNDS; n++) {
            if (!round_trip(t)) {
                rule_error(t->c, "no completion of an unrelated domain's flush");
                return;
            }
        }
        us[block] = time_us() - begin;
    }
    bench_report(t->c, ROUNDS, us);
}

RULE("WAIT-FREE", "A", wait_free, BENCH_KEYS("iommu,ide,hold"),
     "Flush and COMPLETION_WAIT with nothing under way")
{
    struct ide_rig t;

    if (ide_rig(c, &t, HOLD_PAGES) && waits_work(&t)) {
        measure(&t);
    }
}

RULE("WAIT-HELD", "A", wait_held, BENCH_KEYS("iommu,ide,hold"),
     "Flush and COMPLETION_WAIT with another domain's disk read under way")
{
    struct ide_rig t;
    struct ide_result res;
    enum hold_state state;
    unsigned requests;
    uint32_t lba;

    if (!ide_rig(c, &t, HOLD_PAGES) || !waits_work(&t)) {
        return;
    }
    lba = ide_rig_lba(&t, false);
    if (!hold_begin(&t, TAG, false, lba, HOLD_PREPARE_MS)) {
        return;
    }
    measure(&t);
    if (!host_hold_state(c, TAG, &state, &requests)) {
        return;
    }
    control_pos(c, state == HOLD_HELD, "the read is still under way after it");
    if (host_release(c, TAG, true) && hold_end(&t, false, &res)) {
        control_pos(c, ide_rig_moved(&t, false, hold_one, 1, lba, HOLD_BYTES),
                    "it goes on afterwards, and moves its sectors");
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interrupt bit of COMPLETION_WAIT and what it does to Status (docs/rules.md section 7).
 */
#include "arch/time.h"
#include "platform/msi.h"
#include "tests/rig.h"

/* A COMPLETION_WAIT with the flags @flags (bit 0 s, bit 1 i), and one with a store alone that shows
 * when the first has ended. Returns false without that store. */
static bool wait_with(struct rig *r, uint32_t flags)
{
    uint64_t addr = r->u->semaphore + 8;

    amdvi_cmd_put(r->u, (struct amdvi_cmd){{(uint32_t)addr | flags,
                                            0x10000000u | (uint32_t)(addr >> 32), 0x600df00du, 0}});
    return amdvi_wait_completion(r->u, AMDVI_WAIT_US);
}

static uint64_t com_wait_int(struct rig *r)
{
    return amdvi_read64(r->u, 0x2020) >> 2 & 1;
}

/* With ComWaitIntEn as @enable: i=0 leaves the bit at 0 and at 1, i=1 sets it, with store and
 * without. */
static void all_flags(struct rig *r, uint64_t enable)
{
    for (uint32_t s = 0; s < 2; s++) {
        amdvi_write64(r->u, 0x18, 0x1005 | enable << 4);
        amdvi_write64(r->u, 0x2020, 0x4);
        if (!wait_with(r, s)) {
            rule_error(r->c, "no completion");
            return;
        }
        expect_true(r->c, com_wait_int(r) == 0,
                    "ComWaitIntEn=%u s=%u i=0: expected ComWaitInt=0, actual 1", (unsigned)enable,
                    s);
        if (!wait_with(r, 2 | s)) {
            rule_error(r->c, "no completion");
            return;
        }
        expect_true(r->c, wait_until(com_wait_int(r) == 1, AMDVI_WAIT_US / 10),
                    "ComWaitIntEn=%u s=%u i=1: expected ComWaitInt=1, actual 0", (unsigned)enable,
                    s);
        if (!wait_with(r, s)) {
            rule_error(r->c, "no completion");
            return;
        }
        expect_true(r->c, com_wait_int(r) == 1,
                    "ComWaitIntEn=%u s=%u i=0 after i=1: expected ComWaitInt=1, actual 0",
                    (unsigned)enable, s);
    }
}

RULE("AMDVI-CMD-009", "A", cmd_wait_interrupt_bit, RULE_KEYS("2.4.1", "none"),
     "i=1 sets ComWaitInt whether or not ComWaitIntEn is set; i=0 leaves it as it is")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }
    /* The message is another rule's affair (INT-001). */
    msi_enable(r->u->devid, false);
    for (uint64_t enable = 0; enable < 2 && !rule_broken(c); enable++) {
        all_flags(r, enable);
    }
    if (rule_broken(c)) {
        return; /* with a bit that cannot be cleared the controls would say less than that */
    }
    control_pos(c, wait_with(r, 1), "a COMPLETION_WAIT with a store ends");

    uint64_t before = com_wait_int(r);

    amdvi_write64(r->u, 0x2020, 0x4);
    expect_u64(c, "ComWaitInt before it is cleared", 1, before);
    control_neg(c, com_wait_int(r) == 0, "ComWaitInt reads 0 when it is cleared");
}

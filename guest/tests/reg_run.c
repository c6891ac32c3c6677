// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the enables of Control switch (docs/rules.md section 2.4).
 */
#include "arch/time.h"
#include "drivers/amdvi/regs.h"
#include "tests/rig.h"

/* Queue a COMPLETION_WAIT with store and look whether it runs within a short while. */
static bool completion_comes(struct rig *r)
{
    return amdvi_wait_completion(r->u, AMDVI_WAIT_US / 20);
}

RULE("AMDVI-REG-009", "A", reg_run_bits_follow_enables, RULE_KEYS("3.4", "none"),
     "With IommuEn=1 the run bits of Status follow CmdBufEn and EventLogEn, each for itself")
{
    static const struct {
        uint64_t control, status;
    } cases[] = {
        {0x0001, 0x00}, {0x1001, 0x10}, {0x0005, 0x08},
        {0x1005, 0x18}, {0x0005, 0x08}, {0x1005, 0x18},
    };
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }
    control_pos(c, amdvi_wait_completion(r->u, AMDVI_WAIT_US),
                "with both on a COMPLETION_WAIT runs");
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        amdvi_write64(r->u, 0x18, r->u->control | cases[i].control);
        if (i < 2) {
            control_neg(c, (amdvi_read64(r->u, 0x18) & 0x1005) == cases[i].control,
                        "Control takes the enables 0x%llx, so that Status has something to follow",
                        (unsigned long long)cases[i].control);
        }
        (void)wait_until((amdvi_read64(r->u, 0x2020) & 0x18) == cases[i].status, AMDVI_WAIT_US / 4);
        expect_u64(c, "Status run bits", cases[i].status, amdvi_read64(r->u, 0x2020) & 0x18);
    }
    expect_true(c, amdvi_wait_completion(r->u, AMDVI_WAIT_US),
                "expected a COMPLETION_WAIT to run with CmdBufEn=1");

    uint64_t head = amdvi_read64(r->u, 0x2000);

    amdvi_write64(r->u, 0x18, r->u->control | 0x0005);
    expect_true(c, !completion_comes(r),
                "expected no COMPLETION_WAIT with CmdBufEn=0, actual: it ran");
    expect_u64(c, "CmdHead while CmdBufEn=0", head, amdvi_read64(r->u, 0x2000));
}

RULE("AMDVI-REG-010", "A", reg_iommu_off_passes, RULE_KEYS("3.4", "ide"),
     "With IommuEn=0 all DMA passes untranslated, no command is read and no event written")
{
    struct rig *r = rig_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }
    for (enum engine e = 0; e < engines(); e++) {
        control_pos(c, dma_probe(r, e, TO_MEMORY, b.spa, &b, 512) == DMA_MOVED,
                    "%s arrives through a DTE with V=0", dma_name(e, TO_MEMORY));
        /* Deny all: V=1, TV=1, Mode 0, IR=IW=0. */
        if (!rig_attach(r, engine_devid(r, e), 0x0000000000000003ull, 9, 0, 0)) {
            return;
        }
        control_neg(c, dma_probe(r, e, TO_MEMORY, b.spa, &b, 512) == DMA_BLOCKED,
                    "with IommuEn=1 the denying DTE blocks it");
    }
    rig_take_events(r);

    /* All enables but IommuEn. */
    uint64_t tail = amdvi_read64(r->u, 0x2018);

    amdvi_write64(r->u, 0x18, r->u->control | 0x1004);
    for (enum engine e = 0; e < engines(); e++) {
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_MOVED, e, d, b.spa, &b, 512, "IommuEn=0, denying DTE");
        }
    }
    expect_u64(c, "EvtTail after DMA with IommuEn=0", tail, amdvi_read64(r->u, 0x2018));

    uint64_t head = amdvi_read64(r->u, 0x2000);

    expect_true(c, !completion_comes(r),
                "expected no COMPLETION_WAIT with IommuEn=0, actual: it ran");
    expect_u64(c, "CmdHead with IommuEn=0", head, amdvi_read64(r->u, 0x2000));
}

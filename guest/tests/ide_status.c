// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bus master's status and command registers (docs/rules.md IDE-BM-007, IDE-BM-008,
 * IDE-BM-018): 82371AB data sheet sections 5.2.1 and 5.2.2.
 */
#include "arch/time.h"
#include "drivers/ide/regs.h"
#include "tests/env.h"
#include "tests/ide_rig.h"

/* BMISTA bits: 6:5 drives are DMA capable (RW), 2 Interrupt (W1C), 1 Error (W1C), 0 Active (RO) */

/* Write BMISTA and read it. */
static uint8_t after(struct ide *d, uint8_t v)
{
    ide_bm_write(d, IDE_BM_STATUS, v);
    return ide_bm_read(d, IDE_BM_STATUS);
}

/* A request to its end, and BMISTA left as it is then. */
static bool leave_status(struct ide_rig *t, uint32_t table)
{
    struct ide *d = &env.ide;

    ide_bm_write(d, IDE_BM_COMMAND, 0);
    return ide_rig_read_sector(t, d, table, ide_rig_lba(t, false));
}

RULE("IDE-BM-007", "A", ide_bm_status_bits, RULE_KEYS("82371AB:5.2.2", "ide"),
     "BMISTA: Interrupt is cleared by a 1 and by nothing else, bits 6:5 are RW, Active is RO")
{
    struct ide *d = &env.ide;
    struct ide_rig t;

    if (!ide_rig(c, &t, 1)) {
        return;
    }
    ide_rig_prd(&t, 0, 0x40000000, 0x80000200);
    control_neg(c, (ide_bm_read(d, IDE_BM_STATUS) & 0x07) == 0, "BMISTA starts without Interrupt");
    if (!leave_status(&t, IDE_TABLE)) {
        return;
    }
    control_pos(c, ide_bm_read(d, IDE_BM_STATUS) & 0x04, "a request sets Interrupt");
    for (uint8_t caps = 0; caps <= 0x60; caps += 0x20) {
        uint8_t v = after(d, caps);

        expect_true(c, (v & 0x67) == (caps | 0x04),
                    "BMISTA after 0x%02x was written: expected bits 6:5 as written and Interrupt "
                    "kept, actual 0x%02x",
                    caps, v);
    }
    expect_u64(c, "BMISTA bits 2:0 after a 1 was written to Error", 0x04, after(d, 0x62) & 0x07);
    expect_u64(c, "BMISTA bits 6:5, 2:0 after a 1 was written to Interrupt", 0x20,
               after(d, 0x24) & 0x67);
    expect_u64(c, "BMISTA bits 6:5, 2:0 after a 1 was written to Active", 0x40,
               after(d, 0x41) & 0x67);
    expect_u64(c, "BMISTA bits 6:5, 2:0 after 0 was written", 0, after(d, 0) & 0x67);
}

RULE("IDE-BM-018", "A", ide_bm_error_is_w1c, RULE_KEYS("82371AB:5.2.2", "ide"),
     "BMISTA: Error is cleared by a 1 and by nothing else")
{
    struct ide *d = &env.ide;
    struct ide_rig t;

    if (!ide_rig(c, &t, 1)) {
        return;
    }
    control_pos(c, ide_rig_moves(&t, d, false, 0x40000000), "a plain READ DMA moves its sector");
    control_neg(c, (ide_bm_read(d, IDE_BM_STATUS) & 0x02) == 0, "which sets no Error");
    /* Nothing is mapped there. */
    if (!leave_status(&t, 0x60000000)) {
        return;
    }
    expect_u64(c, "BMISTA bits 1:0 after a table that cannot be read", 0x02,
               ide_bm_read(d, IDE_BM_STATUS) & 0x03);
    expect_u64(c, "BMISTA bits 6:5, 1:0 after 0 was written to Error", 0x62, after(d, 0x60) & 0x63);
    expect_u64(c, "BMISTA bits 6:5, 1:0 after a 1 was written to Interrupt", 0x02,
               after(d, 0x04) & 0x63);
    expect_u64(c, "BMISTA bits 6:5, 1:0 after a 1 was written to Error", 0x40,
               after(d, 0x42) & 0x63);
    if (!ide_reset(d)) {
        rule_error(c, "the IDE channel stays busy after a reset");
        return;
    }
    expect_true(c, ide_rig_moves(&t, d, false, 0x40000000),
                "expected READ DMA to move its sector again after Error and a reset");
}

/* How long nothing may happen while the bus master is stopped. */
#define STOPPED_US 5000u

RULE("IDE-BM-008", "A", ide_bm_start_and_stop, RULE_KEYS("82371AB:5.2.1", "ide"),
     "Nothing moves before Start; Active follows Start; each Start begins at the head of the table")
{
    static const ide_entry one[] = {{0x40000400, 0x80000200}};
    struct ide *d = &env.ide;
    struct ide_result res;
    struct ide_rig t;

    if (!ide_rig(c, &t, 1)) {
        return;
    }
    control_pos(c, ide_rig_moves(&t, d, false, 0x40000000), "a plain READ DMA moves its sector");

    /* A command that the bus master is not started for. */
    uint32_t lba = ide_rig_lba(&t, false);

    ide_rig_prd(&t, 0, one[0][0], one[0][1]);
    if (!ide_rig_pio(&t, lba, 1, t.data)) {
        return;
    }
    ide_rig_canary(&t);
    ide_bm_set_table(d, IDE_TABLE);
    ide_bm_write(d, IDE_BM_STATUS, 0x06); /* PIO has an interrupt, too */
    ide_bm_write(d, IDE_BM_COMMAND, 0x08);
    if (!ide_command(d, false, lba, 1)) {
        rule_error(c, "the drive stays busy");
        return;
    }

    deadline_t end = deadline_in(STOPPED_US);
    bool early = wait_until(ide_bm_read(d, IDE_BM_STATUS) & 0x07, STOPPED_US);

    (void)wait_until(deadline_passed(end), 2 * STOPPED_US);
    expect_true(c, !early && ide_rig_holds(&t),
                "a command without Start: expected no data and BMISTA bits 2:0 = 0, actual %x",
                ide_bm_read(d, IDE_BM_STATUS) & 0x07);
    ide_bm_write(d, IDE_BM_COMMAND, 0x09);
    if (!ide_bm_wait(d)) {
        rule_error(c, "no end: BMISTA 0x%02x", ide_bm_read(d, IDE_BM_STATUS));
        return;
    }
    expect_true(c, ide_rig_moved(&t, false, one, 1, lba, 512),
                "after Start: expected the sector in its region");
    ide_bm_write(d, IDE_BM_COMMAND, 0x08);
    (void)ide_status(d);

    /* Start without a command, and stop. */
    ide_bm_write(d, IDE_BM_STATUS, 0x06);
    ide_rig_canary(&t);
    ide_bm_write(d, IDE_BM_COMMAND, 0x09);
    expect_u64(c, "BMISTA bits 2:0 after Start without a command", 0x01,
               ide_bm_read(d, IDE_BM_STATUS) & 0x07);
    ide_bm_write(d, IDE_BM_COMMAND, 0x08);
    expect_u64(c, "BMISTA bits 2:0 after Start=0", 0x00, ide_bm_read(d, IDE_BM_STATUS) & 0x07);
    expect_u64(c, "BMICOM after 08h was written", 0x08, ide_bm_read(d, IDE_BM_COMMAND) & 0x09);
    expect_true(c, ide_rig_holds(&t), "Start without a command: expected no data");

    /* The same table again, its pointer left alone. */
    lba = ide_rig_lba(&t, false);
    if (!ide_rig_pio(&t, lba, 1, t.data) || !ide_command(d, false, lba, 1)) {
        rule_error(c, "the drive stays busy");
        return;
    }
    ide_bm_write(d, IDE_BM_STATUS, 0x06);
    ide_bm_write(d, IDE_BM_COMMAND, 0x09);
    (void)ide_bm_wait(d);
    res.bm_status = ide_bm_read(d, IDE_BM_STATUS);
    ide_bm_write(d, IDE_BM_COMMAND, 0x08);
    expect_true(c, ide_rig_moved(&t, false, one, 1, lba, 512),
                "Start once more: expected the sector in the region of the table's first entry "
                "(BMISTA 0x%02x)",
                res.bm_status);
    control_neg(c, ide_bm_table(d) == IDE_TABLE, "the table pointer is still the first entry's");
    if (!ide_reset(d)) {
        rule_error(c, "the IDE channel stays busy after a reset");
    }
}

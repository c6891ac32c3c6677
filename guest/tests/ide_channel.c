// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two channels of one controller (docs/rules.md IDE-BM-013): registers of their own, one
 * DeviceID (82371AB data sheet section 5.2).
 */
#include "drivers/ide/regs.h"
#include "lib/string.h"
#include "tests/env.h"
#include "tests/ide_rig.h"

/* Two sectors from here on are read from the secondary disk. */
#define LBA 7u

static struct ide second;

static void second_off(void *arg)
{
    struct check *c = arg;

    if (!ide_reset(&second)) {
        rule_error(c, "the secondary IDE channel stays busy after a reset");
    }
}

/* Either channel has a table of its own, at the same time. Nothing is written to the second disk,
 * whose signature nobody has looked at. */
RULE(
    "IDE-BM-013", "A", ide_channels_are_independent, RULE_KEYS("82371AB:5.2", "ide"),
    "Both channels move data by tables of their own; neither's status or table pointer changes the "
    "other's")
{
    static const ide_entry e[] = {{0x40001200, 0x00000200}, {0x40000c00, 0x80000200}};
    struct ide *first = &env.ide;
    struct ide_rig t;
    struct ide_result res;
    const char *why;

    why = ide_discover_channel(&second, 1);
    if (why) {
        rule_skip(c, "%s", why);
        return;
    }
    rule_at_end(c, second_off, c);
    if (second.sectors < LBA + 2) {
        rule_skip(c, "the secondary disk has %u sectors", second.sectors);
        return;
    }
    if (!ide_rig(c, &t, 2)) {
        return;
    }
    control_pos(c, ide_rig_moves(&t, first, false, 0x40000000),
                "a READ DMA of the primary channel moves its sector");
    expect_true(c, (uint16_t)(first->bm + 8) == second.bm,
                "expected the secondary registers 8 behind the primary, actual %04x and %04x",
                second.bm, first->bm);

    /* The primary channel ends a request and is left as it is: Interrupt=1. */
    ide_rig_prd(&t, 0, 0x40000000, 0x80000200);
    ide_bm_set_table(first, IDE_TABLE);
    ide_bm_write(first, IDE_BM_STATUS, 0x26);
    ide_bm_write(first, IDE_BM_COMMAND, 0x08);
    if (!ide_command(first, false, env.read_lba, 1)) {
        rule_error(c, "the drive stays busy");
        return;
    }
    ide_bm_write(&second, IDE_BM_STATUS, 0x06); /* IDENTIFY has an interrupt, too */
    expect_u64(c, "secondary BMISTA bits 2:0 before", 0, ide_bm_read(&second, IDE_BM_STATUS) & 7);
    ide_bm_write(first, IDE_BM_COMMAND, 0x09);
    if (!ide_bm_wait(first)) {
        rule_error(c, "no end: BMISTA 0x%02x", ide_bm_read(first, IDE_BM_STATUS));
        return;
    }
    control_neg(c, ide_bm_read(first, IDE_BM_STATUS) & 0x04,
                "a channel's own request sets "
                "Interrupt");
    expect_u64(c, "secondary BMISTA bits 2:0 after a request of the primary", 0,
               ide_bm_read(&second, IDE_BM_STATUS) & 7);

    /* A request of the secondary one, by the second half of the table's first page. */
    for (unsigned s = 0; s < 2; s++) {
        if (!ide_pio_read(&second, LBA + s, t.data + s * IDE_SECTOR)) {
            rule_error(c, "sector %u of the secondary disk cannot be read by PIO", LBA + s);
            return;
        }
    }
    ide_rig_canary(&t);
    ide_rig_prd(&t, 256, e[0][0], e[0][1]);
    ide_rig_prd(&t, 257, e[1][0], e[1][1]);
    if (!ide_rig_request(&t, &second, false, LBA, 2, IDE_TABLE + 0x800, &res)) {
        return;
    }
    expect_true(c, ide_rig_moved(&t, false, e, 2, 0, 2 * IDE_SECTOR),
                "READ DMA of the secondary channel: expected exactly the data, in exactly the "
                "regions of its own table");
    expect_u64(c, "secondary BMISTA bits 2:0 at its end", 4, res.bm_status & 7);
    expect_u64(c, "secondary table pointer", IDE_TABLE + 0x800, ide_bm_table(&second));

    expect_u64(c, "primary BMISTA bits 6:5, 2:0 after a request of the secondary", 0x24,
               ide_bm_read(first, IDE_BM_STATUS) & 0x67);
    expect_u64(c, "primary BMICOM after a request of the secondary", 0x09,
               ide_bm_read(first, IDE_BM_COMMAND) & 0x09);
    expect_u64(c, "primary table pointer", IDE_TABLE, ide_bm_table(first));
    ide_bm_write(first, IDE_BM_COMMAND, 0x08);
    (void)ide_status(first);

    /* It is the same requester: its domain blocks the other channel, too. */
    if (!rig_attach(t.r, t.r->ide, 0x0000000000000003, IDE_DOMAIN, 0, 0)) {
        return;
    }
    ide_rig_canary(&t);
    if (ide_rig_request(&t, &second, false, LBA, 2, IDE_TABLE + 0x800, &res)) {
        expect_true(c, ide_rig_holds(&t),
                    "all denied: expected the secondary channel to be "
                    "blocked, too");
    }
    rig_take_events(t.r);
}

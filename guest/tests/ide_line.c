// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The drive's interrupt line and its reset (docs/rules.md IDE-BM-014 to IDE-BM-017). ATA/ATAPI-6
 * sections 5.2.9 (INTRQ), 7.15 (Status), 7.8 (Device Control), 9.2 and 9.12 (software reset,
 * signature); 82371AB data sheet section 5.2.2. No interrupt is taken: the 8259 shows the line.
 */
#include "arch/time.h"
#include "drivers/ide/regs.h"
#include "platform/pic.h"
#include "tests/env.h"
#include "tests/ide_rig.h"

/* How long the line may take to follow. */
#define LINE_US 10000u

static uint16_t watched;

static void unwatch(void *arg)
{
    (void)arg;
    ide_control(&env.ide, 0);
    pic_unwatch(watched);
}

/* As ide_rig(), with the line of the primary channel watched and at rest. */
static bool line_rig(struct check *c, struct ide_rig *t)
{
    struct ide *d = &env.ide;

    if (!d->irq) {
        rule_skip(c, "the IDE channel is in native mode: no ISA interrupt");
        return false;
    }
    if (!ide_rig(c, t, 1)) {
        return false;
    }
    if (!pic_watch(d->irq, &watched)) {
        rule_skip(c, "ELCR=0x%04x: there is no edge/level register, so the line cannot be seen",
                  watched);
        return false;
    }
    rule_at_end(c, unwatch, NULL);
    control_neg(c, wait_until(((void)ide_status(d), !pic_line(d->irq)), LINE_US),
                "the line is at rest before");
    return true;
}

/* A READ DMA of one sector to its end, Status not read; it has to move. */
static bool request(struct ide_rig *t)
{
    static const ide_entry e[] = {{0x40000200, 0x80000200}};
    struct ide *d = &env.ide;
    uint32_t lba = ide_rig_lba(t, false);

    ide_rig_prd(t, 0, e[0][0], e[0][1]);
    if (!ide_rig_pio(t, lba, 1, t->data)) {
        return false;
    }
    ide_rig_canary(t);
    if (!ide_rig_read_sector(t, d, IDE_TABLE, lba)) {
        return false;
    }
    control_pos(t->c, ide_rig_moved(t, false, e, 1, lba, 512), "a READ DMA moves its sector");
    return true;
}

/* Is the line asserted? It may take a while to be. */
static bool line_comes(void)
{
    return wait_until(pic_line(env.ide.irq), LINE_US);
}

static bool line_goes(void)
{
    return wait_until(!pic_line(env.ide.irq), LINE_US);
}

/* Nothing after this can be waited for, so a short while has to do. */
static bool line_stays(bool level)
{
    return !wait_until(pic_line(env.ide.irq) != level, LINE_US / 10);
}

RULE("IDE-BM-014", "A", ide_status_takes_intrq_back, RULE_KEYS("ATA6:7.15", "ide"),
     "The end of a request asserts the interrupt line; Status takes it back, Alternate Status not")
{
    struct ide_rig t;

    if (!line_rig(c, &t)) {
        return;
    }
    for (int round = 0; round < 2; round++) {
        if (!request(&t)) {
            return;
        }
        expect_true(c, line_comes(), "the request has ended: expected the line asserted");
        expect_u64(c, "Alternate Status without BSY and DRQ", 0, ide_alt_status(&env.ide) & 0x88);
        expect_true(c, line_stays(true),
                    "Alternate Status was read: expected the line still asserted");
        expect_u64(c, "Status without BSY, DRQ and ERR", 0, ide_status(&env.ide) & 0x89);
        expect_true(c, line_goes(), "Status was read: expected the line at rest");
    }
}

RULE("IDE-BM-015", "A", ide_nien_keeps_the_line, RULE_KEYS("ATA6:7.8", "ide"),
     "With nIEN=1 a request ends without the interrupt line, and without Interrupt in BMISTA")
{
    struct ide *d = &env.ide;
    struct ide_rig t;

    if (!line_rig(c, &t)) {
        return;
    }
    ide_control(d, 0x02);
    if (!request(&t)) {
        return;
    }
    expect_true(c, line_stays(false), "nIEN=1: expected the line at rest");
    expect_u64(c, "BMISTA bits 2:0 with nIEN=1", 0, ide_bm_read(d, IDE_BM_STATUS) & 0x07);
    (void)ide_status(d);
    ide_control(d, 0x00);
    if (!request(&t)) {
        return;
    }
    control_neg(c, line_comes(), "with nIEN=0 the line is asserted");
    expect_u64(c, "BMISTA bits 2:0 with nIEN=0", 4, ide_bm_read(d, IDE_BM_STATUS) & 0x07);
    (void)ide_status(d);
}

RULE("IDE-BM-016", "M", ide_bm_interrupt_is_an_edge, RULE_KEYS("82371AB:5.2.2", "ide"),
     "Interrupt that is cleared while the line is asserted stays 0 until the next interrupt")
{
    struct ide *d = &env.ide;
    struct ide_rig t;

    if (!line_rig(c, &t)) {
        return;
    }
    for (int round = 0; round < 2; round++) {
        if (!request(&t)) {
            return;
        }
        control_neg(c, (ide_bm_read(d, IDE_BM_STATUS) & 0x04) && line_comes(),
                    "the request sets Interrupt and asserts the line");
        ide_bm_write(d, IDE_BM_STATUS, 0x04);
        expect_true(c, !wait_until(ide_bm_read(d, IDE_BM_STATUS) & 0x04, LINE_US / 10),
                    "expected Interrupt to stay 0, actual BMISTA 0x%02x",
                    ide_bm_read(d, IDE_BM_STATUS));
        control_pos(c, pic_line(d->irq), "the line is asserted all the while");
        (void)ide_status(d);
        expect_true(c, line_goes(), "Status was read: expected the line at rest");
    }
}

RULE("IDE-BM-017", "A", ide_srst_ends_a_request, RULE_KEYS("ATA6:9.2", "ide"),
     "SRST ends a request that waits for the bus master: signature, no data, no interrupt")
{
    struct ide *d = &env.ide;
    struct ide_rig t;

    if (!line_rig(c, &t) || !request(&t)) {
        return;
    }
    (void)ide_status(d);
    ide_rig_canary(&t);
    if (!ide_command(d, false, ide_rig_lba(&t, false), 8)) {
        rule_error(c, "the drive stays busy");
        return;
    }
    control_neg(c, wait_until(ide_alt_status(d) & 0x88, LINE_US),
                "the request waits for the bus master: BSY or DRQ");
    ide_control(d, 0x04);
    deadline_t hold = deadline_in(5);

    (void)wait_until(deadline_passed(hold), 1000);
    ide_control(d, 0x00);
    expect_true(c, wait_until(!(ide_alt_status(d) & 0x88), IDE_WAIT_US),
                "SRST=0: expected neither BSY nor DRQ, actual Alternate Status 0x%02x",
                ide_alt_status(d));
    expect_true(c,
                ide_taskfile(d, IDE_COUNT) == 0x01 && ide_taskfile(d, IDE_LBA0) == 0x01 &&
                    ide_taskfile(d, IDE_LBA1) == 0x00 && ide_taskfile(d, IDE_LBA2) == 0x00,
                "expected the signature 01 01 00 00, actual %02x %02x %02x %02x",
                ide_taskfile(d, IDE_COUNT), ide_taskfile(d, IDE_LBA0), ide_taskfile(d, IDE_LBA1),
                ide_taskfile(d, IDE_LBA2));
    expect_u64(c, "the Error register: device 0 passed", 0x01, ide_taskfile(d, IDE_ERROR) & 0x7f);
    expect_true(c, line_stays(false), "after the reset: expected the line at rest");
    /* What was asked for before does not come now either. */
    ide_bm_set_table(d, IDE_TABLE);
    ide_bm_write(d, IDE_BM_STATUS, 0x06);
    ide_bm_write(d, IDE_BM_COMMAND, 0x09);
    expect_true(
        c, !wait_until(ide_bm_read(d, IDE_BM_STATUS) & 0x04, LINE_US / 10) && ide_rig_holds(&t),
        "Start after the reset: expected no data and no interrupt, actual BMISTA 0x%02x",
        ide_bm_read(d, IDE_BM_STATUS));
    ide_bm_write(d, IDE_BM_COMMAND, 0x08);
    (void)request(&t);
    (void)ide_status(d);
}

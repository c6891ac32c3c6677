// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The PRD table against the length of the transfer, and how its entries are read (docs/rules.md
 * IDE-BM-001 to IDE-BM-006): 82371SB data sheet, bus master function (PRD table); 82371AB data
 * sheet section 5.2.2; 82801AA data sheet sections 5.14.2.1 and 5.14.2.7.
 */
#include "drivers/ide/regs.h"
#include "lib/string.h"
#include "tests/env.h"
#include "tests/ide_rig.h"

/*
 * Regions of odd sizes over five pages, in no order, some across a page border: 800h + 2h + 7FEh +
 * 600h + A00h = 2000h bytes = 16 sectors.
 */
static const ide_entry equal[] = {
    {0x40001c00, 0x00000800}, {0x40004ffe, 0x00000002}, {0x40000002, 0x000007fe},
    {0x40003a00, 0x00000600}, {0x40002600, 0x80000a00},
};

/* The same, then a region more. */
static const ide_entry longer[] = {
    {0x40001c00, 0x00000800}, {0x40004ffe, 0x00000002}, {0x40000002, 0x000007fe},
    {0x40003a00, 0x00000600}, {0x40002600, 0x00000a00}, {0x40004400, 0x80000400},
};

/* 16 sectors and a region that has room for more than is left. */
static const ide_entry wide[] = {{0x40001c00, 0x00000800}, {0x40002800, 0x80002000}};

/* Room for 5 sectors and 2 bytes. */
static const ide_entry shorter[] = {{0x40001c00, 0x00000a00}, {0x40000804, 0x80000002}};

#define SECTORS 16u

static bool request(struct ide_rig *t, bool write, const ide_entry *e, unsigned n, unsigned sectors,
                    uint8_t *state, bool *moved)
{
    struct ide_result res;
    uint32_t lba = ide_rig_lba(t, write);

    if (!ide_rig_table(t, write, lba, sectors, e, n, &res)) {
        return false;
    }
    *state = res.bm_status & IDE_BM_STATE;
    *moved = ide_rig_moved(t, write, e, n, lba, sectors * IDE_SECTOR);
    return true;
}

/* The table as long as the transfer, or longer: all data moves, and the status says which. */
static void complete(struct ide_rig *t, const ide_entry *e, unsigned n, unsigned sectors,
                     uint8_t want)
{
    for (int write = 0; write < 2; write++) {
        uint8_t state;
        bool moved;

        if (!request(t, write, e, n, sectors, &state, &moved)) {
            return;
        }
        expect_true(t->c, moved,
                    "%s of %u sectors through %u entries: expected exactly the data, moved to "
                    "exactly their regions",
                    ide_rig_name(write), sectors, n);
        expect_true(t->c, state == want,
                    "%s of %u sectors through %u entries: BMISTA bits 2:0 (Interrupt, Error, "
                    "Active): expected %x, actual %x",
                    ide_rig_name(write), sectors, n, want, state);
    }
    expect_no_event(t->r, "a request with all its memory mapped");
}

static void control_moves(struct ide_rig *t)
{
    for (int write = 0; write < 2; write++) {
        control_pos(t->c, ide_rig_moves(t, &env.ide, write, 0x40002000),
                    "a plain %s of one sector moves it", ide_rig_name(write));
    }
}

/* Is the state that the other table gives another one? */
static void control_state(struct ide_rig *t, const ide_entry *e, unsigned n, uint8_t not_this)
{
    uint8_t state;
    bool moved;

    if (request(t, false, e, n, SECTORS, &state, &moved)) {
        control_neg(t->c, state != not_this,
                    "with the table of %u entries BMISTA bits 2:0 are %x, not %x", n, state,
                    not_this);
    }
}

/* Where the data ought to go, there is something else before. */
static void control_elsewhere(struct ide_rig *t, const ide_entry *e, unsigned n, unsigned sectors)
{
    ide_rig_data(t);
    ide_rig_canary(t);
    control_neg(t->c, !ide_rig_moved(t, false, e, n, 0, sectors * IDE_SECTOR),
                "memory that holds no data is told from memory that does");
}

RULE("IDE-BM-001", "A", ide_prdt_equal_ends_with_interrupt, RULE_KEYS("82371AB:5.2.2", "ide"),
     "A table as long as the transfer: all data moves, Interrupt=1, Active=0")
{
    struct ide_rig t;

    if (ide_rig(c, &t, 5)) {
        control_moves(&t);
        control_state(&t, shorter, 2, 4);
        complete(&t, equal, 5, SECTORS, 4);
    }
}

RULE("IDE-BM-002", "A", ide_prdt_longer_keeps_active, RULE_KEYS("82371AB:5.2.2", "ide"),
     "A table longer than the transfer: Interrupt=1, Active stays 1, nothing moves beyond the end")
{
    struct ide_rig t;

    if (ide_rig(c, &t, 5)) {
        control_moves(&t);
        control_state(&t, equal, 5, 5);
        complete(&t, longer, 6, SECTORS, 5);
        complete(&t, wide, 2, SECTORS, 5);
    }
}

/*
 * How much of what the table has room for does move is not insisted on; what it has no room for
 * must not. What the drive does next is its own affair.
 */
RULE("IDE-BM-003", "A", ide_prdt_shorter_ends_without_interrupt, RULE_KEYS("82371AB:5.2.2", "ide"),
     "A table shorter than the transfer: Active=0 without Interrupt or Error, nothing moves beyond")
{
    struct ide_rig t;

    if (!ide_rig(c, &t, 5)) {
        return;
    }
    control_moves(&t);
    control_state(&t, equal, 5, 0);
    for (int write = 0; write < 2; write++) {
        uint32_t lba = ide_rig_lba(&t, write);
        struct ide_result res;

        if (!ide_rig_table(&t, write, lba, SECTORS, shorter, 2, &res)) {
            return;
        }
        expect_u64(c, "BMISTA bits 2:0 (Interrupt, Error, Active)", 0,
                   res.bm_status & IDE_BM_STATE);

        bool none = ide_rig_untouched(&t, lba, SECTORS);

        observe(c, write ? "write_moved" : "read_moved", none ? "none" : "some");
        if (!none && !write) {
            expect_true(c, ide_rig_moved(&t, false, shorter, 2, lba, 0xa02),
                        "READ DMA: expected all of the table's regions filled or none, and nothing "
                        "beyond");
        } else if (!none) {
            /* Sector 5 has 2 bytes in the table. */
            expect_true(c,
                        ide_rig_holds(&t) &&
                            memcmp(t.sectors + 6 * IDE_SECTOR, t.before + 6 * IDE_SECTOR,
                                   10 * IDE_SECTOR) == 0,
                        "WRITE DMA: expected sectors 6 to 15 as they were");
        }
    }
    expect_no_event(t.r, "a request with all its memory mapped");
}

/* 1024 entries of 64 bytes, in two pages that do not follow each other in memory. */
RULE("IDE-BM-004", "A", ide_prdt_of_two_pages, RULE_KEYS("82801AA:5.14.2", "ide"),
     "A table may be longer than a page (up to 64 KiB); its pages are found by their IOVA")
{
    static ide_entry e[1024];
    struct ide_rig t;

    if (!ide_rig(c, &t, 16)) {
        return;
    }
    control_moves(&t);
    for (unsigned i = 0; i < 1024; i++) {
        /* The first region is the last in memory. */
        e[i][0] = 0x4000ffc0 - i * 64;
        e[i][1] = i == 1023 ? 0x80000040 : 0x00000040;
    }
    control_elsewhere(&t, e, 1024, 128);
    complete(&t, e, 1024, 128, 4);
}

RULE("IDE-BM-005", "A", ide_prd_count_0_is_64k, RULE_KEYS("82801AA:5.14.2", "ide"),
     "A byte count of 0 means 64 KiB")
{
    static const ide_entry whole[] = {{0x40000000, 0x80000000}};
    struct ide_rig t;

    if (ide_rig(c, &t, 16)) {
        control_moves(&t);
        control_elsewhere(&t, whole, 1, 128);
        complete(&t, whole, 1, 128, 4);
    }
}

/*
 * The table starts 16 bytes before the end of its page, so that its third entry lies in another
 * page of memory than the second, and behind the end mark stands an entry that must not be used.
 * Where the IOVA of the table would lead without translation there is no RAM.
 */
RULE("IDE-BM-006", "A", ide_prdt_scatter_in_order, RULE_KEYS("82801AA:5.14.2", "ide"),
     "Regions of any even size and address are filled in table order, up to the end mark")
{
    static const ide_entry e[] = {
        {0x40001c02, 0x000001fe}, {0x40004ffe, 0x00000002}, {0x40000002, 0x0000017e},
        {0x40003efe, 0x00000204}, {0x40002100, 0x8000007e},
    };
    struct ide_rig t;

    if (!ide_rig(c, &t, 5)) {
        return;
    }
    control_moves(&t);
    control_elsewhere(&t, e, 5, 3);
    for (int write = 0; write < 2; write++) {
        uint32_t lba = ide_rig_lba(&t, write);
        struct ide_result res;

        if (!ide_rig_pio(&t, lba, 3, t.sectors)) {
            return;
        }
        ide_rig_data(&t);
        ide_rig_canary(&t);
        for (unsigned i = 0, at = 0; i < 5; at += e[i][1] & 0xffff, i++) {
            ide_rig_prd(&t, 510 + i, e[i][0], e[i][1]);
            if (write) {
                ide_rig_put(&t, e[i][0], t.data + at, e[i][1] & 0xffff);
            }
        }
        ide_rig_prd(&t, 515, 0x40004000, 0x80000400);
        if (!write) {
            memcpy(t.data, t.sectors, 3 * IDE_SECTOR);
        }
        if (!ide_rig_request(&t, &env.ide, write, lba, 3, IDE_TABLE + 0xff0, &res)) {
            return;
        }
        expect_true(c, ide_rig_moved(&t, write, e, 5, lba, 3 * IDE_SECTOR),
                    "%s: expected exactly the data, moved to exactly their regions",
                    ide_rig_name(write));
        expect_u64(c, "BMISTA bits 2:0 (Interrupt, Error, Active)", 4,
                   res.bm_status & IDE_BM_STATE);
    }
    expect_no_event(t.r, "a request with all its memory mapped");
}

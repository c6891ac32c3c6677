// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a bus master says when its accesses are blocked (docs/rules.md IDE-BM-009 to IDE-BM-012):
 * it must not report success for bytes that did not move. 82371AB data sheet section 5.2.2 (a
 * target or master abort sets Error, which ends Active), 82801AA data sheet section 5.14.2.6 (and
 * raises no interrupt).
 */
#include "drivers/ide/regs.h"
#include "lib/string.h"
#include "platform/pci.h"
#include "tests/env.h"
#include "tests/ide_rig.h"

/* IOVAs where nothing is mapped */
#define NOWHERE 0x60000000u

/* PCI Status bits 13 Received Master Abort, 12 Received Target Abort; both W1C */
#define ABORTED 0x3000u

static void control_moves(struct ide_rig *t)
{
    for (int write = 0; write < 2; write++) {
        control_pos(t->c, ide_rig_moves(t, &env.ide, write, 0x40000800),
                    "a plain %s of one sector moves it", ide_rig_name(write));
    }
    expect_no_event(t->r, "a request with all its memory mapped");
}

/* Error=1, Active=0. Whether Interrupt is set is the drive's affair: only reported. */
static void expect_error(struct ide_rig *t, bool write, const struct ide_result *res)
{
    expect_true(t->c, (res->bm_status & 0x03) == 0x02,
                "%s: BMISTA bits 1:0 (Error, Active): expected 2, actual %x (BMISTA 0x%02x, drive "
                "status 0x%02x)",
                ide_rig_name(write), res->bm_status & 0x03, res->bm_status, res->status);
    observe(t->c, write ? "write_status" : "read_status", "%02x.%02x", res->bm_status, res->status);
}

static void control_again(struct ide_rig *t)
{
    for (int write = 0; write < 2; write++) {
        control_pos(t->c, ide_rig_moves(t, &env.ide, write, 0x40000800),
                    "and moves it after the error too (%s)", ide_rig_name(write));
    }
}

/* An entry that is taken for zeroes means 64 KiB at IOVA 0, so something is mapped there. */
RULE("IDE-BM-009", "A", ide_blocked_table_is_an_error, RULE_KEYS("82371AB:5.2.2", "ide"),
     "A table that is blocked: Error=1, Active=0, and no memory is touched, not that at IOVA 0 "
     "either")
{
    struct ide_rig t;
    struct ide_result res;
    struct buf victim;

    if (!ide_rig(c, &t, 1) || !buf_new(t.r, &victim, PAGE_HIGH, 1)) {
        return;
    }
    if (!amdvi_pt_map(&t.pt, 0, victim.spa, 1, AMDVI_IR | AMDVI_IW) ||
        !rig_flush(t.r, IDE_DOMAIN)) {
        rule_error(c, "no memory for page tables");
        return;
    }
    control_moves(&t);

    /* Entries of zeroes that can be read do lead there. */
    ide_rig_prd(&t, 0, 0x00000000, 0x80000000);
    ide_rig_canary(&t);
    if (!ide_rig_request(&t, &env.ide, false, env.read_lba, 1, IDE_TABLE, &res)) {
        return;
    }
    control_neg(c, !buf_untouched_but(&victim, 0, 0), "an entry of zeroes leads to IOVA 0");
    rig_take_events(t.r);

    for (int write = 0; write < 2; write++) {
        uint32_t lba = ide_rig_lba(&t, write);

        buf_canary(&victim);
        ide_rig_canary(&t);
        if (!ide_rig_pio(&t, lba, 1, t.before) ||
            !ide_rig_request(&t, &env.ide, write, lba, 1, NOWHERE, &res)) {
            return;
        }
        expect_true(c, buf_untouched_but(&victim, 0, 0), "%s: expected nothing written at IOVA 0",
                    ide_rig_name(write));
        expect_true(c, ide_rig_untouched(&t, lba, 1), "%s: expected memory and disk as they were",
                    ide_rig_name(write));
        expect_error(&t, write, &res);
        expect_fault(t.r, "the table", t.r->ide, IDE_DOMAIN, FAULT_NOT_PRESENT, FROM_MEMORY,
                     NOWHERE, 64);
    }
    control_again(&t);
}

struct blocked {
    const char *what;
    unsigned rights; /* of the page that the region lies in; 0: not present */
    bool write;
};

RULE("IDE-BM-010", "A", ide_blocked_region_is_an_error, RULE_KEYS("82371AB:5.2.2", "ide"),
     "A region that is blocked: Error=1, Active=0, and nothing moves")
{
    static const struct blocked cases[] = {
        {"READ DMA to a page that is not present", 0, false},
        {"WRITE DMA from a page that is not present", 0, true},
        {"READ DMA to a page without IW", AMDVI_IR, false},
        {"WRITE DMA from a page without IR", AMDVI_IW, true},
    };
    static const ide_entry e[] = {{0x40001200, 0x80000400}};
    struct ide_rig t;

    if (!ide_rig(c, &t, 2)) {
        return;
    }
    control_moves(&t);
    for (unsigned i = 0; i < 4; i++) {
        volatile uint64_t *slot = amdvi_pt_slot(&t.pt, 0x40001000, 1);
        uint64_t open = *slot;
        uint32_t lba = ide_rig_lba(&t, cases[i].write);
        struct ide_result res;

        if (!amdvi_pt_map(&t.pt, 0x40001000, t.mem.spa, 1, cases[i].rights)) {
            rule_error(c, "no memory for page tables");
            return;
        }
        if (!cases[i].rights) {
            rig_store(slot, 0);
        }
        if (!rig_flush(t.r, IDE_DOMAIN) || !ide_rig_table(&t, cases[i].write, lba, 2, e, 1, &res)) {
            return;
        }
        expect_true(c, ide_rig_untouched(&t, lba, 2), "%s: expected memory and disk as they were",
                    cases[i].what);
        expect_error(&t, cases[i].write, &res);
        expect_fault(t.r, cases[i].what, t.r->ide, IDE_DOMAIN,
                     cases[i].rights ? FAULT_DENIED : FAULT_NOT_PRESENT,
                     cases[i].write ? FROM_MEMORY : TO_MEMORY, 0x40001200, 1024);
        rig_store(slot, open);
        if (!rig_flush(t.r, IDE_DOMAIN)) {
            return;
        }
        control_neg(c, ide_rig_moves(&t, &env.ide, cases[i].write, 0x40001200),
                    "with the page open again the data moves");
    }
}

/* The second of three sectors. What the first does is not insisted on, only that it is whole. */
RULE("IDE-BM-011", "A", ide_blocked_in_the_middle_is_an_error, RULE_KEYS("82371AB:5.2.2", "ide"),
     "A region in the middle of a table is blocked: Error=1, Active=0, nothing moves there or "
     "behind")
{
    static const ide_entry e[] = {
        {0x40000600, 0x00000200}, {0x40001200, 0x00000200}, {0x40002a00, 0x80000200}};
    struct ide_rig t;

    if (!ide_rig(c, &t, 3)) {
        return;
    }
    control_moves(&t);
    control_neg(c, ide_rig_moves(&t, &env.ide, false, 0x40001200),
                "the page in the middle can be written");
    rig_store(amdvi_pt_slot(&t.pt, 0x40001000, 1), 0);
    if (!rig_flush(t.r, IDE_DOMAIN)) {
        return;
    }
    for (int write = 0; write < 2; write++) {
        uint32_t lba = ide_rig_lba(&t, write);
        struct ide_result res;

        if (!ide_rig_table(&t, write, lba, 3, e, 3, &res)) {
            return;
        }

        bool none = ide_rig_untouched(&t, lba, 3);

        observe(c, write ? "write_first" : "read_first", none ? "stayed" : "moved");
        if (write) {
            expect_true(c,
                        ide_rig_holds(&t) && memcmp(t.sectors + 512, t.before + 512, 2 * 512) == 0,
                        "WRITE DMA: expected memory and the second and third sector as they were");
        } else {
            expect_true(c, none || ide_rig_moved(&t, false, e, 3, lba, 512),
                        "READ DMA: expected nothing in the second and third region");
        }
        expect_error(&t, write, &res);
        expect_fault(t.r, "the region in the middle", t.r->ide, IDE_DOMAIN, FAULT_NOT_PRESENT,
                     write ? FROM_MEMORY : TO_MEMORY, 0x40001200, 512);
    }
    control_again(&t);
}

RULE("IDE-BM-012", "M", ide_blocked_shows_in_pci_status, RULE_KEYS("82371AB:5.2.2", "ide"),
     "After a blocked access PCI Status shows Received Target Abort or Received Master Abort, W1C")
{
    uint16_t devid = env.ide.devid;
    struct ide_rig t;

    if (!ide_rig(c, &t, 1)) {
        return;
    }
    pci_write16(devid, PCI_STATUS, ABORTED);
    control_moves(&t);
    control_neg(c, (pci_read16(devid, PCI_STATUS) & ABORTED) == 0,
                "a request with all its memory mapped sets neither bit");
    for (int region = 0; region < 2; region++) {
        uint32_t lba = ide_rig_lba(&t, false);
        struct ide_result res;
        uint16_t status;

        ide_rig_prd(&t, 0, NOWHERE, 0x80000200);
        if (!ide_rig_request(&t, &env.ide, false, lba, 1, region ? IDE_TABLE : NOWHERE, &res)) {
            return;
        }
        status = pci_read16(devid, PCI_STATUS);
        expect_true(c, status & ABORTED,
                    "%s blocked: expected bit 12 or 13 of PCI Status set, actual 0x%04x",
                    region ? "region" : "table", status);
        pci_write16(devid, PCI_STATUS, 0);
        expect_true(c, (pci_read16(devid, PCI_STATUS) & ABORTED) == (status & ABORTED),
                    "expected 0 written to PCI Status to clear nothing, actual 0x%04x",
                    pci_read16(devid, PCI_STATUS));
        pci_write16(devid, PCI_STATUS, ABORTED);
        expect_u64(c, "PCI Status bits 13:12 after both were written", 0,
                   pci_read16(devid, PCI_STATUS) & ABORTED);
        rig_take_events(t.r);
    }
    control_again(&t);
}

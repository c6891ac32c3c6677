// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that is taken out of its slot while a transfer of it is under way (docs/rules.md section
 * 7.1). The host asks for it, and the guest switches the slot off.
 */
#include "arch/time.h"
#include "platform/pciehp.h"
#include "tests/disk_hold.h"
#include "tests/env.h"

#define SLOT_DEVICE "below" /* what the machine calls the disk */

#define PRESSED_US 2000000u
/* How long a card may take to go, once its power is off. */
#define GONE_US    5000000u
/* How long something is looked for that ought not to come any more. */
#define LOOK_US    100000u

/*
 * An emulator may let the transfer end before it has the disk go, and stand still meanwhile. Where
 * it does not, the disk has to be gone by then.
 */
#define RELEASE_MS 1500u

/* Somewhere below 4 GiB, for the other engines. */
#define OTHER_IOVA 0x40000000u

/* Under way, and its slot off. False: the rule is an error, or broken. */
static bool take_out(struct disk_rig *d, const struct pciehp *slot)
{
    struct check *c = d->r->c;
    uint32_t lba = disk_read_lba(d, HOLD_SECTORS);

    control_pos(c, disk_plain(d, false, lba), "a plain NVMe read moves its sectors and is seen");
    pciehp_clear(slot);
    control_pos(c,
                pciehp_present(slot) && !pciehp_pressed(slot) &&
                    pci_read32(d->devid, PCI_VENDOR_ID) != 0xffffffff,
                "the disk is in its slot, and nobody asks for it");
    if (rule_broken(c) || !disk_hold_begin(d, false, lba) || !host_unplug(c, SLOT_DEVICE)) {
        return false;
    }
    if (!wait_until(pciehp_pressed(slot), PRESSED_US)) {
        rule_error(c, "the attention button was not pressed");
        return false;
    }
    if (!host_arm_release(c, "old", true, RELEASE_MS)) {
        return false;
    }
    expect_true(c, pciehp_power_off(slot), "expected the slot off, actual no command completed");
    expect_true(
        c,
        wait_until(!pciehp_present(slot) && pci_read32(d->devid, PCI_VENDOR_ID) == 0xffffffff,
                   GONE_US),
        "expected no disk in the slot: presence 0, vendor and device ffffffff, actual "
        "presence %u, 0x%08x",
        pciehp_present(slot), pci_read32(d->devid, PCI_VENDOR_ID));
    if (rule_broken(c)) {
        return false;
    }
    disk_gone(d);
    return true;
}

/* The pages from their domain, and the completion. *@then: what the transfer was then. */
static bool withdraw(struct disk_rig *d, enum hold_state *then)
{
    struct check *c = d->r->c;

    disk_unmap_four(d);
    if (!host_prolong(c, "old", then)) {
        return false;
    }
    if (*then == HOLD_HELD) {
        return hold_complete(d->r, "old", disk_flush_four, HOLD_LOOK_MS, HOLD_RELEASE_MS, then);
    }
    expect_true(c, amdvi_cmd_and_wait(d->r->u, disk_flush_four),
                "expected a completion after the disk was taken out, actual none");
    return !rule_broken(c);
}

/*
 * The host's answers for the disk come one behind the other, whoever has asked: with the one to
 * this read that for the old transfer is there. Then a while for what comes of it.
 */
static bool let_arrive(struct disk_rig *d)
{
    static uint8_t sector[DISK_SECTOR];

    if (!ide_pio_read(&env.ide, env.read_lba, sector)) {
        rule_error(d->r->c, "sector %u cannot be read by PIO", env.read_lba);
        return false;
    }
    (void)wait_until(!disk_rest_untouched(d, NULL, 0), LOOK_US);
    return true;
}

/* Whoever else can, moves data through the IOMMU. */
static void expect_others(struct disk_rig *d)
{
    struct rig *r = d->r;
    struct buf b;

    if (!buf_new(r, &b, PAGE_HIGH, 1)) {
        return;
    }
    if (!amdvi_pt_map(&d->pt, OTHER_IOVA, b.spa, 1, AMDVI_IR | AMDVI_IW)) {
        rule_error(r->c, "no memory for page tables");
        return;
    }
    for (enum engine e = 0; e < engines(); e++) {
        if (!rig_attach_tree(r, engine_devid(r, e), &d->pt, d->domain)) {
            return;
        }
        expect_dma(r, DMA_MOVED, e, TO_MEMORY, OTHER_IOVA, &b, 0, "after the disk was taken out");
        buf_canary(&b);
    }
}

RULE("AMDVI-INF-049", "M", inf_unplug_ends_transfers,
     "ref=2.4 needs=nvme-below,ide,hold hw-safe=no may-kill=yes controls=both timeout-ms=60000",
     "NVMe read under way, the disk taken out of its slot, its pages unmapped, "
     "INVALIDATE_IOMMU_PAGES, COMPLETION_WAIT seen: nothing touches the pages, and all others work")
{
    struct disk_rig *d = disk_rig_begin(c, DISK_NVME_BELOW);
    const struct pci_dev *disk = d ? pci_find_devid(d->devid) : NULL;
    struct pciehp slot;
    enum hold_state then, now;
    unsigned requests;

    if (!disk || !disk_controls(d)) {
        return;
    }

    const char *why = pciehp_find(&slot, disk->parent_bridge);

    if (why) {
        rule_skip(c, "port %04x, Slot Capabilities 0x%08x: %s", disk->parent_bridge, slot.slot,
                  why);
        return;
    }
    if (!take_out(d, &slot) || !withdraw(d, &then)) {
        return;
    }
    buf_canary(&d->data); /* by the new owner */
    if ((then == HOLD_HELD && !host_release(c, "old", true)) || !let_arrive(d) ||
        !host_hold_state(c, "old", &now, &requests)) {
        return;
    }
    control_pos(c, now == HOLD_RELEASED && requests == 1,
                "the transfer was %s when the completion came, and has gone on since",
                then == HOLD_HELD ? "held" : "over");
    expect_true(c, disk_rest_untouched(d, NULL, 0),
                "expected the new owner's pages unchanged after the disk was taken out, actual "
                "changed by the old transfer");
    observe(c, "transfer", "%s", then == HOLD_HELD ? "outlives_the_removal" : "ends_before");
    rig_take_events(d->r); /* one that was aborted may log */
    expect_others(d);
}

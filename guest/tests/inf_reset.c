// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device is reset while its transfer is under way (docs/rules.md section 7.1). A device that has
 * been reset has forgotten its transfers: their pages are free without any word to the IOMMU.
 */
#include "arch/time.h"
#include "drivers/nvme/regs.h"
#include "platform/pci.h"
#include "tests/disk_hold.h"
#include "tests/env.h"

#define INF_RESET_KEYS(disk) \
    "ref=2.4 needs=hold," disk " hw-safe=no may-kill=no controls=both timeout-ms=60000"

/* PCI Express capability (PCI Express Base Specification 3.1, section 7.8). */
#define PCI_CAP_EXPRESS 0x10
#define EXP_DEVCAP      0x04
#define EXP_DEVCAP_FLR  0x10000000u
#define EXP_DEVCTL      0x08
#define EXP_DEVCTL_FLR  0x8000u

/* PCI-to-PCI Bridge Architecture Specification 1.2, section 3.2.5.18. */
#define BRIDGE_CONTROL       0x3e
#define BRIDGE_CONTROL_RESET 0x0040u

/* How long the reset of a bus lasts, and a function is left alone after a reset (PCI Express Base
 * Specification 3.1, sections 6.6.1 and 6.6.2). */
#define RESET_US 1000u
#define REST_US  100000u

static void pass(uint64_t us)
{
    (void)wait_until(false, us);
}

static void reset_function(void *nvme)
{
    const struct nvme *n = nvme;
    uint16_t control = (uint16_t)(pci_find_cap(n->devid, PCI_CAP_EXPRESS) + EXP_DEVCTL);

    pci_write16(n->devid, control, pci_read16(n->devid, control) | EXP_DEVCTL_FLR);
    pass(REST_US);
    nvme_place(n);
}

static void reset_bus(void *nvme)
{
    const struct nvme *n = nvme;
    uint16_t bridge = pci_find_devid(n->devid)->parent_bridge;
    uint16_t control = pci_read16(bridge, BRIDGE_CONTROL);

    pci_write16(bridge, BRIDGE_CONTROL, control | BRIDGE_CONTROL_RESET);
    pass(RESET_US);
    pci_write16(bridge, BRIDGE_CONTROL, control);
    pass(REST_US);
    nvme_place(n);
}

static bool reset_under_way(struct disk_rig *d, struct nvme *n, bool write, void (*reset)(void *))
{
    struct check *c = d->r->c;
    uint32_t lba = write ? disk_write_lba(d, HOLD_SECTORS) : disk_read_lba(d, HOLD_SECTORS);
    const char *name = disk_transfer_name(d, write);
    enum hold_state then, now;
    unsigned requests;

    control_pos(c, disk_plain(d, write, lba), "a plain %s moves its sectors and is seen", name);
    if (rule_broken(c) || !disk_hold_begin(d, write, lba) || !hold_act(c, "old", reset, n, &then)) {
        return false;
    }
    expect_true(c, !(nvme_status(n) & NVME_CSTS_RDY), "%s: expected CSTS.RDY=0 after the reset",
                name);
    if (!write) {
        observe(c, "end_of_read", "%s",
                then == HOLD_HELD                 ? "under_way"
                : disk_rest_untouched(d, NULL, 0) ? "aborted"
                                                  : "moved");
    }
    buf_canary(&d->data); /* by the new owner, and nothing is flushed */
    if ((then == HOLD_HELD && !host_release(c, "old", true)) ||
        !host_hold_state(c, "old", &now, &requests)) {
        return false;
    }
    control_pos(c, now == HOLD_RELEASED && requests == 1,
                "the transfer was %s after the reset, and the disk has answered since",
                then == HOLD_HELD ? "held" : "over");
    /* The driver begins anew. What is read then comes behind all that was under way. */
    if (!disk_nvme_enable(d) || !disk_look(d, lba)) {
        return false;
    }
    expect_true(c, disk_rest_untouched(d, NULL, 0),
                "%s, reset while under way: expected the new owner's pages unchanged, actual "
                "changed by the old transfer",
                name);
    if (write) {
        expect_true(c, !disk_leaks(d),
                    "%s, reset while under way: expected nothing of the new owner's pages on the "
                    "disk, actual written by the old transfer",
                    name);
    }
    rig_take_events(d->r); /* a transfer that was aborted may log */
    expect_true(c, disk_plain(d, write, lba), "%s: expected the next one to move its sectors",
                name);
    expect_true(c, amdvi_wait_completion(d->r->u, AMDVI_WAIT_US),
                "%s: expected the next completion, actual none", name);
    expect_no_event(d->r, name);
    return !rule_broken(c);
}

static void reset_both(struct check *c, enum disk kind, struct nvme *n, void (*reset)(void *))
{
    struct disk_rig *d = disk_rig_begin(c, kind);

    if (d && disk_controls(d) && reset_under_way(d, n, false, reset)) {
        (void)reset_under_way(d, n, true, reset);
    }
}

RULE("AMDVI-INF-045", "M", inf_function_reset, INF_RESET_KEYS("nvme"),
     "NVMe transfer under way, the function reset by FLR: a new owner of its pages finds nothing "
     "changed and loses nothing to the disk, though nothing is flushed; the next transfer moves")
{
    uint16_t devid = env.nvme.devid;
    uint8_t cap = pci_find_cap(devid, PCI_CAP_EXPRESS);
    uint32_t devcap = cap ? pci_read32(devid, cap + EXP_DEVCAP) : 0;

    if (!(devcap & EXP_DEVCAP_FLR)) {
        rule_skip(c, "Device Capabilities 0x%08x: there is no function level reset", devcap);
        return;
    }
    reset_both(c, DISK_NVME, &env.nvme, reset_function);
}

RULE("AMDVI-INF-046", "M", inf_bus_reset, INF_RESET_KEYS("nvme-below"),
     "NVMe transfer under way, the bus of the device reset by the bridge above: a new owner of its "
     "pages finds nothing changed and loses nothing to the disk, though nothing is flushed; the "
     "next transfer moves")
{
    reset_both(c, DISK_NVME_BELOW, &env.nvme_below, reset_bus);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who an event is about (docs/rules.md section 8).
 */
#include "tests/env.h"
#include "tests/rig.h"

#define DOMAIN_FAR  0x0f0f
#define DOMAIN_NEAR 0x0a0a
#define IOVA        0x40000000ull

#define CANARY 0x5a5a5a5au

/* The same by reading. *@word: what arrived. */
static bool read_word(struct rig *r, struct testdev *t, uint64_t iova, uint32_t *word)
{
    uint32_t result = 0;

    if (!testdev_read(t, iova, word, 4, &result)) {
        rule_error(r->c, "the test device %04x did not run a read: RESULT 0x%x", t->devid, result);
        return false;
    }
    return result == 0;
}

/* A tree with one page, @page, at IOVA, for @devid in @domain. */
static bool attach_page(struct rig *r, uint16_t devid, uint16_t domain, uint64_t page)
{
    struct amdvi_pt pt;

    if (!rig_tree(r, &pt, 3)) {
        return false;
    }
    if (!amdvi_pt_map(&pt, IOVA, page, 1, AMDVI_IR | AMDVI_IW)) {
        rule_error(r->c, "no memory for page tables");
        return false;
    }
    return rig_attach(r, devid, 0x6000000000000603ull | pt.root, domain, 0, 0);
}

RULE("AMDVI-EVT-010", "M", evt_requester_behind_bridge, RULE_KEYS("2.5.3", "testdev"),
     "A device behind a bridge has the entry of its own bus number, and its faults name it and its "
     "domain")
{
    struct rig *r = rig_begin(c);
    struct testdev far, *near = &env.testdev;
    uint64_t pages = page_alloc(PAGE_LOW, 2 * PAGE_SIZE, PAGE_SIZE);

    if (!r || !pages) {
        return;
    }

    const char *missing = testdev_discover_behind_bridge(&far);

    if (missing) {
        rule_skip(c, "behind a bridge there is %s", missing);
        return;
    }

    volatile uint32_t *far_word = (volatile uint32_t *)(pages + 0x100);
    volatile uint32_t *near_word = (volatile uint32_t *)(pages + PAGE_SIZE + 0x100);
    uint16_t shadow = far.devid & 0xff; /* the same device and function on bus 0 */
    uint32_t got = 0;

    *far_word = *near_word = CANARY;
    control_pos(c, rig_write_word(r, &far, pages + 0x100, 0x11111111u) && *far_word == 0x11111111u,
                "device %04x reaches memory with V=0", far.devid);
    /* Whoever looks up the wrong entry finds one that denies everything. */
    if (!rig_attach(r, shadow, 0x0000000000000003ull, 0x0bad, 0, 0)) {
        return;
    }
    if (!attach_page(r, far.devid, DOMAIN_FAR, pages) ||
        !attach_page(r, near->devid, DOMAIN_NEAR, pages + PAGE_SIZE)) {
        return;
    }
    control_neg(c, !rig_write_word(r, near, IOVA + 0x1000, 1),
                "device %04x is refused a page that is not mapped", near->devid);
    rig_take_events(r);

    /* Each reaches its own page by the same IOVA, in whatever order. */
    for (unsigned i = 0; i < 3; i++) {
        *far_word = *near_word = CANARY;
        expect_true(c, rig_write_word(r, &far, IOVA + 0x100, 0x22220000u + i),
                    "expected device %04x to reach its page", far.devid);
        expect_u64(c, "word of the far device", 0x22220000u + i, *far_word);
        expect_u64(c, "word of the near device", CANARY, *near_word);
        expect_true(c, rig_write_word(r, near, IOVA + 0x100, 0x33330000u + i),
                    "expected device %04x to reach its page", near->devid);
        expect_u64(c, "word of the far device", 0x22220000u + i, *far_word);
        expect_u64(c, "word of the near device", 0x33330000u + i, *near_word);
        expect_true(c, read_word(r, &far, IOVA + 0x100, &got) && got == 0x22220000u + i,
                    "expected device %04x to read its own word, actual %08x", far.devid, got);
    }
    expect_no_event(r, "accesses that pass");

    /* Faults of both. */
    expect_true(c, !rig_write_word(r, &far, IOVA + 0x5000, 1),
                "expected a refusal of the far device");
    expect_fault(r, "fault of the far device, a write", far.devid, DOMAIN_FAR, FAULT_NOT_PRESENT,
                 TO_MEMORY, IOVA + 0x5000, 4);
    expect_true(c, !read_word(r, &far, IOVA + 0x6000, &got),
                "expected a refusal of the far device");
    expect_fault(r, "fault of the far device, a read", far.devid, DOMAIN_FAR, FAULT_NOT_PRESENT,
                 FROM_MEMORY, IOVA + 0x6000, 4);
    expect_true(c, !rig_write_word(r, near, IOVA + 0x7000, 1),
                "expected a refusal of the near device");
    expect_fault(r, "fault of the near device", near->devid, DOMAIN_NEAR, FAULT_NOT_PRESENT,
                 TO_MEMORY, IOVA + 0x7000, 4);

    /* Another entry for the far device alone. */
    if (!rig_attach(r, far.devid, 0x2000000000000003ull, 0x0ff0, 0, 0)) {
        return;
    }
    expect_true(c, !rig_write_word(r, &far, pages + 0x100, 1),
                "expected IW=0 of device %04x to refuse its write", far.devid);
    expect_fault(r, "Mode 0, IW=0 for the far device", far.devid, 0x0ff0, FAULT_MODE0, TO_MEMORY,
                 pages + 0x100, 4);
    expect_true(c, rig_write_word(r, near, IOVA + 0x100, 0x44444444u) && *near_word == 0x44444444u,
                "expected device %04x to go on as before", near->devid);
    observe(c, "far_device", "%04x", far.devid);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The size of the device table (docs/rules.md section 2.4).
 */
#include "arch/time.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/env.h"
#include "tests/rig.h"

/* 512 pages, the longest table: 65536 entries */
#define TABLE_BYTES 0x200000u

#define CANARY 0x5a5a5a5au

struct requester {
    struct testdev *t;
    volatile uint32_t *word; /* where its own domain maps IOVA */
};

#define IOVA 0x40000000ull

/* DevTabBase = @table with size code @code, everything flushed. */
static bool use_table(struct rig *r, uint64_t table, unsigned code)
{
    if (!amdvi_disable(r->u)) {
        rule_error(r->c, "the IOMMU does not stop");
        return false;
    }
    amdvi_write64(r->u, 0x00, table | code);
    if (!amdvi_enable(r->u)) {
        rule_error(r->c, "the IOMMU does not start with a device table of code %u", code);
        return false;
    }
    return true;
}

/* In a table of size code @code, @q's entry, which maps IOVA, is used or, if @inside is false, not.
 */
static void look(struct rig *r, uint64_t table, unsigned code, const struct requester *q,
                 bool inside)
{
    char what[80];

    if (!use_table(r, table, code)) {
        return;
    }
    format(what, sizeof(what), "size code %u, DeviceID 0x%04x", code, q->t->devid);
    *q->word = CANARY;
    expect_true(r->c, rig_write_word(r, q->t, IOVA, 0x600d0000u | code) == inside,
                "%s: expected its write %s", what, inside ? "to pass" : "to be refused");
    expect_u64(r->c, what, inside ? 0x600d0000u | code : CANARY, *q->word);
    if (!inside) {
        (void)wait_until(amdvi_evt_pending(r->u), AMDVI_WAIT_US / 10);
    }
    rig_take_events(r);
    expect_true(r->c, inside ? r->event_count == 0 : r->event_count > 0,
                "%s: expected %s, actual %u", what, inside ? "no event" : "an event",
                r->event_count);
}

RULE(
    "AMDVI-REG-012", "M", reg_devtab_size, RULE_KEYS("3.4", "testdev"),
    "A device table of size code n has (n+1)*128 entries: the last page's are used, none behind it")
{
    struct rig *r = rig_begin(c);
    struct testdev far;
    struct requester who[2] = {{.t = &env.testdev}, {.t = &far}};
    uint64_t table = page_alloc(PAGE_LOW, TABLE_BYTES, PAGE_SIZE);
    uint64_t words = page_alloc(PAGE_LOW, 2 * PAGE_SIZE, PAGE_SIZE);

    if (!r) {
        return;
    }

    const char *missing = testdev_discover_behind_bridge(&far);

    if (missing) {
        rule_skip(c, "behind a bridge there is %s", missing);
        return;
    }
    if (!table || !words) {
        rule_error(c, "no memory for a device table of 2 MiB");
        return;
    }
    if (who[0].t->devid < 128 || far.devid >= 65536 - 128) {
        rule_skip(c, "DeviceIDs 0x%04x and 0x%04x do not lie in the middle of a table",
                  who[0].t->devid, far.devid);
        return;
    }
    memset((void *)table, 0, TABLE_BYTES);
    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_pt pt;
        volatile uint64_t *dte = (volatile uint64_t *)(table + who[i].t->devid * 32ull);

        who[i].word = (volatile uint32_t *)(words + i * PAGE_SIZE);
        if (!amdvi_pt_init(&pt, 3) ||
            !amdvi_pt_map(&pt, IOVA, (uint64_t)who[i].word, 1, AMDVI_IR | AMDVI_IW)) {
            rule_error(c, "no memory for page tables");
            return;
        }
        dte[1] = 0x7e0 + i;
        dte[0] = 0x6000000000000603ull | pt.root;
    }

    /* The longest table holds both, and what it says decides. */
    if (!use_table(r, table, 511)) {
        return;
    }
    control_pos(c, rig_write_word(r, who[0].t, IOVA, 1) && *who[0].word == 1,
                "DeviceID 0x%04x reaches its page with the longest table", who[0].t->devid);
    control_neg(c, !rig_write_word(r, who[0].t, IOVA + 0x1000, 1),
                "and is refused a page that is not mapped");
    rig_take_events(r);
    for (unsigned i = 0; i < 2; i++) {
        /* The page of the table in which the entry stands */
        unsigned page = who[i].t->devid / 128;

        look(r, table, page, &who[i], true);
        look(r, table, page - 1, &who[i], false);
        look(r, table, 0, &who[i], false);
        /* Each bit of the code */
        for (unsigned code = 1; code <= 0x100; code *= 2) {
            look(r, table, code, &who[i], code >= page);
        }
        look(r, table, 511, &who[i], true);
        observe(c, i ? "far_device" : "near_device", "%04x", who[i].t->devid);
    }
}

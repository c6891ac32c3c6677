// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A page that is taken away from an access of the test device that is under way (docs/rules.md
 * section 7.1). The device keeps the translation of an access until it is told to move the data, so
 * the guest itself decides when the access goes on, and no host takes part.
 */
#include "arch/cpu.h"
#include "arch/time.h"
#include "check/mark.h"
#include "lib/string.h"
#include "tests/env.h"
#include "tests/hold_rig.h"

/* The access: some bytes in the middle of a page of domain 0417h, both above 4 GiB. */
#define PAGE   0x35a712345000ull
#define AT     0x340u
#define BYTES  0x400u
#define DOMAIN 0x0417
#define SLOT   3u

/* The page of this IOVA, of domain 0417h. */
static const struct amdvi_cmd flush_page = {{0, 0x30000417u, 0x12345000u, 0x35a7u}};

/* What becomes of the page while the access is under way. */
enum change { NOTHING, UNMAPPED, REMAPPED, PROTECTED };

/* How it goes on: it moves its data, or it is given up. */
enum going { RELEASED, DROPPED };

static const struct {
    const char *name, *key;
} changes[] = {
    {"its page as it was", "completion_nothing"},
    {"its page unmapped", "completion_unmapped"},
    {"its IOVA mapped to another page", "completion_remapped"},
    {"its page's right taken away", "completion_protected"},
};

struct slot_rig {
    struct rig *r;
    struct amdvi_pt pt;
    struct buf old, other; /* the page, and where the IOVA leads after REMAPPED */
    volatile uint64_t *pte;
    uint8_t data[BYTES]; /* what the access is to move */
    uint8_t got[BYTES];  /* what of the slot's buffer came of it */
};

static struct slot_rig slot_rig;

static const char *access_name(bool write)
{
    return write ? "write" : "read";
}

static void let_go(void *arg)
{
    struct rig *r = arg;
    uint32_t result;

    if (testdev_held(&env.testdev, SLOT) && !testdev_drop(&env.testdev, SLOT, &result)) {
        rule_error(r->c, "the test device keeps slot %u: RESULT 0x%x", SLOT, result);
    }
}

static struct slot_rig *begin(struct check *c)
{
    struct slot_rig *s = &slot_rig;

    *s = (struct slot_rig){.r = rig_begin(c)};
    if (!s->r) {
        return NULL;
    }
    s->r->used[ENGINE_TESTDEV] = true;
    rule_at_end(c, let_go, s->r);
    if (!rig_tree(s->r, &s->pt, 4) || !buf_new(s->r, &s->old, PAGE_HIGH, 1) ||
        !buf_new(s->r, &s->other, PAGE_HIGH, 1)) {
        return NULL;
    }
    s->pte = amdvi_pt_slot(&s->pt, PAGE, 1);
    if (!s->pte) {
        rule_error(c, "no memory for page tables");
        return NULL;
    }
    return rig_attach_tree(s->r, s->r->testdev, &s->pt, DOMAIN) ? s : NULL;
}

/* An access that is under way and has moved nothing: the page holds the data, or the slot does. */
static bool start(struct slot_rig *s, bool write)
{
    uint32_t x = (uint32_t)++s->r->nonce * 0x9e3779b9u, result = 0;
    static const uint8_t zeroes[BYTES];
    bool direct;

    for (uint32_t i = 0; i < BYTES; i++) {
        x = x * 1664525u + 1013904223u;
        s->data[i] = (uint8_t)(x >> 24);
    }
    buf_canary(&s->old);
    buf_canary(&s->other);
    if (!write) {
        memcpy((void *)(s->old.spa + AT), s->data, BYTES);
        memory_barrier();
    }
    testdev_slot_fill(&env.testdev, SLOT, write ? s->data : zeroes, BYTES);
    /* IR=IW=1, NextLevel=0, PR=1 */
    rig_store(s->pte, 0x6000000000000001ull | s->old.spa);
    if (!rig_flush(s->r, DOMAIN)) {
        return false;
    }
    mark_open("%s of the test device, kept", access_name(write));
    mark(MARK_START, "slot %u", SLOT);
    if (!testdev_map(&env.testdev, SLOT, write, PAGE + AT, BYTES, &result)) {
        rule_error(s->r->c, "the test device did not map: RESULT 0x%x", result);
        return false;
    }
    direct = testdev_direct(&env.testdev, SLOT);
    control_pos(s->r->c, direct && result == 0,
                "%s under way: its slot leads into memory, RESULT 0x%x", access_name(write),
                result);
    return direct && result == 0;
}

static void make(struct slot_rig *s, bool write, enum change change)
{
    switch (change) {
    case NOTHING:
        break;
    case UNMAPPED:
        rig_store(s->pte, 0);
        break;
    case REMAPPED:
        rig_store(s->pte, 0x6000000000000001ull | s->other.spa);
        break;
    case PROTECTED:
        rig_store(s->pte, (write ? 0x2000000000000001ull : 0x4000000000000001ull) | s->old.spa);
        break;
    }
}

/* Does a quadword of what was read look like what the new owner has there? */
static bool leaks(const struct slot_rig *s)
{
    return hold_looks_like(s->got, s->old.spa + AT, BYTES);
}

/* Has exactly the data moved, to the page or from it? */
static bool moved(const struct slot_rig *s, bool write)
{
    return memcmp(write ? (const void *)(s->old.spa + AT) : s->got, s->data, BYTES) == 0 &&
           buf_untouched_but(&s->old, AT, BYTES) && buf_untouched_but(&s->other, 0, 0);
}

/* Has nothing? */
static bool still(const struct slot_rig *s, bool write)
{
    if (write) {
        return buf_untouched_but(&s->old, 0, 0) && buf_untouched_but(&s->other, 0, 0);
    }
    for (uint32_t i = 0; i < BYTES; i++) {
        if (s->got[i]) {
            return false;
        }
    }
    return true;
}

/*
 * An access is under way, the page is changed and flushed, the completion looked for; then the
 * access goes on. The completion comes before or after that, but it comes: @before tells.
 */
static bool go(struct slot_rig *s, bool write, enum change change, enum going going, bool *before)
{
    struct check *c = s->r->c;
    uint32_t result = 0;
    bool ran;

    if (!start(s, write)) {
        return false;
    }
    make(s, write, change);
    hold_queue(s->r, flush_page);
    mark(MARK_DOORBELL, "with a COMPLETION_WAIT behind it");
    amdvi_ask_completion(s->r->u);
    *before = wait_until(amdvi_completed(s->r->u), HOLD_LOOK_MS * 1000u);
    if (*before) {
        mark(MARK_COMPLETE, "its store is seen");
    }
    if (*before && change != NOTHING) {
        buf_canary(&s->old); /* by the new owner */
    }
    ran = going == DROPPED ? testdev_drop(&env.testdev, SLOT, &result)
                           : testdev_release(&env.testdev, SLOT, &result);
    memory_barrier();
    mark(MARK_END, "RESULT 0x%x", result);
    testdev_slot_data(&env.testdev, SLOT, s->got, BYTES);
    /* An emulator may have taken the slot away before the completion. */
    if (testdev_held(&env.testdev, SLOT) || (!ran && !*before)) {
        rule_error(c, "%s did not go on: RESULT 0x%x", access_name(write), result);
        return false;
    }
    if (!*before && !wait_until(amdvi_completed(s->r->u), 1000000u)) {
        expect_true(c, false, "%s, %s: expected a completion once the access is over, actual none",
                    access_name(write), changes[change].name);
        return false;
    }
    return true;
}

/* What moves where nobody has taken the page away. */
static bool controls(struct slot_rig *s, bool write)
{
    bool before;

    if (!go(s, write, NOTHING, RELEASED, &before)) {
        return false;
    }
    control_pos(s->r->c, moved(s, write),
                "%s of a page that stays mapped moves its data on release", access_name(write));
    if (!go(s, write, NOTHING, DROPPED, &before)) {
        return false;
    }
    control_neg(s->r->c, still(s, write) && !leaks(s),
                "one that is dropped moves nothing, and nothing looks like the new owner's bytes");
    return !rule_broken(s->r->c);
}

static bool take_away(struct slot_rig *s, bool write, enum change change)
{
    struct check *c = s->r->c;
    bool before;

    if (!go(s, write, change, RELEASED, &before)) {
        return false;
    }
    observe(c, changes[change].key, "%s", before ? "while_under_way" : "after_the_transfer");
    if (before && write) {
        expect_true(c, buf_untouched_but(&s->old, 0, 0),
                    "write, %s: expected the new owner's page unchanged, actual changed "
                    "by the old access",
                    changes[change].name);
    } else if (before) {
        expect_true(c, !leaks(s) && buf_untouched_but(&s->old, 0, 0),
                    "read, %s: expected nothing of the new owner's page, actual delivered "
                    "to the old access",
                    changes[change].name);
    }
    expect_true(c, change == REMAPPED || buf_untouched_but(&s->other, 0, 0),
                "%s, %s: expected a page that it never had unchanged", access_name(write),
                changes[change].name);
    rig_take_events(s->r); /* one that was aborted may log */
    return true;
}

/* An access that is given up holds nothing up, and moves nothing. */
static void give_up(struct slot_rig *s, bool write)
{
    bool before;

    if (!go(s, write, UNMAPPED, DROPPED, &before)) {
        return;
    }
    if (!write && !before) {
        buf_canary(&s->old); /* by the new owner */
    }
    expect_true(s->r->c, still(s, write) && buf_untouched_but(&s->old, 0, 0),
                "%s that is dropped after its page was unmapped: expected nothing moved",
                access_name(write));
    rig_take_events(s->r);
}

static void take_away_all(struct check *c, bool write)
{
    struct slot_rig *s = begin(c);

    if (!s || !controls(s, write)) {
        return;
    }
    for (enum change change = UNMAPPED; change <= PROTECTED; change++) {
        if (!take_away(s, write, change)) {
            return;
        }
    }
    give_up(s, write);
}

RULE("AMDVI-INF-017", "M", inf_kept_write_ends_before_the_page_goes, RULE_KEYS("2.4", "testdev"),
     "Device write translated and under way, its page unmapped, remapped or IW cleared, "
     "INVALIDATE_IOMMU_PAGES, COMPLETION_WAIT seen: the page does not change any more")
{
    take_away_all(c, true);
}

RULE("AMDVI-INF-018", "M", inf_kept_read_ends_before_the_page_goes, RULE_KEYS("2.4", "testdev"),
     "Device read translated and under way, its page unmapped, remapped or IR cleared, "
     "INVALIDATE_IOMMU_PAGES, COMPLETION_WAIT seen: nothing of the page's new owner is read")
{
    take_away_all(c, false);
}

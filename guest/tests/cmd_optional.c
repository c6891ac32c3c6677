// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands that a unit may lack (docs/rules.md section 7): legal where the feature is advertised,
 * illegal where not.
 */
#include "lib/format.h"
#include "tests/cmd_rig.h"

/* Bits [low, high] of a word of a command. */
struct bits {
    unsigned dw, low, high;
};

struct optional {
    const char *name;
    struct amdvi_cmd plain[5]; /* legal as they stand */
    struct bits fields[6];     /* each bit may be set in the first of them */
    struct bits reserved[5];   /* no bit may */
};

#define END     \
    {           \
        0, 1, 0 \
    }

static const struct optional iotlb = {
    "INVALIDATE_IOTLB_PAGES",
    {{{0x000000e0u, 0x40000000u, 0x12345000u, 0}},
     {{0x000000e0u, 0x40000000u, 0x12345001u, 0}},
     {{0x200000e0u, 0x400000e0u, 0xfffff001u, 0x7fffffffu}},
     {{0x0000ffffu, 0x40000000u, 0xfffff000u, 0xffffffffu}},
     {{0xff0000e0u, 0x4000ffffu, 0x00000000u, 0}}},
    {{0, 0, 15}, {0, 24, 31}, {1, 0, 15}, {2, 12, 31}, {3, 0, 31}, END},
    {{2, 1, 1}, {2, 3, 3}, {2, 6, 11}, END, END},
};

static const struct optional prefetch = {
    "PREFETCH_IOMMU_PAGES",
    {{{0x010000e0u, 0x60000000u, 0x12345000u, 0}},
     {{0x010000e0u, 0x60000000u, 0x12345001u, 0}},
     {{0x010000e0u, 0x60000000u, 0x12345010u, 0}},
     {{0xff0000e0u, 0x60000000u, 0x00000000u, 0}},
     {{0x010000e0u, 0x60000000u, 0xfffff000u, 0xffffffffu}}},
    {{0, 0, 15}, {0, 24, 31}, {2, 4, 4}, {2, 12, 31}, {3, 0, 31}, END},
    {{0, 16, 23}, {1, 20, 27}, {2, 1, 1}, {2, 3, 3}, {2, 5, 11}},
};

static const struct optional ppr = {
    "COMPLETE_PPR_REQUEST",
    {{{0x000000e0u, 0x70000000u, 0, 0x00000000u}},
     {{0x000000e0u, 0x70000000u, 0, 0x00001001u}},
     {{0x000000e0u, 0x70000000u, 0, 0x0000f1ffu}},
     {{0x0000ffffu, 0x70000000u, 0, 0x00000000u}},
     {{0x00000000u, 0x70000000u, 0, 0x00000001u}}},
    {{0, 0, 15}, {3, 0, 8}, END, END, END, END},
    {{0, 16, 31}, {1, 20, 27}, {2, 0, 1}, {2, 3, 31}, {3, 16, 31}},
};

static void expect_accepted(struct rig *r, struct amdvi_cmd cmd, const char *name)
{
    volatile uint64_t *younger = (volatile uint64_t *)r->u->semaphore + 1;

    *younger = 0;
    amdvi_cmd_put(r->u, cmd);
    amdvi_cmd_put(r->u, cmd_store(younger, 0x600d));
    expect_true(r->c,
                amdvi_wait_completion(r->u, AMDVI_WAIT_US / 10) && *younger == 0x600d &&
                    (amdvi_read64(r->u, 0x2020) & CMD_RUN),
                "%s %08x %08x %08x %08x is legal here, but CmdBufRun=%u, %u events", name,
                cmd.dw[0], cmd.dw[1], cmd.dw[2], cmd.dw[3],
                (unsigned)(amdvi_read64(r->u, 0x2020) >> 4 & 1), amdvi_evt_pending(r->u));
}

static void expect_rejected(struct rig *r, struct amdvi_cmd cmd, const char *name, unsigned at)
{
    volatile uint64_t *younger = (volatile uint64_t *)r->u->semaphore + 1;

    *younger = 0;
    cmd_restart_at(r, at % 256);
    amdvi_cmd_put(r->u, cmd);
    amdvi_cmd_put(r->u, cmd_store(younger, 0xbad));
    amdvi_cmd_ring(r->u);
    cmd_expect_illegal(r, r->u->cmd_buf + at % 256 * 16ull, name);
    expect_u64(r->c, "word of the command behind it", 0, *younger);
}

static void each_bit(struct rig *r, const struct optional *o, const struct bits *b, bool accepted)
{
    for (unsigned bit = b->low; bit <= b->high && !rule_broken(r->c); bit++) {
        struct amdvi_cmd cmd = o->plain[0];
        char text[64];

        cmd.dw[b->dw] ^= 1u << bit;
        format(text, sizeof(text), "%s dw%u bit %u", o->name, b->dw, bit);
        if (accepted) {
            expect_accepted(r, cmd, text);
        } else {
            expect_rejected(r, cmd, text, bit * 5);
        }
    }
}

/* Where @supported, all fields are accepted and all reserved bits are not; else nothing is. */
static void expect_optional(struct rig *r, const struct optional *o, bool supported)
{
    for (unsigned i = 0; i < 5 && !rule_broken(r->c); i++) {
        if (supported) {
            expect_accepted(r, o->plain[i], o->name);
        } else {
            expect_rejected(r, o->plain[i], o->name, 7 + i * 50);
        }
    }
    for (unsigned i = 0; i < 6 && supported; i++) {
        each_bit(r, o, &o->fields[i], true);
    }

    /* A hint that finds no page may be logged or not, and a device may not answer. */
    rig_take_events(r);
    for (unsigned i = 0; i < r->event_count; i++) {
        expect_true(r->c, r->events[i].dw[1] >> 28 != 5, "%s: expected no ILLEGAL_COMMAND_ERROR",
                    o->name);
    }
    observe(r->c, o->name, "%s, %u events", supported ? "legal" : "illegal", r->event_count);
    for (unsigned i = 0; i < 5 && supported; i++) {
        each_bit(r, o, &o->reserved[i], false);
    }
    cmd_restart(r);
}

RULE("AMDVI-CMD-021", "M", cmd_iotlb_pages,
     "ref=2.4 needs=none hw-safe=no may-kill=no controls=both timeout-ms=10000",
     "INVALIDATE_IOTLB_PAGES is legal with IotlbSup=1, but for its reserved bits, and illegal with "
     "IotlbSup=0")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }
    cmd_controls(r);
    expect_optional(r, &iotlb, r->u->cap_header >> 24 & 1);
}

/* A prefetched translation is gone after the invalidation of its page, as any other. */
static void expect_hint(struct rig *r)
{
    struct amdvi_cmd hint = prefetch.plain[0];
    struct amdvi_pt pt;
    struct buf b[2];

    if (!buf_new(r, &b[0], PAGE_LOW, 1) || !buf_new(r, &b[1], PAGE_LOW, 1) ||
        !rig_tree(r, &pt, 4)) {
        return;
    }

    volatile uint64_t *leaf = amdvi_pt_slot(&pt, 0x12345000, 1);

    if (!leaf || !rig_attach_tree(r, r->testdev, &pt, 5)) {
        rule_error(r->c, "no memory for page tables");
        return;
    }
    hint.dw[0] = 0x01000000u | r->testdev;
    for (unsigned i = 0; i < 4; i++) {
        rig_store(leaf, 0x6000000000000001ull | b[i % 2].spa);
        if (!amdvi_cmd_and_wait(r->u, (struct amdvi_cmd){{0, 0x30000005u, 0x12345000u, 0}}) ||
            !amdvi_cmd_and_wait(r->u, hint)) {
            rule_error(r->c, "no completion");
            return;
        }
        /* Every second time the page is used in between. */
        if (i < 2) {
            expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, 0x12345000, &b[i % 2], 0,
                       "after a prefetch");
        }
    }
    /* The last one: unmapped after the hint. */
    rig_store(leaf, 0);
    if (!amdvi_cmd_and_wait(r->u, (struct amdvi_cmd){{0, 0x30000005u, 0x12345000u, 0}})) {
        rule_error(r->c, "no completion");
        return;
    }
    expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, TO_MEMORY, 0x12345000, &b[1], 0,
               "prefetched, then unmapped and invalidated");
    rig_take_events(r);
}

RULE(
    "AMDVI-CMD-022", "M", cmd_prefetch_and_ppr,
    "ref=2.4 needs=testdev hw-safe=no may-kill=no controls=both timeout-ms=10000",
    "PREFETCH_IOMMU_PAGES is legal with PreFSup=1 alone, COMPLETE_PPR_REQUEST with PPRSup=1 alone, "
    "but for their reserved bits")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }

    uint64_t efr = amdvi_read64(r->u, 0x30);

    cmd_controls(r);
    expect_optional(r, &prefetch, efr & 1);
    expect_optional(r, &ppr, efr >> 1 & 1);
    if (efr & 1 && !rule_broken(c)) {
        expect_hint(r);
    }
}

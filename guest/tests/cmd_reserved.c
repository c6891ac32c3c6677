// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every reserved bit of a command, and every bit that is not (docs/rules.md section 7).
 */
#include "arch/time.h"
#include "lib/format.h"
#include "platform/msi.h"
#include "platform/pci.h"
#include "tests/cmd_rig.h"

/* Bits [low, high] of a word of a command that is legal without them. */
struct bits {
    const char *name;
    struct amdvi_cmd cmd;
    unsigned dw, low, high;
};

#define CW                                           \
    {                                                \
        {                                            \
            0, 0x10000000u, 0x55667788u, 0x11223344u \
        }                                            \
    }
#define DEVTAB                             \
    {                                      \
        {                                  \
            0x00000020u, 0x20000000u, 0, 0 \
        }                                  \
    }
#define PAGES                              \
    {                                      \
        {                                  \
            0, 0x30000005u, 0x12345000u, 0 \
        }                                  \
    }
#define RANGE                              \
    {                                      \
        {                                  \
            0, 0x30000005u, 0x00000001u, 0 \
        }                                  \
    }
#define INTTAB                             \
    {                                      \
        {                                  \
            0x00000020u, 0x50000000u, 0, 0 \
        }                                  \
    }
#define ALL                      \
    {                            \
        {                        \
            0, 0x80000000u, 0, 0 \
        }                        \
    }

/* Reserved in every revision: CMD-024. */
static const struct bits reserved[] = {
    {"COMPLETION_WAIT dw1 bit", CW, 1, 20, 27},
    {"INVALIDATE_DEVTAB_ENTRY dw0 bit", DEVTAB, 0, 16, 31},
    {"INVALIDATE_DEVTAB_ENTRY dw2 bit", DEVTAB, 2, 0, 31},
    {"INVALIDATE_DEVTAB_ENTRY dw3 bit", DEVTAB, 3, 0, 31},
    {"INVALIDATE_IOMMU_PAGES dw2 bit", PAGES, 2, 3, 11},
    {"INVALIDATE_INTERRUPT_TABLE dw0 bit", INTTAB, 0, 16, 31},
    {"INVALIDATE_INTERRUPT_TABLE dw2 bit", INTTAB, 2, 0, 31},
    {"INVALIDATE_INTERRUPT_TABLE dw3 bit", INTTAB, 3, 0, 31},
};

/* Reserved as well by the table of section 7, but not known to be so in every revision: reported.
 */
static const struct bits others[] = {
    {"devtab_dw1", DEVTAB, 1, 0, 27}, {"inttab_dw1", INTTAB, 1, 0, 27},
    {"pages_dw0", PAGES, 0, 20, 31},  {"pages_dw1", PAGES, 1, 16, 27},
    {"all_dw0", ALL, 0, 0, 31},       {"all_dw1", ALL, 1, 0, 27},
    {"all_dw2", ALL, 2, 0, 31},       {"all_dw3", ALL, 3, 0, 31},
};

/* Fields, each bit of which may be set. */
static const struct bits legal[] = {
    {"COMPLETION_WAIT f", CW, 0, 2, 2},
    {"COMPLETION_WAIT dw2 bit", CW, 2, 0, 31},
    {"COMPLETION_WAIT dw3 bit", CW, 3, 0, 31},
    {"INVALIDATE_DEVTAB_ENTRY dw0 bit", DEVTAB, 0, 0, 15},
    {"INVALIDATE_IOMMU_PAGES dw1 bit", PAGES, 1, 0, 15},
    {"INVALIDATE_IOMMU_PAGES S, PDE", PAGES, 2, 0, 1},
    {"INVALIDATE_IOMMU_PAGES dw2 bit", PAGES, 2, 12, 31},
    {"INVALIDATE_IOMMU_PAGES dw3 bit", PAGES, 3, 0, 31},
    {"INVALIDATE_IOMMU_PAGES S=1 dw2 bit", RANGE, 2, 12, 31},
    {"INVALIDATE_IOMMU_PAGES S=1 dw3 bit", RANGE, 3, 0, 31},
    {"INVALIDATE_INTERRUPT_TABLE dw0 bit", INTTAB, 0, 0, 15},
};

/* Whole fields and edges. */
static const struct amdvi_cmd legal_whole[] = {
    {{0x00000000u, 0x20000000u, 0, 0}},           {{0x0000ffffu, 0x20000000u, 0, 0}},
    {{0x00000000u, 0x50000000u, 0, 0}},           {{0x0000ffffu, 0x50000000u, 0, 0}},
    {{0, 0x30000000u, 0x00000000u, 0x00000000u}}, {{0, 0x3000ffffu, 0xfffff000u, 0xffffffffu}},
    {{0, 0x3000ffffu, 0xfffff002u, 0xffffffffu}}, {{0, 0x3000ffffu, 0xfffff003u, 0x7fffffffu}},
    {{0, 0x3000ffffu, 0xfffff001u, 0x7fffffffu}}, {{0, 0x30000005u, 0x00000003u, 0x00000000u}},
    {{0, 0x10000000u, 0xffffffffu, 0xffffffffu}}, {{4, 0x10000000u, 0xffffffffu, 0xffffffffu}},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct place {
    struct rig *r;
    volatile uint64_t *w; /* two words that nothing may store to */
    unsigned next;        /* entry for the next case */
    uint64_t before;      /* ComWaitInt, cleared if that can be done (REG-004) */
};

/*
 * The command, and one behind it that would store and set ComWaitInt. Each case takes other entries
 * of the ring, so that the event has to tell the right one.
 */
static uint64_t queue(struct place *p, struct amdvi_cmd cmd)
{
    uint64_t entry = p->r->u->cmd_buf + p->next * 16ull;
    struct amdvi_cmd younger = cmd_store(&p->w[1], 0xbad);

    cmd_restart_at(p->r, p->next);
    p->next = (p->next + 37) % p->r->u->cmd_entries;
    p->w[0] = p->w[1] = CMD_CANARY;
    amdvi_write64(p->r->u, 0x2020, CMD_COM_WAIT_INT);
    p->before = amdvi_read64(p->r->u, 0x2020) & CMD_COM_WAIT_INT;
    younger.dw[0] |= 2;
    amdvi_cmd_put(p->r->u, cmd);
    amdvi_cmd_put(p->r->u, younger);
    amdvi_cmd_ring(p->r->u);
    return entry;
}

static void expect_illegal(struct place *p, struct amdvi_cmd cmd, const char *name, int bit)
{
    /* A COMPLETION_WAIT, or what would be one but for its opcode, names the first word, s=1, i=1.
     */
    if (cmd.dw[0] == 0 && cmd.dw[1] >> 28 != 3) {
        cmd.dw[0] = (uint32_t)(uint64_t)p->w | 3;
    }

    uint64_t entry = queue(p, cmd);
    char text[64];

    format(text, sizeof(text), "%s %d", name, bit);
    cmd_expect_illegal(p->r, entry, text);
    expect_true(p->r->c, p->w[0] == CMD_CANARY && p->w[1] == CMD_CANARY,
                "%s: expected neither it nor the next command to store", text);
    expect_true(p->r->c, (amdvi_read64(p->r->u, 0x2020) & CMD_COM_WAIT_INT) == p->before,
                "%s: expected ComWaitInt to stay", text);
}

static void all_illegal(struct place *p, bool viommu)
{
    for (unsigned op = 0; op < 16 && !rule_broken(p->r->c); op++) {
        /* 9 and Ah belong to vIOMMU. */
        if (op == 0 || op > (viommu ? 0xau : 8u)) {
            expect_illegal(p, (struct amdvi_cmd){{0, op << 28, 0x00000bad, 0}}, "opcode", (int)op);
            expect_illegal(p, (struct amdvi_cmd){{0x00000020u, op << 28 | 5, 0x12345000u, 0}},
                           "other fields and opcode", (int)op);
        }
    }
    for (unsigned i = 0; i < COUNT(reserved); i++) {
        const struct bits *b = &reserved[i];

        for (unsigned bit = b->low; bit <= b->high && !rule_broken(p->r->c); bit++) {
            struct amdvi_cmd cmd = b->cmd;

            cmd.dw[b->dw] |= 1u << bit;
            expect_illegal(p, cmd, b->name, (int)bit);
        }
    }
}

static void report_others(struct place *p)
{
    bool all = amdvi_read64(p->r->u, 0x30) & 0x40;

    for (unsigned i = 0; i < COUNT(others); i++) {
        const struct bits *b = &others[i];
        unsigned halts = 0;

        if (b->cmd.dw[1] >> 28 == 8 && !all) {
            continue;
        }
        for (unsigned bit = b->low; bit <= b->high; bit++) {
            struct amdvi_cmd cmd = b->cmd;

            cmd.dw[b->dw] |= 1u << bit;
            (void)queue(p, cmd);
            /* Either the younger command comes, or the halt. */
            (void)wait_until(p->w[1] == 0xbad || !(amdvi_read64(p->r->u, 0x2020) & CMD_RUN),
                             AMDVI_WAIT_US / 50);
            halts += !(amdvi_read64(p->r->u, 0x2020) & CMD_RUN);
        }
        observe(p->r->c, b->name, "%u of %u", halts, b->high - b->low + 1);
    }
    cmd_restart(p->r);
    rig_take_events(p->r);
}

static void expect_legal(struct rig *r, struct amdvi_cmd cmd, const char *name, unsigned bit)
{
    amdvi_cmd_put(r->u, cmd);
    expect_true(r->c,
                amdvi_wait_completion(r->u, AMDVI_WAIT_US / 10) &&
                    (amdvi_read64(r->u, 0x2020) & CMD_RUN) && !amdvi_evt_pending(r->u),
                "%s, bit %u: %08x %08x %08x %08x is legal, but CmdBufRun=%u, %u events", name, bit,
                cmd.dw[0], cmd.dw[1], cmd.dw[2], cmd.dw[3],
                (unsigned)(amdvi_read64(r->u, 0x2020) >> 4 & 1), amdvi_evt_pending(r->u));
}

static void all_legal(struct rig *r)
{
    uint64_t efr = amdvi_read64(r->u, 0x30);
    unsigned pa_bits = pci_read32(r->u->devid, r->u->cap + 0x10) >> 8 & 0x7f;

    for (unsigned i = 0; i < COUNT(legal); i++) {
        const struct bits *b = &legal[i];

        for (unsigned bit = b->low; bit <= b->high && !rule_broken(r->c); bit++) {
            struct amdvi_cmd cmd = b->cmd;

            cmd.dw[b->dw] |= 1u << bit;
            expect_legal(r, cmd, b->name, bit);
        }
    }
    for (unsigned i = 0; i < COUNT(legal_whole) && !rule_broken(r->c); i++) {
        expect_legal(r, legal_whole[i], "whole fields", i);
    }
    /* StoreAddr as wide as addresses are, s=0 */
    for (unsigned bit = 3; bit < pa_bits && bit < 52 && !rule_broken(r->c); bit++) {
        uint64_t addr = 1ull << bit;

        expect_legal(
            r, (struct amdvi_cmd){{(uint32_t)addr, 0x10000000u | (uint32_t)(addr >> 32), 0, 0}},
            "COMPLETION_WAIT StoreAddr", bit);
    }
    /* GN=1 and each bit of a PASID, where there are guest translations: GTSup, PASmax */
    for (unsigned bit = 0; efr & 0x10 && bit <= (efr >> 32 & 0x1f) && bit < 20; bit++) {
        expect_legal(r, (struct amdvi_cmd){{1u << bit, 0x30000005u, 0x12345004u, 0}},
                     "INVALIDATE_IOMMU_PAGES PASID", bit);
    }
    if (efr & 0x40) {
        expect_legal(r, (struct amdvi_cmd)ALL, "INVALIDATE_IOMMU_ALL", 0);
    }
}

RULE("AMDVI-CMD-024", "M", cmd_reserved_bits, RULE_KEYS("2.4", "none"),
     "Each unknown opcode and each bit that is reserved in all revisions halts, with one event and "
     "no effect; no other bit does")
{
    struct rig *r = rig_begin(c);
    struct place p = {.r = r, .w = r ? cmd_words(r) : NULL, .next = 3};
    uint64_t high = page_alloc(PAGE_HIGH, PAGE_SIZE, PAGE_SIZE);

    if (!p.w) {
        return;
    }
    msi_enable(r->u->devid, false);
    cmd_controls(r);
    all_legal(r);
    all_illegal(&p, amdvi_read64(r->u, 0x30) >> 55 & 1);
    cmd_restart(r);
    expect_no_event(r, "after all illegal commands");
    if (!rule_broken(c)) {
        report_others(&p);
    }

    /* In a ring above 4 GiB, whose address the event needs all bits for. */
    observe(c, "high_memory", "%s", high ? "yes" : "no");
    if (high && !rule_broken(c) && cmd_use_ring(r, high, 8, 0)) {
        all_legal(r);
        all_illegal(&p, amdvi_read64(r->u, 0x30) >> 55 & 1);
    }
}

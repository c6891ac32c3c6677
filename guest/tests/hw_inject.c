// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables that fail to be read now and then (docs/rules.md section 8): each failed access is one
 * record, and what comes after it works again.
 */
#include "lib/format.h"
#include "tests/hw_rig.h"

#define DOMAIN_TESTDEV 0x7d01
#define DOMAIN_IDE     0x1de2
/* DTE bit 98, in its second quadword */
#define SA             0x0000000400000000ull

/* Below 4 GiB, for both engines: index 2 in a table of level 3. */
#define IOVA 0x8ace1000ull

#define KEYS \
    "ref=2.5 needs=ide,testdev,inject hw-safe=no may-kill=no controls=both timeout-ms=20000"

struct bench {
    struct rig *r;
    struct buf b;
    struct amdvi_pt pt;
    uint64_t q1; /* besides the domain */
};

static uint16_t domain_of(enum engine e)
{
    return e == ENGINE_IDE ? DOMAIN_IDE : DOMAIN_TESTDEV;
}

/* The engine's entry again, so that nothing of it is cached: V, TV, Mode 3, both rights. */
static bool attach(struct bench *k, enum engine e)
{
    return rig_attach(k->r, engine_devid(k->r, e), 0x6000000000000603ull | k->pt.root,
                      k->q1 | domain_of(e), 0, 0);
}

static bool begin(struct bench *k, struct check *c)
{
    struct rig *r = k->r = rig_begin(c);

    if (!r || !buf_new(r, &k->b, PAGE_LOW, 1) || !rig_tree(r, &k->pt, 3)) {
        return false;
    }
    if (!amdvi_pt_map(&k->pt, IOVA, k->b.spa, 1, AMDVI_IR | AMDVI_IW)) {
        rule_error(c, "no memory for page tables");
        return false;
    }
    for (enum engine e = 0; e < ENGINE_COUNT; e++) {
        if (!attach(k, e)) {
            return false;
        }
        control_pos(c, dma_probe(r, e, TO_MEMORY, IOVA, &k->b, 0) == DMA_MOVED,
                    "%s arrives while nothing is armed", dma_name(e, TO_MEMORY));
        control_neg(c, dma_misses(r, e, TO_MEMORY, IOVA + 0x1000, &k->b),
                    "a page that is not mapped blocks it");
    }
    rig_take_events(r);
    return true;
}

/* What is the record about? */
struct place {
    const char *kind;
    uint32_t dw1; /* of a read */
    uint64_t spa;
};

/*
 * @count errors for one engine: as many requests end, each with one record, and then they pass. The
 * other engine does not notice.
 */
static void expect_errors(struct bench *k, enum engine e, const struct place *p, unsigned count,
                          unsigned type)
{
    enum engine other = e == ENGINE_IDE ? ENGINE_TESTDEV : ENGINE_IDE;
    struct rig *r = k->r;
    uint16_t devid = engine_devid(r, e);
    char what[80];

    if (!hw_arm(r, p->kind, devid, count, hw_types[type]) || !attach(k, e) || !attach(k, other)) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        enum direction d = (i + type) % 2 ? TO_MEMORY : FROM_MEMORY;
        /* What the IDE controller asks for first is a PRD, by reading. */
        bool write = e == ENGINE_TESTDEV && d == TO_MEMORY;

        expect_dma(r, DMA_MOVED, other, d, IOVA, &k->b, 0, "an engine that nothing is armed for");
        expect_no_event(r, "an engine that nothing is armed for");
        format(what, sizeof(what), "%s, error %u of %u, Type %u", p->kind, i + 1, count, type);
        expect_dma(r, DMA_BLOCKED, e, d, IOVA, &k->b, 0, what);
        expect_hw_error(r, what, 1, 1, devid,
                        p->dw1 | (uint32_t)type << 25 | (write ? 0x00200000u : 0), HW_ALL, p->spa);
    }
    format(what, sizeof(what), "%s, after %u errors", p->kind, count);
    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
        if (!attach(k, e)) {
            return;
        }
        expect_dma(r, DMA_MOVED, e, d, IOVA, &k->b, 0, what);
    }
    expect_no_event(r, what);
}

/* Errors for both engines at once are told of each. Events of several devices have no order. */
static void expect_both(struct bench *k, const char *kind)
{
    struct rig *r = k->r;

    if (!hw_arm(r, kind, r->testdev, 2, hw_types[3]) || !hw_arm(r, kind, r->ide, 1, hw_types[1]) ||
        !attach(k, ENGINE_TESTDEV) || !attach(k, ENGINE_IDE)) {
        return;
    }
    expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, TO_MEMORY, IOVA, &k->b, 0, "first of three");
    expect_dma(r, DMA_BLOCKED, ENGINE_IDE, TO_MEMORY, IOVA, &k->b, 0, "second of three");
    expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, FROM_MEMORY, IOVA, &k->b, 0, "third of three");
    rig_take_events(r);
    expect_u64(r->c, "records of three errors", 3, r->event_count);

    unsigned of_testdev = 0, of_ide = 0;

    for (unsigned i = 0; i < r->event_count; i++) {
        of_testdev += (r->events[i].dw[0] & 0xfffff) == r->testdev;
        of_ide += (r->events[i].dw[0] & 0xfffff) == r->ide;
    }
    expect_u64(r->c, "records that name the test device", 2, of_testdev);
    expect_u64(r->c, "records that name the IDE controller", 1, of_ide);
}

RULE(
    "AMDVI-EVT-020", "A", page_table_errors_are_counted, KEYS,
    "Each failed read of a page table entry: one PAGE_TAB_HARDWARE_ERROR, also with SA=1; the next "
    "access and other devices work")
{
    struct bench k = {0};

    if (!begin(&k, c)) {
        return;
    }
    for (enum engine e = 0; e < ENGINE_COUNT && !rule_broken(c); e++) {
        /* What fails is the first read of a walk, in the table of level 3: entry 2 for the page,
         * entry 0 for the PRD table. */
        struct place p = {HW_PAGE_TAB, 0x40000000u | domain_of(e),
                          k.pt.root + (e == ENGINE_IDE ? 0x0 : 0x10)};

        for (unsigned type = 1; type <= 3; type++) {
            expect_errors(&k, e, &p, type == 2 ? 3 : 1, type);
        }
        k.q1 = SA;
        expect_errors(&k, e, &p, 2, 1);
        k.q1 = 0;
    }
    if (!rule_broken(c)) {
        expect_both(&k, HW_PAGE_TAB);
    }
}

RULE("AMDVI-EVT-023", "A", device_table_errors_are_counted, KEYS,
     "Each failed read of a device table entry: one DEV_TAB_HARDWARE_ERROR; the next access and "
     "other devices work")
{
    struct bench k = {0};

    if (!begin(&k, c)) {
        return;
    }
    for (enum engine e = 0; e < ENGINE_COUNT && !rule_broken(c); e++) {
        struct place p = {HW_DEV_TAB, 0x30000000u,
                          k.r->u->dev_tab + engine_devid(k.r, e) * 0x20ull};

        for (unsigned type = 1; type <= 3; type++) {
            expect_errors(&k, e, &p, type == 2 ? 3 : 1, type);
        }
    }
    if (!rule_broken(c)) {
        expect_both(&k, HW_DEV_TAB);
    }
}

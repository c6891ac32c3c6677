// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What holds once a completion is seen (docs/rules.md section 7).
 */
#include "arch/smp.h"
#include "arch/time.h"
#include "platform/msi.h"
#include "tests/cmd_rig.h"
#include "tests/ir_rig.h"

#define IOVA    0x12345000ull
#define INDEX   0x191
#define BUFFERS 4
#define ROUNDS  24

/* How the end of the batch is seen; ROUNDS goes through all of them with all of the rest. */
enum seen { BY_STORE, BY_STORE_F, BY_STATUS, SEEN_COUNT };

static const char *const seen_names[SEEN_COUNT] = {"s=1", "s=1 f=1", "i=1"};

struct post {
    struct ir x;
    struct amdvi_pt pt[2];
    volatile uint64_t *leaf[2];
    struct buf b[BUFFERS];
    unsigned tree;      /* that the device is in; 2: in none yet */
    bool status_clears; /* ComWaitInt can be cleared (REG-004) */
};

static bool post_begin(struct post *p, struct check *c)
{
    if (!ir_begin(&p->x, c)) {
        return false;
    }

    struct rig *r = p->x.r;

    for (unsigned i = 0; i < BUFFERS; i++) {
        if (!buf_new(r, &p->b[i], PAGE_LOW, 1)) {
            return false;
        }
    }
    for (unsigned k = 0; k < 2; k++) {
        if (!rig_tree(r, &p->pt[k], 3)) {
            return false;
        }
        p->leaf[k] = amdvi_pt_slot(&p->pt[k], IOVA, 1);
        if (!p->leaf[k]) {
            rule_error(c, "no memory for page tables");
            return false;
        }
    }
    ir_entry(&p->x, IR_LATER, 0x01, (uint8_t)smp_apic_id(0), IR_VECTOR_LATER);
    amdvi_write64(r->u, 0x2020, CMD_COM_WAIT_INT);
    p->status_clears = !(amdvi_read64(r->u, 0x2020) & CMD_COM_WAIT_INT);
    observe(c, "by_status", "%s", p->status_clears ? "yes" : "no");
    return true;
}

/* Page, device table entry and interrupt entry as @tree, @b and @vector say, written but not yet
 * flushed. */
static void change(struct post *p, enum engine e, unsigned tree, unsigned b, uint8_t vector)
{
    struct rig *r = p->x.r;

    *p->leaf[tree] = 0x6000000000000001ull | p->b[b].spa;
    ir_entry(&p->x, INDEX, 0x01, (uint8_t)smp_apic_id(0), vector);
    amdvi_dte_write(r->u, engine_devid(r, e),
                    (struct amdvi_dte){{0x6000000000000603ull | p->pt[tree].root, 0x0501 + tree,
                                        e == ENGINE_TESTDEV ? IR_Q2 | p->x.table : 0, 0}});
}

/*
 * What has to be flushed, in an order that depends on @n, behind @n other flushes, and one
 * COMPLETION_WAIT. Returns false, and the rule is an error, if its end is not seen.
 */
static bool flush(struct post *p, enum engine e, unsigned tree, unsigned n, enum seen seen)
{
    struct rig *r = p->x.r;
    volatile uint64_t *word = (volatile uint64_t *)r->u->semaphore + 1;
    struct amdvi_cmd wait = cmd_store(word, 0x600d0000u + n);
    uint16_t devid = engine_devid(r, e);
    /* Of the two domains the one whose page changed: what is cached of the other goes with the
     * device table entry, which is flushed only where the domain is another one. */
    const struct amdvi_cmd flushes[] = {{{0, 0x30000501u + tree, 0x12345000u, 0}},
                                        {{devid, 0x50000000u, 0, 0}},
                                        {{devid, 0x20000000u, 0, 0}}};
    unsigned count = p->tree == tree ? 2 : 3;

    p->tree = tree;
    for (unsigned i = 0; i < n; i++) {
        amdvi_cmd_put(r->u, (struct amdvi_cmd){{0, 0x30000099u, 0x00001000u, 0}});
    }
    for (unsigned i = 0; i < count; i++) {
        amdvi_cmd_put(r->u, flushes[(i + n) % count]);
    }
    *word = 0;
    wait.dw[0] |= seen == BY_STORE_F ? 4 : 0;
    if (seen == BY_STATUS) {
        amdvi_write64(r->u, 0x2020, CMD_COM_WAIT_INT);
        wait = (struct amdvi_cmd){{2, 0x10000000u, 0, 0}};
    }
    amdvi_cmd_put(r->u, wait);
    amdvi_cmd_ring(r->u);
    if (!wait_until(seen == BY_STATUS ? amdvi_read64(r->u, 0x2020) & CMD_COM_WAIT_INT
                                      : *word == 0x600d0000u + n,
                    AMDVI_WAIT_US)) {
        rule_error(r->c, "no completion by %s", seen_names[seen]);
        return false;
    }
    return true;
}

static void expect_message(struct post *p, uint8_t vector, const char *what)
{
    if (ir_send_attached(&p->x, INDEX)) {
        expect_true(p->x.r->c,
                    p->x.moved->count == (vector == IR_VECTOR_MOVED) &&
                        p->x.wrong->count == (vector == IR_VECTOR_WRONG),
                    "%s: expected one message at vector 0x%x, actual %u at 0x%x, %u at 0x%x", what,
                    vector, p->x.moved->count, IR_VECTOR_MOVED, p->x.wrong->count, IR_VECTOR_WRONG);
    }
}

/* The first request after the completion is a message, a write or a read in turn. */
static void expect_new(struct post *p, enum engine e, unsigned n, uint8_t vector, const char *what)
{
    const enum direction first = n % 4 < 2 ? TO_MEMORY : FROM_MEMORY;
    const enum direction second = first == TO_MEMORY ? FROM_MEMORY : TO_MEMORY;
    const struct buf *b = &p->b[n % BUFFERS];
    struct rig *r = p->x.r;

    for (unsigned i = 0; i < BUFFERS; i++) {
        buf_canary(&p->b[i]);
    }
    if (e == ENGINE_TESTDEV && n % 3 == 0) {
        expect_message(p, vector, what);
    }
    expect_dma(r, DMA_MOVED, e, first, IOVA, b, 0, what);
    expect_dma(r, DMA_MOVED, e, second, IOVA, b, 0, what);
    for (unsigned i = 0; i < BUFFERS; i++) {
        expect_true(r->c, i == n % BUFFERS || buf_untouched_but(&p->b[i], 0, 0),
                    "%s: expected buffer %u to stay as it is", what, i);
    }
    if (e == ENGINE_TESTDEV && n % 3) {
        expect_message(p, vector, what);
    }
}

RULE("AMDVI-CMD-013", "A", cmd_completion_ends_the_old, RULE_KEYS("2.4.1", "ide,apic"),
     "Once a completion is seen, by store or by ComWaitInt, no request uses an old translation, "
     "device table entry or interrupt entry")
{
    struct post p;

    if (!post_begin(&p, c)) {
        return;
    }

    struct rig *r = p.x.r;

    for (enum engine e = 0; e < engines(); e++) {
        p.tree = 2;
        change(&p, e, 0, 0, IR_VECTOR_WRONG);
        if (!flush(&p, e, 0, 0, BY_STORE)) {
            return;
        }
        control_pos(c, dma_probe(r, e, TO_MEMORY, IOVA, &p.b[0], 0) == DMA_MOVED,
                    "%s reaches the first buffer", dma_name(e, TO_MEMORY));
        control_neg(c, dma_misses(r, e, TO_MEMORY, IOVA, &p.b[1]), "and not the second one");
        for (unsigned n = 1; n <= (e == ENGINE_IDE ? 6u : ROUNDS) && !rule_broken(c); n++) {
            enum seen seen = (enum seen)(n / 2 % SEEN_COUNT);
            uint8_t vector = n % 2 ? IR_VECTOR_MOVED : IR_VECTOR_WRONG;

            if (seen == BY_STATUS && !p.status_clears) {
                seen = BY_STORE;
            }
            /* The tree changes every second time, the buffer and the vector always. */
            change(&p, e, n / 2 % 2, n % BUFFERS, vector);
            if (!flush(&p, e, n / 2 % 2, n, seen)) {
                return;
            }
            expect_new(&p, e, n, vector, seen_names[seen]);
        }
    }
    expect_no_event(r, "after all changes");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/ir_rig.h"

#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/smp.h"
#include "arch/time.h"
#include "platform/msi.h"
#include "tests/env.h"

bool ir_begin(struct ir *x, struct check *c)
{
    x->r = irq_rig_begin(c);
    x->moved = x->r ? irq_listen(c, IR_VECTOR_MOVED) : NULL;
    x->wrong = x->moved ? irq_listen(c, IR_VECTOR_WRONG) : NULL;
    x->later = x->wrong ? irq_listen(c, IR_VECTOR_LATER) : NULL;
    if (!x->later) {
        return false;
    }
    x->table = page_alloc(PAGE_LOW, 2 * IR_TABLE_BYTES, PAGE_SIZE);
    if (!x->table) {
        rule_error(c, "no memory for an interrupt table");
        return false;
    }
    return true;
}

void ir_entry(const struct ir *x, unsigned index, uint32_t low, uint8_t dest, uint8_t vector)
{
    ((volatile uint32_t *)x->table)[index] = (uint32_t)vector << 16 | (uint32_t)dest << 8 | low;
    memory_barrier();
}

void ir_entry_ga(const struct ir *x, unsigned index, uint32_t low, uint8_t dest, uint8_t vector)
{
    volatile uint64_t *q = (volatile uint64_t *)(x->table + index * 16ull);

    q[1] = vector;
    q[0] = (uint64_t)dest << 8 | low;
    memory_barrier();
}

void ir_fill_wrong(const struct ir *x, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        ir_entry(x, i, 0x01, (uint8_t)smp_apic_id(0), IR_VECTOR_WRONG);
    }
}

static bool fire(struct rig *r, uint64_t addr, uint16_t data)
{
    if (!msi_program(r->testdev, addr, data)) {
        rule_error(r->c, "the test device's MSI capability cannot be programmed");
        return false;
    }
    msi_enable(r->testdev, true);
    if (!testdev_msi(&env.testdev)) {
        rule_error(r->c, "the test device cannot send its message");
        return false;
    }
    return true;
}

bool ir_fire(struct ir *x, unsigned index)
{
    return fire(x->r, 0xfee00000ull, (uint16_t)index);
}

bool ir_send_entry(struct ir *x, const uint64_t q[3], uint64_t addr, uint16_t data)
{
    struct rig *r = x->r;

    irq_window();
    x->moved->count = x->wrong->count = x->later->count = 0;
    if (!rig_attach(r, r->testdev, q[0], q[1], q[2], 0) || !fire(r, addr, data) ||
        !rig_attach(r, r->testdev, 0, IR_DOMAIN, 0, 0) ||
        !fire(r, 0xfee00000ull | smp_apic_id(0) << 12, IR_VECTOR_LATER)) {
        return false;
    }
    (void)irq_wait(x->later->count != 0, AMDVI_WAIT_US);
    expect_u64(x->r->c, "a later message, with V=0", 1, x->later->count);
    return true;
}

bool ir_send(struct ir *x, uint64_t q0, uint64_t q2, uint64_t addr, uint16_t data)
{
    return ir_send_entry(x, (const uint64_t[]){q0, IR_DOMAIN, q2}, addr, data);
}

bool ir_send_attached(struct ir *x, unsigned index)
{
    x->moved->count = x->wrong->count = x->later->count = 0;
    if (!ir_fire(x, index) || !ir_fire(x, IR_LATER)) {
        return false;
    }
    (void)irq_wait(x->later->count != 0, AMDVI_WAIT_US);
    expect_u64(x->r->c, "a later message, by an entry that stays", 1, x->later->count);
    return true;
}

bool ir_send_index(struct ir *x, unsigned index)
{
    return ir_send(x, IR_Q0, IR_Q2 | x->table, 0xfee00000ull, (uint16_t)index);
}

void ir_expect_moved(struct ir *x, unsigned index, const char *what)
{
    if (ir_send_index(x, index)) {
        /* It may be for another CPU. */
        (void)wait_until(x->moved->count != 0, AMDVI_WAIT_US / 1000);
        expect_true(
            x->r->c, x->moved->count == 1 && x->wrong->count == 0,
            "%s, entry %u: expected the message at vector 0x%x, actual %u there, %u at 0x%x", what,
            index, IR_VECTOR_MOVED, x->moved->count, x->wrong->count, IR_VECTOR_WRONG);
    }
}

void ir_expect_dropped(struct ir *x, unsigned index, const char *what)
{
    if (ir_send_index(x, index)) {
        expect_true(x->r->c, x->moved->count == 0 && x->wrong->count == 0,
                    "%s, entry %u: expected no message, actual %u at 0x%x, %u at 0x%x", what, index,
                    x->moved->count, IR_VECTOR_MOVED, x->wrong->count, IR_VECTOR_WRONG);
    }
}

void ir_expect_fault(struct ir *x, const char *what)
{
    struct rig *r = x->r;

    (void)wait_until(amdvi_evt_pending(r->u), r->event_missed ? 100 : AMDVI_WAIT_US / 10);
    rig_take_events(r);
    if (r->event_count == 0) {
        r->event_missed = true;
    }
    expect_true(r->c, r->event_count > 0, "%s: expected an event, actual none", what);
    for (unsigned i = 0; i < r->event_count; i++) {
        const struct amdvi_event *e = &r->events[i];

        /* Code 2, I=1, PR=0: nobody insists on other flags of such a fault, nor on one record. */
        expect_true(r->c,
                    (e->dw[0] & 0xffff) == r->testdev && (e->dw[1] & 0xf0180000u) == 0x20080000u,
                    "%s: expected the event %08x %08x (code, I, PR), actual %08x %08x %08x %08x",
                    what, r->testdev, 0x20080000u, e->dw[0], e->dw[1], e->dw[2], e->dw[3]);
    }
}

/* FEEx_xxxxh, or a form of HyperTransport: FD_F8xx_xxxxh, and what real parts show (EVT-011). */
static bool interrupt_address(const struct amdvi_event *e)
{
    return (e->dw[3] == 0 && e->dw[2] >> 20 == 0xfee) ||
           ((e->dw[3] == 0xfd || e->dw[3] == 0xfffffffd) && e->dw[2] >> 24 == 0xf8);
}

void ir_expect_records(struct ir *x, unsigned count, uint16_t devid, uint32_t dw1, uint32_t free,
                       const char *what)
{
    struct rig *r = x->r;
    uint64_t limit = r->event_missed ? 100 : AMDVI_WAIT_US / 10;

    (void)wait_until(amdvi_evt_pending(r->u), limit);
    rig_take_events(r); /* waits for what follows */
    if (r->event_count == 0) {
        r->event_missed = true;
    }
    expect_true(r->c, r->event_count == count, "%s: expected %u events, actual %u", what, count,
                r->event_count);
    for (unsigned i = 0; i < r->event_count; i++) {
        const struct amdvi_event *e = &r->events[i];

        expect_true(
            r->c, e->dw[0] == devid && (e->dw[1] & ~free) == (dw1 & ~free) && interrupt_address(e),
            "%s: expected the event %08x %08x (any of %08x) at FEEx_xxxxh, actual %08x "
            "%08x %08x %08x",
            what, devid, dw1, free, e->dw[0], e->dw[1], e->dw[2], e->dw[3]);
    }
}

#define MODES (IR_GA | IR_XT | IR_INTCAP_XT)

static void clear_mode(void *arg)
{
    struct rig *r = arg;

    r->u->control &= ~MODES;
}

bool ir_mode(struct rig *r, uint64_t bits)
{
    if (bits && !(r->u->control & MODES)) {
        rule_at_end(r->c, clear_mode, r);
    }
    (void)amdvi_disable(r->u);
    r->u->control = (r->u->control & ~MODES) | bits;
    if (!amdvi_enable(r->u)) {
        rule_error(r->c, "no completion with 0x%llx in Control", (unsigned long long)bits);
        return false;
    }
    return true;
}

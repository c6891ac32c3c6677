// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/irq_rig.h"

#include <stddef.h>

#include "arch/apic_encode.h"
#include "arch/irq.h"
#include "arch/lapic.h"
#include "arch/percpu.h"
#include "arch/smp.h"
#include "drivers/amdvi/regs.h"
#include "platform/ioapic.h"
#include "platform/msi.h"
#include "tests/env.h"

#define LISTENERS 8
#define WIRES     4

/* A message that nothing follows is waited for as long as this. */
#define SETTLE_US 1000u

const char *const source_names[SOURCE_COUNT] = {"an event", "a completion"};

static struct listener listeners[LISTENERS];

static uint32_t wires[WIRES];
static unsigned wire_count;

static void count(void *arg)
{
    struct listener *l = arg;

    l->cpu = this_cpu()->number;
    l->count++; /* one vector goes to one CPU at a time */
    if (l->then != NULL) {
        l->then(l, l->arg);
    }
}

struct listener *irq_listen(struct check *c, unsigned vector)
{
    for (unsigned i = 0; i < LISTENERS; i++) {
        struct listener *l = &listeners[i];

        if (l->vector != 0) {
            continue;
        }
        l->count = 0;
        l->cpu = UINT32_MAX;
        l->then = NULL;
        if (irq_claim_vector(vector, count, l)) {
            l->vector = vector;
            return l;
        }
        break;
    }
    rule_error(c, "vector 0x%x is not to be had", vector);
    return NULL;
}

void control_listener(struct check *c, struct listener *l)
{
    uint32_t self = lapic_id();

    l->count = 0;
    (void)lapic_ipi(self, APIC_ICR_FIXED | APIC_ICR_ASSERT | l->vector);
    (void)irq_wait(l->count == 1, AMDVI_WAIT_US);
    control_pos(c, l->count == 1, "an interrupt at vector 0x%x is counted", l->vector);
    (void)lapic_ipi(self, APIC_ICR_FIXED | APIC_ICR_ASSERT | l->vector);
    (void)irq_wait(l->count == 2, AMDVI_WAIT_US);
    control_neg(c, l->count == 2, "one too many would be counted too");
    l->count = 0;
}

static void irq_rig_end(void *arg)
{
    struct rig *r = arg;
    struct exception_info ex;

    msi_enable(r->u->devid, false);
    if (!env.testdev_missing) {
        msi_enable(r->testdev, false);
    }
    for (unsigned i = 0; i < wire_count; i++) {
        (void)ioapic_mask(wires[i], true);
    }
    wire_count = 0;
    irq_window(); /* what is still on its way belongs to this rule */
    for (unsigned i = 0; i < LISTENERS; i++) {
        irq_free_vector(listeners[i].vector);
        listeners[i].vector = 0;
    }
    for (unsigned n = 1; n < smp_count(); n++) {
        if (smp_take_idle_exception(n, &ex)) {
            rule_error(r->c, "exception %u at 0x%llx in an interrupt handler on CPU %u", ex.vector,
                       (unsigned long long)ex.rip, n);
        }
    }
}

void irq_rig_join(struct rig *r)
{
    rule_at_end(r->c, irq_rig_end, r);
    msi_enable(r->u->devid, false);
    if (!env.testdev_missing) {
        msi_enable(r->testdev, false);
    }
}

struct rig *irq_rig_begin(struct check *c)
{
    struct rig *r = rig_begin(c);
    struct amdvi_pt pt;

    if (!r) {
        return NULL;
    }
    irq_rig_join(r);
    if (!msi_cap(r->u->devid)) {
        rule_error(c, "the IOMMU has no MSI capability");
        return NULL;
    }
    if (!env.testdev_missing && (!rig_tree(r, &pt, 4) || !rig_attach_tree(r, r->testdev, &pt, 5))) {
        return NULL;
    }
    return r;
}

bool irq_wire(struct check *c, struct madt_gsi gsi, unsigned vector)
{
    bool known = false;

    for (unsigned i = 0; i < wire_count; i++) {
        known = known || wires[i] == gsi.gsi;
    }
    if (!known && wire_count < WIRES) {
        wires[wire_count++] = gsi.gsi;
        known = true;
    }
    if (!known || !ioapic_connect(gsi, smp_apic_id(0), (uint8_t)vector)) {
        rule_error(c, "no I/O APIC has interrupt %u", gsi.gsi);
        return false;
    }
    return true;
}

void irq_settle(void)
{
    (void)irq_wait(false, SETTLE_US);
}

void irq_enables(struct rig *r, unsigned enables)
{
    amdvi_write64(r->u, 0x18, (amdvi_read64(r->u, 0x18) & ~0x18ull) | enables);
}

void irq_clear_status(struct rig *r)
{
    amdvi_write64(r->u, 0x2020, 0x68e67);
}

unsigned source_enable(enum source s)
{
    return s == SOURCE_EVENT ? EVENT_INT_EN : COM_WAIT_INT_EN;
}

uint64_t source_status(enum source s)
{
    return s == SOURCE_EVENT ? 0x2 : 0x4;
}

/* 4 aligned bytes: refused and logged in one piece (docs/testdev.md). */
static bool fire_event(void)
{
    uint32_t data = 0x11223344, result = 0;

    return !testdev_write(&env.testdev, IRQ_RIG_BLOCKED, &data, 4, &result) || result != 0;
}

static bool fire_completion(struct rig *r)
{
    volatile uint64_t *word = (volatile uint64_t *)r->u->semaphore + 1;
    uint64_t addr = (uint64_t)word, data = ++r->nonce;

    amdvi_cmd_put(r->u,
                  (struct amdvi_cmd){{(uint32_t)addr | 3, 0x10000000u | (uint32_t)(addr >> 32),
                                      (uint32_t)data, (uint32_t)(data >> 32)}});
    amdvi_cmd_ring(r->u);
    return wait_until(*word == data, AMDVI_WAIT_US);
}

bool source_fire(struct rig *r, enum source s)
{
    if (!(s == SOURCE_EVENT ? fire_event() : fire_completion(r))) {
        rule_error(r->c, "%s: %s, Status 0x%llx", source_names[s],
                   s == SOURCE_EVENT ? "an access to a page that is not present was not refused"
                                     : "no store within the limit",
                   (unsigned long long)amdvi_read64(r->u, 0x2020));
        return false;
    }
    return true;
}

void expect_later(struct rig *r, enum source s, struct listener *later, const char *what)
{
    irq_enables(r, 0);
    irq_clear_status(r);
    later->count = 0;
    if (!msi_connect(r->u->devid, smp_apic_id(0), (uint8_t)later->vector)) {
        rule_error(r->c, "the MSI capability cannot be programmed");
        return;
    }
    irq_enables(r, EVENT_INT_EN | COM_WAIT_INT_EN);
    if (!source_fire(r, s)) {
        return;
    }
    (void)irq_wait(later->count != 0, AMDVI_WAIT_US);
    expect_true(r->c, later->count == 1,
                "%s, then %s with everything enabled: expected 1 message, actual %u", what,
                source_names[s], later->count);
}

bool irq_send_under(struct rig *r, uint64_t q0, uint64_t q1, uint64_t q2, unsigned vector,
                    struct listener *later)
{
    later->count = 0;
    if (!rig_attach(r, r->testdev, q0, q1, q2, 0) ||
        !msi_connect(r->testdev, smp_apic_id(0), (uint8_t)vector) || !testdev_msi(&env.testdev) ||
        !rig_attach(r, r->testdev, 0, 0, 0, 0) ||
        !msi_connect(r->testdev, smp_apic_id(0), (uint8_t)later->vector) ||
        !testdev_msi(&env.testdev)) {
        rule_error(r->c, "the test device cannot send its message");
        return false;
    }
    (void)irq_wait(later->count != 0, AMDVI_WAIT_US);
    return true;
}

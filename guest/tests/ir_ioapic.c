// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The I/O APIC's messages: whose table leads them, and by which index (docs/rules.md section 10).
 * 82093AA I/O APIC data sheet, section 3.2.4. The pin is the test device's INTx.
 *
 * A level is ended by the vector that the local APIC tells the I/O APICs; what they compare with is
 * the platform's affair (IR-009), so all levels here have index and vector alike.
 */
#include "arch/irq.h"
#include "arch/lapic.h"
#include "arch/smp.h"
#include "platform/ioapic.h"
#include "tests/env.h"
#include "tests/ir_rig.h"

/* Redirection entry: vector 7:0, delivery mode 10:8, active low 13, level 15, masked 16,
 * destination 63:56. */
#define RTE_LEVEL  0x8000ull
#define RTE_LOW    0x2000ull
#define RTE_MASKED 0x10000ull
#define RTE_CPU(n) ((uint64_t)smp_apic_id(n) << 56)

/* Entries of the I/O APIC's table lead to MOVED, those of the test device's to WRONG. */
#define FIXED 0x01u

struct pin {
    struct ir x;
    struct madt_gsi gsi;
    uint16_t ioapic;
    uint64_t others; /* the table of everybody else */
    uint32_t at;     /* the level ends at this interrupt */
};

static struct pin pin;

static void end_level(struct listener *l, void *arg)
{
    struct pin *p = arg;

    if (l->count >= p->at) {
        (void)testdev_intx(&env.testdev, false);
    }
    if (l->count > p->at) {
        (void)ioapic_mask(p->gsi.gsi, true); /* no storm */
    }
}

static void intx_off(void *arg)
{
    (void)arg;
    (void)testdev_intx(&env.testdev, false);
}

static bool begin(struct pin *p, struct check *c)
{
    struct ir *x = &p->x;

    *p = (struct pin){0};
    if (!ir_begin(x, c)) {
        return false;
    }
    p->ioapic = x->r->u->ioapic;
    if (p->ioapic == 0) {
        rule_skip(c, "the IVRS names no I/O APIC");
        return false;
    }
    if (!ioapic_pci_intx(x->r->testdev, &p->gsi)) {
        rule_skip(c, "how interrupt pins are wired is known for Intel ICH9 only");
        return false;
    }
    rule_at_end(c, intx_off, NULL);
    /* Registers the pin, so that it is masked at the end. */
    if (!irq_wire(c, p->gsi, IR_VECTOR_LATER)) {
        return false;
    }
    p->others = x->table + IR_TABLE_BYTES;
    for (unsigned i = 0; i < 512; i++) {
        ((volatile uint32_t *)p->others)[i] = IR_VECTOR_WRONG << 16 | smp_apic_id(0) << 8 | FIXED;
    }
    return true;
}

/* The device whose pin it is, and device 0, have a table of their own. */
static bool attach_others(struct pin *p)
{
    struct rig *r = p->x.r;

    return rig_attach(r, r->testdev, IR_Q0, IR_DOMAIN, IR_Q2 | p->others, 0) &&
           rig_attach(r, 0, IR_Q0, IR_DOMAIN, IR_Q2 | p->others, 0);
}

/* The I/O APIC's own entry: V=1, Mode 0, and this q2; its interrupt table is flushed. */
static bool attach(struct pin *p, uint64_t q2)
{
    struct rig *r = p->x.r;

    if (!rig_attach(r, p->ioapic, IR_Q0, IR_DOMAIN, q2, 0) ||
        !amdvi_cmd_and_wait(r->u, (struct amdvi_cmd){{p->ioapic, 0x50000000u, 0, 0}})) {
        rule_error(r->c, "no completion");
        return false;
    }
    return true;
}

/* The pin with this redirection entry is on, once or until the handler has ended it @at times. */
static void pulse(struct pin *p, uint64_t rte, uint32_t at)
{
    struct ir *x = &p->x;

    x->moved->count = x->wrong->count = x->later->count = 0;
    x->moved->cpu = UINT32_MAX;
    p->at = at;
    if (!ioapic_write(p->gsi.gsi, rte | (p->gsi.active_low ? RTE_LOW : 0)) ||
        !testdev_intx(&env.testdev, true)) {
        rule_error(x->r->c, "the test device cannot assert its pin");
        return;
    }
    (void)irq_wait(x->moved->count >= at || x->wrong->count != 0, AMDVI_WAIT_US / 50);
    irq_settle();
    if (!testdev_intx(&env.testdev, false)) {
        rule_error(x->r->c, "the test device cannot take back its pin");
    }
    irq_settle();
}

static void expect_pulse(struct pin *p, uint64_t rte, uint32_t at, unsigned moved, unsigned wrong,
                         unsigned cpu, const char *what)
{
    struct ir *x = &p->x;

    pulse(p, rte, at);
    expect_true(x->r->c,
                x->moved->count == moved && x->wrong->count == wrong &&
                    (moved == 0 || x->moved->cpu == cpu),
                "%s: expected %u interrupts at 0x%x, on CPU %u, and %u at 0x%x; actual %u, on CPU "
                "%u, and %u",
                what, moved, IR_VECTOR_MOVED, cpu, wrong, IR_VECTOR_WRONG, x->moved->count,
                x->moved->cpu, x->wrong->count);
}

/* Indices with delivery mode 000 and 001; below them a pin whose edge starts it. */
static void by_index(struct pin *p)
{
    static const unsigned indices[] = {0x40, 0x73, 0x92, 0xe1, 0x140, 0x133, 0x192, 0x1ee};
    struct ir *x = &p->x;

    for (unsigned i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
        unsigned cpu = i % 2;

        ir_fill_wrong(x, 512);
        ir_entry(x, indices[i], FIXED, (uint8_t)smp_apic_id(cpu), IR_VECTOR_MOVED);
        if (!attach(p, IR_Q2 | x->table)) {
            return;
        }
        /* The destination of the redirection entry is the other CPU. */
        expect_pulse(p, RTE_CPU(!cpu) | indices[i], 1, 1, 0, cpu, "an edge by its index");
        expect_no_event(x->r, "an edge by its index");
    }
}

/* The level comes again after each end of interrupt, and not after it has gone. */
static void levels(struct pin *p)
{
    struct ir *x = &p->x;

    x->moved->then = x->wrong->then = end_level; /* on this CPU: the test device has one driver */
    x->moved->arg = x->wrong->arg = p;
    ir_fill_wrong(x, 512);
    ir_entry(x, IR_VECTOR_MOVED, FIXED, (uint8_t)smp_apic_id(0), IR_VECTOR_MOVED);
    if (!attach(p, IR_Q2 | x->table)) {
        return;
    }
    for (uint32_t at = 1; at <= 3; at++) {
        expect_pulse(p, RTE_CPU(0) | RTE_LEVEL | IR_VECTOR_MOVED, at, at, 0, 0, "a level");
        expect_u64(x->r->c, "Remote IRR afterwards", 0, ioapic_in_service(p->gsi.gsi));
    }
    expect_no_event(x->r, "levels");
    /* The mask is the I/O APIC's. */
    expect_pulse(p, RTE_CPU(0) | RTE_MASKED | IR_VECTOR_MOVED, 1, 0, 0, 0, "a masked pin");
    expect_no_event(x->r, "a masked pin");
}

static void other_ways(struct pin *p)
{
    struct ir *x = &p->x;

    ir_fill_wrong(x, 512);
    ir_entry(x, IR_VECTOR_WRONG, FIXED, (uint8_t)smp_apic_id(0), IR_VECTOR_MOVED);
    /* IntCtl=01 and IV=0: the redirection entry's own vector */
    if (attach(p, 0x1000000000000013 | x->table)) {
        expect_pulse(p, RTE_CPU(0) | IR_VECTOR_WRONG, 1, 0, 1, 0, "IntCtl=01");
    }
    if (attach(p, 0x2000000000000012 | x->table)) {
        expect_pulse(p, RTE_CPU(0) | IR_VECTOR_WRONG, 1, 0, 1, 0, "IV=0");
    }
    expect_no_event(x->r, "what is forwarded");
    if (attach(p, 0x0000000000000013 | x->table)) {
        expect_pulse(p, RTE_CPU(0) | IR_VECTOR_WRONG, 1, 0, 0, 0, "IntCtl=00");
        rig_take_events(x->r);
    }
    ir_entry(x, IR_VECTOR_WRONG, 0, (uint8_t)smp_apic_id(0), IR_VECTOR_MOVED);
    if (attach(p, IR_Q2 | x->table)) {
        expect_pulse(p, RTE_CPU(0) | IR_VECTOR_WRONG, 1, 0, 0, 0, "RemapEn=0");
        ir_expect_records(x, 1, p->ioapic, IR_FAULT_ABSENT, IR_FAULT_RW,
                          "RemapEn=0: DeviceID of the IVRS");
    }
}

RULE("AMDVI-IR-009", "M", ir_ioapic_by_its_devid, RULE_KEYS("2.2.5", "testdev,apic,cpus2"),
     "An I/O APIC's interrupt is led by the table of the DeviceID that the IVRS gives it, at the "
     "index in bits 10:0 of the redirection entry; a level comes again until it is gone")
{
    struct pin *p = &pin;

    if (!begin(p, c)) {
        return;
    }
    /* The way of the pin itself, with V=0 for the I/O APIC. */
    pulse(p, RTE_CPU(0) | IR_VECTOR_MOVED, 1);
    control_pos(c, p->x.moved->count == 1 && p->x.wrong->count == 0, "the pin interrupts");
    pulse(p, RTE_CPU(0) | RTE_MASKED | IR_VECTOR_MOVED, 1);
    control_neg(c, p->x.moved->count == 0 && p->x.wrong->count == 0,
                "and does not when it is masked");
    if (!attach_others(p)) {
        return;
    }

    by_index(p);
    other_ways(p);
    levels(p);
}

RULE("AMDVI-IR-016", "M", ir_keeps_trigger_mode, RULE_KEYS("2.2.5", "testdev,apic"),
     "A remapped message is level or edge as the device has sent it: the entry does not tell")
{
    /* Fixed; arbitrated; RqEoi=1 */
    static const uint32_t lows[] = {0x01, 0x05, 0x21};
    struct ir x;

    if (!ir_begin(&x, c)) {
        return;
    }
    control_listener(c, x.moved);
    /* Bits 15:14 of the data: an edge, a level that is on; the index is 7, then 1c7h. */
    for (unsigned round = 0; round < 4 && !rule_broken(c); round++) {
        unsigned level = round % 2;
        uint16_t index = round < 2 ? 0x007 : 0x1c7;

        for (unsigned i = 0; i < sizeof(lows) / sizeof(lows[0]); i++) {
            ir_fill_wrong(&x, 512);
            ir_entry(&x, index, lows[i], (uint8_t)smp_apic_id(0), IR_VECTOR_MOVED);
            ir_expect_moved(&x, index | (level ? 0xc000u : 0), level ? "a level" : "an edge");
            expect_u64(c, "trigger mode at the local APIC", level, lapic_level(IR_VECTOR_MOVED));
        }
    }
    expect_no_event(x.r, "edges and levels");
}

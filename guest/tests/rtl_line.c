// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RTL8139: its interrupt pin on its way through the I/O APIC (docs/rules.md, RTL-IR-002). PCI Local
 * Bus Specification 3.0, section 2.2.6 (a pin is a level, held until the driver has cleared the
 * cause); 82093AA I/O APIC data sheet, section 3.2.4 (mask, trigger mode, Remote IRR).
 *
 * The I/O APIC's message is itself a request that the IOMMU sees, with the DeviceID that the IVRS
 * gives it. Its device table entry is all zero here (V=0), so it goes on unchanged; only a control
 * blocks it.
 */
#include "arch/irq.h"
#include "drivers/rtl8139/regs.h"
#include "platform/ioapic.h"
#include "tests/env.h"
#include "tests/irq_rig.h"
#include "tests/nic.h"

/* Only the first is ever allowed to interrupt, but for the last step. */
#define VECTOR_LINE  0x93
#define VECTOR_OTHER 0x54

/* What the handler does, and at which interrupt: a level that nothing ends would never stop. */
enum ending { CLEAR, MASK };

struct line {
    struct nic n;
    struct madt_gsi gsi;
    struct listener *here, *other;
    enum ending ending;
    uint32_t at;
    bool in_service; /* Remote IRR, as the first handler saw it */
};

static struct line line;

static void end_level(struct listener *l, void *arg)
{
    struct line *t = arg;

    if (l->count == 1) {
        t->in_service = ioapic_in_service(t->gsi.gsi);
    }
    if (l->count < t->at) {
        return;
    }
    if (t->ending == CLEAR) {
        rtl8139_write16(t->n.d, 0x3e, 0x0005);
    } else {
        rtl8139_write16(t->n.d, 0x3c, 0x0000);
    }
    if (l->count > t->at) {
        (void)ioapic_mask(t->gsi.gsi, true); /* not the card's doing: no storm */
    }
}

static void expect_from_now(struct line *t, enum ending ending, uint32_t at)
{
    t->here->count = t->other->count = 0;
    t->ending = ending;
    t->at = at;
}

/* A frame in loopback, both ways through the IOMMU: ISR has ROK and TOK, IMR is 0. */
static bool raise(struct line *t)
{
    static struct frame f;
    struct piece arrived;
    struct nic *n = &t->n;

    nic_start(n, true);
    frame_make(n, &f, TO_CARD, 60, 0x00404001);
    arrived = frame_piece(&f, 0);
    expect_true(n->c, nic_send(n, 0, 0, &f, NULL) && rtl8139_rx_wait(n->d), "no frame arrived");
    expect_window(n, "receive buffer", &n->rx, &arrived, 1);
    expect_u64(n->c, "ISR after a frame in loopback", 0x0005, rtl8139_read16(n->d, 0x3e) & 0x001f);
    irq_settle();
    expect_u64(n->c, "interrupts while IMR=0", 0, t->here->count + t->other->count);
    return !rule_broken(n->c);
}

/* Exactly so many come, and no further one when nothing asks for it any more. */
static void expect_count(struct line *t, const char *what, uint32_t count)
{
    (void)irq_wait(t->here->count >= count, AMDVI_WAIT_US / 4);
    irq_settle();
    expect_u64(t->n.c, what, count, t->here->count);
    expect_u64(t->n.c, "interrupts at another vector", 0, t->other->count);
    expect_u64(t->n.c, "Remote IRR afterwards", 0, ioapic_in_service(t->gsi.gsi));
}

static bool begin(struct line *t, struct check *c)
{
    if (!nic_begin(&t->n, c)) {
        return false;
    }
    irq_rig_join(t->n.r);
    if (!ioapic_pci_intx(t->n.d->devid, &t->gsi)) {
        rule_skip(c, "how interrupt pins are wired is known for Intel ICH9 only");
        return false;
    }
    t->here = irq_listen(c, VECTOR_LINE);
    t->other = t->here ? irq_listen(c, VECTOR_OTHER) : NULL;
    if (!t->other || !nic_controls(&t->n)) {
        return false;
    }
    control_listener(c, t->here);
    control_listener(c, t->other);
    rtl8139_write16(t->n.d, 0x3c, 0x0000);
    rtl8139_write16(t->n.d, 0x3e, 0xffff);
    t->here->then = t->other->then = end_level;
    t->here->arg = t->other->arg = t;
    return irq_wire(c, t->gsi, VECTOR_LINE);
}

/* With the I/O APIC's own entry at IV=1 and IntCtl=00 the pin is on and nothing comes. */
static bool blocked_by_iommu(struct line *t)
{
    struct check *c = t->n.c;
    uint16_t ioapic = t->n.r->u->ioapic;

    if (ioapic == 0) {
        note(c, "the IVRS names no I/O APIC");
        return true;
    }
    expect_from_now(t, CLEAR, 1);
    if (!raise(t) || !rig_attach(t->n.r, ioapic, 0x6000000000000003, 0x5, 0x0000000000000001, 0)) {
        return false;
    }
    rtl8139_write16(t->n.d, 0x3c, 0x0005);
    irq_settle();
    control_neg(c, t->here->count == 0,
                "with IntCtl=00 for DeviceID 0x%04x the I/O APIC's message is stopped", ioapic);
    rtl8139_write16(t->n.d, 0x3c, 0x0000);
    rig_take_events(t->n.r);
    /* The message is lost and nobody ends it, so the pin's entry is written afresh. */
    return rig_attach(t->n.r, ioapic, 0, 0, 0, 0) && irq_wire(c, t->gsi, VECTOR_LINE);
}

RULE("RTL-IR-002", "A", rtl_intx_through_the_ioapic,
     NIC_KEYS("rtl8139/INTx", "rtl8139,apic", "yes"),
     "INTx by the I/O APIC is a level: it comes again after each end of interrupt while ISR and "
     "IMR have a bit in common, at the pin's vector only, not while IMR or the I/O APIC masks it, "
     "and W1C ends it")
{
    struct line *t = &line;

    *t = (struct line){0};
    if (!begin(t, c) || !blocked_by_iommu(t)) {
        return;
    }

    /* Received: twice more, since the cause is still there when the handler ends. */
    expect_from_now(t, CLEAR, 3);
    if (!raise(t)) {
        return;
    }
    rtl8139_write16(t->n.d, 0x3c, 0x0001);
    expect_count(t, "interrupts for ROK, cleared at the third", 3);
    expect_true(c, t->in_service, "the handler runs: expected Remote IRR=1");
    expect_u64(c, "ISR after W1C", 0, rtl8139_read16(t->n.d, 0x3e) & 0x001f);

    /* Sent: IMR ends it without the cause, and lets it come again. */
    expect_from_now(t, MASK, 2);
    if (!raise(t)) {
        return;
    }
    rtl8139_write16(t->n.d, 0x3c, 0x0004);
    expect_count(t, "interrupts for TOK, masked by IMR at the second", 2);
    expect_u64(c, "ISR with IMR=0", 0x0005, rtl8139_read16(t->n.d, 0x3e) & 0x001f);
    expect_from_now(t, CLEAR, 1);
    rtl8139_write16(t->n.d, 0x3c, 0x0008);
    expect_count(t, "interrupts while IMR enables another bit only", 0);
    rtl8139_write16(t->n.d, 0x3c, 0x0004);
    expect_count(t, "interrupts for TOK when IMR enables it again", 1);

    /* The I/O APIC's mask holds the level back, and does not lose it. */
    (void)ioapic_mask(t->gsi.gsi, true);
    expect_from_now(t, CLEAR, 1);
    if (!raise(t)) {
        return;
    }
    rtl8139_write16(t->n.d, 0x3c, 0x0005);
    expect_count(t, "interrupts while the I/O APIC masks the pin", 0);
    (void)ioapic_mask(t->gsi.gsi, false);
    expect_count(t, "interrupts when it does no longer", 1);

    /* What is over while the pin is masked does not come afterwards. */
    (void)ioapic_mask(t->gsi.gsi, true);
    expect_from_now(t, CLEAR, 1);
    if (!raise(t)) {
        return;
    }
    rtl8139_write16(t->n.d, 0x3c, 0x0005);
    rtl8139_write16(t->n.d, 0x3e, 0x0005);
    (void)ioapic_mask(t->gsi.gsi, false);
    expect_count(t, "interrupts for what was cleared before", 0);

    /* The same pin to the other vector: that is where the counting would have shown it. */
    if (!irq_wire(c, t->gsi, VECTOR_OTHER)) {
        return;
    }
    expect_from_now(t, CLEAR, 2);
    if (!raise(t)) {
        return;
    }
    rtl8139_write16(t->n.d, 0x3c, 0x0005);
    (void)irq_wait(t->other->count >= 2, AMDVI_WAIT_US / 4);
    irq_settle();
    expect_u64(c, "interrupts at the second vector, cleared at the second", 2, t->other->count);
    expect_u64(c, "interrupts at the first vector", 0, t->here->count);
    expect_no_event(t->n.r, "frames and interrupts");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The drive's interrupt by the I/O APIC (docs/rules.md IDE-BM-020): an ISA interrupt, so an edge.
 * ATA/ATAPI-6 sections 5.2.9 and 7.15; 82093AA I/O APIC data sheet, section 3.2.4.
 */
#include "arch/irq.h"
#include "drivers/ide/regs.h"
#include "platform/ioapic.h"
#include "tests/env.h"
#include "tests/ide_rig.h"
#include "tests/irq_rig.h"

#define VECTOR_FIRST  0x95
#define VECTOR_SECOND 0x66

struct channels {
    struct ide_rig t;
    struct ide *first, *second; /* @second may be NULL */
    struct madt_gsi gsi;        /* of the first */
    struct listener *here, *other;
};

static struct ide secondary;

static void first_off(void *arg)
{
    ide_control(arg, 0);
}

static void second_off(void *arg)
{
    if (!ide_reset(&secondary)) {
        rule_error(arg, "the secondary IDE channel stays busy after a reset");
    }
}

static bool wire(struct check *c, const struct ide *d, unsigned vector, struct madt_gsi *gsi)
{
    *gsi = ioapic_isa_irq(d->irq);
    if (gsi->level) {
        rule_skip(c, "the MADT calls ISA interrupt %u a level", d->irq);
        return false;
    }
    return irq_wire(c, *gsi, vector);
}

static bool begin(struct check *c, struct channels *s)
{
    struct madt_gsi unused;

    s->first = &env.ide;
    s->second = ide_discover_channel(&secondary, 1) ? NULL : &secondary;
    if (s->second) {
        rule_at_end(c, second_off, c);
    }
    if (!s->first->irq || (s->second && !s->second->irq)) {
        rule_skip(c, "an IDE channel is in native mode: no ISA interrupt");
        return false;
    }
    if (!ide_rig(c, &s->t, 1)) {
        return false;
    }
    irq_rig_join(s->t.r);
    s->here = irq_listen(c, VECTOR_FIRST);
    s->other = s->here ? irq_listen(c, VECTOR_SECOND) : NULL;
    if (!s->other) {
        return false;
    }
    control_listener(c, s->here);
    control_listener(c, s->other);
    return wire(c, s->first, VECTOR_FIRST, &s->gsi) &&
           (!s->second || wire(c, s->second, VECTOR_SECOND, &unused));
}

/*
 * A READ DMA of one sector on @d, to its end, and time for an interrupt. Status is not read behind
 * it, so the line stays asserted.
 */
static bool request(struct channels *s, struct ide *d)
{
    struct ide_rig *t = &s->t;
    uint32_t lba = d == s->first ? ide_rig_lba(t, false) : 1;

    ide_rig_prd(t, 0, 0x40000200, 0x80000200);
    if (!ide_pio_read(d, lba, t->data)) {
        rule_error(t->c, "sector %u cannot be read by PIO", lba);
        return false;
    }
    irq_settle(); /* PIO interrupts, too */
    s->here->count = s->other->count = 0;
    ide_rig_canary(t);
    ide_rig_want(t, 0x40000200, t->data, 0x200);
    if (!ide_rig_read_sector(t, d, IDE_TABLE, lba)) {
        return false;
    }
    control_pos(t->c, ide_rig_holds(t), "a READ DMA moves its sector");
    irq_settle();
    return !rule_broken(t->c);
}

static void expect_counts(struct channels *s, const char *what, uint32_t first, uint32_t second)
{
    irq_settle();
    expect_true(s->t.c, s->here->count == first && s->other->count == second,
                "%s: expected %u at the first channel's vector and %u at the second's, actual %u "
                "and %u",
                what, first, second, s->here->count, s->other->count);
}

RULE("IDE-BM-020", "A", ide_interrupt_through_the_ioapic, RULE_KEYS("82093AA:3.2.4", "ide,apic"),
     "The end of a request is one interrupt by the I/O APIC, at its channel's vector: not again "
     "while the line stays asserted, none with nIEN=1, and lost while the pin is masked")
{
    static struct channels s;

    s = (struct channels){0};
    if (!begin(c, &s)) {
        return;
    }
    rule_at_end(c, first_off, s.first);
    for (int round = 0; round < 2; round++) {
        if (!request(&s, s.first)) {
            return;
        }
        expect_counts(&s, "a request, line still asserted", 1, 0);
        expect_u64(c, "Status without BSY, DRQ and ERR", 0, ide_status(s.first) & 0x89);
        expect_counts(&s, "a request, Status read", 1, 0);
    }

    ide_control(s.first, 0x02);
    if (!request(&s, s.first)) {
        return;
    }
    expect_counts(&s, "a request with nIEN=1", 0, 0);
    (void)ide_status(s.first);
    ide_control(s.first, 0x00);

    (void)ioapic_mask(s.gsi.gsi, true);
    if (!request(&s, s.first)) {
        return;
    }
    expect_counts(&s, "a request while the pin is masked", 0, 0);
    (void)ioapic_mask(s.gsi.gsi, false);
    expect_counts(&s, "unmasked, line still asserted", 0, 0);
    (void)ide_status(s.first);

    if (!request(&s, s.first)) {
        return;
    }
    expect_counts(&s, "the next request", 1, 0);
    (void)ide_status(s.first);

    if (s.second) {
        if (!request(&s, s.second)) {
            return;
        }
        expect_counts(&s, "a request of the secondary channel", 0, 1);
        (void)ide_status(s.second);
    } else {
        note(c, "no disk on the secondary channel");
    }
    expect_no_event(s.t.r, "requests and interrupts");
}

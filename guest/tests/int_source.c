// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When the IOMMU interrupts: sources, enables, edges (docs/rules.md section 9).
 */
#include "arch/irq.h"
#include "arch/smp.h"
#include "lib/format.h"
#include "platform/msi.h"
#include "tests/env.h"
#include "tests/irq_rig.h"

/* The first has the higher priority, so what is there comes before what came later. */
#define VECTOR_WATCHED 0x9a
#define VECTOR_LATER   0x53

/* One combination of enables and source: is there a message, and exactly one? */
static void sources_case(struct rig *r, enum source s, unsigned enables, bool msi,
                         struct listener *watched, struct listener *later)
{
    bool wanted = msi && (enables & source_enable(s)) != 0;
    char what[128];

    format(what, sizeof(what), "%s with EventIntEn=%u ComWaitIntEn=%u MSI enable=%u",
           source_names[s], enables >> 3 & 1, enables >> 4 & 1, msi);
    irq_enables(r, 0);
    irq_clear_status(r);
    if (!msi_connect(r->u->devid, smp_apic_id(0), VECTOR_WATCHED)) {
        rule_error(r->c, "the MSI capability cannot be programmed");
        return;
    }
    msi_enable(r->u->devid, msi);
    irq_enables(r, enables);
    watched->count = 0;
    if (!source_fire(r, s)) {
        return;
    }
    if (wanted) {
        (void)irq_wait(watched->count != 0, AMDVI_WAIT_US);
    }
    expect_later(r, s, later, what);
    expect_true(r->c, watched->count == wanted, "%s: expected %u messages, actual %u", what, wanted,
                watched->count);
}

RULE("AMDVI-INT-001", "A", int_sources_need_their_enables, RULE_KEYS("3.4", "testdev,apic"),
     "An event interrupts with EventIntEn, a completion with ComWaitIntEn, both with MSI enabled, "
     "and not otherwise")
{
    struct rig *r = irq_rig_begin(c);
    struct listener *watched = r ? irq_listen(c, VECTOR_WATCHED) : NULL;
    struct listener *later = watched ? irq_listen(c, VECTOR_LATER) : NULL;
    uint32_t strays = irq_strays();

    if (!later) {
        return;
    }
    control_listener(c, watched);
    control_listener(c, later);
    for (unsigned i = 0; i < 16 && !rule_broken(c); i++) {
        sources_case(r, i % 2 ? SOURCE_COMPLETION : SOURCE_EVENT, (i >> 1 & 3) << 3, i < 8, watched,
                     later);
    }
    expect_u64(c, "interrupts at vectors that nobody has", strays, irq_strays());
}

/* Each 0 to 1 of one status bit interrupts once; the other source's bit is @other all the time. */
static void edges(struct rig *r, enum source s, bool other, struct listener *watched)
{
    enum source o = s == SOURCE_EVENT ? SOURCE_COMPLETION : SOURCE_EVENT;

    irq_enables(r, 0);
    irq_clear_status(r);
    if (other && (!source_fire(r, o) ||
                  !wait_until(amdvi_read64(r->u, 0x2020) & source_status(o), AMDVI_WAIT_US))) {
        rule_error(r->c, "the status bit of %s does not come", source_names[o]);
        return;
    }
    watched->count = 0;
    irq_enables(r, source_enable(s));
    for (unsigned n = 1; n <= 5; n++) {
        if (!source_fire(r, s)) {
            return;
        }
        (void)irq_wait(watched->count == n, AMDVI_WAIT_US);
        expect_true(r->c, watched->count == n,
                    "%s, its status bit from 0 to 1 for time %u, the other bit %u: expected %u "
                    "messages, actual %u",
                    source_names[s], n, other, n, watched->count);
        amdvi_write64(r->u, 0x2020, source_status(s));
        if (rule_broken(r->c)) {
            return;
        }
    }
}

RULE("AMDVI-INT-002", "A", int_message_for_each_edge, RULE_KEYS("2.5", "testdev,apic"),
     "Each time EventLogInt or ComWaitInt goes from 0 to 1, one message is sent, and none when it "
     "is cleared")
{
    static const char *const keys[SOURCE_COUNT] = {"event_repeats", "completion_repeats"};
    struct rig *r = irq_rig_begin(c);
    struct listener *watched = r ? irq_listen(c, VECTOR_WATCHED) : NULL;
    struct listener *later = watched ? irq_listen(c, VECTOR_LATER) : NULL;

    if (!later) {
        return;
    }
    control_listener(c, watched);
    control_listener(c, later);
    for (unsigned i = 0; i < 4 && !rule_broken(c); i++) {
        enum source s = i % 2 ? SOURCE_COMPLETION : SOURCE_EVENT;

        if (!msi_connect(r->u->devid, smp_apic_id(0), VECTOR_WATCHED)) {
            rule_error(c, "the MSI capability cannot be programmed");
            return;
        }
        edges(r, s, i >= 2, watched);
        expect_later(r, s, later, "the last edge");
        expect_u64(c, "messages after the last status bit was cleared", 5, watched->count);
    }

    /* While the bit stays 1 (docs/rules.md: report only). */
    for (unsigned s = 0; s < SOURCE_COUNT && !rule_broken(c); s++) {
        uint32_t before;

        irq_enables(r, 0);
        irq_clear_status(r);
        (void)msi_connect(r->u->devid, smp_apic_id(0), VECTOR_WATCHED);
        irq_enables(r, source_enable(s));
        before = watched->count;
        if (!source_fire(r, s) || !irq_wait(watched->count != before, AMDVI_WAIT_US)) {
            rule_error(c, "no message from a cleared status bit");
            return;
        }
        before = watched->count;
        for (unsigned n = 0; n < 4; n++) {
            (void)source_fire(r, s);
            irq_window();
        }
        expect_later(r, s, later, "repetitions");
        observe(c, keys[s], "%u of 4", watched->count - before);
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The IOMMU's message: what it is, where it goes, and that nothing translates it (docs/rules.md
 * sections 1 and 9).
 */
#include "arch/irq.h"
#include "arch/smp.h"
#include "drivers/amdvi/regs.h"
#include "platform/ioapic.h"
#include "platform/msi.h"
#include "platform/pci.h"
#include "tests/env.h"
#include "tests/irq_rig.h"

#define VECTOR_WATCHED 0x9a
#define VECTOR_LATER   0x53

/* MSI to @vector on CPU @cpu, by literals: address FEE00000h, APIC ID in 19:12; data is the vector.
 */
static bool message_to(struct rig *r, unsigned cpu, unsigned vector)
{
    irq_enables(r, 0);
    irq_clear_status(r);
    if (!msi_program(r->u->devid, 0xfee00000ull | (uint64_t)smp_apic_id(cpu) << 12,
                     (uint16_t)vector)) {
        rule_error(r->c, "the MSI capability cannot be programmed");
        return false;
    }
    msi_enable(r->u->devid, true);
    irq_enables(r, EVENT_INT_EN | COM_WAIT_INT_EN);
    return true;
}

RULE("AMDVI-INT-004", "M", int_message_is_what_msi_says, RULE_KEYS("3.2", "testdev,apic,cpus2"),
     "The message has the vector and the destination that the MSI capability names, on either CPU")
{
    static const unsigned vectors[] = {0x31, 0x5e, 0xef};
    struct rig *r = irq_rig_begin(c);
    struct listener *l[3];
    uint32_t strays = irq_strays();

    for (unsigned i = 0; r && i < 3; i++) {
        l[i] = irq_listen(c, vectors[i]);
        if (!l[i]) {
            return;
        }
    }
    if (!r || smp_apic_id(0) > 0xff || smp_apic_id(1) > 0xff) {
        rule_error(c, "an APIC ID that no message can name");
        return;
    }
    control_listener(c, l[0]);
    for (unsigned i = 0; i < 12 && !rule_broken(c); i++) {
        enum source s = i / 6 ? SOURCE_COMPLETION : SOURCE_EVENT;
        unsigned cpu = i & 1, v = i / 2 % 3;

        for (unsigned k = 0; k < 3; k++) {
            l[k]->count = 0;
        }
        if (!message_to(r, cpu, vectors[v]) || !source_fire(r, s)) {
            return;
        }
        (void)irq_wait(l[v]->count != 0, AMDVI_WAIT_US);
        expect_true(c, l[v]->count == 1 && l[v]->cpu == cpu,
                    "%s, message to vector 0x%x on CPU %u: expected one there, actual %u, the last "
                    "on CPU %d; stray interrupts %u, the last at 0x%x",
                    source_names[s], vectors[v], cpu, l[v]->count, (int)l[v]->cpu,
                    irq_strays() - strays, irq_last_stray());
        for (unsigned k = 0; k < 3; k++) {
            expect_u64(c, "messages at a vector that was not named", k == v, l[k]->count);
        }
    }
    expect_u64(c, "interrupts at vectors that nobody has", strays, irq_strays());
}

RULE("AMDVI-CAP-009", "A", cap_own_traffic_is_exempt, RULE_KEYS("3.2", "testdev,apic"),
     "A device table entry that denies everything, for the IOMMU's own DeviceID, stops none of its "
     "reads, writes and messages")
{
    struct rig *r = irq_rig_begin(c);
    struct listener *watched = r ? irq_listen(c, VECTOR_WATCHED) : NULL;
    struct listener *device = watched ? irq_listen(c, VECTOR_LATER) : NULL;
    struct amdvi_event e = {{0, 0, 0, 0}};

    if (!device) {
        return;
    }

    /* The test device's message passes; with IV=1 and IntCtl=00 it does not, and its DMA is refused
     * with TV=1, Mode 0, IR=IW=0: q0 = 3, q2 = 1. */
    if (!msi_connect(r->testdev, smp_apic_id(0), VECTOR_LATER)) {
        rule_error(c, "the test device has no MSI capability");
        return;
    }
    control_pos(c, testdev_msi(&env.testdev) && irq_wait(device->count == 1, AMDVI_WAIT_US),
                "a message of the test device arrives while its entry has IV=0");
    if (!rig_attach(r, r->testdev, 0x3, 0x5, 0x1, 0) || !testdev_msi(&env.testdev)) {
        return;
    }

    uint32_t data = 0, result = 0;

    (void)testdev_read(&env.testdev, IRQ_RIG_BLOCKED, &data, 4, &result);
    msi_enable(r->testdev, false);
    if (!rig_attach(r, r->u->devid, 0x3, 0x5, 0x1, 0)) {
        return;
    }
    rig_take_events(r);
    if (!message_to(r, 0, VECTOR_WATCHED)) {
        return;
    }
    for (unsigned n = 1; n <= 3 && !rule_broken(c); n++) {
        bool stored = amdvi_wait_completion(r->u, AMDVI_WAIT_US / 4);

        expect_true(c, stored, "a command and its store: expected, actual none");
        if (!source_fire(r, SOURCE_EVENT)) {
            return;
        }
        (void)irq_wait(watched->count == n, AMDVI_WAIT_US / 4);
        expect_u64(c, "messages of events", n, watched->count);
        expect_u64(c, "records in the event log", 1, amdvi_evt_take(r->u, &e, 1));
        expect_u64(c, "the record's DeviceID", r->testdev, e.dw[0] & 0xfffff);
        /* A write that Mode 0 denies: PR and PE are both 1, or both 0 (DTE-003). */
        expect_true(c, e.dw[1] == 0x20700005 || e.dw[1] == 0x20200005,
                    "the record's dw1: expected 20700005 or 20200005, actual %08x", e.dw[1]);
        expect_u64(c, "the record's address", IRQ_RIG_BLOCKED, amdvi_event_address(&e));
        irq_clear_status(r);
    }
    control_neg(c, device->count == 1 && result != 0,
                "the same entry refuses the test device's message and DMA");
}

#define PIN_GSI_FIRST 16u /* of the interrupts that PCI pins use */
#define PIN_GSI_COUNT 8u
#define PIN_STORM     16u

static void mask_pins(void)
{
    for (uint32_t i = 0; i < PIN_GSI_COUNT; i++) {
        (void)ioapic_mask(PIN_GSI_FIRST + i, true);
    }
}

/* INTx of the test device, a level: ended where it comes from, or it would come again and again. */
struct pin {
    volatile uint32_t count;
};

static void pin_handler(void *arg)
{
    struct pin *p = arg;

    (void)testdev_intx(&env.testdev, false);
    if (++p->count == PIN_STORM) {
        mask_pins(); /* somebody else drives one */
    }
}

static void pins_off(void *arg)
{
    mask_pins();
    irq_window();
    irq_free_vector((unsigned)(uintptr_t)arg);
}

RULE("AMDVI-INT-007", "M", int_no_pin, RULE_KEYS("2.8", "testdev,apic"),
     "The IOMMU never uses an interrupt pin, with MSI off either")
{
    static struct pin pin;
    struct rig *r = irq_rig_begin(c);
    unsigned vector = r ? irq_alloc_vector(pin_handler, &pin) : 0;
    struct madt_gsi gsi;

    if (!vector) {
        return;
    }
    rule_at_end(c, pins_off, (void *)(uintptr_t)vector);
    if (!ioapic_pci_intx(r->testdev, &gsi)) {
        rule_skip(c, "how interrupt pins are wired is known for Intel ICH9 only");
        return;
    }
    pin.count = 0;
    for (uint32_t i = 0; i < PIN_GSI_COUNT; i++) {
        (void)ioapic_connect((struct madt_gsi){.gsi = PIN_GSI_FIRST + i, .level = true},
                             smp_apic_id(0), (uint8_t)vector);
    }
    irq_window();
    control_neg(c, pin.count == 0, "no pin is driven at the start");

    irq_clear_status(r);
    irq_enables(r, EVENT_INT_EN | COM_WAIT_INT_EN);
    for (unsigned s = 0; s < SOURCE_COUNT; s++) {
        if (!source_fire(r, s)) {
            return;
        }
        expect_u64(c, "PCI status of the IOMMU, bit 3, after an interrupt condition", 0,
                   pci_read16(r->u->devid, PCI_STATUS) >> 3 & 1);
    }
    irq_window();
    expect_u64(c, "interrupts from pins", 0, pin.count);
    if (rule_broken(c)) {
        return; /* a pin that somebody else drives spoils the control */
    }

    /* A later one, from a pin that is driven. */
    bool driven = testdev_intx(&env.testdev, true);

    (void)irq_wait(pin.count != 0, AMDVI_WAIT_US);
    control_pos(c, driven && pin.count == 1, "the test device's pin interrupts at %u", gsi.gsi);
    expect_u64(c, "pins in service", 0, ioapic_in_service(gsi.gsi));
}

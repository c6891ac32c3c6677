// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mode for x2APIC: destinations of 32 bits, in entries and for the IOMMU's own interrupts
 * (docs/rules.md sections 2.1, 9 and 10).
 */
#include "arch/irq.h"
#include "arch/smp.h"
#include "platform/msi.h"
#include "tests/env.h"
#include "tests/ir_rig.h"

#define FIXED 0x01ull
#define INDEX 0x033u

static bool supported(struct rig *r)
{
    uint64_t efr = amdvi_read64(r->u, 0x30);

    if ((efr & 0x84) == 0x84) {
        return true;
    }
    rule_skip(r->c, "EFR 0x%llx: XTSup=0, or GASup=0", (unsigned long long)efr);
    return false;
}

/* A CPU whose APIC ID needs more than 8 bits, or else the second one. */
static unsigned far_cpu(void)
{
    for (unsigned n = 1; n < smp_count(); n++) {
        if (smp_apic_id(n) > 0xff && smp_started(n)) {
            return n;
        }
    }
    return 1;
}

/* Does a running CPU have this APIC ID? */
static bool is_there(uint32_t id)
{
    for (unsigned n = 0; n < smp_count(); n++) {
        if (smp_apic_id(n) == id) {
            return true;
        }
    }
    return false;
}

/* An entry of 16 bytes: destination 23:0 in 31:8 of the low quadword, 31:24 in 63:56 of the high
 * one. */
static void large_entry(const struct ir *x, uint32_t dest, uint8_t vector)
{
    volatile uint64_t *q = (volatile uint64_t *)(x->table + INDEX * 16ull);

    q[1] = (uint64_t)(dest >> 24) << 56 | vector;
    q[0] = (uint64_t)(dest & 0xffffff) << 8 | FIXED;
}

/* @cpu: where it is to come, -1: nowhere */
static void expect_at(struct ir *x, uint32_t dest, int cpu, const char *what)
{
    struct check *c = x->r->c;
    unsigned want = cpu >= 0;

    large_entry(x, dest, IR_VECTOR_MOVED);
    x->moved->cpu = UINT32_MAX;
    if (!ir_send_index(x, INDEX)) {
        return;
    }
    if (want) {
        (void)irq_wait(x->moved->count != 0, AMDVI_WAIT_US / 10);
    }
    expect_true(c,
                x->moved->count == want && x->wrong->count == 0 &&
                    (!want || x->moved->cpu == (unsigned)cpu),
                "%s, destination 0x%x: expected %u messages, on CPU %d, actual %u, on CPU %d", what,
                dest, want, cpu, x->moved->count, (int)x->moved->cpu);
}

RULE("AMDVI-IR-012", "A", ir_destination_width, RULE_KEYS("2.2.5", "testdev,apic,cpus2"),
     "An entry of 16 bytes has a destination of 32 bits with XTEn=1, and of 8 bits with XTEn=0")
{
    const unsigned far = far_cpu();
    struct ir x;

    if (!ir_begin(&x, c) || !supported(x.r) || !ir_mode(x.r, IR_GA | IR_XT)) {
        return;
    }
    large_entry(&x, smp_apic_id(0), IR_VECTOR_MOVED);
    control_pos(c, ir_send_index(&x, INDEX) && x.moved->count == 1,
                "an entry for this CPU leads to it");
    large_entry(&x, smp_apic_id(0), IR_VECTOR_WRONG);
    control_neg(c, ir_send_index(&x, INDEX) && x.moved->count == 0 && x.wrong->count == 1,
                "to the vector that it names");

    expect_at(&x, smp_apic_id(0), 0, "XTEn=1");
    expect_at(&x, smp_apic_id(1), 1, "XTEn=1");
    expect_at(&x, smp_apic_id(far), (int)far, "XTEn=1");
    observe(c, "far_id", "%x", smp_apic_id(far));
    /* Each bit more names a CPU that is not there. */
    for (unsigned bit = 8; bit < 32 && !rule_broken(c); bit++) {
        uint32_t id = smp_apic_id(0) ^ 1u << bit;

        if (!is_there(id)) {
            expect_at(&x, id, -1, "XTEn=1");
        }
    }
    expect_no_event(x.r, "XTEn=1");

    if (!ir_mode(x.r, IR_GA)) {
        return;
    }
    /* Bits 31:16 of the low quadword are not used. */
    for (unsigned bit = 8; bit < 24 && !rule_broken(c); bit++) {
        expect_at(&x, smp_apic_id(0) ^ 1u << bit, 0, "XTEn=0");
    }
    if (smp_apic_id(1) < 255) {
        expect_at(&x, smp_apic_id(1) | 0xffff00, 1, "XTEn=0");
    }
    expect_no_event(x.r, "XTEn=0");
    large_entry(&x, smp_apic_id(0) | 0x01000000, IR_VECTOR_MOVED);
    if (ir_send_index(&x, INDEX)) {
        observe(c, "xt0_high_byte", "%s", x.moved->count ? "ignored" : "dropped");
        rig_take_events(x.r);
    }
}

RULE("AMDVI-REG-013", "A", reg_xten_needs_gaen, RULE_KEYS("3.4.4", "testdev,apic"),
     "XTEn=1 without GAEn=1 changes nothing: entries keep 4 bytes and destinations of 8 bits; with "
     "GAEn=1 it stays set")
{
    struct ir x;

    if (!ir_begin(&x, c) || !supported(x.r)) {
        return;
    }
    /* Entry 33h of 4 bytes stands at CCh, of 16 bytes at 330h. */
    large_entry(&x, smp_apic_id(0), IR_VECTOR_WRONG);
    ir_entry(&x, INDEX, FIXED, (uint8_t)smp_apic_id(0), IR_VECTOR_MOVED);
    if (!ir_send_index(&x, INDEX)) {
        return;
    }
    control_pos(c, x.moved->count == 1 && x.wrong->count == 0, "GAEn=0: the entry of 4 bytes");
    if (!ir_mode(x.r, IR_GA | IR_XT)) {
        return;
    }
    expect_u64(c, "GAEn and XTEn in Control, both written 1", IR_GA | IR_XT,
               amdvi_read64(x.r->u, 0x18) & (IR_GA | IR_XT));
    if (!ir_send_index(&x, INDEX)) {
        return;
    }
    control_neg(c, x.moved->count == 0 && x.wrong->count == 1, "GAEn=1: the one of 16 bytes");

    if (!ir_mode(x.r, IR_XT)) {
        return;
    }
    observe(c, "xten_alone", "%u", (unsigned)(amdvi_read64(x.r->u, 0x18) >> 50 & 1));
    ir_expect_moved(&x, INDEX, "XTEn=1, GAEn=0");
    expect_no_event(x.r, "XTEn=1, GAEn=0");
}

/* One of the IOMMU's own interrupts by register 0170h. */
struct own {
    struct rig *r;
    struct listener *xt, *msi, *later;
};

static void program(struct own *o, uint64_t general, bool msi)
{
    irq_enables(o->r, 0);
    irq_clear_status(o->r);
    amdvi_write64(o->r->u, 0x170, general);
    o->xt->count = o->msi->count = o->later->count = 0;
    o->xt->cpu = UINT32_MAX;
    if (!msi_connect(o->r->u->devid, smp_apic_id(0), (uint8_t)o->msi->vector)) {
        rule_error(o->r->c, "the MSI capability cannot be programmed");
    }
    msi_enable(o->r->u->devid, msi);
}

/* The source happens: so many messages by 0170h, on this CPU, and by the capability. */
static void expect_sent(struct own *o, enum source s, unsigned xt, unsigned cpu, unsigned msi,
                        const char *what)
{
    irq_enables(o->r, EVENT_INT_EN | COM_WAIT_INT_EN);
    if (!source_fire(o->r, s)) {
        return;
    }
    (void)irq_wait(o->xt->count + o->msi->count >= xt + msi && xt + msi != 0, AMDVI_WAIT_US / 50);
    irq_settle();
    expect_true(o->r->c,
                o->xt->count == xt && o->msi->count == msi && (xt == 0 || o->xt->cpu == cpu),
                "%s, %s: expected %u messages by 0170h, on CPU %u, and %u by the MSI capability, "
                "actual %u, on CPU %d, and %u",
                source_names[s], what, xt, cpu, msi, o->xt->count, (int)o->xt->cpu, o->msi->count);
}

static void by_register(struct own *o, enum source s)
{
    const uint64_t vector = (uint64_t)o->xt->vector << 32;

    const unsigned cpus[] = {0, 1, far_cpu()};

    for (unsigned i = 0; i < 3; i++) {
        unsigned cpu = cpus[i];
        uint32_t id = smp_apic_id(cpu);
        uint64_t dest = (uint64_t)(id & 0xffffff) << 8 | (uint64_t)(id >> 24) << 56;

        program(o, vector | dest, true);
        expect_sent(o, s, 1, cpu, 0, "IntCapXTEn=1");
        /* Bit 40: lowest priority */
        program(o, 1ull << 40 | vector | dest, true);
        expect_sent(o, s, 1, cpu, 0, "IntCapXTEn=1, lowest priority");
    }
    /* A destination that is not there: bits 12, 23 and 31 */
    program(o, vector | (uint64_t)(smp_apic_id(0) ^ 0x1000) << 8, true);
    expect_sent(o, s, 0, 0, 0, "destination bit 12");
    program(o, vector | (uint64_t)(smp_apic_id(0) ^ 0x800000) << 8, true);
    expect_sent(o, s, 0, 0, 0, "destination bit 23");
    program(o, vector | (uint64_t)smp_apic_id(0) << 8 | 0x8000000000000000, true);
    expect_sent(o, s, 0, 0, 0, "destination bit 31");
}

RULE("AMDVI-INT-005", "A", int_by_xt_register, RULE_KEYS("3.4.5", "testdev,apic,cpus2"),
     "With IntCapXTEn=1 events and completions interrupt as register 0170h says, and not by the "
     "MSI capability; with IntCapXTEn=0 the reverse")
{
    /* Destination, vector, lowest priority; as one access and as two */
    static const uint64_t values[] = {0x5a00014300a5c300, 0xa50000bc005a3c00};
    struct own o = {.r = irq_rig_begin(c)};

    if (!o.r || !supported(o.r)) {
        return;
    }
    o.xt = irq_listen(c, IR_VECTOR_MOVED);
    o.msi = o.xt ? irq_listen(c, IR_VECTOR_WRONG) : NULL;
    o.later = o.msi ? irq_listen(c, IR_VECTOR_LATER) : NULL;
    if (!o.later) {
        return;
    }
    control_listener(c, o.xt);
    control_listener(c, o.msi);
    for (unsigned i = 0; i < 2; i++) {
        amdvi_write64(o.r->u, 0x170, values[i]);
        expect_u64(c, "0170h as written", values[i], amdvi_read64(o.r->u, 0x170));
        amdvi_write32(o.r->u, 0x170, (uint32_t)values[!i]);
        amdvi_write32(o.r->u, 0x174, (uint32_t)(values[!i] >> 32));
        expect_u64(c, "0170h as written in halves", values[!i], amdvi_read64(o.r->u, 0x170));
    }
    for (unsigned s = 0; s < SOURCE_COUNT && !rule_broken(c); s++) {
        if (!ir_mode(o.r, IR_GA | IR_XT | IR_INTCAP_XT)) {
            return;
        }
        by_register(&o, s);
        if (rule_broken(c) || !ir_mode(o.r, IR_GA | IR_XT)) {
            return;
        }
        program(&o, (uint64_t)o.xt->vector << 32 | smp_apic_id(0) << 8, true);
        expect_sent(&o, s, 0, 0, 1, "IntCapXTEn=0");
        expect_later(o.r, s, o.later, "IntCapXTEn=0");
    }
    /* MSI Enable=0: either */
    if (ir_mode(o.r, IR_GA | IR_XT | IR_INTCAP_XT)) {
        program(&o, (uint64_t)o.xt->vector << 32 | smp_apic_id(0) << 8, false);
        irq_enables(o.r, COM_WAIT_INT_EN);
        (void)source_fire(o.r, SOURCE_COMPLETION);
        irq_settle();
        observe(c, "msi_off_sends", "%u", o.xt->count);
    }
    amdvi_write64(o.r->u, 0x170, 0);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The edu device's own interrupt as a message (docs/rules.md section 18), and that the IOMMU sees
 * it as a request of that device. A message is sent for each raise, so the counts are exact.
 */
#include "arch/irq.h"
#include "arch/smp.h"
#include "platform/msi.h"
#include "tests/edu_rig.h"
#include "tests/env.h"
#include "tests/irq_rig.h"

/* In the order of their priority; where a table leads the first, and the last one that always
 * comes. */
#define VECTOR_SENT     0x97
#define VECTOR_REMAPPED 0x58
#define VECTOR_LATER    0x49

struct messages {
    struct rig *r;
    struct listener *sent, *remapped, *later;
};

static bool begin(struct check *c, struct messages *m)
{
    m->r = edu_rig_begin(c);
    m->sent = m->r ? irq_listen(c, VECTOR_SENT) : NULL;
    m->remapped = m->sent ? irq_listen(c, VECTOR_REMAPPED) : NULL;
    m->later = m->remapped ? irq_listen(c, VECTOR_LATER) : NULL;
    if (!m->later) {
        return false;
    }
    control_listener(c, m->sent);
    return true;
}

/* Raise @value with the message at @vector, under the entry that stands. */
static bool raise_at(struct messages *m, unsigned vector, uint32_t value)
{
    if (!msi_connect(env.edu.devid, smp_apic_id(0), (uint8_t)vector)) {
        rule_error(m->r->c, "the edu device has no MSI capability");
        return false;
    }
    edu_raise(&env.edu, value);
    return true;
}

/* Send one message under this entry, then one that surely comes; what came in all? */
static bool send_under(struct messages *m, uint16_t devid, uint64_t q0, uint64_t q2)
{
    m->sent->count = m->remapped->count = m->later->count = 0;
    if (!rig_attach(m->r, devid, q0, 0x5, q2, 0) || !raise_at(m, VECTOR_SENT, 0x1) ||
        !rig_attach(m->r, devid, 0, 0, 0, 0) || !raise_at(m, VECTOR_LATER, 0x1)) {
        return false;
    }
    (void)irq_wait(m->later->count != 0, AMDVI_WAIT_US);
    edu_acknowledge(&env.edu, 0x1);
    return true;
}

RULE(
    "EDU-IRQ-001", "A", edu_raise_sends_a_message, RULE_KEYS("edu/60h", "edu,apic"),
    "Each value written to edu's raise register sends one message and is ORed into the status; the "
    "acknowledge register clears exactly its bits, and sends none")
{
    static const struct {
        uint32_t raise, acknowledge, status;
    } steps[] = {
        {0x00000001, 0, 0x00000001}, {0x80000000, 0, 0x80000001}, {0x80000000, 0, 0x80000001},
        {0, 0x00000001, 0x80000000}, {0x00010100, 0, 0x80010100}, {0, 0x00010000, 0x80000100},
        {0, 0x80000000, 0x00000100}, {0, 0x00000100, 0x00000000}, {0x00000002, 0, 0x00000002},
    };
    struct edu *e = &env.edu;
    struct messages m;
    uint32_t sent = 0;

    if (!begin(c, &m)) {
        return;
    }
    expect_u64(c, "interrupt status before", 0, edu_status(e));
    msi_enable(e->devid, false);
    if (!msi_connect(e->devid, smp_apic_id(0), VECTOR_SENT)) {
        rule_error(c, "the edu device has no MSI capability");
        return;
    }
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (steps[i].raise) {
            edu_raise(e, steps[i].raise);
            sent++;
        } else {
            edu_acknowledge(e, steps[i].acknowledge);
        }
        (void)irq_wait(m.sent->count == sent, AMDVI_WAIT_US / 4);
        irq_settle();
        expect_true(c, m.sent->count == sent && edu_status(e) == steps[i].status,
                    "step %u: expected %u messages and status 0x%08x, actual %u and 0x%08x", i,
                    sent, steps[i].status, m.sent->count, edu_status(e));
    }
    edu_acknowledge(e, 0xffffffff);

    /* The capability leads it, and nothing else. */
    m.sent->count = 0;
    if (!raise_at(&m, VECTOR_LATER, 0x10)) {
        return;
    }
    (void)irq_wait(m.later->count != 0, AMDVI_WAIT_US / 4);
    irq_settle();
    expect_true(c, m.later->count == 1 && m.sent->count == 0 && m.remapped->count == 0,
                "with vector 0x%x in the capability: expected 1 message there, actual %u, %u at "
                "0x%x and %u at 0x%x",
                VECTOR_LATER, m.later->count, m.sent->count, VECTOR_SENT, m.remapped->count,
                VECTOR_REMAPPED);
    edu_acknowledge(e, 0x10);
    expect_no_event(m.r, "messages with V=0");
}

RULE("EDU-IRQ-002", "A", edu_message_is_edus, RULE_KEYS("2.2.5", "edu,testdev,apic"),
     "The message of edu goes by its own device table entry, and by no other: led by its table "
     "with IntCtl=10, stopped with IntCtl=00, unchanged with IV=0")
{
    uint16_t devid = env.edu.devid;
    struct messages m;
    uint64_t table;

    if (!begin(c, &m)) {
        return;
    }
    table = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
    if (!table) {
        rule_error(c, "no memory for an interrupt table");
        return;
    }
    /* IRTE 97h of 512: RemapEn=1, fixed, physical, destination 15:8, vector 58h in 23:16. */
    ((volatile uint32_t *)table)[0x97] = 0x00580001u | smp_apic_id(0) << 8;

    if (!send_under(&m, devid, 0, 0)) {
        return;
    }
    control_pos(c, m.sent->count == 1 && m.later->count == 1, "with V=0 it arrives");
    control_neg(c, m.remapped->count == 0, "and not at the vector that the table leads to");
    if (!send_under(&m, devid, 0x6000000000000003, 0x2000000000000013 | table)) {
        return;
    }
    expect_true(c, m.sent->count == 0 && m.remapped->count == 1 && m.later->count == 1,
                "IntCtl=10: expected the message at 0x%x, actual %u there, %u at 0x%x, %u later",
                VECTOR_REMAPPED, m.remapped->count, m.sent->count, VECTOR_SENT, m.later->count);
    /* IR=IW=1 and Mode 0, so nothing but the interrupt half can stop it. */
    if (!send_under(&m, devid, 0x6000000000000003, 0x0000000000000013 | table)) {
        return;
    }
    expect_true(c, m.sent->count == 0 && m.remapped->count == 0 && m.later->count == 1,
                "IntCtl=00: expected no message but the later one, actual %u at 0x%x, %u at 0x%x, "
                "%u later",
                m.sent->count, VECTOR_SENT, m.remapped->count, VECTOR_REMAPPED, m.later->count);
    rig_take_events(m.r);
    for (unsigned i = 0; i < m.r->event_count; i++) {
        expect_u64(c, "DeviceID of what is logged about it", devid, m.r->events[i].dw[0] & 0xffff);
    }
    observe(c, "blocked_events", "%u", m.r->event_count);

    /* The entry of another requester that blocks its messages is nothing to edu. */
    if (!send_under(&m, m.r->testdev, 0x6000000000000003, 0x0000000000000013 | table)) {
        return;
    }
    expect_true(
        c, m.sent->count == 1 && m.later->count == 1,
        "IntCtl=00 for the test device: expected edu's message, actual %u at 0x%x, %u later",
        m.sent->count, VECTOR_SENT, m.later->count);
    expect_no_event(m.r, "the test device's entry");
    if (!send_under(&m, devid, 0x6000000000000003, 0x0000000000000012 | table)) {
        return;
    }
    expect_true(c, m.sent->count == 1 && m.remapped->count == 0 && m.later->count == 1,
                "IV=0: expected the message at 0x%x, actual %u there, %u at 0x%x, %u later",
                VECTOR_SENT, m.sent->count, m.remapped->count, VECTOR_REMAPPED, m.later->count);
    expect_no_event(m.r, "IV=0");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages that are not remapped (docs/rules.md section 10).
 */
#include "arch/smp.h"
#include "tests/env.h"
#include "tests/irq_rig.h"

/* The table has an entry for the first that leads to the second, of lower priority. */
#define VECTOR_SENT     0x91
#define VECTOR_REMAPPED 0x52
#define VECTOR_LATER    0x43

struct forward {
    struct rig *r;
    struct listener *sent, *remapped, *later;
};

/* Send one message under this device table entry, then one that surely comes; what came in all? */
static bool send_under(struct forward *f, uint64_t q0, uint64_t q2)
{
    f->sent->count = f->remapped->count = 0;
    return irq_send_under(f->r, q0, 0x5, q2, VECTOR_SENT, f->later);
}

/*
 * What IntCtl=00 logs is unsure: nothing, INVALID_DEVICE_REQUEST type 101b, or IO_PAGE_FAULT with
 * I=1, whose other flags and whose address nobody insists on.
 */
static void expect_aborted(struct rig *r)
{
    uint64_t message = 0xfee00000ull | (uint64_t)smp_apic_id(0) << 12;

    rig_take_events(r);
    for (unsigned i = 0; i < r->event_count; i++) {
        const struct amdvi_event *e = &r->events[i];
        bool request = e->dw[1] == 0x8a000000u && amdvi_event_address(e) == message;
        bool fault = (e->dw[1] & 0xfe08ffffu) == 0x20080005u;

        expect_true(r->c, (e->dw[0] & 0xfffff) == r->testdev && (request || fault),
                    "IntCtl=00: expected no event, INVALID_DEVICE_REQUEST 101b or IO_PAGE_FAULT "
                    "I=1, actual %08x %08x %08x %08x",
                    e->dw[0], e->dw[1], e->dw[2], e->dw[3]);
    }
    observe(r->c, "intctl0_event", "%08x", r->event_count ? r->events[0].dw[1] : 0);
}

RULE("AMDVI-IR-014", "A", ir_forwards_unmapped, RULE_KEYS("2.2.5", "testdev,apic"),
     "With V=0, with IV=0 and with IntCtl=01 a message goes on unchanged; the table is not used")
{
    static const struct {
        uint64_t q0, q2;
        const char *what;
    } cases[] = {
        {0x0, 0x0, "V=0"},
        {0x6000000000000003, 0x2000000000000012, "V=1, IV=0, IntCtl=10"},
        {0x6000000000000003, 0x0000000000000012, "V=1, IV=0, IntCtl=00"},
        {0x6000000000000003, 0x1000000000000013, "V=1, IV=1, IntCtl=01"},
        {0x0000000000000003, 0x1000000000000013, "V=1, IR=IW=0, IV=1, IntCtl=01"},
    };
    struct forward f = {.r = irq_rig_begin(c)};
    uint64_t table = f.r ? page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE) : 0;

    f.sent = f.r ? irq_listen(c, VECTOR_SENT) : NULL;
    f.remapped = f.sent ? irq_listen(c, VECTOR_REMAPPED) : NULL;
    f.later = f.remapped ? irq_listen(c, VECTOR_LATER) : NULL;
    if (!f.later || !table) {
        return;
    }
    /* IRTE 91h of 512: RemapEn=1, fixed, physical, destination 15:8, vector 52h in 23:16. */
    ((volatile uint32_t *)table)[0x91] = 0x00520001u | smp_apic_id(0) << 8;

    /* q2: IV=1, IntTabLen=9, the table, and IntCtl=10 or 00. */
    if (!send_under(&f, 0x6000000000000003, 0x2000000000000013 | table)) {
        return;
    }
    control_pos(c, f.sent->count == 0 && f.remapped->count == 1 && f.later->count == 1,
                "with IV=1 and IntCtl=10 the same table leads to vector 0x%x", VECTOR_REMAPPED);
    if (!send_under(&f, 0x6000000000000003, 0x0000000000000013 | table)) {
        return;
    }
    control_neg(c, f.sent->count == 0 && f.remapped->count == 0 && f.later->count == 1,
                "with IV=1 and IntCtl=00 nothing arrives");
    expect_aborted(f.r);

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!send_under(&f, cases[i].q0, cases[i].q2 | (cases[i].q2 ? table : 0))) {
            return;
        }
        expect_true(c, f.sent->count == 1 && f.remapped->count == 0,
                    "%s: expected the message at vector 0x%x, actual %u there, %u at 0x%x",
                    cases[i].what, VECTOR_SENT, f.sent->count, f.remapped->count, VECTOR_REMAPPED);
        expect_u64(c, "a later message", 1, f.later->count);
        expect_no_event(f.r, cases[i].what);
    }
}

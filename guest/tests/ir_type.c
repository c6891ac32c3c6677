// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages that are neither fixed nor arbitrated: NMI and INIT (docs/rules.md sections 3 and 10).
 * All of them are for CPU 1, and every entry of the interrupt table leads to IR_VECTOR_WRONG here.
 * SMI and ExtInt are left out: what a CPU makes of them is the firmware's and the 8259's affair.
 */
#include "arch/irq.h"
#include "arch/lapic.h"
#include "arch/smp.h"
#include "arch/time.h"
#include "tests/env.h"
#include "tests/ir_rig.h"

/* data[10:8] */
#define NMI  0x400u
#define INIT 0x500u

/* q2: InitPass, EIntPass, NMIPass, Lint0Pass and Lint1Pass; IntCtl */
#define INIT_PASS 0x0100000000000000ull
#define EINT_PASS 0x0200000000000000ull
#define NMI_PASS  0x0400000000000000ull
#define LINT_PASS 0xc000000000000000ull
#define ALL_PASS  0xc700000000000000ull
#define INT_CTL   0x3000000000000000ull

#define VECTOR_NMI 2

struct typed {
    struct ir x;
    uint64_t addr; /* of messages to CPU 1 */
};

static bool begin(struct typed *t, struct check *c)
{
    struct exception_info ex;

    if (!ir_begin(&t->x, c)) {
        return false;
    }
    t->addr = 0xfee00000ull | (uint64_t)smp_apic_id(1) << 12;
    ir_fill_wrong(&t->x, 2048);
    ir_entry(&t->x, 0x92, 0x01, (uint8_t)smp_apic_id(0), IR_VECTOR_MOVED);
    (void)smp_take_idle_exception(1, &ex);
    return true;
}

static void nothing(void *arg)
{
    (void)arg;
}

/*
 * Has CPU 1 taken an NMI since the last call? It is made to run something: what was sent before is
 * then taken, and the interrupt that wakes it ends the time in which a further NMI would wait.
 */
static bool took_nmi(struct check *c)
{
    struct exception_info ex;
    enum smp_result result;
    bool taken;

    if (!smp_run(1, nothing, NULL)) {
        rule_error(c, "CPU 1 does not run");
        return false;
    }
    result = smp_wait(1, AMDVI_WAIT_US, &ex);
    taken = result == SMP_EXCEPTION && ex.vector == VECTOR_NMI;
    if (result != SMP_RETURNED && !taken) {
        rule_error(c, "CPU 1 does not come back");
    }
    if (smp_take_idle_exception(1, &ex)) {
        taken = true;
        expect_u64(c, "vector of the exception on CPU 1", VECTOR_NMI, ex.vector);
    }
    return taken;
}

/* A message under this entry, with the vector field @low: did it come to CPU 1 as what it is? */
static bool arrives(struct typed *t, uint64_t q2, uint64_t addr, uint32_t type, uint32_t low)
{
    struct ir *x = &t->x;
    struct check *c = x->r->c;
    bool came;

    if (!ir_send(x, IR_Q0, q2 | x->table, addr, (uint16_t)(type | low))) {
        return false;
    }
    if (type == INIT) {
        came = smp_was_reset(1);
        if (!smp_started(1)) {
            rule_error(c, "CPU 1 does not start again");
        }
    } else {
        came = took_nmi(c);
    }
    expect_true(c, x->moved->count == 0 && x->wrong->count == 0,
                "data 0x%x: expected no message by the table, actual %u at 0x%x, %u at 0x%x",
                type | low, x->moved->count, IR_VECTOR_MOVED, x->wrong->count, IR_VECTOR_WRONG);
    return came;
}

static void expect_arrival(struct typed *t, bool want, uint64_t q2, uint32_t type, uint32_t low)
{
    struct check *c = t->x.r->c;
    bool came = arrives(t, q2, t->addr, type, low);

    expect_true(c, came == want, "q2 %016llx, %s: expected it %s, actual %s",
                (unsigned long long)q2, type == INIT ? "INIT" : "NMI",
                want ? "at CPU 1" : "to be aborted", came ? "at CPU 1" : "no trace of it");
    if (want) {
        expect_no_event(t->x.r, "what is forwarded");
    } else {
        rig_take_events(t->x.r); /* what an abort is logged as is not said */
    }
}

/* With V=0 an NMI comes, as any message does; and one that is not sent is not seen. */
static bool nmi_controls(struct typed *t)
{
    struct check *c = t->x.r->c;

    if (!ir_send(&t->x, 0, 0, t->addr, NMI)) {
        return false;
    }
    control_pos(c, took_nmi(c), "an NMI comes to CPU 1 with V=0");
    control_neg(c, !took_nmi(c), "and none when none is sent");
    return !rule_broken(c);
}

static void set_logical(void *arg)
{
    (void)arg;
    lapic_set_logical(0x02);
}

/* Bit 2 of the address, for the CPUs with bit 1 of the logical destination: CPU 1. */
static void logical_is_aborted(struct typed *t)
{
    struct check *c = t->x.r->c;
    struct exception_info ex;
    bool usable;

    if (!smp_run(1, set_logical, NULL) || smp_wait(1, AMDVI_WAIT_US, &ex) != SMP_RETURNED) {
        rule_error(c, "CPU 1 does not run");
        return;
    }
    usable = arrives(t, 0x2000000000000012, 0xfee02004, NMI, 0);
    observe(c, "logical", "%s", usable ? "yes" : "no");
    if (usable) {
        expect_true(c, !arrives(t, IR_Q2 | ALL_PASS, 0xfee02004, NMI, 0),
                    "an NMI in logical destination mode: expected it to be aborted");
        rig_take_events(t->x.r);
    }
}

RULE("AMDVI-DTE-020", "M", dte_pass_bits, RULE_KEYS("2.2.2", "testdev,apic,cpus2"),
     "NMI needs NMIPass and INIT needs InitPass, whatever the other pass bits are; in logical "
     "destination mode they are aborted")
{
    static const uint64_t others[] = {0, EINT_PASS, LINT_PASS, EINT_PASS | LINT_PASS};
    struct typed t;

    if (!begin(&t, c) || !nmi_controls(&t)) {
        return;
    }
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]) && !rule_broken(c); i++) {
        for (unsigned both = 0; both < 4; both++) {
            uint64_t q2 =
                IR_Q2 | others[i] | (both & 1 ? INIT_PASS : 0) | (both & 2 ? NMI_PASS : 0);

            expect_arrival(&t, both & 2, q2, NMI, 0);
            expect_arrival(&t, both & 1, q2, INIT, 0);
        }
    }
    /* IV=0: forwarded, as every message is */
    expect_arrival(&t, true, 0x2000000000000012, NMI, 0);

    logical_is_aborted(&t);
    expect_arrival(&t, true, IR_Q2 | NMI_PASS, NMI, 0);
}

/* A fixed message with the data 92h, sent to this CPU: remapped, as it is, or not at all. */
static void fixed_follows(struct typed *t, uint64_t q2, unsigned int_ctl)
{
    struct ir *x = &t->x;

    if (!ir_send(x, IR_Q0, q2 | x->table, 0xfee00000ull | (uint64_t)smp_apic_id(0) << 12,
                 int_ctl == 1 ? IR_VECTOR_WRONG : 0x92)) {
        return;
    }
    expect_true(x->r->c, x->moved->count == (int_ctl == 2) && x->wrong->count == (int_ctl == 1),
                "q2 %016llx: expected the fixed message %s, actual %u at 0x%x, %u at 0x%x",
                (unsigned long long)q2,
                int_ctl == 2   ? "remapped"
                : int_ctl == 1 ? "unchanged"
                               : "aborted",
                x->moved->count, IR_VECTOR_MOVED, x->wrong->count, IR_VECTOR_WRONG);
    rig_take_events(x->r);
}

RULE("AMDVI-IR-007", "A", ir_types_apart, RULE_KEYS("2.2.5", "testdev,apic,cpus2"),
     "IntCtl governs fixed messages alone, whatever the pass bits are; NMI and INIT follow their "
     "pass bits whatever IntCtl is, and are not remapped")
{
    struct typed t;

    if (!begin(&t, c) || !nmi_controls(&t)) {
        return;
    }
    for (unsigned int_ctl = 0; int_ctl < 3 && !rule_broken(c); int_ctl++) {
        uint64_t q2 = (IR_Q2 & ~INT_CTL) | (uint64_t)int_ctl << 60;

        fixed_follows(&t, q2, int_ctl);
        fixed_follows(&t, q2 | ALL_PASS, int_ctl);
        expect_arrival(&t, false, q2, NMI, 0);
        expect_arrival(&t, true, q2 | NMI_PASS, NMI, 0);
        expect_arrival(&t, false, q2, INIT, 0);
        expect_arrival(&t, true, q2 | INIT_PASS, INIT, 0);
    }
}

RULE("AMDVI-IR-008", "M", ir_type_before_index, RULE_KEYS("2.2.5", "testdev,apic,cpus2"),
     "Bits 10:8 of the data are the type first: 000 and 001 are remapped, up to index 1FFh; NMI "
     "and INIT are not, whatever entry their data names")
{
    /* Bits 7:0; with bits 10:8 they name entries 400h to 5ffh. */
    static const uint32_t lows[] = {0x00, 0x01, 0x73, 0x92, 0xff};
    /* IntTabLen: 512 entries, and 1024, which do not reach so far; and 2 */
    static const uint64_t lengths[] = {0x12, 0x14, 0x02};
    static const unsigned indices[] = {0x000, 0x0ff, 0x100, 0x1ff};
    struct typed t;

    if (!begin(&t, c) || !nmi_controls(&t)) {
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        uint64_t q2 = (IR_Q2 & ~0x1eull) | lengths[i];

        for (unsigned n = 0; n < sizeof(lows) / sizeof(lows[0]) && !rule_broken(c); n++) {
            expect_arrival(&t, true, q2 | NMI_PASS, NMI, lows[n]);
            expect_arrival(&t, false, q2 | (ALL_PASS & ~NMI_PASS), NMI, lows[n]);
        }
        expect_arrival(&t, true, q2 | INIT_PASS, INIT, 0x73);
        expect_arrival(&t, false, q2 | (ALL_PASS & ~INIT_PASS), INIT, 0x73);
    }
    for (unsigned i = 0; i < sizeof(indices) / sizeof(indices[0]) && !rule_broken(c); i++) {
        ir_entry(&t.x, indices[i], 0x01, (uint8_t)smp_apic_id(0), IR_VECTOR_MOVED);
        ir_expect_moved(&t.x, indices[i], "fixed or arbitrated");
        ir_entry(&t.x, indices[i], 0x01, (uint8_t)smp_apic_id(0), IR_VECTOR_WRONG);
    }
    expect_no_event(t.x.r, "messages of all types");
}

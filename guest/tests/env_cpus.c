// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's CPUs in the platform record, after a trial of each.
 */
#include <stddef.h>

#include "arch/apic_encode.h"
#include "arch/irq.h"
#include "arch/lapic.h"
#include "arch/smp.h"
#include "check/report.h"
#include "lib/format.h"
#include "platform/cpus.h"
#include "tests/env.h"

#define ALL_US    10000000u /* for all CPUs together */
#define VECTOR_UD 6         /* of UD2 */

static void put_apic_id(void *arg)
{
    *(volatile uint32_t *)arg = lapic_id();
}

static void fault(void *arg)
{
    (void)arg;
    __asm__ volatile("ud2");
}

static bool ran(unsigned n, const uint32_t *id, deadline_t end)
{
    struct exception_info ex;

    /* Where the time is over, one look at what has ended by now. */
    return smp_wait(n, deadline_passed(end) ? 0 : ALL_US, &ex) == SMP_RETURNED &&
           *id == smp_apic_id(n);
}

/* CPU 1 takes an exception in a function, one in an interrupt handler, and works on. */
static const char *try_faults(void)
{
    struct exception_info ex;
    uint32_t id = ~smp_apic_id(1);
    unsigned vector = irq_alloc_vector(fault, NULL);
    const char *bad = NULL;
    bool seen;

    if (vector == 0) {
        return "no_vector";
    }
    if (!smp_run(1, fault, NULL) || smp_wait(1, ALL_US, &ex) != SMP_EXCEPTION ||
        ex.vector != VECTOR_UD) {
        bad = "function";
    }
    (void)lapic_ipi(smp_apic_id(1), APIC_ICR_FIXED | APIC_ICR_ASSERT | vector);
    seen = wait_until(smp_take_idle_exception(1, &ex), ALL_US);
    if (bad == NULL && (!seen || ex.vector != VECTOR_UD)) {
        bad = "handler";
    }
    irq_free_vector(vector);
    if (bad == NULL && (!smp_run(1, put_apic_id, &id) || !ran(1, &id, deadline_in(ALL_US)))) {
        bad = "afterwards";
    }
    return bad;
}

unsigned env_report_cpus(void)
{
    static uint32_t ids[SMP_MAX];
    deadline_t end = deadline_in(ALL_US);
    const char *bad = NULL;
    unsigned good = 1;
    bool second = false;
    char missing[200];
    size_t len = 0;

    for (unsigned n = 1; n < smp_count(); n++) {
        ids[n] = ~smp_apic_id(n);
        (void)smp_run(n, put_apic_id, &ids[n]);
    }
    for (unsigned n = 1; n < smp_count(); n++) {
        if (ran(n, &ids[n], end)) {
            good++;
            second |= n == 1;
        } else if (len + 16 < sizeof(missing)) {
            len += (size_t)format(missing + len, sizeof(missing) - len, "%s%u(apic_%u)",
                                  len ? "," : "", n, smp_apic_id(n));
        }
    }
    report_platform("cpus", "%u", cpus_named());
    report_platform("cpus_started", "%u", good);
    report_platform("apic", "%s",
                    !lapic_present()    ? "none"
                    : lapic_is_x2apic() ? "x2apic"
                                        : "xapic");
    if (len) {
        report_platform("cpus_missing", "%s", missing);
    }
    if (cpus_trouble()) {
        report_platform("cpus_trouble", "%s", cpus_trouble());
    }
    if (second) {
        bad = try_faults();
        report_platform("cpu_faults", "%s", bad ? bad : "contained");
    }
    return second && !bad ? good : 1;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "platform/cpus.h"

#include <stddef.h>

#include "arch/lapic.h"
#include "arch/smp.h"
#include "platform/acpi.h"
#include "platform/ioapic.h"
#include "platform/madt.h"

static unsigned named = 1;
static const char *trouble;

void cpus_init(uint64_t page)
{
    static uint32_t ids[SMP_MAX];
    const struct acpi_header *madt = acpi_find("APIC", 0);
    bool broken = false;
    unsigned count;

    if (!lapic_init()) {
        trouble = "no local APIC";
        return;
    }
    ioapic_init();
    if (madt == NULL) {
        trouble = "no MADT";
        smp_start(NULL, 0, page);
        return;
    }
    count = madt_cpus(madt, madt->length, ids, SMP_MAX, &broken);
    named = count > 0 ? count : 1;
    if (broken) {
        trouble = "MADT: an entry has a bad length";
    } else if (count > SMP_MAX) {
        trouble = "more CPUs than there is room for";
    } else if (page == 0 && count > 1) {
        trouble = "no free page below 1 MiB";
    }
    smp_start(ids, count < SMP_MAX ? count : SMP_MAX, page);
}

unsigned cpus_named(void)
{
    return named;
}

const char *cpus_trouble(void)
{
    return trouble;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/apic_encode.h"

#define RTE_ACTIVE_LOW (1ULL << 13)
#define RTE_LEVEL      (1ULL << 15)
#define RTE_MASKED     (1ULL << 16)

uint64_t apic_icr(bool x2apic, uint32_t dest, uint32_t low)
{
    return (x2apic ? (uint64_t)dest << 32 : (uint64_t)(dest & 0xff) << 56) | low;
}

uint32_t apic_msi_address(uint32_t dest)
{
    return APIC_MSI_BASE | (dest & 0xff) << 12;
}

uint32_t apic_msi_data(uint8_t vector)
{
    return vector;
}

uint64_t apic_redirection(const struct ioapic_entry *e)
{
    return e->vector | (e->active_low ? RTE_ACTIVE_LOW : 0) | (e->level ? RTE_LEVEL : 0) |
           (e->masked ? RTE_MASKED : 0) | (uint64_t)e->dest << 56;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "platform/ioapic.h"

#include <stddef.h>

#include "arch/apic_encode.h"
#include "arch/io.h"
#include "platform/acpi.h"

/* Two registers in memory: which one, and its value. */
#define SELECT 0x00u
#define WINDOW 0x10u

#define REG_VERSION     1u
#define REG_REDIRECTION 0x10u /* two registers of 32 bits each, the low half first */
#define PINS_SHIFT      16    /* in the version register: number of the last pin */

#define RTE_REMOTE_IRR (1u << 14)
#define RTE_MASKED     (1u << 16)
#define DEST_MAX       255u

static struct ioapic {
    uint64_t base;
    uint32_t first; /* GSI of pin 0 */
    uint32_t pins;
} ioapics[IOAPIC_MAX];
static unsigned count;

static uint32_t read_reg(const struct ioapic *a, uint32_t reg)
{
    mmio_write32(a->base + SELECT, reg);
    return mmio_read32(a->base + WINDOW);
}

static void write_reg(const struct ioapic *a, uint32_t reg, uint32_t v)
{
    mmio_write32(a->base + SELECT, reg);
    mmio_write32(a->base + WINDOW, v);
}

unsigned ioapic_init(void)
{
    const struct acpi_header *madt = acpi_find("APIC", 0);
    struct madt_ioapic found;

    count = 0;
    while (madt != NULL && count < IOAPIC_MAX && madt_ioapic(madt, madt->length, count, &found)) {
        struct ioapic *a = &ioapics[count++];

        /* Below 4 GiB by the table's form, so it is mapped. */
        a->base = found.address;
        a->first = found.gsi_base;
        a->pins = (read_reg(a, REG_VERSION) >> PINS_SHIFT & 0xff) + 1;
        for (uint32_t pin = 0; pin < a->pins; pin++) {
            write_reg(a, REG_REDIRECTION + 2 * pin, RTE_MASKED);
            write_reg(a, REG_REDIRECTION + 2 * pin + 1, 0);
        }
    }
    return count;
}

/* The I/O APIC that has @gsi, and the lower register of its entry. */
static const struct ioapic *find(uint32_t gsi, uint32_t *reg)
{
    for (unsigned i = 0; i < count; i++) {
        if (gsi >= ioapics[i].first && gsi - ioapics[i].first < ioapics[i].pins) {
            *reg = REG_REDIRECTION + 2 * (gsi - ioapics[i].first);
            return &ioapics[i];
        }
    }
    return NULL;
}

bool ioapic_connect(struct madt_gsi gsi, uint32_t dest, uint8_t vector)
{
    return dest <= DEST_MAX && ioapic_write(gsi.gsi, apic_redirection(&(struct ioapic_entry){
                                                         .vector = vector,
                                                         .dest = (uint8_t)dest,
                                                         .level = gsi.level,
                                                         .active_low = gsi.active_low,
                                                     }));
}

bool ioapic_write(uint32_t gsi, uint64_t entry)
{
    uint32_t reg;
    const struct ioapic *a = find(gsi, &reg);

    if (a == NULL) {
        return false;
    }
    write_reg(a, reg, RTE_MASKED); /* not with the old destination and the new vector */
    write_reg(a, reg + 1, (uint32_t)(entry >> 32));
    write_reg(a, reg, (uint32_t)entry);
    return true;
}

bool ioapic_mask(uint32_t gsi, bool masked)
{
    uint32_t reg;
    const struct ioapic *a = find(gsi, &reg);
    uint32_t low;

    if (a == NULL) {
        return false;
    }
    low = read_reg(a, reg);
    write_reg(a, reg, masked ? low | RTE_MASKED : low & ~RTE_MASKED);
    return true;
}

bool ioapic_in_service(uint32_t gsi)
{
    uint32_t reg;
    const struct ioapic *a = find(gsi, &reg);

    return a != NULL && (read_reg(a, reg) & RTE_REMOTE_IRR) != 0;
}

struct madt_gsi ioapic_isa_irq(uint8_t irq)
{
    const struct acpi_header *madt = acpi_find("APIC", 0);

    return madt == NULL ? (struct madt_gsi){.gsi = irq} : madt_isa_irq(madt, madt->length, irq);
}

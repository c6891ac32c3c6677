// SPDX-License-Identifier: GPL-2.0-or-later
#include "platform/madt.h"

#include "lib/string.h"

#define FIRST_ENTRY 44u /* behind the header, the local APIC's address and the flags */

/* Every entry: type, length. */
#define ENTRY_HEADER 2u

#define TYPE_LAPIC     0
#define TYPE_IOAPIC    1
#define TYPE_OVERRIDE  2
#define TYPE_X2APIC    9
#define BYTES_LAPIC    8u
#define BYTES_IOAPIC   12u
#define BYTES_OVERRIDE 10u
#define BYTES_X2APIC   16u

#define CPU_ENABLED 1u

/* Flags of an override: polarity in 1:0, trigger mode in 3:2; 3 is active low or level, and 0 is
 * what the ISA bus has. */
#define POLARITY(flags) ((flags)&3u)
#define TRIGGER(flags)  ((flags) >> 2 & 3u)
#define IS_OTHER        3u

static uint64_t get(const uint8_t *p, size_t bytes)
{
    uint64_t v = 0;

    memcpy(&v, p, bytes);
    return v;
}

/* The entry at *off, which moves behind it; NULL at the end, or at an entry that does not fit. */
static const uint8_t *next(const void *table, size_t len, size_t *off, bool *broken)
{
    const uint8_t *e = (const uint8_t *)table + *off;

    if (*off >= len) {
        return NULL;
    }
    if (len - *off < ENTRY_HEADER || e[1] < ENTRY_HEADER || e[1] > len - *off) {
        *broken = true;
        return NULL;
    }
    *off += e[1];
    return e;
}

static bool cpu_id(const uint8_t *e, uint32_t *id)
{
    if (e[0] == TYPE_LAPIC && e[1] >= BYTES_LAPIC) {
        *id = e[3];
        return get(e + 4, 4) & CPU_ENABLED;
    }
    if (e[0] == TYPE_X2APIC && e[1] >= BYTES_X2APIC) {
        *id = (uint32_t)get(e + 4, 4);
        return get(e + 8, 4) & CPU_ENABLED;
    }
    return false;
}

unsigned madt_cpus(const void *table, size_t len, uint32_t *ids, unsigned max, bool *broken)
{
    size_t off = FIRST_ENTRY;
    unsigned count = 0;
    const uint8_t *e;

    *broken = false;
    while ((e = next(table, len, &off, broken)) != NULL) {
        uint32_t id;
        bool again = false;

        if (!cpu_id(e, &id)) {
            continue;
        }
        for (unsigned i = 0; i < count && i < max; i++) {
            again |= ids[i] == id;
        }
        if (again) {
            continue;
        }
        if (count < max) {
            ids[count] = id;
        }
        count++;
    }
    return count;
}

bool madt_ioapic(const void *table, size_t len, unsigned n, struct madt_ioapic *out)
{
    size_t off = FIRST_ENTRY;
    bool broken = false;
    const uint8_t *e;

    while ((e = next(table, len, &off, &broken)) != NULL) {
        if (e[0] == TYPE_IOAPIC && e[1] >= BYTES_IOAPIC && n-- == 0) {
            *out = (struct madt_ioapic){
                .id = e[2],
                .address = (uint32_t)get(e + 4, 4),
                .gsi_base = (uint32_t)get(e + 8, 4),
            };
            return true;
        }
    }
    return false;
}

struct madt_gsi madt_isa_irq(const void *table, size_t len, uint8_t irq)
{
    size_t off = FIRST_ENTRY;
    bool broken = false;
    const uint8_t *e;

    while ((e = next(table, len, &off, &broken)) != NULL) {
        if (e[0] == TYPE_OVERRIDE && e[1] >= BYTES_OVERRIDE && e[2] == 0 && e[3] == irq) {
            uint32_t flags = (uint32_t)get(e + 8, 2);

            return (struct madt_gsi){
                .gsi = (uint32_t)get(e + 4, 4),
                .level = TRIGGER(flags) == IS_OTHER,
                .active_low = POLARITY(flags) == IS_OTHER,
            };
        }
    }
    return (struct madt_gsi){.gsi = irq};
}

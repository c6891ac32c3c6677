// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding an IOMMU: through the IVRS and through PCI, which have to agree. No address is taken for
 * granted.
 */
#include "drivers/amdvi/amdvi.h"

#include "arch/paging.h"
#include "drivers/amdvi/regs.h"
#include "platform/acpi.h"
#include "platform/ivrs.h"
#include "platform/pci.h"

/* 48882 section 3.4: the registers used here lie in the first 16 KiB. */
#define MMIO_BYTES 0x4000u

/* Flags of an IVHD (48882 section 5.2) and the bits of Control that they ask for (INIT-004). */
static uint64_t control_bits(uint8_t flags)
{
    return (flags & 0x01 ? AMDVI_CTRL_HT_TUN_EN : 0) | (flags & 0x02 ? AMDVI_CTRL_PASS_PW : 0) |
           (flags & 0x04 ? AMDVI_CTRL_RES_PASS_PW : 0) | (flags & 0x08 ? AMDVI_CTRL_ISOC : 0) |
           (flags & 0x20 ? AMDVI_CTRL_COHERENT : 0);
}

static uint32_t type_bit(uint8_t type)
{
    return type == 0x10 ? 1u : type == 0x11 ? 2u : type == 0x40 ? 4u : 0u;
}

const char *amdvi_discover(struct amdvi *u)
{
    const struct acpi_header *table = acpi_find("IVRS", 0);
    struct ivrs_ivhd ivhd;
    bool broken = false;

    *u = (struct amdvi){0};
    if (!table) {
        return "no IVRS table";
    }
    if (!ivrs_ivhd(table, table->length, 0, &ivhd, &broken)) {
        return broken ? "IVRS: a block has a bad length" : "IVRS names no IOMMU";
    }
    u->devid = ivhd.devid;
    u->base = ivhd.base;
    u->cap = (uint8_t)ivhd.cap_offset;
    u->control = control_bits(ivhd.flags);
    for (unsigned n = 0; ivrs_ivhd(table, table->length, n, &ivhd, &broken); n++) {
        if (ivhd.devid == u->devid) {
            u->ivhd_types |= type_bit(ivhd.type);
            (void)ivrs_special(&ivhd, IVRS_IOAPIC, &u->ioapic);
            if (ivhd.base != u->base || (uint8_t)ivhd.cap_offset != u->cap) {
                return "IVRS: two blocks of one IOMMU differ in its base or capability";
            }
        }
    }
    if (broken) {
        return "IVRS: a block has a bad length";
    }

    /* Whether class, capability and base are what they ought to be is for rules to say. */
    if (!pci_find_devid(u->devid)) {
        return "the PCI function that IVRS names does not exist";
    }
    u->cap_header = pci_read32(u->devid, u->cap + AMDVI_CAP_HEADER);
    if (!u->base || !paging_map(u->base, MMIO_BYTES, true)) {
        return "the IOMMU's registers cannot be mapped";
    }
    if (amdvi_read64(u, AMDVI_CONTROL) == ~0ull && amdvi_read64(u, AMDVI_STATUS) == ~0ull) {
        return "nothing answers at the base that IVRS names";
    }
    return NULL;
}

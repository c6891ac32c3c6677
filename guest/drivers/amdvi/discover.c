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

/* The capability's pointer in PCI configuration space, with the type that means an IOMMU. */
static uint8_t iommu_cap(uint16_t devid)
{
    uint8_t cap = pci_find_cap(devid, AMDVI_PCI_CAP_ID);

    if (!cap || (pci_read32(devid, cap + AMDVI_CAP_HEADER) >> 16 & 7) != AMDVI_PCI_CAP_TYPE) {
        return 0;
    }
    return cap;
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
    for (unsigned n = 0; ivrs_ivhd(table, table->length, n, &ivhd, &broken); n++) {
        if (ivhd.devid == u->devid) {
            u->ivhd_types |= type_bit(ivhd.type);
            if (ivhd.base != u->base) {
                return "IVRS: two blocks of one IOMMU differ in its base";
            }
        }
    }
    if (broken) {
        return "IVRS: a block has a bad length";
    }

    const struct pci_dev *dev = pci_find_devid(u->devid);

    if (!dev || dev->class_code >> 8 != AMDVI_PCI_CLASS) {
        return "the PCI function that IVRS names is no IOMMU (class 0806h)";
    }
    u->cap = iommu_cap(u->devid);
    if (!u->cap) {
        return "the IOMMU's PCI function has no capability 0Fh of type 3";
    }
    u->cap_header = pci_read32(u->devid, u->cap + AMDVI_CAP_HEADER);

    uint64_t cap_base = (uint64_t)pci_read32(u->devid, u->cap + AMDVI_CAP_BASE_HI) << 32 |
                        (pci_read32(u->devid, u->cap + AMDVI_CAP_BASE_LO) & AMDVI_CAP_BASE_LO_ADDR);

    if (cap_base != u->base) {
        return "IVRS and the PCI capability differ in the IOMMU's base";
    }
    if (!u->base || !paging_map(u->base, MMIO_BYTES, true)) {
        return "the IOMMU's registers cannot be mapped";
    }
    return NULL;
}

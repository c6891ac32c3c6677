// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the firmware's table says of the IOMMU's features (docs/rules.md section 12).
 */
#include "platform/acpi.h"
#include "platform/ivrs.h"
#include "tests/rig.h"

/* Where a field of the features of type 10h stands, and where EFR has it. */
static const struct {
    const char *name;
    unsigned bit, efr_bit, bits;
} fields[] = {
    {"XTSup", 0, 2, 1},  {"NXSup", 1, 3, 1},  {"GTSup", 2, 4, 1}, {"GLXSup", 3, 14, 2},
    {"IASup", 5, 6, 1},  {"GASup", 6, 7, 1},  {"HESup", 7, 8, 1}, {"PASmax", 8, 32, 5},
    {"GATS", 28, 12, 2}, {"HATS", 30, 10, 2},
};

static uint64_t field(uint64_t value, unsigned bit, unsigned bits)
{
    return value >> bit & ((1ull << bits) - 1);
}

/* Does EFR say the same as the features of type 10h? The first field that does not goes into
 * *@name. */
static bool features_agree(uint32_t features, uint64_t efr, const char **name)
{
    for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (field(features, fields[i].bit, fields[i].bits) !=
            field(efr, fields[i].efr_bit, fields[i].bits)) {
            *name = fields[i].name;
            return false;
        }
    }
    return true;
}

RULE("AMDVI-IVRS-005", "A", ivrs_features_are_those_of_efr, RULE_KEYS("5.2", "none"),
     "The EFR images in the IVRS are what the registers say, and the features of type 10h agree "
     "with them")
{
    struct rig *r = rig_begin(c);
    const struct acpi_header *table = acpi_find("IVRS", 0);
    struct ivrs_ivhd ivhd;
    bool broken = false;
    unsigned seen = 0;

    if (!r || !table) {
        return;
    }

    uint64_t efr = amdvi_read64(r->u, 0x30), efr2 = amdvi_read64(r->u, 0x1a0);

    /* IVinfo bit 0, EFRSup: without it the fields say nothing. */
    if (!(*(const uint8_t *)((uint64_t)table + 36) & 1)) {
        rule_skip(c, "IVinfo has EFRSup=0");
        return;
    }
    control_pos(c, efr && efr == amdvi_read64(r->u, 0x30), "EFR reads 0x%llx, twice",
                (unsigned long long)efr);
    for (unsigned n = 0; ivrs_ivhd(table, table->length, n, &ivhd, &broken); n++) {
        const char *name = "";

        if (ivhd.devid != r->u->devid) {
            continue;
        }
        seen++;
        if (ivhd.type == 0x10) {
            bool agree = features_agree(ivhd.features, efr, &name);

            expect_true(c, agree,
                        "IVHD of type 10h: expected %s as in EFR 0x%llx, actual features %08x",
                        name, (unsigned long long)efr, ivhd.features);
            observe(c, "features_10h", "%08x", ivhd.features);
        } else {
            expect_u64(c, "EFR image", efr, ivhd.efr);
            expect_u64(c, "EFR2 image", efr2, ivhd.efr2);
            /* A type 10h that says the opposite in one field would be told from this. */
            control_neg(c, !features_agree(0, ivhd.efr | 0x40, &name) && ivhd.efr != (efr ^ 0x40),
                        "an image with IASup the other way round is another one");
        }
    }
    expect_true(c, seen > 0 && !broken, "expected an IVHD for DeviceID 0x%04x", r->u->devid);
}

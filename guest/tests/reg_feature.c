// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Enables of features (docs/rules.md sections 2.1, 2.2 and 2.4).
 */
#include "tests/rig.h"

/* Bits @first to @last of Control need EFR bits @efr_first to @efr_last not to be 0. */
struct gate {
    const char *name;
    unsigned first, last, efr_first, efr_last;
};

static const struct gate gates[] = {
    {"PprLogEn, PprIntEn, PprEn", 13, 15, 1, 1},
    {"GTEn", 16, 16, 4, 4},
    {"GAEn", 17, 17, 7, 7},
    {"SmiFEn", 22, 22, 16, 17},
    {"SmiFLogEn", 24, 24, 16, 17},
    {"GAMEn, GALogEn, GAIntEn", 25, 29, 21, 23},
    {"DualPprLogEn", 30, 31, 24, 25},
    {"DualEventLogEn", 32, 33, 28, 29},
    {"DevTblSegEn", 34, 36, 38, 39},
    {"PprAutoRspEn", 39, 39, 41, 41},
    {"MarcEn", 40, 40, 42, 43},
    {"BlkStopMrkEn", 41, 41, 44, 44},
    {"PprAutoRspAon", 42, 42, 41, 41},
    {"EPHEn", 45, 45, 50, 50},
    {"HADUpdate", 46, 47, 49, 49},
    {"XTEn, IntCapXTEn", 50, 51, 2, 2},
    {"vCmdEn, vIommuEn", 52, 53, 55, 55},
    {"GAPPIEn", 55, 55, 5, 5},
};

/* The same for EFR2 (01A0h) */
static const struct gate gates2[] = {
    {"NumIntRemapMode", 43, 44, 8, 9},
    {"TMPMEn", 56, 56, 2, 2},
    {"GCR3TRPMode", 58, 58, 3, 3},
    {"SNPAVICEn", 61, 63, 5, 7},
};

/* Bits that no revision names */
static const unsigned reserved[] = {49, 57};

/* What Control's bit @bit reads after a 1 was written to it, by one qword or by a dword. */
static bool sticks(struct amdvi *u, unsigned bit, bool dword)
{
    uint64_t value = u->control | 1ull << bit;

    if (dword) {
        amdvi_write32(u, bit < 32 ? 0x18 : 0x1c, (uint32_t)(bit < 32 ? value : value >> 32));
    } else {
        amdvi_write64(u, 0x18, value);
    }

    bool stuck = amdvi_read64(u, 0x18) >> bit & 1;

    amdvi_write64(u, 0x18, u->control);
    return stuck;
}

static void expect_gone(struct rig *r, unsigned bit, const char *name)
{
    for (unsigned dword = 0; dword < 2; dword++) {
        expect_true(r->c, !sticks(r->u, bit, dword),
                    "bit %u (%s), written as a %s: expected 0, actual 1", bit, name,
                    dword ? "dword" : "qword");
    }
}

/* If the register @efr does not name the feature its enables must be gone. Returns whether it is
 * absent. */
static bool expect_gate(struct rig *r, const struct gate *g, uint64_t efr)
{
    uint64_t feature = efr >> g->efr_first & ((2ull << (g->efr_last - g->efr_first)) - 1);

    for (unsigned bit = g->first; !feature && bit <= g->last; bit++) {
        expect_gone(r, bit, g->name);
    }
    return !feature;
}

RULE(
    "AMDVI-REG-014", "M", reg_absent_feature_bits, RULE_KEYS("3.4", "none"),
    "The Control bits of a feature that EFR does not name, and reserved bits, read 0 after a 1 was "
    "written")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }

    struct amdvi *u = r->u;
    unsigned absent = 0;

    /* Everything is off: what sticks starts nothing. */
    if (!amdvi_disable(u)) {
        rule_error(c, "the IOMMU does not stop");
        return;
    }
    control_pos(c, sticks(u, 3, false) && sticks(u, 4, true),
                "EventIntEn and ComWaitIntEn, which need no feature, stick");
    control_neg(c, !(amdvi_read64(u, 0x18) & 0x18), "and are 0 again after a 0 was written");
    for (unsigned i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
        absent += expect_gate(r, &gates[i], amdvi_read64(u, 0x30));
    }
    for (unsigned i = 0; i < sizeof(gates2) / sizeof(gates2[0]); i++) {
        absent += expect_gate(r, &gates2[i], amdvi_read64(u, 0x1a0));
    }
    for (unsigned i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        expect_gone(r, reserved[i], "reserved");
    }
    observe(c, "absent_features", "%u", absent);
    /* No feature bit tells of it: software finds out by trying. */
    observe(c, "irt_cache_dis_sticks", "%d", sticks(u, 59, false));
}

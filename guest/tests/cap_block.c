// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The PCI function and its capability block (docs/rules.md section 1).
 */
#include "arch/io.h"
#include "drivers/amdvi/regs.h"
#include "platform/pci.h"
#include "tests/rig.h"

#define MSI_CAP_ID     0x05
#define MSI_ADDRESS_LO 4

/* The first value that config dword @off takes beside its own when written with all ones, zeroes
 * and its complement; else its own. */
static uint32_t written(uint16_t devid, uint16_t off)
{
    uint32_t before = pci_read32(devid, off), after = before;
    uint32_t patterns[] = {0xffffffffu, 0, ~before};

    for (unsigned i = 0; i < 3 && after == before; i++) {
        pci_write32(devid, off, patterns[i]);
        after = pci_read32(devid, off);
        pci_write32(devid, off, before);
    }
    return after;
}

static void expect_config_ro(struct check *c, uint16_t devid, uint16_t off, const char *what)
{
    uint32_t before = pci_read32(devid, off);

    expect_u64(c, what, before, written(devid, off));
}

/* That a write reaches this function, and that a register that takes one is told from one that does
 * not (CAP-008: there is an MSI). */
static void control_config_write(struct check *c, uint16_t devid)
{
    uint8_t msi = pci_find_cap(devid, MSI_CAP_ID);

    control_pos(c, msi != 0, "there is an MSI capability to write to");
    if (msi) {
        uint32_t before = pci_read32(devid, msi + MSI_ADDRESS_LO);

        control_neg(c, written(devid, msi + MSI_ADDRESS_LO) != before,
                    "its address register is found not to be read-only");
    }
}

RULE("AMDVI-CAP-001", "A", cap_class_code_is_iommu, RULE_KEYS("3.2", "none"),
     "The PCI function has class 08h, subclass 06h, interface 00h")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }

    uint32_t class = pci_read32(r->u->devid, 0x08) >> 8;
    const struct pci_dev *other = pci_get(0);

    if (other && other->devid == r->u->devid) {
        other = pci_get(1);
    }
    control_pos(c, pci_read16(r->u->devid, PCI_VENDOR_ID) != 0xffff,
                "function %04x named by IVRS answers", r->u->devid);
    control_neg(c, other && pci_read32(other->devid, 0x08) >> 8 != 0x080600,
                "another function, %04x, reads another class", other ? other->devid : 0);
    expect_u64(c, "config dword 08h bits 31:8", 0x080600, class);
    observe(c, "class", "%06x", class);
}

RULE("AMDVI-CAP-002", "A", cap_header_layout, RULE_KEYS("3.2", "none"),
     "Capability header: ID 0Fh, type 3, revision 1, reserved bits 0, read-only")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }

    uint32_t header = pci_read32(r->u->devid, r->u->cap);
    uint64_t efr = amdvi_read64(r->u, AMDVI_EFR);

    control_config_write(c, r->u->devid);
    expect_u64(c, "bits 7:0, capability ID", 0x0f, header & 0xff);
    expect_u64(c, "bits 18:16, CapType", 3, header >> 16 & 7);
    expect_u64(c, "bits 23:19, CapRev", 1, header >> 19 & 0x1f);
    expect_u64(c, "bits 31:29, reserved", 0, header >> 29);
    expect_true(c, !efr || header >> 27 & 1, "expected EFRSup=1 since EFR reads 0x%llx, actual 0",
                (unsigned long long)efr);
    expect_config_ro(c, r->u->devid, r->u->cap, "header after a write");
    observe(c, "header", "%08x", header);
}

RULE("AMDVI-CAP-003", "A", cap_base_enabled_and_aligned, RULE_KEYS("3.2", "none"),
     "The base registers hold a 16 KB aligned address, and Enable=1 where the registers answer")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }
    if (!amdvi_disable(r->u)) {
        rule_error(c, "the IOMMU does not stop");
        return;
    }

    uint32_t lo = pci_read32(r->u->devid, r->u->cap + 4);
    uint32_t hi = pci_read32(r->u->devid, r->u->cap + 8);
    uint64_t base = (uint64_t)hi << 32 | (lo & 0xffffc000u);

    /* The registers answer: one that is RW takes a value, one that is RO does not, both at the base
     * that is named. */
    uint64_t efr = mmio_read64(base + 0x30);

    mmio_write64(base + 0x00, 0x0000000012345001ull);
    mmio_write64(base + 0x30, ~efr);
    control_pos(c, mmio_read64(base + 0x00) == 0x0000000012345001ull,
                "DevTabBase at base 0x%llx takes a value", (unsigned long long)base);
    control_neg(c, mmio_read64(base + 0x30) != ~efr, "EFR at the same base does not take one");
    expect_u64(c, "+04h bit 0, Enable, while the registers answer", 1, lo & 1);
    expect_u64(c, "+04h bits 13:1, reserved", 0, lo >> 1 & 0x1fff);
    expect_u64(c, "base, against the IVHD's", r->u->base, base);
    observe(c, "base", "%016llx", (unsigned long long)base);
}

RULE("AMDVI-CAP-004", "M", cap_base_locked, RULE_KEYS("3.2", "none"),
     "Enable is set by a 1; once it is 1, both base dwords ignore writes, and the registers stay")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }

    uint16_t devid = r->u->devid, low = r->u->cap + 4, high = r->u->cap + 8;
    uint32_t lo = pci_read32(devid, low), hi = pci_read32(devid, high);

    control_config_write(c, devid);
    if (!(lo & 1)) {
        pci_write32(devid, low, lo | 1);
        expect_u64(c, "+04h bit 0, Enable, after a 1 was written", 1, pci_read32(devid, low) & 1);
        lo |= 1;
    }
    /* All ones would put the registers at another address, zeroes would hide them. */
    static const uint32_t values[] = {0x00000000u, 0xffffffffu, 0xfec80001u, 0x00004000u};

    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        pci_write32(devid, high, values[i]);
        pci_write32(devid, low, values[i]);
        expect_u64(c, "+04h after a write with Enable=1", lo, pci_read32(devid, low));
        expect_u64(c, "+08h after a write with Enable=1", hi, pci_read32(devid, high));
        /* What took the write is put back, or nobody finds the registers again. */
        pci_write32(devid, high, hi);
        pci_write32(devid, low, lo);
        expect_true(c, amdvi_wait_completion(r->u, AMDVI_WAIT_US),
                    "expected the registers to answer where they were after a write of %08x",
                    values[i]);
    }
}

RULE("AMDVI-CAP-005", "A", cap_range_is_read_only, RULE_KEYS("3.2", "none"),
     "Range (+0Ch) is read-only")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }

    uint32_t range = pci_read32(r->u->devid, r->u->cap + 0x0c);

    control_config_write(c, r->u->devid);
    expect_config_ro(c, r->u->devid, r->u->cap + 0x0c, "Range after a write");
    observe(c, "range", "%08x", range);
}

RULE("AMDVI-CAP-006", "A", cap_miscinfo0_sizes, RULE_KEYS("3.2", "none"),
     "MiscInfo0 tells sizes that exist, reserved bits are 0, read-only")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }

    uint32_t misc = pci_read32(r->u->devid, r->u->cap + 0x10);
    unsigned pa = misc >> 8 & 0x7f, va = misc >> 15 & 0x7f;

    control_config_write(c, r->u->devid);
    /* 48 bits where guest translation is there (EFR.GTSup); without it the field says nothing. */
    if (amdvi_read64(r->u, AMDVI_EFR) >> 4 & 1) {
        expect_u64(c, "bits 7:5, GVAsize (010b = 48 bits)", 2, misc >> 5 & 7);
    }
    expect_true(c, pa >= 32 && pa <= 52, "expected bits 14:8, PAsize, 32..52, actual %u", pa);
    expect_true(c, va == 32 || va == 40 || va == 48 || va == 64,
                "expected bits 21:15, VAsize, 32, 40, 48 or 64, actual %u", va);
    expect_u64(c, "bits 26:23, reserved", 0, misc >> 23 & 0xf);
    expect_config_ro(c, r->u->devid, r->u->cap + 0x10, "MiscInfo0 after a write");
    observe(c, "miscinfo0", "%08x", misc);
}

RULE("AMDVI-CAP-007", "A", cap_miscinfo1_numbers, RULE_KEYS("3.2", "none"),
     "MiscInfo1 is there with CapExt=1: bits 4:0 are a message number, the others 0, read-only")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }
    if (!(r->u->cap_header >> 28 & 1)) {
        rule_skip(c, "capability header 0x%08x: CapExt (bit 28) is 0", r->u->cap_header);
        return;
    }

    uint32_t misc = pci_read32(r->u->devid, r->u->cap + 0x14);

    control_config_write(c, r->u->devid);
    expect_u64(c, "bits 31:5, reserved", 0, misc >> 5);
    expect_config_ro(c, r->u->devid, r->u->cap + 0x14, "MiscInfo1 after a write");
    observe(c, "miscinfo1", "%08x", misc);
}

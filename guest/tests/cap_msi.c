// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The MSI capability of the PCI function (docs/rules.md section 1).
 */
#include "platform/pci.h"
#include "tests/rig.h"

/* A list of capabilities cannot be longer than this: 192 bytes, 4 bytes each. */
#define CAPS_MAX 48

/* How often capability @id stands in the list of @devid; *@first: where the first one is. */
static unsigned count_caps(uint16_t devid, uint8_t id, uint8_t *first)
{
    uint8_t off = pci_read8(devid, 0x34) & 0xfc;
    unsigned found = 0;

    for (unsigned i = 0; i < CAPS_MAX && off >= 0x40; i++) {
        if (pci_read8(devid, off) == id) {
            if (found++ == 0) {
                *first = off;
            }
        }
        off = pci_read8(devid, off + 1) & 0xfc;
    }
    return found;
}

/* Does the dword at @off take @value in the bits of @mask? It is put back. */
static bool takes(uint16_t devid, uint16_t off, uint32_t value, uint32_t mask)
{
    uint32_t before = pci_read32(devid, off);

    pci_write32(devid, off, value);

    uint32_t after = pci_read32(devid, off);

    pci_write32(devid, off, before);
    return (after & mask) == (value & mask);
}

RULE("AMDVI-CAP-008", "A", cap_one_msi_64_bit, RULE_KEYS("3.2", "none"),
     "There is one MSI capability, with the 64-bit address form, and no MSI-X")
{
    struct rig *r = rig_begin(c);
    uint8_t own = 0, msi = 0, none = 0;

    if (!r) {
        return;
    }

    uint16_t devid = r->u->devid;

    control_pos(c, count_caps(devid, 0x0f, &own) >= 1 && own == r->u->cap,
                "the walk finds the capability block (ID 0Fh) at %02xh, where IVRS says %02xh", own,
                r->u->cap);
    control_neg(c, count_caps(devid, 0x15, &none) == 0,
                "and finds none of an ID that a function like this cannot have (15h)");

    unsigned msis = count_caps(devid, 0x05, &msi);

    expect_u64(c, "number of MSI capabilities (ID 05h)", 1, msis);
    expect_u64(c, "number of MSI-X capabilities (ID 11h)", 0, count_caps(devid, 0x11, &none));
    if (msis == 0) {
        return;
    }

    uint32_t control = pci_read16(devid, msi + 2);

    expect_u64(c, "Message Control bit 7, 64-bit address capable", 1, control >> 7 & 1);
    expect_u64(c, "Message Control bits 15:9, reserved", 0, control >> 9);
    if (control & 1) {
        rule_error(c, "MSI is enabled: Message Control %04x", control);
        return;
    }
    /* The form itself: the upper half is a register of its own, the data follows it. */
    expect_true(c, takes(devid, msi + 4, 0xfee01230u, 0xffffffffu),
                "expected the address at +4 to take fee01230");
    expect_true(c, takes(devid, msi + 8, 0x00000001u, 0xffffffffu),
                "expected the upper address at +8 to take 00000001");
    expect_true(c, takes(devid, msi + 8, 0xdeadbee0u, 0xffffffffu),
                "expected the upper address at +8 to take deadbee0");
    expect_true(c, takes(devid, msi + 12, 0x00004123u, 0x0000ffffu),
                "expected the data at +12 to take 4123");
    observe(c, "message_control", "%04x", control);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IVRS and ACPI bytes, good and broken. Tables lie in blocks of exactly their size for the address
 * sanitizer.
 */
#include <stdlib.h>

#include "platform/acpi.h"
#include "platform/acpi_table.h"
#include "platform/ivrs.h"
#include "unit/tap.h"

/* An IVRS header, then an IVHD 10h with two device entries, an IVMD, and an IVHD 11h. */
static const uint8_t good_ivrs[] = {
    'I',  'V',  'R',  'S',  156,  0,    0,    0, 2,    0,    'O',  'E',
    'M',  'O',  'E',  'M', /* 0 */
    0,    0,    0,    0,    0,    0,    0,    0, 0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,                      /* 16 */
    0x40, 0x30, 0x20, 0,    0,    0,    0,    0, 0,    0,    0,    0, /* 36: IVinfo, reserved */
    0x10, 0xb1, 32,   0,    0x08, 0x01, 0x40, 0,                      /* 48: type 10h */
    0,    0,    0xd8, 0xfe, 0,    0,    0,    0, 0x01, 0,    0x34, 0x12,
    0x78, 0x56, 0x34, 0x12, 2,    0x10, 0,    0, 4,    0xff, 0,    0, /* entries */
    0x21, 0x08, 32,   0,    0,    0,    0,    0, 0,    0,    0,    0,
    0,    0,    0,    0, /* 80: IVMD */
    0,    0,    0,    0,    0,    0,    0,    0, 0,    0,    0,    0,
    0,    0,    0,    0,    0x11, 0x00, 44,   0, 0x02, 0x00, 0x50, 0, /* 112: type 11h */
    0,    0,    0,    0xfd, 0x01, 0,    0,    0, 0x02, 0,    0,    0,
    0,    0,    0,    0,    0xd3, 0x29, 0,    0, 0,    0,    0,    0x80,
    0x05, 0,    0,    0,    0,    0,    0,    0, 1,    0,    0,    0,
};

_Static_assert(sizeof(good_ivrs) == 156, "the table's length as it says itself");

static bool walk(const uint8_t *bytes, size_t len, unsigned n, struct ivrs_ivhd *out, bool *broken)
{
    uint8_t *p = malloc(len > 0 ? len : 1);
    bool found;

    memcpy(p, bytes, len);
    found = ivrs_ivhd(p, len, n, out, broken);
    if (found) {
        uint8_t sum = 0;

        for (size_t i = 0; i < out->entries_len; i++) { /* all of it must be there to be read */
            sum = (uint8_t)(sum + out->entries[i]);
        }
        out->info = (uint16_t)(out->info + 0 * sum);
    }
    free(p);
    return found;
}

static void ivrs_good(void)
{
    struct ivrs_ivhd v;
    bool broken;

    OK(walk(good_ivrs, sizeof(good_ivrs), 0, &v, &broken) && !broken, "first IVHD");
    IS(v.type, 0x10, "type 10h");
    IS(v.flags, 0xb1, "flags");
    IS(v.length, 32, "length");
    IS(v.devid, 0x0108, "DeviceID");
    IS(v.cap_offset, 0x40, "capability offset");
    IS(v.base, 0xfed80000, "base");
    IS(v.segment, 1, "segment");
    IS(v.info, 0x1234, "info");
    IS(v.features, 0x12345678, "features");
    IS(v.efr, 0, "10h has no EFR");
    IS(v.entries_len, 8, "bytes of entries");
    OK(walk(good_ivrs, sizeof(good_ivrs), 1, &v, &broken) && !broken, "second IVHD, over the IVMD");
    IS(v.type, 0x11, "type 11h");
    IS(v.base, 0x1fd000000, "base above 4 GiB");
    IS(v.efr, 0x80000000000029d3, "EFR");
    IS(v.efr2, 5, "EFR2");
    IS(v.entries_len, 4, "bytes of entries");
    OK(!walk(good_ivrs, sizeof(good_ivrs), 2, &v, &broken) && !broken, "no third");
    OK(!walk(good_ivrs, 48, 0, &v, &broken) && !broken, "a table without blocks");
}

static void ivrs_broken(void)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *what;
    } cases[] = {
        {50, 0, "length 0"},
        {50, 23, "length shorter than the header of 10h"},
        {50, 3, "length shorter than any header"},
        {50, 109, "length beyond the table"},
        {51, 0xff, "length far beyond the table"},
    };
    struct ivrs_ivhd v;
    bool broken;
    uint8_t t[sizeof(good_ivrs)];
    unsigned missed = 0;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(t, good_ivrs, sizeof(t));
        t[cases[i].at] = cases[i].value;
        OK(!walk(t, sizeof(t), 0, &v, &broken) && broken, cases[i].what);
    }
    memcpy(t, good_ivrs, sizeof(t));
    t[114] = 39;
    OK(walk(t, sizeof(t), 0, &v, &broken), "a good block before a broken one");
    OK(!walk(t, sizeof(t), 1, &v, &broken) && broken, "length shorter than the header of 11h");
    t[112] = 0x40;
    t[114] = 44;
    OK(walk(t, sizeof(t), 1, &v, &broken) && v.efr2 == 5, "type 40h is read as 11h");
    t[82] = 0;
    OK(!walk(t, sizeof(t), 1, &v, &broken) && broken, "IVMD of length 0");
    OK(!ivrs_ivhd(t, 0, 0, &v, &broken) && broken, "nothing");
    OK(!walk(t, 47, 0, &v, &broken) && broken, "shorter than the table's header");
    for (size_t len = 48; len < sizeof(good_ivrs); len++) {
        bool first = walk(good_ivrs, len, 0, &v, &broken);
        bool first_broken = broken;
        bool second = walk(good_ivrs, len, 1, &v, &broken);

        missed += first != (len >= 80) || second;
        missed += first_broken != (len > 48 && len < 80);
        missed += broken != (len != 48 && len != 80 && len != 112);
    }
    IS(missed, 0, "cut off at every byte");
}

static void ivrs_mutated(void)
{
    uint64_t state = 99;
    unsigned found = 0;

    for (int i = 0; i < 50000; i++) {
        uint8_t t[sizeof(good_ivrs)];
        struct ivrs_ivhd v;
        bool broken;

        memcpy(t, good_ivrs, sizeof(t));
        for (uint64_t n = tap_random(&state) % 3 + 1; n > 0; n--) {
            t[48 + tap_random(&state) % (sizeof(t) - 48)] = (uint8_t)tap_random(&state);
        }
        for (unsigned n = 0; n < 4; n++) {
            found += walk(t, 48 + tap_random(&state) % (sizeof(t) - 47), n, &v, &broken);
        }
    }
    OK(found > 0, "50000 mutated tables");
}

/* A start of range, an alias of 8 bytes, an ACPI device with a name of 2 bytes, the HPET (variety
 * 2) and the I/O APIC (variety 1). */
static const uint8_t entries[] = {
    3, 0x08, 0,   0,    0x42, 0x48, 0x48, 0,    0, 0x33, 0x01, 0,    0xf0, 0x48, 0x48,
    0, 'A',  'M', 0,    0,    0,    0,    0,    0, 0,    0,    0,    0,    0,    0,
    0, 0,    2,   2,    1,    1,    0x48, 0,    0, 0,    0,    0x11, 0x22, 2,    0x48,
    0, 0,    0,   0x20, 0xa0, 3,    1,    0x48, 0, 0,    0,    0x21, 0xb0, 4,    1,
};

/* In a block of exactly @len bytes */
static bool special(size_t len, uint8_t variety, uint16_t *devid)
{
    uint8_t *p = malloc(len > 0 ? len : 1);
    bool found;

    memcpy(p, entries, len);
    found = ivrs_special(&(struct ivrs_ivhd){.entries = p, .entries_len = len}, variety, devid);
    free(p);
    return found;
}

static void ivrs_special_devices(void)
{
    uint16_t devid = 0;

    OK(special(sizeof(entries), IVRS_IOAPIC, &devid), "an I/O APIC is named");
    IS(devid, 0x03a0, "DeviceID of the first");
    OK(special(sizeof(entries), 2, &devid), "an HPET is named");
    IS(devid, 0x2211, "its DeviceID");
    OK(!special(sizeof(entries), 3, &devid), "no other variety");

    unsigned found = 0;

    for (size_t len = 0; len < sizeof(entries); len++) {
        found += special(len, IVRS_IOAPIC, &devid) != (len >= 52);
    }
    IS(found, 0, "cut off at every byte");
}

static void fix_checksum(uint8_t *p, size_t n, size_t at)
{
    uint8_t sum = 0;

    p[at] = 0;
    for (size_t i = 0; i < n; i++) {
        sum = (uint8_t)(sum + p[i]);
    }
    p[at] = (uint8_t)-sum;
}

static void rsdp(void)
{
    uint8_t r[36] = "RSD PTR ";
    uint64_t rsdt, xsdt;

    r[16] = 0x10;
    r[17] = 0x20;
    r[20] = 36;
    r[24] = 0x30;
    r[28] = 0x01;
    fix_checksum(r, 20, 8);
    OK(acpi_rsdp_ok(r, 36, &rsdt, &xsdt), "revision 0");
    IS(rsdt, 0x2010, "RSDT");
    IS(xsdt, 0, "revision 0 has no XSDT");
    OK(acpi_rsdp_ok(r, 20, &rsdt, &xsdt), "in just 20 bytes");
    OK(!acpi_rsdp_ok(r, 19, &rsdt, &xsdt), "not in 19");
    r[15] = 2;
    fix_checksum(r, 20, 8);
    fix_checksum(r, 36, 32);
    OK(acpi_rsdp_ok(r, 36, &rsdt, &xsdt), "revision 2");
    IS(xsdt, 0x100000030, "XSDT");
    OK(acpi_rsdp_ok(r, 20, &rsdt, &xsdt) && xsdt == 0, "XSDT is out of reach");
    r[32]++;
    OK(acpi_rsdp_ok(r, 36, &rsdt, &xsdt) && xsdt == 0, "bad second checksum: no XSDT");
    r[20] = 255;
    fix_checksum(r, 36, 32);
    OK(acpi_rsdp_ok(r, 36, &rsdt, &xsdt) && xsdt == 0, "length beyond the room: no XSDT");
    r[8]++;
    OK(!acpi_rsdp_ok(r, 36, &rsdt, &xsdt), "bad checksum");
    r[8]--;
    r[0] = 'X';
    OK(!acpi_rsdp_ok(r, 36, &rsdt, &xsdt), "bad signature");
}

static void tables(void)
{
    struct acpi_header h = {.signature = {'T', 'E', 'S', 'T'}, .length = 36};
    uint8_t *p = malloc(36);
    const uint32_t bad_lengths[] = {0, 35, 37, (1u << 20) + 1, UINT32_MAX};

    memcpy(p, &h, 36);
    fix_checksum(p, 36, 9);
    OK(acpi_table_ok(p, 36), "a table that is only a header");
    OK(acpi_table_ok(p, 4096), "with room behind it");
    OK(!acpi_table_ok(p, 35), "no room for it");
    p[10]++;
    OK(!acpi_table_ok(p, 36), "bad checksum");
    for (size_t i = 0; i < sizeof(bad_lengths) / sizeof(bad_lengths[0]); i++) {
        memcpy(p + 4, &bad_lengths[i], 4);
        OK(!acpi_table_ok(p, i == 3 ? SIZE_MAX : 36), "bad length");
    }
    free(p);
}

static bool s5(const char *aml, size_t len, uint8_t *a, uint8_t *b)
{
    uint8_t *p = malloc(len > 0 ? len : 1);
    bool found;

    memcpy(p, aml, len);
    found = acpi_find_s5(p, len, a, b);
    free(p);
    return found;
}

#define S5(text) s5(text, sizeof(text) - 1, &a, &b)

static void sleep_package(void)
{
    uint8_t a = 0xee, b = 0xee;
    static const char good[] = "xx\x08_S5_\x12\x08\x04\x0a\x05\x0a\x06\x00\x00";

    OK(S5("\x08_S5_\x12\x06\x04\x00\x00\x00\x00"), "QEMU's package");
    OK(a == 0 && b == 0, "types 0 and 0");
    OK(s5(good, sizeof(good) - 1, &a, &b), "byte constants");
    OK(a == 5 && b == 6, "types 5 and 6");
    OK(S5("\x08\\_S5_\x12\x06\x04\x01\x0a\x07\x00\x00"), "with a root prefix");
    OK(a == 1 && b == 7, "types 1 and 7");
    OK(S5("\x08_S5_\x12\x46\x00\x04\x0a\x05\x0a\x05"), "two-byte package length");
    OK(a == 5 && b == 5, "types 5 and 5");
    OK(S5("_S5_ \x08_S5_\x12\x06\x04\x00\x01"), "a mention before the definition");
    OK(!S5("_S5_\x12\x06\x04\x00\x01"), "no name opcode");
    OK(!S5("\x08_S5_\x11\x06\x04\x00\x01"), "no package");
    OK(!S5("\x08_S5_\x12\x06\x04\x0b\x00\x01"), "a constant that is no byte");
    OK(!S5(""), "nothing");
    OK(!S5("\x08_S5"), "half a name");
    for (size_t len = 0; len < 14; len++) {
        OK(!s5(good, len, &a, &b), "cut off");
    }
    OK(s5(good, 14, &a, &b), "just long enough");
}

int main(void)
{
    ivrs_good();
    ivrs_broken();
    ivrs_mutated();
    ivrs_special_devices();
    rsdp();
    tables();
    sleep_package();
    return tap_done();
}

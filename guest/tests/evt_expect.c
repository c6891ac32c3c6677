// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the event log has to hold after an access: how many records, and every bit of them
 * (docs/rules.md section 8).
 */
#include "arch/time.h"
#include "drivers/amdvi/regs.h"
#include "lib/format.h"
#include "tests/rig.h"

/* Longest list of flags that a cause may have */
#define CHOICES 3

/*
 * dw1[27:16] of IO_PAGE_FAULT, from the table of walk failures: PR 010h, RW 020h, PE 040h, RZ 080h.
 * Where PR may be 0, RW is unsure. What is expected stands first.
 */
static const struct {
    const char *name;
    struct {
        uint16_t value[CHOICES];
        unsigned count;
    } flags[DIRECTION_COUNT]; /* TO_MEMORY, FROM_MEMORY */
} faults[FAULT_COUNT] = {
    [FAULT_NOT_PRESENT] = {"not_present", {{{0x020, 0x000}, 2}, {{0x000, 0x020}, 2}}},
    [FAULT_DENIED] = {"denied", {{{0x070}, 1}, {{0x050}, 1}}},
    [FAULT_RESERVED] = {"reserved", {{{0x0b0}, 1}, {{0x090}, 1}}},
    [FAULT_BAD_LEVEL] = {"bad_level", {{{0x030, 0x0b0}, 2}, {{0x010, 0x090}, 2}}},
    [FAULT_SKIPPED] = {"skipped", {{{0x030, 0x020, 0x000}, 3}, {{0x010, 0x000, 0x020}, 3}}},
    [FAULT_TOO_WIDE] = {"too_wide", {{{0x020, 0x000, 0x030}, 3}, {{0x000, 0x020, 0x010}, 3}}},
    [FAULT_NO_TABLE] = {"no_table", {{{0x020, 0x000}, 2}, {{0x000, 0x020}, 2}}},
    /* DTE-003: RW=1 for a write in any case; PR and PE are both 1, or, in older logs, both 0. */
    [FAULT_MODE0] = {"mode0", {{{0x070, 0x020}, 2}, {{0x050, 0x000, 0x020}, 3}}},
};

void expect_no_event(struct rig *r, const char *what)
{
    rig_take_events(r);
    if (r->event_count) {
        const struct amdvi_event *e = &r->events[0];

        expect_true(r->c, false, "%s: expected no event, actual %u, the first %08x %08x %08x %08x",
                    what, r->event_count, e->dw[0], e->dw[1], e->dw[2], e->dw[3]);
    }
}

/* Is the address one that a record of the access may have? */
static bool address_fits(struct rig *r, const struct event_want *w, uint64_t a)
{
    if (a == w->address || (a % 4 == 0 && a - w->address < w->len)) {
        r->seen.access = r->seen.access || a % PAGE_SIZE;
        return true;
    }
    if (w->len && a % PAGE_SIZE == 0 && a / PAGE_SIZE == w->address / PAGE_SIZE) {
        r->seen.page = true;
        return true;
    }
    return false;
}

static bool record_fits(struct rig *r, const struct event_want *w, const struct amdvi_event *e)
{
    bool named = false;

    for (unsigned i = 0; i < sizeof(w->dw1) / sizeof(w->dw1[0]) && w->dw1[i]; i++) {
        named = named || e->dw[1] == w->dw1[i];
    }
    r->seen.viommu |= e->dw[0] & 0xfff00000u;
    return named && (e->dw[0] & 0x000fffffu) == w->dw0 &&
           address_fits(r, w, amdvi_event_address(e));
}

/* Lines of 64 bytes, the shortest payload that a PCI Express device may have to split into. */
static unsigned lines(const struct event_want *w)
{
    return w->len ? (unsigned)((w->address + w->len - 1) / 64 - w->address / 64 + 1) : 1;
}

static void judge(struct rig *r, const char *what, const struct event_want *w)
{
    for (unsigned i = 0; i < r->event_count; i++) {
        const struct amdvi_event *e = &r->events[i];

        if (!record_fits(r, w, e)) {
            expect_true(r->c, false,
                        "%s: expected %08x %08x (or another value that the rules name), address "
                        "0x%llx, actual number %u of %u: %08x %08x %08x %08x",
                        what, w->dw0, w->dw1[0], (unsigned long long)w->address, i + 1,
                        r->event_count, e->dw[0], e->dw[1], e->dw[2], e->dw[3]);
            return;
        }
    }
    expect_true(r->c, r->event_count <= lines(w),
                "%s: expected at most %u records of an access of %u bytes, actual %u", what,
                lines(w), w->len, r->event_count);
}

void expect_event(struct rig *r, const char *what, const struct event_want *want)
{
    /* A machine that logs nothing is waited for once with patience, and not each time. */
    if (!wait_until(amdvi_evt_pending(r->u), r->event_missed ? 100 : AMDVI_WAIT_US / 10)) {
        r->event_missed = true;
    }
    rig_take_events(r);
    if (r->event_count == 0) {
        expect_true(r->c, false,
                    "%s: expected an event %08x %08x address 0x%llx, actual none (Status 0x%llx)",
                    what, want->dw0, want->dw1[0], (unsigned long long)want->address,
                    (unsigned long long)amdvi_read64(r->u, AMDVI_STATUS));
        return;
    }
    judge(r, what, want);
}

void expect_event_or_none(struct rig *r, const char *what, const struct event_want *want)
{
    rig_take_events(r);
    judge(r, what, want);
}

static struct event_want fault_want(uint16_t devid, uint16_t domain, enum fault fault,
                                    enum direction d, uint64_t iova, uint32_t len)
{
    struct event_want want = {.dw0 = devid, .address = iova, .len = len};

    for (unsigned i = 0; i < faults[fault].flags[d].count; i++) {
        want.dw1[i] = 0x20000000u | (uint32_t)faults[fault].flags[d].value[i] << 16 | domain;
    }
    return want;
}

/* Which of the flags that the cause may have did the first record have? */
static void remember(struct rig *r, const struct event_want *want, enum fault fault,
                     enum direction d)
{
    for (unsigned i = 0; i < faults[fault].flags[d].count && r->event_count; i++) {
        if (r->events[0].dw[1] == want->dw1[i]) {
            r->seen.flags[fault][d] |= (uint8_t)(1u << i);
        }
    }
}

void expect_fault(struct rig *r, const char *what, uint16_t devid, uint16_t domain,
                  enum fault fault, enum direction d, uint64_t iova, uint32_t len)
{
    struct event_want want = fault_want(devid, domain, fault, d, iova, len);

    expect_event(r, what, &want);
    remember(r, &want, fault, d);
}

void expect_fault_or_none(struct rig *r, const char *what, uint16_t devid, uint16_t domain,
                          enum fault fault, enum direction d, uint64_t iova, uint32_t len)
{
    struct event_want want = fault_want(devid, domain, fault, d, iova, len);

    expect_event_or_none(r, what, &want);
    remember(r, &want, fault, d);
}

void expect_table_fault(struct rig *r, const char *what, uint16_t domain, enum fault fault)
{
    /* A controller may fetch more than the entry of 8 bytes that it needs. */
    expect_fault(r, what, r->ide, domain, fault, FROM_MEMORY, r->prdt_iova, 64);
}

void observe_faults(const struct rig *r)
{
    for (unsigned f = 0; f < FAULT_COUNT; f++) {
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            char key[48], value[32] = "";
            int end = 0;

            for (unsigned i = 0; i < faults[f].flags[d].count; i++) {
                if (r->seen.flags[f][d] & 1u << i) {
                    end += format(value + end, sizeof(value) - (size_t)end, "%s%03x",
                                  end ? "," : "", faults[f].flags[d].value[i]);
                }
            }
            if (end && faults[f].flags[d].count > 1) {
                format(key, sizeof(key), "flags_%s_%s", faults[f].name,
                       d == TO_MEMORY ? "write" : "read");
                observe(r->c, key, "%s", value);
            }
        }
    }
    if (r->seen.access || r->seen.page) {
        observe(r->c, "fault_address", "%s",
                !r->seen.page    ? "access"
                : r->seen.access ? "access,page"
                                 : "page");
    }
    if (r->seen.viommu) {
        observe(r->c, "fault_dw0_31_20", "%03x", r->seen.viommu >> 20);
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/hw_rig.h"

#include "arch/time.h"
#include "check/report.h"
#include "lib/format.h"
#include "lib/string.h"

/* The host has to ask the emulator's monitor, which has a limit of its own. */
#define HOST_US 5000000u

#define ARMED_MAX 8

const char *const hw_types[4] = {NULL, "master-abort", "target-abort", "data-error"};

/* What the rule has armed, to be disarmed. */
static struct {
    const char *kind;
    uint16_t devid;
} armed[ARMED_MAX];
static unsigned armed_count;

static bool ask(struct rig *r, const char *kind, uint16_t devid, unsigned count, const char *type)
{
    char answer[200], device[24] = "", how[32] = "";

    if (strcmp(kind, HW_COMMAND) != 0) {
        format(device, sizeof(device), " device=%02x:%02x.%x", devid >> 8, devid >> 3 & 0x1f,
               devid & 7);
    }
    if (type) {
        format(how, sizeof(how), " type=%s", type);
    }
    if (!report_host(HOST_US, answer, sizeof(answer), "inject %s count=%u%s%s", kind, count, device,
                     how)) {
        rule_error(r->c, "the host does not arm %s for DeviceID 0x%04x: %s", kind, devid, answer);
        return false;
    }
    return true;
}

static void disarm(void *arg)
{
    struct rig *r = arg;

    for (unsigned i = 0; i < armed_count; i++) {
        (void)ask(r, armed[i].kind, armed[i].devid, 0, NULL);
    }
    armed_count = 0;
}

bool hw_arm(struct rig *r, const char *kind, uint16_t devid, unsigned count, const char *type)
{
    unsigned i = 0;

    if (armed_count == 0) {
        rule_at_end(r->c, disarm, r);
    }
    while (i < armed_count && (armed[i].kind != kind || armed[i].devid != devid)) {
        i++;
    }
    if (i == ARMED_MAX) {
        rule_error(r->c, "more than %u kinds of error in one rule", ARMED_MAX);
        return false;
    }
    armed[i].kind = kind;
    armed[i].devid = devid;
    if (i == armed_count) {
        armed_count++;
    }
    return ask(r, kind, devid, count, type);
}

void expect_hw_error(struct rig *r, const char *what, unsigned min, unsigned max, uint32_t dw0,
                     uint32_t dw1, uint32_t dw1_mask, uint64_t address)
{
    /* A machine that logs nothing is waited for once with patience, and not each time. */
    if (!wait_until(amdvi_evt_pending(r->u) >= min, r->event_missed ? 100 : AMDVI_WAIT_US / 10)) {
        r->event_missed = true;
    }
    rig_take_events(r);
    expect_true(r->c, r->event_count >= min && r->event_count <= max,
                "%s: expected %u to %u records %08x %08x address 0x%llx, actual %u", what, min, max,
                dw0, dw1, (unsigned long long)address, r->event_count);
    for (unsigned i = 0; i < r->event_count; i++) {
        const struct amdvi_event *e = &r->events[i];

        if ((e->dw[1] & 0x06000000u) == 0) {
            expect_true(r->c, false, "%s: expected a Type, actual 0, which is none (%08x)", what,
                        e->dw[1]);
            return;
        }
        if ((e->dw[0] & 0xfffff) != dw0 || (e->dw[1] & dw1_mask) != (dw1 & dw1_mask) ||
            amdvi_event_address(e) != address) {
            expect_true(r->c, false,
                        "%s: expected %08x %08x (mask %08x) address 0x%llx, actual number %u of "
                        "%u: %08x %08x %08x %08x",
                        what, dw0, dw1, dw1_mask, (unsigned long long)address, i + 1,
                        r->event_count, e->dw[0], e->dw[1], e->dw[2], e->dw[3]);
            return;
        }
    }
}

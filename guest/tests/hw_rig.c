// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/hw_rig.h"

#include "arch/time.h"

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

        if ((e->dw[0] & 0xfffff) != dw0 || (e->dw[1] & dw1_mask) != (dw1 & dw1_mask) ||
            (e->dw[1] & 0x06000000u) == 0 || amdvi_event_address(e) != address) {
            expect_true(r->c, false,
                        "%s: expected %08x %08x (mask %08x) address 0x%llx, actual number %u of "
                        "%u: %08x %08x %08x %08x",
                        what, dw0, dw1, dw1_mask, (unsigned long long)address, i + 1,
                        r->event_count, e->dw[0], e->dw[1], e->dw[2], e->dw[3]);
            return;
        }
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The message at the end of an NVMe command (docs/rules.md section 20).
 */
#include "arch/irq.h"
#include "arch/smp.h"
#include "platform/msix.h"
#include "tests/disk_rig.h"
#include "tests/env.h"
#include "tests/irq_rig.h"

#define VECTOR 0x8e

static void messages_off(void *arg)
{
    (void)arg;
    msix_disable(env.nvme.devid);
}

RULE("NVME-IRQ-001", "A", nvme_completion_sends_a_message, RULE_KEYS("7.5", "nvme,apic"),
     "A completion in a queue that was made with IEN=1 sends one message by its entry of the MSI-X "
     "table, in one with IEN=0 none")
{
    struct disk_rig *d = disk_rig_begin(c, DISK_NVME);
    struct listener *l;

    if (!d) {
        return;
    }
    irq_rig_join(d->r);
    rule_at_end(c, messages_off, NULL);
    l = irq_listen(c, VECTOR);
    if (!l) {
        return;
    }
    control_listener(c, l);
    for (unsigned round = 0; round < 2; round++) {
        d->interrupts = round == 1;
        msix_disable(d->devid);
        if (!disk_nvme_enable(d)) {
            return;
        }
        if (!msix_connect(d->devid, 0, smp_apic_id(0), VECTOR)) {
            rule_error(c, "the NVMe controller has no MSI-X capability");
            return;
        }
        for (unsigned i = 0; i < 3; i++) {
            expect_u64(c, d->interrupts ? "messages with IEN=1" : "messages with IEN=0",
                       d->interrupts, disk_read_messages(d, l, d->interrupts));
        }
    }
    expect_no_event(d->r, "messages with V=1 and IV=0");
}

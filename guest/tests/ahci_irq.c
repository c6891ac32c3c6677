// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The message at the end of an AHCI command (docs/rules.md section 19).
 */
#include "arch/irq.h"
#include "arch/smp.h"
#include "drivers/ahci/regs.h"
#include "platform/msi.h"
#include "tests/disk_rig.h"
#include "tests/env.h"
#include "tests/irq_rig.h"

#define VECTOR 0x8d

static void messages_off(void *arg)
{
    (void)arg;
    msi_enable(env.ahci.devid, false);
}

/* One read with these enables; how many messages come? */
static uint32_t messages(struct disk_rig *d, struct listener *l, uint32_t enables, bool on)
{
    ahci_acknowledge(&env.ahci);
    ahci_interrupts(&env.ahci, enables, on);
    return disk_read_messages(d, l, on && enables);
}

RULE("AHCI-IRQ-001", "A", ahci_end_sends_a_message, RULE_KEYS("3.3.6", "ahci,apic"),
     "The end of a DMA command sends one message with GHC.IE=1 and PxIE.DHRE=1 and none with "
     "either 0; PxIS.DHRS and IS tell it in any case, until a 1 is written to them")
{
    struct disk_rig *d = disk_rig_begin(c, DISK_AHCI);
    uint32_t bit;
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
    if (!msi_connect(d->devid, smp_apic_id(0), VECTOR)) {
        rule_error(c, "the AHCI controller has no MSI capability");
        return;
    }
    bit = 1u << env.ahci.port;
    expect_u64(c, "messages with GHC.IE=0", 0, messages(d, l, AHCI_PX_IS_DHRS, false));
    expect_u64(c, "PxIS.DHRS", 1, ahci_port_read(&env.ahci, AHCI_PX_IS) & 1);
    expect_u64(c, "messages with PxIE=0", 0, messages(d, l, 0, true));
    expect_u64(c, "PxIS.DHRS", 1, ahci_port_read(&env.ahci, AHCI_PX_IS) & 1);
    for (unsigned i = 0; i < 2; i++) {
        expect_u64(c, "messages with both", 1, messages(d, l, AHCI_PX_IS_DHRS, true));
        expect_u64(c, "IS, the port's bit", bit, ahci_pending(&env.ahci) & bit);
    }
    ahci_acknowledge(&env.ahci);
    expect_u64(c, "PxIS after a 1 was written to each bit", 0,
               ahci_port_read(&env.ahci, AHCI_PX_IS));
    expect_u64(c, "IS after that", 0, ahci_pending(&env.ahci));
    irq_settle();
    expect_u64(c, "messages after that", 1, l->count);
    expect_no_event(d->r, "messages with V=1 and IV=0");
}

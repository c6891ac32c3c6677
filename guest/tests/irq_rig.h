// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of interrupts share: handlers that count exactly, the IOMMU's message, and the two
 * sources that make it send one.
 *
 * That a message does not come is shown by a later one: the same source is made to interrupt at
 * another vector, of lower priority, and when that has come, what was not to come has not come.
 */
#ifndef TESTS_IRQ_RIG_H
#define TESTS_IRQ_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/madt.h"
#include "tests/rig.h"

/* Where the test device has no page */
#define IRQ_RIG_BLOCKED 0x5000u

struct listener {
    unsigned vector;
    volatile uint32_t count;
    volatile uint32_t cpu; /* number of the CPU that took the last one */
    /* Called in the handler once it has counted, unless NULL: what ends a level at its source,
     * which would come again and again. */
    void (*then)(struct listener *l, void *arg);
    void *arg;
};

/**
 * Count what arrives at @vector until the rule ends. NULL if the vector is not to be had (the rule
 * is then an error).
 */
struct listener *irq_listen(struct check *c, unsigned vector);

/**
 * The two controls of a counting handler, by interrupts that the CPU sends to itself: one is
 * counted as one, and a further one as a further one. Leaves the count at 0.
 */
void control_listener(struct check *c, struct listener *l);

/** As rig_begin(), with the messages of IOMMU and test device off until the rule sets them up, and
 * again when it ends. The test device has an empty page table, so its DMA is refused. */
struct rig *irq_rig_begin(struct check *c);

/**
 * For a rig that has begun otherwise: the same, but for the table, and no message of the IOMMU is
 * asked for. What listens, and what is wired, is given back when the rule ends.
 */
void irq_rig_join(struct rig *r);

/**
 * Have the wired interrupt @gsi come to this CPU at @vector until the rule ends; also to lead it
 * elsewhere, or to start afresh with one that is in service. False: the rule is an error.
 */
bool irq_wire(struct check *c, struct madt_gsi gsi, unsigned vector);

/** Poll with windows for a while in which an interrupt that is on its way comes in. */
void irq_settle(void);

/** The enables in Control (docs/rules.md section 2.1). */
#define EVENT_INT_EN    0x08u
#define COM_WAIT_INT_EN 0x10u

/** Control's two interrupt enables become @enables, its other bits stay. */
void irq_enables(struct rig *r, unsigned enables);

/** Write 1 to all W1C bits of Status. */
void irq_clear_status(struct rig *r);

enum source { SOURCE_EVENT, SOURCE_COMPLETION, SOURCE_COUNT };

extern const char *const source_names[SOURCE_COUNT];

/** The enable of the source, and its bit in Status. */
unsigned source_enable(enum source s);
uint64_t source_status(enum source s);

/**
 * Make the source happen: one refused access of the test device, which logs one event, or one
 * COMPLETION_WAIT with store and i=1. Returns false, and the rule is an error, if the access is not
 * refused or the store does not come. Whether anything is logged is not looked at: that follows
 * later, and where it does not, there is no message.
 */
bool source_fire(struct rig *r, enum source s);

/**
 * The later effect: from a cleared Status, with both enables and the message at @later's vector,
 * @s is made to happen. Fails the rule if that does not come exactly once.
 */
void expect_later(struct rig *r, enum source s, struct listener *later, const char *what);

/**
 * Have the test device send one message at @vector while its device table entry has the quadwords
 * @q0, @q1, @q2 and 0; then, with V=0, one at @later's vector, which is of lower priority: once
 * that has come, what the first one does has been done. False: the rule is an error. That @later
 * counts 1 is for the caller to look at.
 */
bool irq_send_under(struct rig *r, uint64_t q0, uint64_t q1, uint64_t q2, unsigned vector,
                    struct listener *later);

#endif

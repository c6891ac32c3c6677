// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/rig.h"

#include "arch/cpu.h"
#include "arch/time.h"
#include "check/mark.h"
#include "drivers/amdvi/regs.h"
#include "lib/crc32.h"
#include "lib/string.h"
#include "tests/env.h"

static struct rig rig;

/*
 * With the IOMMU off, each engine that the rule used has to move data once more: one that has died
 * in the meantime would make everything look blocked.
 */
static void prove_engines(struct rig *r)
{
    struct buf b;

    r->prdt_iova = (uint32_t)r->prdt;
    for (enum engine e = 0; e < ENGINE_COUNT; e++) {
        if (r->used[e] && (!buf_new(r, &b, PAGE_LOW, 1) ||
                           dma_probe(r, e, TO_MEMORY, b.spa, &b, 0) != DMA_MOVED)) {
            rule_error(r->c, "%s moves nothing any more with the IOMMU off",
                       dma_name(e, TO_MEMORY));
        }
    }
}

static void rig_end(void *arg)
{
    struct rig *r = arg;

    observe_faults(r);
    if (!amdvi_disable(r->u)) {
        rule_error(r->c, "the IOMMU does not stop: Status 0x%llx",
                   (unsigned long long)amdvi_read64(r->u, AMDVI_STATUS));
    } else if (!rule_broken(r->c)) {
        prove_engines(r);
    }
    if (r->used[ENGINE_IDE] && !ide_reset(&env.ide)) {
        rule_error(r->c, "the IDE channel stays busy after a reset");
    }
}

struct rig *rig_begin(struct check *c)
{
    struct rig *r = &rig;

    r->c = c;
    r->u = &env.iommu;
    r->ide = env.ide.devid;
    r->testdev = env.testdev.devid;
    r->event_count = 0;
    r->used[ENGINE_IDE] = r->used[ENGINE_TESTDEV] = false;
    r->quiet = r->event_missed = false;
    r->seen = (struct fault_seen){0};
    /* The same data whether a rule runs alone or with others. */
    r->nonce = (env.seed << 32) ^ (uint64_t)crc32(0, rule_id(c), strlen(rule_id(c))) << 8;
    rule_at_end(c, rig_end, r);
    r->prdt = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
    r->prdt_iova = (uint32_t)r->prdt;
    if (!amdvi_disable(r->u) || !r->prdt ||
        !amdvi_setup(r->u, env.devids, AMDVI_RING_LEN_MIN, RIG_EVENTS_LOG2) ||
        !amdvi_enable(r->u)) {
        rule_error(c,
                   "the IOMMU cannot be brought into a known state: Control 0x%llx Status 0x%llx",
                   (unsigned long long)amdvi_read64(r->u, AMDVI_CONTROL),
                   (unsigned long long)amdvi_read64(r->u, AMDVI_STATUS));
        return NULL;
    }
    rig_take_events(r);
    return r;
}

bool rig_attach(struct rig *r, uint16_t devid, uint64_t q0, uint64_t q1, uint64_t q2, uint64_t q3)
{
    const uint64_t *old = (const uint64_t *)(r->u->dev_tab + (uint64_t)devid * AMDVI_DTE_SIZE);
    uint16_t old_domain = (uint16_t)old[1];

    amdvi_dte_write(r->u, devid, (struct amdvi_dte){{q0, q1, q2, q3}});
    amdvi_cmd_put(r->u, amdvi_cmd_invalidate_domain(old_domain));
    if (!amdvi_flush_device(r->u, devid, (uint16_t)q1)) {
        rule_error(r->c, "no completion after the flush of DeviceID 0x%04x", devid);
        return false;
    }
    return true;
}

bool rig_tree(struct rig *r, struct amdvi_pt *pt, unsigned mode)
{
    r->prdt_iova = RIG_PRDT_IOVA;
    if (!amdvi_pt_init(pt, mode) ||
        !amdvi_pt_map(pt, RIG_PRDT_IOVA, r->prdt, 1, AMDVI_IR | AMDVI_IW)) {
        rule_error(r->c, "no memory for page tables");
        return false;
    }
    return true;
}

bool rig_attach_tree(struct rig *r, uint16_t devid, const struct amdvi_pt *pt, uint16_t domain)
{
    return rig_attach(r, devid, 0x6000000000000003ull | (uint64_t)pt->mode << 9 | pt->root, domain,
                      0, 0);
}

bool rig_flush(struct rig *r, uint16_t domain)
{
    if (!amdvi_cmd_and_wait(r->u, amdvi_cmd_invalidate_domain(domain))) {
        rule_error(r->c, "no completion after the flush of domain %u", domain);
        return false;
    }
    return true;
}

bool rig_write_word(struct rig *r, struct testdev *t, uint64_t iova, uint32_t word)
{
    uint32_t result = 0;

    if (!testdev_write(t, iova, &word, 4, &result)) {
        rule_error(r->c, "the test device %04x did not run a write: RESULT 0x%x", t->devid, result);
        return false;
    }
    return result == 0;
}

void rig_store(volatile uint64_t *slot, uint64_t value)
{
    *slot = value;
    memory_barrier();
    mark(MARK_ENTRY, "%llx", (unsigned long long)value);
}

uint16_t engine_devid(const struct rig *r, enum engine e)
{
    return e == ENGINE_IDE ? r->ide : r->testdev;
}

/* What is under way has arrived: a round trip through the command ring, then no new record for
 * SETTLE_US. */
#define SETTLE_US     30u
#define SETTLE_MAX_US 20000u

static void settle(struct rig *r)
{
    deadline_t limit = deadline_in(SETTLE_MAX_US);
    unsigned before;

    if (amdvi_read64(r->u, AMDVI_STATUS) & AMDVI_STATUS_CMD_RUN) {
        (void)amdvi_wait_completion(r->u, SETTLE_MAX_US);
    }
    do {
        before = amdvi_evt_pending(r->u);
        (void)wait_until(amdvi_evt_pending(r->u) != before, SETTLE_US);
    } while (amdvi_evt_pending(r->u) != before && !deadline_passed(limit));
}

void rig_take_events(struct rig *r)
{
    settle(r);
    r->event_count = amdvi_evt_take(r->u, r->events, RIG_EVENTS_MAX);
    if (amdvi_read64(r->u, AMDVI_STATUS) & AMDVI_STATUS_EVT_OVERFLOW) {
        rule_error(r->c, "the event log overflowed: %u records, Status 0x%llx", r->event_count,
                   (unsigned long long)amdvi_read64(r->u, AMDVI_STATUS));
    }
}

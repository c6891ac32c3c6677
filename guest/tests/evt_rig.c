// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/evt_rig.h"

#include "arch/cpu.h"
#include "arch/time.h"
#include "lib/string.h"
#include "tests/env.h"

#define CANARY 0xe7e7000000000000ull

/* Whatever is waited for here has a limit of this many microseconds. */
#define SHORT_US (AMDVI_WAIT_US / 10)

bool evt_attach(struct rig *r)
{
    uint64_t empty = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

    if (!empty) {
        rule_error(r->c, "no memory for a page table");
        return false;
    }
    /* Mode 4, a table of level 4 without an entry, both rights. */
    return rig_attach(r, r->testdev, 0x6000000000000803ull | empty, EVT_DOMAIN, 0, 0);
}

struct rig *evt_begin(struct check *c)
{
    struct rig *r = rig_begin(c);

    return r && evt_attach(r) ? r : NULL;
}

bool evt_control(struct rig *r, uint64_t control)
{
    uint64_t run = control & 0x4 ? EVT_RUN : 0;

    amdvi_write64(r->u, 0x18, r->u->control | control);
    return wait_until((amdvi_read64(r->u, 0x2020) & EVT_RUN) == run, SHORT_US);
}

static volatile uint64_t *behind(const struct rig *r)
{
    return (volatile uint64_t *)(r->u->evt_log + r->u->evt_entries * 16ull);
}

bool evt_ring(struct rig *r, unsigned log2, unsigned start)
{
    return evt_ring_unread(r, log2, start, start);
}

bool evt_ring_unread(struct rig *r, unsigned log2, unsigned head, unsigned tail)
{
    uint64_t size = 16ull << log2;
    uint64_t ring = page_alloc(PAGE_LOW, size + PAGE_SIZE, PAGE_SIZE);

    if (!ring) {
        rule_error(r->c, "no memory for an event log of 2^%u entries", log2);
        return false;
    }
    if (!evt_control(r, EVT_LOG_OFF)) {
        rule_error(r->c, "EventLogRun stays 1 after EventLogEn=0");
        return false;
    }
    r->u->evt_log = ring;
    r->u->evt_entries = 1u << log2;
    for (unsigned i = 0; i < PAGE_SIZE / 8; i++) {
        behind(r)[i] = CANARY + i;
    }
    amdvi_write64(r->u, 0x10, (uint64_t)log2 << 56 | ring);
    amdvi_write64(r->u, 0x2010, head * 16ull);
    amdvi_write64(r->u, 0x2018, tail * 16ull);
    amdvi_write64(r->u, 0x2020, EVT_OVERFLOW | EVT_INT);
    (void)evt_control(r, EVT_LOG_ON);
    return true;
}

bool evt_behind_untouched(const struct rig *r)
{
    for (unsigned i = 0; i < PAGE_SIZE / 8; i++) {
        if (behind(r)[i] != CANARY + i) {
            return false;
        }
    }
    return true;
}

bool evt_fault(struct rig *r, unsigned n)
{
    uint32_t word = 0x0badf00du, result = 0;

    if (!testdev_write(&env.testdev, EVT_IOVA(n), &word, 4, &result)) {
        rule_error(r->c, "the test device did not run a write: RESULT 0x%x", result);
        return false;
    }
    return result != 0;
}

bool evt_tail_is(struct rig *r, uint64_t tail)
{
    return wait_until(amdvi_read64(r->u, 0x2018) == tail, SHORT_US);
}

static volatile uint32_t *entry(const struct rig *r, unsigned index)
{
    return (volatile uint32_t *)(r->u->evt_log + index * 16ull);
}

bool evt_record_is(struct rig *r, unsigned index, unsigned n)
{
    volatile uint32_t *e = entry(r, index);
    uint64_t iova = EVT_IOVA(n);

    /* Some parts show the tail before the record. */
    (void)wait_until(e[1] >> 28, SHORT_US);

    /* IO_PAGE_FAULT of a write to a page that is not present: RW is unsure where PR is 0.
     * dw0[31:20] belong to vIOMMU. */
    if ((e[0] & 0x000fffffu) == r->testdev && (e[1] == 0x20201e57u || e[1] == 0x20001e57u) &&
        e[2] == (uint32_t)iova && e[3] == (uint32_t)(iova >> 32)) {
        return true;
    }
    note(r->c, "entry %u: expected the record of 0x%llx, found %08x %08x %08x %08x", index,
         (unsigned long long)iova, e[0], e[1], e[2], e[3]);
    return false;
}

bool evt_entry_empty(const struct rig *r, unsigned index)
{
    volatile uint32_t *e = entry(r, index);

    return !(e[0] | e[1] | e[2] | e[3]);
}

void evt_zero(struct rig *r, unsigned index)
{
    volatile uint32_t *e = entry(r, index);

    e[0] = e[1] = e[2] = e[3] = 0;
    memory_barrier();
}

void evt_wipe(struct rig *r)
{
    memset((void *)r->u->evt_log, 0, r->u->evt_entries * 16ull);
    memory_barrier();
}

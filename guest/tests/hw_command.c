// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands that fail to be read, and devices that do not answer one (docs/rules.md sections 7 and
 * 8).
 */
#include "arch/time.h"
#include "drivers/amdvi/regs.h"
#include "lib/format.h"
#include "tests/env.h"
#include "tests/hw_rig.h"

#define CMD_RUN 0x10ull

#define QUEUED 3u

#define KEYS(ref) \
    "ref=" ref " needs=testdev,inject hw-safe=no may-kill=no controls=both timeout-ms=20000"

struct queue {
    struct rig *r;
    volatile uint64_t *words; /* the n-th command stores 1000h + n in the n-th */
};

/* CmdBufEn=0, head and tail at @entry, three stores from there on, and with @go CmdBufEn=1. */
static bool load(struct queue *q, unsigned entry)
{
    struct amdvi *u = q->r->u;

    amdvi_write64(u, 0x18, u->control | 0x0005);
    if (!wait_until(!(amdvi_read64(u, 0x2020) & CMD_RUN), AMDVI_WAIT_US)) {
        rule_error(q->r->c, "CmdBufRun stays 1 after CmdBufEn=0");
        return false;
    }
    amdvi_write64(u, 0x2000, entry * 16ull);
    amdvi_write64(u, 0x2008, entry * 16ull);
    u->cmd_tail = entry;
    for (uint32_t i = 0; i < QUEUED; i++) {
        uint64_t at = (uint64_t)(q->words + i);

        q->words[i] = 0;
        amdvi_cmd_put(u, (struct amdvi_cmd){{(uint32_t)at | 1, 0x10000000u, 0x00001000u + i, 0}});
    }
    amdvi_write64(u, 0x18, u->control | 0x1005);
    return true;
}

static bool all_stored(const struct queue *q)
{
    return wait_until(q->words[QUEUED - 1] == 0x1000 + QUEUED - 1, AMDVI_WAIT_US / 4) &&
           q->words[0] == 0x1000 && q->words[1] == 0x1001;
}

static bool none_stored(const struct queue *q)
{
    return q->words[0] == 0 && q->words[1] == 0 && q->words[2] == 0;
}

/* The command at @entry cannot be read, @count times in a row; each restart tries again. */
static void expect_halts(struct queue *q, unsigned entry, unsigned count, unsigned type)
{
    struct rig *r = q->r;
    struct buf b;
    char what[64];

    if (!buf_new(r, &b, PAGE_LOW, 1) || !load(q, entry) ||
        !hw_arm(r, HW_COMMAND, 0, count, hw_types[type])) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        format(what, sizeof(what), "entry %u, error %u of %u, Type %u", entry, i + 1, count, type);
        if (i && !load(q, entry)) {
            return;
        }
        amdvi_cmd_ring(r->u);
        expect_hw_error(r, what, 1, 1, 0, 0x60000000u | (uint32_t)type << 25, HW_ALL,
                        r->u->cmd_buf + entry * 16ull);
        expect_true(r->c, wait_until(!(amdvi_read64(r->u, 0x2020) & CMD_RUN), AMDVI_WAIT_US / 4),
                    "%s: expected CmdBufRun=0, actual 1", what);
        expect_true(r->c, none_stored(q), "%s: expected no store", what);

        /* The rest of the unit works, and the halt is no error for anybody else. */
        expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, b.spa, &b, 0, what);
        expect_no_event(r, what);
    }
    if (!load(q, entry)) {
        return;
    }
    amdvi_cmd_ring(r->u);
    expect_true(r->c, all_stored(q), "entry %u: expected all stores after the restart", entry);
    expect_true(r->c, amdvi_read64(r->u, 0x2020) & CMD_RUN,
                "entry %u: expected CmdBufRun=1 after the restart", entry);
    expect_no_event(r, "after the restart");
}

RULE("AMDVI-EVT-021", "A", command_errors_halt_and_restart, KEYS("2.5.7"),
     "A command whose read fails: one COMMAND_HARDWARE_ERROR with its address, CmdBufRun=0; after "
     "a restart it is read again")
{
    struct queue q = {.r = rig_begin(c)};
    uint64_t page = q.r ? page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE) : 0;

    if (!page) {
        return;
    }
    q.words = (volatile uint64_t *)page;
    if (!load(&q, 0)) {
        return;
    }
    control_neg(c, none_stored(&q), "before the tail is written nothing is stored");
    amdvi_cmd_ring(q.r->u);
    control_pos(c, all_stored(&q), "three stores are run while nothing is armed");
    expect_no_event(q.r, "while nothing is armed");

    expect_halts(&q, 0, 1, 1);
    expect_halts(&q, 100, 2, 2);
    expect_halts(&q, 255, 1, 3);
}

/* INVALIDATE_IOTLB_PAGES for @devid, one page. Returns the address of the entry. */
static uint64_t put_iotlb(struct rig *r, uint16_t devid)
{
    uint64_t at = r->u->cmd_buf + r->u->cmd_tail * 16ull;

    amdvi_cmd_put(r->u, (struct amdvi_cmd){{devid, 0x40000000u, 0x00145000u, 0}});
    return at;
}

/* Record @i is that of the command at @at. */
static void expect_timeout(struct rig *r, unsigned i, uint64_t at)
{
    const struct amdvi_event *e = &r->events[i];

    expect_true(r->c,
                (e->dw[0] & 0xfffff) == r->testdev && e->dw[1] == 0x70000000u &&
                    amdvi_event_address(e) == at,
                "expected %08x 70000000 address 0x%llx, actual %08x %08x %08x %08x", r->testdev,
                (unsigned long long)at, e->dw[0], e->dw[1], e->dw[2], e->dw[3]);
}

RULE("AMDVI-EVT-022", "M", iotlb_timeout_is_logged, KEYS("2.5.8"),
     "A device does not answer INVALIDATE_IOTLB_PAGES within InvTimeOut: IOTLB_INV_TIMEOUT with "
     "device and command; the commands behind are run")
{
    struct rig *r = rig_begin(c);
    uint64_t at[3];
    uint16_t stranger;

    if (!r) {
        return;
    }
    if (!(r->u->cap_header & 1u << 24)) {
        rule_skip(c, "IotlbSup=0: capability header 0x%08x", r->u->cap_header);
        return;
    }
    stranger = r->ide; /* a device that is there, and that nothing is armed for */

    /* InvTimeOut (7:5) = 1: one millisecond. */
    amdvi_write64(r->u, 0x18, r->u->control | 0x1025);
    (void)put_iotlb(r, r->testdev);
    control_pos(c, amdvi_wait_completion(r->u, AMDVI_WAIT_US),
                "INVALIDATE_IOTLB_PAGES ends while nothing is armed");
    expect_no_event(r, "while nothing is armed");

    uint32_t result = 0, word = 1;

    if (!rig_attach(r, r->testdev, 0x0000000000000003ull, 1, 0, 0) ||
        !testdev_write(&env.testdev, 0x5000, &word, 4, &result)) {
        rule_error(c, "the test device cannot write");
        return;
    }
    rig_take_events(r);
    control_neg(c, r->event_count, "a refused write shows in the log, as any record would");

    /* Two of three commands for the device; one for another device stands between. */
    if (!hw_arm(r, HW_IOTLB_TIMEOUT, r->testdev, 2, NULL)) {
        return;
    }
    at[0] = put_iotlb(r, r->testdev);
    (void)put_iotlb(r, stranger);
    at[1] = put_iotlb(r, r->testdev);
    (void)put_iotlb(r, r->testdev);
    expect_true(c, amdvi_wait_completion(r->u, AMDVI_WAIT_US),
                "expected the COMPLETION_WAIT behind to be run");
    rig_take_events(r);
    expect_u64(c, "records of two timeouts", 2, r->event_count);
    for (unsigned i = 0; i < 2 && r->event_count == 2; i++) {
        expect_timeout(r, i, at[i]);
    }
    expect_true(c, amdvi_read64(r->u, 0x2020) & CMD_RUN, "expected CmdBufRun=1, actual 0");

    /* InvTimeOut=0: no limit, so nothing is told. Whether it ever ends is not said. */
    if (!hw_arm(r, HW_IOTLB_TIMEOUT, r->testdev, 1, NULL)) {
        return;
    }
    amdvi_write64(r->u, 0x18, r->u->control | 0x1005);
    (void)put_iotlb(r, r->testdev);

    bool ends = amdvi_wait_completion(r->u, AMDVI_WAIT_US / 10);

    observe(c, "no_limit_ends", "%u", ends);
    expect_no_event(r, "InvTimeOut=0");
    if (!ends) {
        return;
    }
    amdvi_write64(r->u, 0x18, r->u->control | 0x1025);
    at[2] = put_iotlb(r, r->testdev);
    expect_true(c, amdvi_wait_completion(r->u, AMDVI_WAIT_US),
                "expected the COMPLETION_WAIT behind to be run");
    rig_take_events(r);
    expect_u64(c, "records of one timeout", 1, r->event_count);
    if (r->event_count == 1) {
        expect_timeout(r, 0, at[2]);
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/cmd_rig.h"

#include "arch/cpu.h"
#include "arch/smp.h"
#include "arch/time.h"

volatile uint64_t *cmd_words(struct rig *r)
{
    volatile uint64_t *w = (volatile uint64_t *)page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

    if (!w) {
        rule_error(r->c, "no memory");
        return NULL;
    }
    for (unsigned i = 0; i < 512; i++) {
        w[i] = CMD_CANARY;
    }
    return w;
}

struct amdvi_cmd cmd_store(volatile uint64_t *word, uint64_t data)
{
    uint64_t addr = (uint64_t)word;

    return (struct amdvi_cmd){{(uint32_t)addr | 1, 0x10000000u | (uint32_t)(addr >> 32),
                               (uint32_t)data, (uint32_t)(data >> 32)}};
}

void cmd_controls(struct rig *r)
{
    uint64_t page = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

    control_pos(r->c,
                page && amdvi_wait_completion(r->u, AMDVI_WAIT_US) &&
                    (amdvi_read64(r->u, 0x2020) & CMD_RUN) && !amdvi_evt_pending(r->u),
                "a COMPLETION_WAIT completes, and leaves CmdBufRun at 1 and the event log empty");
    amdvi_cmd_put(r->u, (struct amdvi_cmd){{(uint32_t)page | 2, 0x10000000u, 0x00000badu, 0}});
    control_neg(r->c, amdvi_wait_completion(r->u, AMDVI_WAIT_US) && *(volatile uint64_t *)page == 0,
                "one with s=0, i=1 leaves its word alone");
}

static void ring_doorbell(void *arg)
{
    amdvi_cmd_ring(arg);
}

bool cmd_ring_elsewhere(struct rig *r)
{
    if (smp_count() > 1 && smp_started(1)) {
        return smp_run(1, ring_doorbell, r->u);
    }
    amdvi_cmd_ring(r->u);
    return true;
}

void cmd_join(struct rig *r)
{
    struct exception_info ex;
    enum smp_result end = smp_wait(1, AMDVI_WAIT_US, &ex);

    if (end != SMP_RETURNED && end != SMP_IDLE) {
        rule_error(r->c, "CPU 1 does not come back from writing CmdTail");
    }
}

uint64_t cmd_head_at(struct rig *r, uint64_t end)
{
    (void)wait_until(amdvi_read64(r->u, 0x2000) == end, AMDVI_WAIT_US / 4);
    return amdvi_read64(r->u, 0x2000);
}

bool cmd_control(struct rig *r, uint64_t control)
{
    uint64_t run = control & 0x1000 ? CMD_RUN : 0;

    memory_barrier();
    amdvi_write64(r->u, 0x18, r->u->control | control);
    return wait_until((amdvi_read64(r->u, 0x2020) & CMD_RUN) == run, AMDVI_WAIT_US / 4);
}

bool cmd_use_ring(struct rig *r, uint64_t base, unsigned log2, unsigned start)
{
    if (!cmd_control(r, CMD_OFF)) {
        rule_error(r->c, "CmdBufRun stays 1 after CmdBufEn=0");
        return false;
    }
    amdvi_write64(r->u, 0x08, (uint64_t)log2 << 56 | base);
    amdvi_write64(r->u, 0x2000, start * 16ull);
    amdvi_write64(r->u, 0x2008, start * 16ull);
    r->u->cmd_buf = base;
    r->u->cmd_entries = 1u << log2;
    r->u->cmd_tail = start;
    (void)cmd_control(r, CMD_ON);
    return true;
}

bool cmd_halted(struct rig *r)
{
    /* A machine that never halts is waited for once with patience, and not each time. */
    return wait_until(!(amdvi_read64(r->u, 0x2020) & CMD_RUN),
                      rule_broken(r->c) ? 1000 : AMDVI_WAIT_US / 4);
}

void cmd_expect_illegal(struct rig *r, uint64_t entry, const char *name)
{
    /* Bits 31:20 of dw0 belong to vIOMMU, where there is one, and are not tested then (EVT-001). */
    uint32_t dw0_mask = amdvi_read64(r->u, 0x30) >> 55 & 1 ? 0x000fffffu : 0xffffffffu;

    expect_true(r->c, cmd_halted(r), "%s: expected CmdBufRun=0, actual 1", name);
    (void)wait_until(amdvi_evt_pending(r->u), rule_broken(r->c) ? 1000 : AMDVI_WAIT_US / 4);
    rig_take_events(r);
    expect_true(r->c, r->event_count == 1, "%s: expected 1 event, actual %u", name, r->event_count);
    if (r->event_count) {
        const struct amdvi_event *e = &r->events[0];

        expect_true(r->c,
                    (e->dw[0] & dw0_mask) == 0 && e->dw[1] == 0x50000000u &&
                        e->dw[2] == (uint32_t)entry && e->dw[3] == (uint32_t)(entry >> 32),
                    "%s: expected the event 00000000 50000000 %08x %08x, actual %08x %08x "
                    "%08x %08x",
                    name, (uint32_t)entry, (uint32_t)(entry >> 32), e->dw[0], e->dw[1], e->dw[2],
                    e->dw[3]);
    }
}

void cmd_restart_at(struct rig *r, unsigned start)
{
    uint64_t control = amdvi_read64(r->u, 0x18);

    amdvi_write64(r->u, 0x18, control & ~0x1000ull);
    (void)wait_until(!(amdvi_read64(r->u, 0x2020) & CMD_RUN), AMDVI_WAIT_US / 4);
    amdvi_write64(r->u, 0x2000, start * 16ull);
    amdvi_write64(r->u, 0x2008, start * 16ull);
    r->u->cmd_tail = start;
    amdvi_write64(r->u, 0x18, control | 0x1000ull);
    (void)wait_until(amdvi_read64(r->u, 0x2020) & CMD_RUN, AMDVI_WAIT_US / 4);
}

void cmd_restart(struct rig *r)
{
    cmd_restart_at(r, 0);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command buffer and event log of one IOMMU (48882 sections 2.4 and 2.5).
 */
#include "drivers/amdvi/amdvi.h"

#include "arch/cpu.h"
#include "arch/time.h"
#include "drivers/amdvi/regs.h"

void amdvi_cmd_put(struct amdvi *u, struct amdvi_cmd cmd)
{
    volatile uint32_t *slot =
        (volatile uint32_t *)(u->cmd_buf + (uint64_t)u->cmd_tail * AMDVI_CMD_SIZE);

    for (unsigned i = 0; i < 4; i++) {
        slot[i] = cmd.dw[i];
    }
    u->cmd_tail = (u->cmd_tail + 1) % u->cmd_entries;
}

void amdvi_cmd_ring(struct amdvi *u)
{
    memory_barrier();
    amdvi_write64(u, AMDVI_CMD_TAIL, (uint64_t)u->cmd_tail * AMDVI_CMD_SIZE);
}

void amdvi_ask_completion(struct amdvi *u)
{
    u->semaphore_value++;
    *(volatile uint64_t *)u->semaphore = 0;
    amdvi_cmd_put(u,
                  amdvi_cmd_completion_wait(AMDVI_CMD_CW_STORE, u->semaphore, u->semaphore_value));
    amdvi_cmd_ring(u);
}

bool amdvi_completed(const struct amdvi *u)
{
    return *(const volatile uint64_t *)u->semaphore == u->semaphore_value;
}

bool amdvi_wait_completion(struct amdvi *u, uint64_t us)
{
    amdvi_ask_completion(u);
    return wait_until(amdvi_completed(u), us);
}

bool amdvi_cmd_and_wait(struct amdvi *u, struct amdvi_cmd cmd)
{
    amdvi_cmd_put(u, cmd);
    return amdvi_wait_completion(u, AMDVI_WAIT_US);
}

bool amdvi_flush_device(struct amdvi *u, uint16_t devid, uint16_t domain)
{
    amdvi_cmd_put(u, amdvi_cmd_invalidate_dte(devid));
    amdvi_cmd_put(u, amdvi_cmd_invalidate_domain(domain));
    return amdvi_wait_completion(u, AMDVI_WAIT_US);
}

static unsigned evt_index(const struct amdvi *u, unsigned reg)
{
    return (unsigned)(amdvi_read64(u, reg) >> 4 & 0x7fff) % u->evt_entries;
}

unsigned amdvi_evt_pending(const struct amdvi *u)
{
    unsigned head = evt_index(u, AMDVI_EVT_HEAD);

    return (evt_index(u, AMDVI_EVT_TAIL) + u->evt_entries - head) % u->evt_entries;
}

unsigned amdvi_evt_take(struct amdvi *u, struct amdvi_event *out, unsigned max)
{
    unsigned head = evt_index(u, AMDVI_EVT_HEAD);
    unsigned pending = amdvi_evt_pending(u);
    unsigned n = pending < max ? pending : max;
    deadline_t end = deadline_in(AMDVI_WAIT_US / 10);

    for (unsigned i = 0; i < n; i++) {
        volatile uint32_t *rec =
            (volatile uint32_t *)(u->evt_log + (uint64_t)head * AMDVI_EVT_SIZE);

        /* Some parts show the tail before the record: the code is 0 until it is there (EVT-002).
         * One limit for all. */
        while (!(rec[1] >> 28) && !deadline_passed(end)) {
            cpu_pause();
        }
        for (unsigned d = 0; d < 4; d++) {
            out[i].dw[d] = rec[d];
            rec[d] = 0;
        }
        head = (head + 1) % u->evt_entries;
    }
    if (n) {
        amdvi_write64(u, AMDVI_EVT_HEAD, (uint64_t)head * AMDVI_EVT_SIZE);
    }
    return n;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registers, set-up and shutdown of one IOMMU (docs/rules.md section 13).
 */
#include "drivers/amdvi/amdvi.h"

#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/time.h"
#include "drivers/amdvi/regs.h"
#include "lib/page_alloc.h"

uint32_t amdvi_read32(const struct amdvi *u, unsigned reg)
{
    return mmio_read32(u->base + reg);
}

uint64_t amdvi_read64(const struct amdvi *u, unsigned reg)
{
    return mmio_read64(u->base + reg);
}

void amdvi_write32(const struct amdvi *u, unsigned reg, uint32_t v)
{
    mmio_write32(u->base + reg, v);
}

void amdvi_write64(const struct amdvi *u, unsigned reg, uint64_t v)
{
    mmio_write64(u->base + reg, v);
}

bool amdvi_disable(struct amdvi *u)
{
    uint64_t run = AMDVI_STATUS_EVT_RUN | AMDVI_STATUS_CMD_RUN;

    /* The sources first, translation last, so that nothing is fetched or logged in between
     * (INIT-001). */
    amdvi_write64(u, AMDVI_CONTROL, amdvi_read64(u, AMDVI_CONTROL) & AMDVI_CTRL_IOMMU_EN);
    if (!wait_until(!(amdvi_read64(u, AMDVI_STATUS) & run), AMDVI_WAIT_US)) {
        return false;
    }
    amdvi_write64(u, AMDVI_CONTROL, u->control);
    amdvi_write64(u, AMDVI_STATUS, AMDVI_STATUS_W1C);
    return true;
}

static uint64_t ring_base(uint64_t base, unsigned log2)
{
    return base | (uint64_t)log2 << AMDVI_RING_LEN_SHIFT;
}

bool amdvi_setup(struct amdvi *u, unsigned devids, unsigned cmd_log2, unsigned evt_log2)
{
    uint64_t dte_per_page = PAGE_SIZE / AMDVI_DTE_SIZE;

    u->dev_tab_pages = (unsigned)((devids + dte_per_page - 1) / dte_per_page);
    u->dev_tab = page_alloc(PAGE_LOW, u->dev_tab_pages * PAGE_SIZE, PAGE_SIZE);
    u->cmd_entries = 1u << cmd_log2;
    u->cmd_buf = page_alloc(PAGE_LOW, u->cmd_entries * AMDVI_CMD_SIZE, PAGE_SIZE);
    u->cmd_tail = 0;
    u->evt_entries = 1u << evt_log2;
    u->evt_log = page_alloc(PAGE_LOW, u->evt_entries * AMDVI_EVT_SIZE, PAGE_SIZE);
    u->semaphore = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
    if (!u->dev_tab || !u->cmd_buf || !u->evt_log || !u->semaphore) {
        return false;
    }

    amdvi_write64(u, AMDVI_DEV_TAB_BASE, u->dev_tab | (u->dev_tab_pages - 1));
    amdvi_write64(u, AMDVI_CMD_BUF_BASE, ring_base(u->cmd_buf, cmd_log2));
    amdvi_write64(u, AMDVI_CMD_HEAD, 0);
    amdvi_write64(u, AMDVI_CMD_TAIL, 0);
    amdvi_write64(u, AMDVI_EVT_LOG_BASE, ring_base(u->evt_log, evt_log2));
    amdvi_write64(u, AMDVI_EVT_HEAD, 0);
    amdvi_write64(u, AMDVI_EVT_TAIL, 0);
    amdvi_write64(u, AMDVI_EXCL_BASE, 0);
    amdvi_write64(u, AMDVI_EXCL_LIMIT, 0);
    return true;
}

bool amdvi_enable(struct amdvi *u)
{
    uint64_t run = AMDVI_STATUS_EVT_RUN | AMDVI_STATUS_CMD_RUN;

    memory_barrier();
    amdvi_write64(u, AMDVI_CONTROL,
                  u->control | AMDVI_CTRL_IOMMU_EN | AMDVI_CTRL_EVT_LOG_EN | AMDVI_CTRL_CMD_BUF_EN);
    /* What proves that it runs is the completion below; the bits themselves are a rule's affair. */
    (void)wait_until((amdvi_read64(u, AMDVI_STATUS) & run) == run, AMDVI_WAIT_US / 20);
    if (amdvi_read64(u, AMDVI_EFR) & AMDVI_EFR_IA_SUP) {
        amdvi_cmd_put(u, amdvi_cmd_invalidate_all());
    } else {
        /* The ring may be as short as 256 entries, so a completion comes after every 128. */
        for (unsigned id = 0; id < u->dev_tab_pages * (PAGE_SIZE / AMDVI_DTE_SIZE); id++) {
            amdvi_cmd_put(u, amdvi_cmd_invalidate_dte((uint16_t)id));
            if (id % 128 == 127 && !amdvi_wait_completion(u, AMDVI_WAIT_US)) {
                return false;
            }
        }
        for (unsigned domain = 0; domain < 256; domain++) {
            amdvi_cmd_put(u, amdvi_cmd_invalidate_domain((uint16_t)domain));
            if (domain % 128 == 127 && !amdvi_wait_completion(u, AMDVI_WAIT_US)) {
                return false;
            }
        }
    }
    return amdvi_wait_completion(u, AMDVI_WAIT_US);
}

void amdvi_dte_write(struct amdvi *u, uint16_t devid, struct amdvi_dte dte)
{
    volatile uint64_t *q = (volatile uint64_t *)(u->dev_tab + (uint64_t)devid * AMDVI_DTE_SIZE);

    if (dte.q[0] & AMDVI_DTE_V) {
        q[3] = dte.q[3];
        q[2] = dte.q[2];
        q[1] = dte.q[1];
        memory_barrier();
        q[0] = dte.q[0];
    } else {
        q[0] = dte.q[0];
        memory_barrier();
        q[1] = dte.q[1];
        q[2] = dte.q[2];
        q[3] = dte.q[3];
    }
    memory_barrier();
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/nvme/nvme.h"

#include <stddef.h>

#include "arch/io.h"
#include "arch/paging.h"
#include "arch/time.h"
#include "drivers/nvme/queue.h"
#include "drivers/nvme/regs.h"
#include "platform/pci.h"

#define BAR_BYTES 0x4000u /* registers, doorbells, and what QEMU puts behind them */

/* CAP.TO is what the controller itself asks for. */
static uint64_t ready_us(const struct nvme *n)
{
    return NVME_CAP_TO_MS(n->cap) * 1000ull + NVME_WAIT_US;
}

bool nvme_disable(const struct nvme *n)
{
    mmio_write32(n->base + NVME_CC, mmio_read32(n->base + NVME_CC) & ~NVME_CC_EN);
    return wait_until(!(nvme_status(n) & NVME_CSTS_RDY), ready_us(n));
}

bool nvme_shutdown(const struct nvme *n)
{
    uint32_t cc = mmio_read32(n->base + NVME_CC) & ~NVME_CC_SHN;
    bool over = true;

    if (cc & NVME_CC_EN) {
        mmio_write32(n->base + NVME_CC, cc | NVME_CC_SHN_NORMAL);
        over = wait_until((nvme_status(n) & NVME_CSTS_SHST) == NVME_CSTS_SHUT, ready_us(n));
    }
    return nvme_disable(n) && over;
}

static void queue_init(struct nvme_queue *q, uint16_t id, const struct nvme_page *sq,
                       const struct nvme_page *cq)
{
    volatile uint64_t *words = (volatile uint64_t *)cq->spa;

    *q = (struct nvme_queue){.sq = *sq, .cq = *cq, .id = id, .phase = true};
    /* A phase of before would look like a completion. */
    for (unsigned i = 0; i < NVME_QUEUE_LEN * NVME_CQE_DWORDS / 2; i++) {
        words[i] = 0;
    }
}

static bool admin(struct nvme *n, uint8_t opcode, uint32_t nsid, uint64_t prp1,
                  const uint32_t cdw[3])
{
    struct nvme_result res;

    (void)nvme_put(n, &n->admin, opcode, nsid, prp1, 0, cdw);
    return nvme_take(n, &n->admin, &res) && res.status == 0;
}

static bool make_queues(struct nvme *n, bool interrupts)
{
    uint32_t size = (NVME_QUEUE_LEN - 1) << 16 | n->io.id;
    uint32_t cq[3] = {size, NVME_QUEUE_PC | (interrupts ? NVME_QUEUE_IEN : 0), 0};
    uint32_t sq[3] = {size, (uint32_t)n->io.id << 16 | NVME_QUEUE_PC, 0};

    return admin(n, NVME_ADMIN_CREATE_CQ, 0, n->io.cq.iova, cq) &&
           admin(n, NVME_ADMIN_CREATE_SQ, 0, n->io.sq.iova, sq);
}

bool nvme_enable(struct nvme *n, const struct nvme_memory *mem, bool interrupts)
{
    if (!nvme_disable(n)) {
        return false;
    }
    queue_init(&n->admin, 0, &mem->admin_sq, &mem->admin_cq);
    queue_init(&n->io, 1, &mem->io_sq, &mem->io_cq);
    mmio_write32(n->base + NVME_AQA, (NVME_QUEUE_LEN - 1) << 16 | (NVME_QUEUE_LEN - 1));
    mmio_write64(n->base + NVME_ASQ, n->admin.sq.iova);
    mmio_write64(n->base + NVME_ACQ, n->admin.cq.iova);
    mmio_write32(n->base + NVME_CC, NVME_CC_SIZES | NVME_CC_EN);
    if (!wait_until(nvme_status(n) & (NVME_CSTS_RDY | NVME_CSTS_CFS), ready_us(n)) ||
        (nvme_status(n) & NVME_CSTS_CFS)) {
        return false;
    }
    return make_queues(n, interrupts);
}

/* Identify namespace (section 5.15.2.1): NSZE at 0, FLBAS at 26, the formats from 128 on. */
static const char *identify(struct nvme *n, const struct nvme_page *data)
{
    const volatile uint8_t *id = (const volatile uint8_t *)data->spa;
    const uint32_t cdw[3] = {NVME_CNS_NAMESPACE, 0, 0};
    uint32_t format;

    if (!admin(n, NVME_ADMIN_IDENTIFY, 1, data->iova, cdw)) {
        return "the NVMe controller does not identify namespace 1";
    }
    format = *(const volatile uint32_t *)(id + 128 + 4 * (id[26] & 0xf));
    if ((format >> 16 & 0xff) != 9 || (format & 0xffff)) {
        return "the NVMe namespace has no sectors of 512 bytes";
    }
    n->sectors = *(const volatile uint64_t *)id;
    return NULL;
}

void nvme_place(const struct nvme *n)
{
    pci_write32(n->devid, PCI_BAR0, (uint32_t)n->base);
    pci_write32(n->devid, PCI_BAR0 + 4, (uint32_t)(n->base >> 32));
    pci_command(n->devid, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
}

const char *nvme_discover(struct nvme *n, const struct pci_dev *dev, const struct nvme_memory *mem,
                          const struct nvme_page *data)
{
    const char *why;

    *n = (struct nvme){0};
    if (!dev) {
        return "no NVMe controller";
    }
    n->devid = dev->devid;
    n->base = pci_bar_mem(n->devid, NVME_BAR);
    if (!n->base || !paging_map(n->base, BAR_BYTES, true)) {
        n->base = 0;
        return "the NVMe controller has no memory BAR";
    }
    pci_command(n->devid, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
    n->cap = mmio_read64(n->base + NVME_CAP);
    if (NVME_CAP_MPSMIN(n->cap) || NVME_CAP_MQES(n->cap) < NVME_QUEUE_LEN - 1 ||
        NVME_CAP_DSTRD(n->cap) > 8) {
        return "the NVMe controller has no pages of 4 KiB, or no queues of 64 entries";
    }
    why = nvme_enable(n, mem, false) ? identify(n, data) : "the NVMe controller is not enabled";
    if (!nvme_shutdown(n)) {
        return "the NVMe controller does not end";
    }
    return why;
}

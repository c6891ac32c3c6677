// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Queues and commands (NVM Express 1.4, sections 4.1, 6.9 and 6.15).
 */
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/time.h"
#include "drivers/nvme/nvme.h"
#include "drivers/nvme/queue.h"
#include "drivers/nvme/regs.h"

uint32_t nvme_status(const struct nvme *n)
{
    return mmio_read32(n->base + NVME_CSTS);
}

/* Submission doorbell of queue @id: index 2 * id; completion doorbell: the next one. */
static void ring(const struct nvme *n, unsigned index, uint16_t v)
{
    mmio_write32(n->base + NVME_DOORBELLS + ((uint64_t)index * 4 << NVME_CAP_DSTRD(n->cap)), v);
}

static uint32_t next(const struct nvme_queue *q)
{
    return ((const volatile uint32_t *)q->cq.spa)[NVME_CQE_DWORDS * q->head + 3];
}

uint16_t nvme_put(struct nvme *n, struct nvme_queue *q, uint8_t opcode, uint32_t nsid,
                  uint64_t prp1, uint64_t prp2, const uint32_t cdw[3])
{
    volatile uint32_t *e = (volatile uint32_t *)q->sq.spa + NVME_SQE_DWORDS * q->tail;

    n->cid++;
    for (unsigned i = 0; i < NVME_SQE_DWORDS; i++) {
        e[i] = 0;
    }
    e[0] = opcode | (uint32_t)n->cid << NVME_SQE_CID;
    e[NVME_SQE_NSID] = nsid;
    e[NVME_SQE_PRP1] = (uint32_t)prp1;
    e[NVME_SQE_PRP1 + 1] = (uint32_t)(prp1 >> 32);
    e[NVME_SQE_PRP2] = (uint32_t)prp2;
    e[NVME_SQE_PRP2 + 1] = (uint32_t)(prp2 >> 32);
    for (unsigned i = 0; i < 3; i++) {
        e[NVME_SQE_CDW10 + i] = cdw[i];
    }
    q->tail = (uint16_t)((q->tail + 1) % NVME_QUEUE_LEN);
    memory_barrier();
    ring(n, 2u * q->id, q->tail);
    return n->cid;
}

static bool pending(const struct nvme_queue *q)
{
    return !!(next(q) & NVME_CQE_PHASE) == q->phase;
}

static bool active(const struct nvme *n, const struct nvme_queue *q)
{
    return !pending(q) && !(nvme_status(n) & NVME_CSTS_CFS);
}

bool nvme_take(struct nvme *n, struct nvme_queue *q, struct nvme_result *res)
{
    bool came = wait_until(!active(n, q), NVME_WAIT_US);

    memory_barrier();
    *res = (struct nvme_result){.timed_out = !came, .csts = nvme_status(n)};
    if (!pending(q)) {
        return false;
    }
    res->cid = NVME_CQE_CID(next(q));
    res->status = NVME_CQE_STATUS(next(q));
    res->sq_head = (uint16_t)((const volatile uint32_t *)q->cq.spa)[NVME_CQE_DWORDS * q->head + 2];
    q->head = (uint16_t)((q->head + 1) % NVME_QUEUE_LEN);
    if (q->head == 0) {
        q->phase = !q->phase;
    }
    ring(n, 2u * q->id + 1, q->head);
    return true;
}

uint16_t nvme_start(struct nvme *n, bool write, uint64_t lba, uint32_t count, uint64_t prp1,
                    uint64_t prp2)
{
    const uint32_t cdw[3] = {(uint32_t)lba, (uint32_t)(lba >> 32), (count - 1) & 0xffff};

    return nvme_put(n, &n->io, write ? NVME_CMD_WRITE : NVME_CMD_READ, 1, prp1, prp2, cdw);
}

bool nvme_active(const struct nvme *n)
{
    return active(n, &n->io);
}

bool nvme_finish(struct nvme *n, struct nvme_result *res)
{
    return nvme_take(n, &n->io, res);
}

bool nvme_rw(struct nvme *n, bool write, uint64_t lba, uint32_t count, uint64_t prp1, uint64_t prp2,
             struct nvme_result *res)
{
    (void)nvme_start(n, write, lba, count, prp1, prp2);
    return nvme_finish(n, res);
}

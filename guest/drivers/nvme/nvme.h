// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NVMe: a controller, its namespace 1, the admin queues and one pair of I/O queues; one
 * command at a time. Mechanism only. nvme.c: the controller; command.c: queues and commands.
 */
#ifndef DRIVERS_NVME_NVME_H
#define DRIVERS_NVME_NVME_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/pci.h"

/* One page of memory, and where the controller finds it. */
struct nvme_page {
    uint64_t spa;
    uint64_t iova;
};

/* The queues, a page each: 64 commands, 64 completions. */
struct nvme_memory {
    struct nvme_page admin_sq, admin_cq, io_sq, io_cq;
};

struct nvme_queue {
    struct nvme_page sq, cq;
    uint16_t id;
    uint16_t tail, head;
    bool phase; /* of the completion that comes next */
};

struct nvme {
    uint16_t devid;
    uint64_t base;
    uint64_t cap;
    uint64_t sectors; /* of namespace 1, 512 bytes each */
    uint16_t cid;     /* of the last command */
    struct nvme_queue admin, io;
};

/* How a command ended, or did not. */
struct nvme_result {
    bool timed_out;
    uint16_t cid;    /* of the completion */
    uint16_t status; /* 0: success; SC in 7:0, SCT in 10:8 */
    uint16_t sq_head;
    uint32_t csts; /* controller status */
};

#define NVME_QUEUE_LEN 64u

/** Limit for one command, in microseconds. */
#define NVME_WAIT_US 1000000u

/**
 * Take the controller @dev (NULL: there is none), and its namespace 1 with sectors of 512 bytes, by
 * means of @mem and @data, a page. It is disabled afterwards. Returns NULL, or what is missing.
 * Nothing may translate meanwhile, or all five pages are mapped.
 */
const char *nvme_discover(struct nvme *n, const struct pci_dev *dev, const struct nvme_memory *mem,
                          const struct nvme_page *data);

/** After a reset of the function, which has lost them: its BAR as it was, memory and bus master on.
 */
void nvme_place(const struct nvme *n);

/** Controller reset: CC.EN=0, until CSTS.RDY=0. False on time-out. */
bool nvme_disable(const struct nvme *n);

/** Enable it with new admin queues, then make the I/O queues; with @interrupts their completions
 * interrupt by vector 0. False if a step is not done. */
bool nvme_enable(struct nvme *n, const struct nvme_memory *mem, bool interrupts);

/** Orderly end: CC.SHN until CSTS.SHST says that it is over, then disabled. False on time-out. */
bool nvme_shutdown(const struct nvme *n);

/**
 * Read (@write false) or write @count sectors (1 to 65536) from @lba on, to the end. Returns true
 * if the command came to an end, whatever it was.
 */
bool nvme_rw(struct nvme *n, bool write, uint64_t lba, uint32_t count, uint64_t prp1, uint64_t prp2,
             struct nvme_result *res);

/*
 * The steps of a command, raw: nothing is checked, nothing is put right.
 */

/** Put a READ or WRITE into the I/O queue and ring. Waits for nothing. Returns its identifier. */
uint16_t nvme_start(struct nvme *n, bool write, uint64_t lba, uint32_t count, uint64_t prp1,
                    uint64_t prp2);

/** Is there no completion yet? A controller that says CSTS.CFS brings none. */
bool nvme_active(const struct nvme *n);

/** Wait for the completion of what was started, take it, and ring. False without one. */
bool nvme_finish(struct nvme *n, struct nvme_result *res);

/** Put any command into @q and ring; dword 0 is @opcode and the next identifier. */
uint16_t nvme_put(struct nvme *n, struct nvme_queue *q, uint8_t opcode, uint32_t nsid,
                  uint64_t prp1, uint64_t prp2, const uint32_t cdw[3]);

/** nvme_finish() for @q. */
bool nvme_take(struct nvme *n, struct nvme_queue *q, struct nvme_result *res);

/** Controller status. */
uint32_t nvme_status(const struct nvme *n);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NVMe: entries of the queues (NVM Express 1.4, sections 4.2 and 4.6), commands (sections 5 and 6).
 */
#ifndef DRIVERS_NVME_QUEUE_H
#define DRIVERS_NVME_QUEUE_H

/* Submission queue entry: 16 dwords */
#define NVME_SQE_DWORDS 16u
#define NVME_SQE_CID    16 /* shift in dword 0; the opcode is 7:0 */
#define NVME_SQE_NSID   1
#define NVME_SQE_PRP1   6 /* dwords 6 and 7 */
#define NVME_SQE_PRP2   8 /* dwords 8 and 9 */
#define NVME_SQE_CDW10  10

/* Completion queue entry: 4 dwords; dword 3 */
#define NVME_CQE_DWORDS    4u
#define NVME_CQE_CID(d)    ((uint16_t)(d))
#define NVME_CQE_PHASE     0x00010000u
#define NVME_CQE_STATUS(d) ((uint16_t)((d) >> 17)) /* DNR, M, SCT in 10:8, SC in 7:0 */

#define NVME_ADMIN_CREATE_SQ 0x01
#define NVME_ADMIN_CREATE_CQ 0x05
#define NVME_ADMIN_IDENTIFY  0x06
#define NVME_CNS_NAMESPACE   0u
#define NVME_QUEUE_PC        0x1u /* CDW11: one contiguous piece */
#define NVME_QUEUE_IEN       0x2u /* CDW11 of a completion queue */

#define NVME_CMD_WRITE 0x01
#define NVME_CMD_READ  0x02

#endif

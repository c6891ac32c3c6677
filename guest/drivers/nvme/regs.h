// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NVMe: registers of the controller (NVM Express 1.4, section 3.1).
 */
#ifndef DRIVERS_NVME_REGS_H
#define DRIVERS_NVME_REGS_H

/* Mass storage, non-volatile memory, NVM Express (section 2.1.5) */
#define NVME_CLASS 0x010802
#define NVME_BAR   0 /* 64 bits */

#define NVME_CAP           0x00                                  /* 64 bits */
#define NVME_CAP_MQES(v)   ((uint32_t)((v)&0xffff))              /* entries of a queue, less 1 */
#define NVME_CAP_TO_MS(v)  ((uint32_t)((v) >> 24 & 0xff) * 500u) /* limit for a change of RDY */
#define NVME_CAP_DSTRD(v)  ((uint32_t)((v) >> 32 & 0xf))         /* doorbells: 4 << this apart */
#define NVME_CAP_MPSMIN(v) ((uint32_t)((v) >> 48 & 0xf))         /* smallest page: 4 KiB << this */
#define NVME_CC            0x14
#define NVME_CC_EN         0x00000001u
#define NVME_CC_SHN_NORMAL 0x00004000u
#define NVME_CC_SHN        0x0000c000u
#define NVME_CC_SIZES      0x00460000u /* entries of 64 and 16 bytes; pages of 4 KiB, NVM commands */
#define NVME_CSTS          0x1c
#define NVME_CSTS_RDY      0x00000001u
#define NVME_CSTS_CFS      0x00000002u
#define NVME_CSTS_SHST     0x0000000cu
#define NVME_CSTS_SHUT     0x00000008u /* shutdown is over */
#define NVME_AQA           0x24        /* entries less 1: completion in 27:16, submission in 11:0 */
#define NVME_ASQ           0x28        /* 64 bits */
#define NVME_ACQ           0x30        /* 64 bits */
#define NVME_DOORBELLS     0x1000u

#endif

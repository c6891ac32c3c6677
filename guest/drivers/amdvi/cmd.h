// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands: 16 bytes, opcode in dw1[31:28] (48882 section 2.4).
 */
#ifndef DRIVERS_AMDVI_CMD_H
#define DRIVERS_AMDVI_CMD_H

#include <stdbool.h>
#include <stdint.h>

#define AMDVI_CMD_SIZE 16

enum amdvi_opcode {
    AMDVI_CMD_COMPLETION_WAIT = 1,
    AMDVI_CMD_INVALIDATE_DEVTAB_ENTRY = 2,
    AMDVI_CMD_INVALIDATE_IOMMU_PAGES = 3,
    AMDVI_CMD_INVALIDATE_ALL = 8,
};

struct amdvi_cmd {
    uint32_t dw[4];
};

/* COMPLETION_WAIT dw0 */
#define AMDVI_CMD_CW_STORE (1u << 0)
#define AMDVI_CMD_CW_INT   (1u << 1)

/** COMPLETION_WAIT. @flags: AMDVI_CMD_CW_*; @store: address, a multiple of 8 below 2^52; @data:
 * what is stored there. */
struct amdvi_cmd amdvi_cmd_completion_wait(unsigned flags, uint64_t store, uint64_t data);

/** INVALIDATE_DEVTAB_ENTRY for one DeviceID. */
struct amdvi_cmd amdvi_cmd_invalidate_dte(uint16_t devid);

/** INVALIDATE_IOMMU_PAGES for 2^@size_log2 bytes (12..51) at @iova, a multiple of that. @pde:
 * directories as well. */
struct amdvi_cmd amdvi_cmd_invalidate_pages(uint16_t domain, uint64_t iova, unsigned size_log2,
                                            bool pde);

/** INVALIDATE_IOMMU_PAGES for everything of a domain, directories included. */
struct amdvi_cmd amdvi_cmd_invalidate_domain(uint16_t domain);

/** INVALIDATE_IOMMU_ALL; legal where EFR.IASup is 1. */
struct amdvi_cmd amdvi_cmd_invalidate_all(void);

#endif

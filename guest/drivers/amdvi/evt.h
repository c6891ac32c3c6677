// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Event records: 16 bytes, code in dw1[31:28], DeviceID in dw0[15:0] (48882 section 2.5).
 */
#ifndef DRIVERS_AMDVI_EVT_H
#define DRIVERS_AMDVI_EVT_H

#include <stdint.h>

#define AMDVI_EVT_SIZE 16

enum amdvi_event_code {
    AMDVI_EVT_ILLEGAL_DEV_TABLE_ENTRY = 1,
    AMDVI_EVT_IO_PAGE_FAULT = 2,
    AMDVI_EVT_ILLEGAL_COMMAND = 5,
};

struct amdvi_event {
    uint32_t dw[4];
};

static inline unsigned amdvi_event_code(const struct amdvi_event *e)
{
    return e->dw[1] >> 28;
}

static inline uint64_t amdvi_event_address(const struct amdvi_event *e)
{
    return (uint64_t)e->dw[3] << 32 | e->dw[2];
}

#endif

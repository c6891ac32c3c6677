// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device table entry: 256 bits, indexed by DeviceID (48882 section 2.2.2).
 */
#ifndef DRIVERS_AMDVI_DTE_H
#define DRIVERS_AMDVI_DTE_H

#include <stdint.h>

#define AMDVI_DTE_SIZE 32

/* Bits 63:0 */
#define AMDVI_DTE_V           (1ull << 0)
#define AMDVI_DTE_TV          (1ull << 1)
#define AMDVI_DTE_MODE_SHIFT  9 /* 3 bits: 0 none, 1-6 levels */
#define AMDVI_DTE_ROOT_MASK   0x000ffffffffff000ull
#define AMDVI_DTE_IR          (1ull << 61)
#define AMDVI_DTE_IW          (1ull << 62)
/* Bits 127:64 */
#define AMDVI_DTE_DOMAIN_MASK 0xffffull

struct amdvi_dte {
    uint64_t q[4];
};

/* Access rights, as bits 1:0 of what the encoders take */
#define AMDVI_IR 1u
#define AMDVI_IW 2u

/**
 * An entry that translates: V=TV=1.
 * @mode: 0 (no table) to 6 levels; @root: address of the top table, a multiple of 4096 below 2^52;
 * @domain: DomainID; @rights: AMDVI_IR | AMDVI_IW.
 */
struct amdvi_dte amdvi_dte_encode(unsigned mode, uint64_t root, uint16_t domain, unsigned rights);

#endif

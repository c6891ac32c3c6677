// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Encoders of table entries and commands. No privileged instruction: unit tested natively against
 * golden literals.
 */
#include "drivers/amdvi/cmd.h"
#include "drivers/amdvi/dte.h"
#include "drivers/amdvi/pte.h"

static uint64_t rights_bits(unsigned rights)
{
    return (rights & AMDVI_IR ? AMDVI_PTE_IR : 0) | (rights & AMDVI_IW ? AMDVI_PTE_IW : 0);
}

struct amdvi_dte amdvi_dte_encode(unsigned mode, uint64_t root, uint16_t domain, unsigned rights)
{
    /* IR and IW stand at the same bits in a DTE and in a page table entry. */
    return (struct amdvi_dte){
        .q[0] = AMDVI_DTE_V | AMDVI_DTE_TV | (uint64_t)mode << AMDVI_DTE_MODE_SHIFT |
                (root & AMDVI_DTE_ROOT_MASK) | rights_bits(rights),
        .q[1] = domain,
    };
}

unsigned amdvi_pt_index(uint64_t iova, unsigned level)
{
    return (iova >> (12 + 9 * (level - 1))) & 0x1ff;
}

uint64_t amdvi_pte_encode(uint64_t spa, unsigned rights)
{
    return AMDVI_PTE_PR | (spa & AMDVI_PTE_ADDR_MASK) | rights_bits(rights);
}

uint64_t amdvi_pte_encode_sized(uint64_t spa, unsigned size_log2, unsigned rights)
{
    /* The lowest zero bit at or above bit 12 is bit log2(size)-1: ones below it, zero there
     * (PT-004). */
    uint64_t code = ((1ull << (size_log2 - 1)) - 1) & ~0xfffull;

    return AMDVI_PTE_PR | (uint64_t)AMDVI_PTE_NEXT_SIZED << AMDVI_PTE_NEXT_SHIFT |
           (spa & AMDVI_PTE_ADDR_MASK) | code | rights_bits(rights);
}

uint64_t amdvi_pde_encode(uint64_t table, unsigned next_level, unsigned rights)
{
    return AMDVI_PTE_PR | (uint64_t)next_level << AMDVI_PTE_NEXT_SHIFT |
           (table & AMDVI_PTE_ADDR_MASK) | rights_bits(rights);
}

static uint32_t opcode(enum amdvi_opcode op)
{
    return (uint32_t)op << 28;
}

struct amdvi_cmd amdvi_cmd_completion_wait(unsigned flags, uint64_t store, uint64_t data)
{
    return (struct amdvi_cmd){{
        (uint32_t)(store & 0xfffffff8u) | flags,
        opcode(AMDVI_CMD_COMPLETION_WAIT) | (uint32_t)(store >> 32 & 0xfffff),
        (uint32_t)data,
        (uint32_t)(data >> 32),
    }};
}

struct amdvi_cmd amdvi_cmd_invalidate_dte(uint16_t devid)
{
    return (struct amdvi_cmd){{devid, opcode(AMDVI_CMD_INVALIDATE_DEVTAB_ENTRY), 0, 0}};
}

struct amdvi_cmd amdvi_cmd_invalidate_pages(uint16_t domain, uint64_t iova, unsigned size_log2,
                                            bool pde)
{
    uint32_t s = size_log2 > 12;
    /* As in a sized leaf: ones below bit log2(size)-1, zero there (CMD-018). */
    uint64_t addr = s ? iova | (((1ull << (size_log2 - 1)) - 1) & ~0xfffull) : iova;

    return (struct amdvi_cmd){{
        0,
        opcode(AMDVI_CMD_INVALIDATE_IOMMU_PAGES) | domain,
        (uint32_t)(addr & 0xfffff000u) | (pde ? 2u : 0u) | s,
        (uint32_t)(addr >> 32),
    }};
}

struct amdvi_cmd amdvi_cmd_invalidate_domain(uint16_t domain)
{
    return (struct amdvi_cmd){{
        0,
        opcode(AMDVI_CMD_INVALIDATE_IOMMU_PAGES) | domain,
        0xfffff003u,
        0x7fffffffu,
    }};
}

struct amdvi_cmd amdvi_cmd_invalidate_all(void)
{
    return (struct amdvi_cmd){{0, opcode(AMDVI_CMD_INVALIDATE_ALL), 0, 0}};
}

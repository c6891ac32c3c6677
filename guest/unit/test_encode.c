// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The amdvi driver's encoders against golden literals: the worked examples of docs/rules.md, and
 * values worked out from its tables by hand. A field that writer and reader shift alike is caught
 * here.
 */
#include "drivers/amdvi/cmd.h"
#include "drivers/amdvi/dte.h"
#include "drivers/amdvi/pte.h"
#include "unit/tap.h"

#define RW (AMDVI_IR | AMDVI_IW)

static void dte(void)
{
    struct amdvi_dte d = amdvi_dte_encode(4, 0x7654000, 5, RW);

    IS(d.q[0], 0x6000000007654803, "DTE: 4 levels at 7654000h, read and write");
    IS(d.q[1], 5, "DTE: domain 5");
    IS(d.q[2], 0, "DTE: no interrupt fields (low)");
    IS(d.q[3], 0, "DTE: no interrupt fields (high)");
    IS(amdvi_dte_encode(0, 0, 0, RW).q[0], 0x6000000000000003,
       "DTE: pass-through with full access");
    IS(amdvi_dte_encode(0, 0, 0, 0).q[0], 0x3, "DTE: deny all");
    IS(amdvi_dte_encode(0, 0, 0, AMDVI_IR).q[0], 0x2000000000000003, "DTE: IR is bit 61");
    IS(amdvi_dte_encode(0, 0, 0, AMDVI_IW).q[0], 0x4000000000000003, "DTE: IW is bit 62");
    IS(amdvi_dte_encode(6, 0x000ffffffffff000, 0xffff, 0).q[0], 0x000ffffffffffc03,
       "DTE: highest root, 6 levels");
    IS(amdvi_dte_encode(6, 0, 0xffff, 0).q[1], 0xffff, "DTE: highest domain");
}

static void pte(void)
{
    IS(amdvi_pte_encode(0xabcde000, RW), 0x60000000abcde001, "PTE: 4 KB page at ABCDE000h");
    IS(amdvi_pte_encode(0x200000, RW), 0x6000000000200001, "PTE: 2 MB page at 200000h");
    IS(amdvi_pte_encode_sized(0xabcd0000, 16, RW), 0x60000000abcd7e01, "PTE: 64 KB page");
    IS(amdvi_pte_encode_sized(0x2000, 13, RW), 0x6000000000002e01, "PTE: 8 KB page, bit 12 clear");
    IS(amdvi_pte_encode_sized(0x4000, 14, AMDVI_IR), 0x2000000000005e01, "PTE: 16 KB page");
    IS(amdvi_pte_encode_sized(0x8000, 15, AMDVI_IW), 0x400000000000be01, "PTE: 32 KB page");
    IS(amdvi_pte_encode_sized(0x100000, 20, RW), 0x600000000017fe01, "PTE: 1 MB page");
    IS(amdvi_pte_encode_sized(0x400000, 22, RW), 0x60000000005ffe01, "PTE: 4 MB page");
    IS(amdvi_pte_encode_sized(0x20000000, 29, RW), 0x600000002ffffe01, "PTE: 512 MB page");
    IS(amdvi_pte_encode_sized(0x100000000, 32, RW), 0x600000017ffffe01, "PTE: 4 GB page");
    IS(amdvi_pde_encode(0x1000000, 1, RW), 0x6000000001000201, "PDE: level 2 to level 1");
    IS(amdvi_pde_encode(0xfffffffff000, 6, 0), 0x0000fffffffffc01, "PDE: to level 6");
}

static void index_of_level(void)
{
    IS(amdvi_pt_index(0x12345000, 1), 0x145, "index of level 1");
    IS(amdvi_pt_index(0x12345000, 2), 0x91, "index of level 2");
    IS(amdvi_pt_index(0x12345000, 3), 0, "index of level 3");
    IS(amdvi_pt_index(0xab33557fd2345000, 3), 0x1ff, "index of level 3, all ones");
    IS(amdvi_pt_index(0xab33557fd2345000, 4), 0x0aa, "index of level 4");
    IS(amdvi_pt_index(0xab33557fd2345000, 5), 0x133, "index of level 5");
    IS(amdvi_pt_index(0xab33557fd2345000, 6), 0x055, "index of level 6: 7 bits are left");
}

static void is_cmd(struct amdvi_cmd c, uint32_t d0, uint32_t d1, uint32_t d2, uint32_t d3,
                   const char *what)
{
    OK(c.dw[0] == d0 && c.dw[1] == d1 && c.dw[2] == d2 && c.dw[3] == d3, what);
}

static void commands(void)
{
    is_cmd(amdvi_cmd_completion_wait(AMDVI_CMD_CW_STORE, 0x12345678, 0x1122334455667788),
           0x12345679, 0x10000000, 0x55667788, 0x11223344, "COMPLETION_WAIT with store");
    is_cmd(amdvi_cmd_completion_wait(AMDVI_CMD_CW_STORE | AMDVI_CMD_CW_INT, 0x12345678,
                                     0x1122334455667788),
           0x1234567b, 0x10000000, 0x55667788, 0x11223344,
           "COMPLETION_WAIT with store and interrupt");
    is_cmd(amdvi_cmd_completion_wait(AMDVI_CMD_CW_STORE, 0xfedcba9876540, 1), 0xa9876541,
           0x100fedcb, 1, 0, "COMPLETION_WAIT with a 52-bit address");
    is_cmd(amdvi_cmd_invalidate_dte(0x20), 0x20, 0x20000000, 0, 0, "flush the DTE of 00:04.0");
    is_cmd(amdvi_cmd_invalidate_pages(5, 0x7654321000, 12, false), 0, 0x30000005, 0x54321000, 0x76,
           "flush 4 KB at 76_5432_1000h");
    is_cmd(amdvi_cmd_invalidate_pages(5, 0x10000, 13, false), 0, 0x30000005, 0x00010001, 0,
           "flush 8 KB at 10000h");
    is_cmd(amdvi_cmd_invalidate_pages(5, 0x10000, 14, false), 0, 0x30000005, 0x00011001, 0,
           "flush 16 KB at 10000h");
    is_cmd(amdvi_cmd_invalidate_pages(5, 0x40000000, 21, false), 0, 0x30000005, 0x400ff001, 0,
           "flush 2 MB at 4000_0000h");
    is_cmd(amdvi_cmd_invalidate_pages(5, 0x80000000, 30, false), 0, 0x30000005, 0x9ffff001, 0,
           "flush 1 GB at 8000_0000h");
    is_cmd(amdvi_cmd_invalidate_pages(0xffff, 0x1000, 12, true), 0, 0x3000ffff, 0x00001002, 0,
           "flush a page with directories");
    is_cmd(amdvi_cmd_invalidate_domain(5), 0, 0x30000005, 0xfffff003, 0x7fffffff, "flush a domain");
    is_cmd(amdvi_cmd_invalidate_all(), 0, 0x80000000, 0, 0, "flush all");
}

int main(void)
{
    dte();
    pte();
    index_of_level();
    commands();
    return tap_done();
}

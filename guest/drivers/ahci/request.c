// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A request in slot 0: command header, command table, start and end (AHCI 1.3.1, sections 4.2 and
 * 5.5).
 */
#include "arch/cpu.h"
#include "arch/time.h"
#include "drivers/ahci/ahci.h"
#include "drivers/ahci/command.h"
#include "drivers/ahci/regs.h"

#define SLOT 1u

void ahci_prepare(const struct ahci *a, uint8_t command, bool write, uint64_t lba, uint32_t count,
                  const struct ahci_region *regions, unsigned n)
{
    volatile uint32_t *header = (volatile uint32_t *)a->mem.list.spa;
    volatile uint8_t *fis = (volatile uint8_t *)a->mem.table.spa;
    volatile uint32_t *prdt = (volatile uint32_t *)(a->mem.table.spa + AHCI_TABLE_PRDT);

    header[0] = AHCI_HEADER_CFL | (write ? AHCI_HEADER_WRITE : 0) | n << AHCI_HEADER_PRDTL;
    header[AHCI_HEADER_PRDBC] = 0;
    header[AHCI_HEADER_CTBA] = (uint32_t)a->mem.table.iova;
    header[AHCI_HEADER_CTBA + 1] = (uint32_t)(a->mem.table.iova >> 32);
    for (unsigned i = AHCI_HEADER_CTBA + 2; i < AHCI_HEADER_DWORDS; i++) {
        header[i] = 0;
    }
    for (unsigned i = 0; i < AHCI_TABLE_PRDT; i++) {
        fis[i] = 0;
    }
    fis[0] = AHCI_FIS_H2D;
    fis[1] = AHCI_FIS_COMMAND;
    fis[2] = command;
    fis[7] = AHCI_FIS_LBA_MODE;
    for (unsigned i = 0; i < 3; i++) {
        fis[4 + i] = (uint8_t)(lba >> (8 * i));
        fis[8 + i] = (uint8_t)(lba >> (24 + 8 * i));
    }
    fis[12] = (uint8_t)count; /* 65536 is written as 0 */
    fis[13] = (uint8_t)(count >> 8);
    for (unsigned i = 0; i < n; i++) {
        prdt[AHCI_PRD_DWORDS * i] = (uint32_t)regions[i].iova;
        prdt[AHCI_PRD_DWORDS * i + 1] = (uint32_t)(regions[i].iova >> 32);
        prdt[AHCI_PRD_DWORDS * i + 2] = 0;
        prdt[AHCI_PRD_DWORDS * i + 3] = regions[i].bytes - 1;
    }
    memory_barrier();
}

void ahci_start(const struct ahci *a)
{
    ahci_acknowledge(a);
    memory_barrier();
    ahci_port_write(a, AHCI_PX_CI, SLOT);
}

bool ahci_active(const struct ahci *a)
{
    return (ahci_port_read(a, AHCI_PX_CI) & SLOT) &&
           !(ahci_port_read(a, AHCI_PX_IS) & AHCI_PX_IS_FATAL);
}

bool ahci_finish(const struct ahci *a, struct ahci_result *res)
{
    res->timed_out = !wait_until(!ahci_active(a), AHCI_WAIT_US);
    memory_barrier();
    res->is = ahci_port_read(a, AHCI_PX_IS);
    res->tfd = ahci_port_read(a, AHCI_PX_TFD);
    res->ci = ahci_port_read(a, AHCI_PX_CI);
    res->cmd = ahci_port_read(a, AHCI_PX_CMD);
    res->bytes = ((volatile uint32_t *)a->mem.list.spa)[AHCI_HEADER_PRDBC];
    return !res->timed_out;
}

bool ahci_dma_begin(struct ahci *a, bool write, uint64_t lba, uint32_t count,
                    const struct ahci_region *regions, unsigned n)
{
    if (n == 0 || n > AHCI_PRDS) {
        return false;
    }
    ahci_prepare(a, write ? AHCI_CMD_WRITE_DMA_EXT : AHCI_CMD_READ_DMA_EXT, write, lba, count,
                 regions, n);
    ahci_start(a);
    return true;
}

bool ahci_dma_end(struct ahci *a, struct ahci_result *res)
{
    if (ahci_finish(a, res) && !(res->is & AHCI_PX_IS_FATAL)) {
        return true;
    }
    return ahci_recover(a) && !res->timed_out;
}

bool ahci_dma(struct ahci *a, bool write, uint64_t lba, uint32_t count,
              const struct ahci_region *regions, unsigned n, struct ahci_result *res)
{
    *res = (struct ahci_result){0};
    return ahci_dma_begin(a, write, lba, count, regions, n) && ahci_dma_end(a, res);
}

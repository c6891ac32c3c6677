// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bus master (Programming Interface for Bus Master IDE Controller 1.0; 82371AB data sheet
 * section 5.2).
 */
#include <stddef.h>

#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/time.h"
#include "drivers/ide/ide.h"
#include "drivers/ide/regs.h"

uint8_t ide_bm_read(const struct ide *d, unsigned reg)
{
    return inb((uint16_t)(d->bm + reg));
}

void ide_bm_write(const struct ide *d, unsigned reg, uint8_t v)
{
    outb((uint16_t)(d->bm + reg), v);
}

uint32_t ide_bm_table(const struct ide *d)
{
    return inl(d->bm + IDE_BM_PRDT);
}

void ide_bm_set_table(const struct ide *d, uint32_t iova)
{
    outl(d->bm + IDE_BM_PRDT, iova);
}

void ide_prdt_build(uint64_t table, const struct ide_prd *prd, unsigned n)
{
    volatile uint32_t *dw = (volatile uint32_t *)table;

    for (unsigned i = 0; i < n; i++) {
        dw[2 * i] = prd[i].iova;
        dw[2 * i + 1] = (prd[i].bytes & 0xfffe) | (i == n - 1 ? IDE_PRD_EOT : 0);
    }
    memory_barrier();
}

/*
 * An end is the interrupt bit, or a bus master that stopped with an error while the drive still
 * wants data. Nothing comes any more, too, where neither side moves: a drive at rest, one that
 * waits for a bus master that has run out of regions, or an error that does not stop it. The drive
 * raises its interrupt a little after its last byte, so that has to last a while.
 */
bool ide_bm_wait(const struct ide *d)
{
    deadline_t end = deadline_in(IDE_WAIT_US), quiet_end = 0;
    bool quiet = false;

    for (;;) {
        bool last = deadline_passed(end);
        uint8_t bm = ide_bm_read(d, IDE_BM_STATUS);
        uint8_t drive = ide_alt_status(d);

        if ((bm & IDE_BM_STATUS_INT) ||
            (bm & (IDE_BM_STATUS_ERROR | IDE_BM_STATUS_ACTIVE)) == IDE_BM_STATUS_ERROR) {
            return true;
        }
        if ((bm & IDE_BM_STATUS_ERROR) ||
            (!(drive & IDE_STATUS_BSY) &&
             (!(drive & IDE_STATUS_DRQ) || !(bm & IDE_BM_STATUS_ACTIVE)))) {
            if (quiet && deadline_passed(quiet_end)) {
                return true;
            }
            if (!quiet) {
                quiet_end = deadline_in(IDE_QUIET_US);
                quiet = true;
            }
        } else {
            quiet = false;
        }
        if (last) {
            return false;
        }
        cpu_pause();
    }
}

bool ide_dma(struct ide *d, bool write, uint32_t lba, unsigned count, uint32_t prdt,
             struct ide_result *res)
{
    uint8_t dir = write ? 0 : IDE_BM_COMMAND_TO_MEMORY;

    *res = (struct ide_result){0};
    ide_bm_write(d, IDE_BM_COMMAND, 0);
    ide_bm_write(d, IDE_BM_STATUS, IDE_BM_STATUS_ERROR | IDE_BM_STATUS_INT);
    ide_bm_set_table(d, prdt);
    ide_bm_write(d, IDE_BM_COMMAND, dir);
    if (!ide_command(d, write, lba, count)) {
        res->timed_out = true;
        return false;
    }
    ide_bm_write(d, IDE_BM_COMMAND, dir | IDE_BM_COMMAND_START);

    bool ended = ide_bm_wait(d);

    res->bm_status = ide_bm_read(d, IDE_BM_STATUS);
    ide_bm_write(d, IDE_BM_COMMAND, 0);
    res->status = ide_status(d);
    res->error = res->status & IDE_STATUS_ERR ? inb(d->cmd + IDE_ERROR) : 0;
    res->timed_out = !ended;
    if (!ended || (res->status & (IDE_STATUS_BSY | IDE_STATUS_DRQ))) {
        return ide_reset(d) && ended;
    }
    ide_bm_write(d, IDE_BM_STATUS, IDE_BM_STATUS_ERROR | IDE_BM_STATUS_INT);
    memory_barrier();
    return true;
}

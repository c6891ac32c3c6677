// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/ide/ide.h"

#include <stddef.h>

#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/time.h"
#include "drivers/ide/regs.h"
#include "platform/pci.h"

/* Class 0101h; bit 7 of the interface: bus master; bit 0: primary channel in native mode (its ports
 * in BAR 0 and 1). */
#define IDE_CLASS      0x010180
#define IDE_CLASS_MASK 0xffff80
#define IDE_NATIVE     0x01

static uint8_t alt_status(const struct ide *d)
{
    return inb(d->ctl);
}

static bool wait_not_busy(const struct ide *d)
{
    return wait_until(!(alt_status(d) & IDE_STATUS_BSY), IDE_WAIT_US);
}

/* Four reads of the alternate status take the 400 ns that a command needs to show BSY. */
static void settle(const struct ide *d)
{
    for (int i = 0; i < 4; i++) {
        (void)alt_status(d);
    }
}

static void bm_stop(const struct ide *d)
{
    outb(d->bm + IDE_BM_COMMAND, 0);
    outb(d->bm + IDE_BM_STATUS, IDE_BM_STATUS_ERROR | IDE_BM_STATUS_INT);
}

bool ide_reset(struct ide *d)
{
    bm_stop(d);
    /* A reset selects device 0, but QEMU keeps what was selected; the status below is to be device
     * 0's. */
    outb(d->cmd + IDE_DEVICE, IDE_DEVICE_LBA);
    outb(d->ctl, IDE_CTL_SRST);
    deadline_t hold = deadline_in(5);
    (void)wait_until(deadline_passed(hold), 1000);
    outb(d->ctl, 0);
    settle(d);
    if (!wait_not_busy(d)) {
        return false;
    }
    outb(d->cmd + IDE_DEVICE, IDE_DEVICE_LBA);
    settle(d);
    (void)inb(d->cmd + IDE_STATUS);
    return wait_not_busy(d);
}

static bool start(struct ide *d, uint8_t command, uint32_t lba, unsigned count)
{
    if (!wait_not_busy(d)) {
        return false;
    }
    outb(d->cmd + IDE_DEVICE, (uint8_t)(IDE_DEVICE_LBA | (lba >> 24 & 0x0f)));
    settle(d);
    outb(d->cmd + IDE_COUNT, (uint8_t)count); /* 256 is written as 0 */
    outb(d->cmd + IDE_LBA0, (uint8_t)lba);
    outb(d->cmd + IDE_LBA1, (uint8_t)(lba >> 8));
    outb(d->cmd + IDE_LBA2, (uint8_t)(lba >> 16));
    outb(d->cmd + IDE_COMMAND, command);
    settle(d);
    return true;
}

/* A command that ends with one sector in the data register. */
static bool pio_in(struct ide *d, uint8_t command, uint32_t lba, uint16_t *buf)
{
    if (!start(d, command, lba, 1) || !wait_not_busy(d)) {
        return false;
    }

    uint8_t status = inb(d->cmd + IDE_STATUS);

    if ((status & (IDE_STATUS_ERR | IDE_STATUS_DF)) || !(status & IDE_STATUS_DRQ)) {
        return false;
    }
    for (unsigned i = 0; i < IDE_SECTOR / 2; i++) {
        buf[i] = inw(d->cmd + IDE_DATA);
    }
    settle(d);
    (void)inb(d->cmd + IDE_STATUS);
    return true;
}

bool ide_pio_read(struct ide *d, uint32_t lba, void *buf)
{
    return pio_in(d, IDE_CMD_READ_SECTORS, lba, buf);
}

const char *ide_discover(struct ide *d)
{
    const struct pci_dev *dev = pci_find_class(IDE_CLASS, IDE_CLASS_MASK, NULL);
    uint16_t id[IDE_SECTOR / 2];

    *d = (struct ide){0};
    if (!dev) {
        return "no PCI IDE controller with a bus master";
    }
    d->devid = dev->devid;
    if (dev->class_code & IDE_NATIVE) {
        d->cmd = pci_bar_io(d->devid, 0);
        d->ctl = pci_bar_io(d->devid, 1);
        d->ctl = d->ctl ? d->ctl + 2 : 0;
    } else {
        d->cmd = 0x1f0;
        d->ctl = 0x3f6;
    }
    d->bm = pci_bar_io(d->devid, 4);
    if (!d->cmd || !d->ctl || !d->bm) {
        return "the IDE controller has no ports";
    }
    pci_command(d->devid, PCI_COMMAND_IO | PCI_COMMAND_MASTER, 0);
    if (!ide_reset(d)) {
        return "the IDE channel stays busy after a reset";
    }
    if (alt_status(d) == 0 || alt_status(d) == 0xff || !pio_in(d, IDE_CMD_IDENTIFY, 0, id)) {
        return "no disk answers IDENTIFY on the primary IDE channel";
    }
    /* Words 60-61: sectors addressable with 28 bits. */
    d->sectors = (uint32_t)id[61] << 16 | id[60];
    return NULL;
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

bool ide_dma(struct ide *d, bool write, uint32_t lba, unsigned count, uint32_t prdt,
             struct ide_result *res)
{
    uint8_t dir = write ? 0 : IDE_BM_COMMAND_TO_MEMORY;

    *res = (struct ide_result){0};
    bm_stop(d);
    outl(d->bm + IDE_BM_PRDT, prdt);
    outb(d->bm + IDE_BM_COMMAND, dir);
    if (!start(d, write ? IDE_CMD_WRITE_DMA : IDE_CMD_READ_DMA, lba, count)) {
        res->timed_out = true;
        return false;
    }
    outb(d->bm + IDE_BM_COMMAND, dir | IDE_BM_COMMAND_START);

    /*
     * The end shows as the interrupt bit, or as an idle drive with a stopped engine. A bus master
     * that could not read its PRD may stay active for ever with the drive idle; that too is an end.
     */
    bool ended = wait_until((inb(d->bm + IDE_BM_STATUS) & IDE_BM_STATUS_INT) ||
                                !(alt_status(d) & (IDE_STATUS_BSY | IDE_STATUS_DRQ)),
                            IDE_WAIT_US);

    res->bm_status = inb(d->bm + IDE_BM_STATUS);
    outb(d->bm + IDE_BM_COMMAND, 0);
    res->status = inb(d->cmd + IDE_STATUS);
    res->error = res->status & IDE_STATUS_ERR ? inb(d->cmd + IDE_ERROR) : 0;
    res->timed_out = !ended;
    if (!ended || (res->status & (IDE_STATUS_BSY | IDE_STATUS_DRQ))) {
        return ide_reset(d) && ended;
    }
    bm_stop(d);
    memory_barrier();
    return true;
}

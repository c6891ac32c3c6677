// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/ide/ide.h"

#include <stddef.h>

#include "arch/io.h"
#include "arch/time.h"
#include "drivers/ide/regs.h"
#include "platform/pci.h"

/* Class 0101h; bit 7 of the interface: bus master. */
#define IDE_CLASS      0x010180
#define IDE_CLASS_MASK 0xffff80

uint8_t ide_alt_status(const struct ide *d)
{
    return inb(d->ctl);
}

uint8_t ide_status(const struct ide *d)
{
    return inb(d->cmd + IDE_STATUS);
}

uint8_t ide_taskfile(const struct ide *d, unsigned reg)
{
    return inb((uint16_t)(d->cmd + reg));
}

void ide_control(const struct ide *d, uint8_t v)
{
    outb(d->ctl, v);
}

static bool wait_not_busy(const struct ide *d)
{
    return wait_until(!(ide_alt_status(d) & IDE_STATUS_BSY), IDE_WAIT_US);
}

/* Four reads of the alternate status take the 400 ns that a command needs to show BSY. */
static void settle(const struct ide *d)
{
    for (int i = 0; i < 4; i++) {
        (void)ide_alt_status(d);
    }
}

bool ide_reset(struct ide *d)
{
    ide_bm_write(d, IDE_BM_COMMAND, 0);
    /* A reset selects device 0, but QEMU keeps what was selected; the status below is to be device
     * 0's. */
    outb(d->cmd + IDE_DEVICE, IDE_DEVICE_LBA);
    ide_control(d, IDE_CTL_SRST);
    deadline_t hold = deadline_in(5);
    (void)wait_until(deadline_passed(hold), 1000);
    ide_control(d, 0);
    settle(d);
    if (!wait_not_busy(d)) {
        return false;
    }
    outb(d->cmd + IDE_DEVICE, IDE_DEVICE_LBA);
    settle(d);
    (void)ide_status(d);
    ide_bm_write(d, IDE_BM_STATUS, IDE_BM_STATUS_ERROR | IDE_BM_STATUS_INT);
    return wait_not_busy(d);
}

static bool start(const struct ide *d, uint8_t command, uint32_t lba, unsigned count)
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

bool ide_command(const struct ide *d, bool write, uint32_t lba, unsigned count)
{
    return start(d, write ? IDE_CMD_WRITE_DMA : IDE_CMD_READ_DMA, lba, count);
}

/* A command that ends with one sector in the data register. */
static bool pio_in(struct ide *d, uint8_t command, uint32_t lba, uint16_t *buf)
{
    if (!start(d, command, lba, 1) || !wait_not_busy(d)) {
        return false;
    }

    uint8_t status = ide_status(d);

    if ((status & (IDE_STATUS_ERR | IDE_STATUS_DF)) || !(status & IDE_STATUS_DRQ)) {
        return false;
    }
    for (unsigned i = 0; i < IDE_SECTOR / 2; i++) {
        buf[i] = inw(d->cmd + IDE_DATA);
    }
    settle(d);
    (void)ide_status(d);
    return true;
}

bool ide_pio_read(struct ide *d, uint32_t lba, void *buf)
{
    return pio_in(d, IDE_CMD_READ_SECTORS, lba, buf);
}

/* Ports of the channels in compatibility mode (PCI IDE Controller Specification 1.0, section 2.1).
 */
static const struct {
    uint16_t cmd, ctl;
    uint8_t irq;
    uint8_t native; /* bit of the programming interface */
    unsigned bar;   /* of the command block in native mode; the control block's is the next */
} channels[] = {
    {0x1f0, 0x3f6, 14, 0x01, 0},
    {0x170, 0x376, 15, 0x04, 2},
};

const char *ide_discover_channel(struct ide *d, unsigned channel)
{
    const struct pci_dev *dev = pci_find_class(IDE_CLASS, IDE_CLASS_MASK, NULL);
    uint16_t id[IDE_SECTOR / 2];

    *d = (struct ide){0};
    if (!dev) {
        return "no PCI IDE controller with a bus master";
    }
    d->devid = dev->devid;
    if (dev->class_code & channels[channel].native) {
        d->cmd = pci_bar_io(d->devid, channels[channel].bar);
        d->ctl = pci_bar_io(d->devid, channels[channel].bar + 1);
        d->ctl = d->ctl ? d->ctl + 2 : 0;
    } else {
        d->cmd = channels[channel].cmd;
        d->ctl = channels[channel].ctl;
        d->irq = channels[channel].irq;
    }
    d->bm = pci_bar_io(d->devid, 4);
    if (!d->cmd || !d->ctl || !d->bm) {
        return "the IDE controller has no ports";
    }
    d->bm = (uint16_t)(d->bm + channel * IDE_BM_CHANNEL);
    pci_command(d->devid, PCI_COMMAND_IO | PCI_COMMAND_MASTER, 0);
    if (!ide_reset(d)) {
        return "the IDE channel stays busy after a reset";
    }

    uint8_t status = ide_alt_status(d);

    if (status == 0 || status == 0xff || !pio_in(d, IDE_CMD_IDENTIFY, 0, id)) {
        return channel ? "no disk answers IDENTIFY on the secondary IDE channel"
                       : "no disk answers IDENTIFY on the primary IDE channel";
    }
    /* Words 60-61: sectors addressable with 28 bits. */
    d->sectors = (uint32_t)id[61] << 16 | id[60];
    return NULL;
}

const char *ide_discover(struct ide *d)
{
    return ide_discover_channel(d, 0);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs as root under Linux and has devices make accesses that the IOMMU refuses, one at a time.
 * What Linux says of each goes to its console, where the host reads it.
 *
 * The test device is used in a domain that VFIO makes, the others in the domain that Linux gave
 * them. Addresses, requesters and directions are those of the rule AMDVI-EVT-026
 * (guest/tests/evt_address.c): the two are compared.
 */
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <time.h>
#include <unistd.h>

#include "drivers/edu/regs.h"
#include "drivers/ide/regs.h"
#include "drivers/rtl8139/regs.h"
#include "drivers/testdev/regs.h"
#include "pci.h"
#include "talk.h"
#include "vfio.h"

/* Tries of 10 ms that a device gets to end what it does */
#define TRIES 300

#define READ  VFIO_DMA_MAP_FLAG_READ
#define WRITE VFIO_DMA_MAP_FLAG_WRITE

#define WORD 0x5eed1234u

static void write32(volatile uint8_t *at, uint32_t value)
{
    *(volatile uint32_t *)at = value;
}

static uint32_t read32(volatile uint8_t *at)
{
    return *(volatile uint32_t *)at;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* ---- the test device ------------------------------------------------------------------------- */

/* One access of 4 bytes, with @word in the buffer before it. Returns RESULT. */
static uint32_t testdev(volatile uint8_t *bar, bool write, uint64_t iova, uint32_t word)
{
    write32(bar + TESTDEV_BUFFER, word);
    write32(bar + TESTDEV_IOVA, (uint32_t)iova);
    write32(bar + TESTDEV_IOVA + 4, (uint32_t)(iova >> 32));
    write32(bar + TESTDEV_LENGTH, 4);
    write32(bar + TESTDEV_BUFOFF, 0);

    uint32_t before = read32(bar + TESTDEV_COUNT);

    write32(bar + TESTDEV_COMMAND, write ? TESTDEV_WRITE : TESTDEV_READ);

    uint32_t result = read32(bar + TESTDEV_RESULT);

    if (read32(bar + TESTDEV_COUNT) != before + 1 || result & TESTDEV_RESULT_REFUSED) {
        die("the test device did not run a command: RESULT 0x%x", result);
    }
    return result;
}

static void testdev_fault(const char *name, const struct pci *p, volatile uint8_t *bar, bool write,
                          uint64_t iova)
{
    talk_fault(name, p, write, iova, iova);
    talk_did(name, "RESULT", testdev(bar, write, iova, WORD));
}

static void provoke_testdev(void)
{
    struct pci p = pci_find(TESTDEV_VENDOR, TESTDEV_DEVICE, false);
    struct vfio v = vfio_open(&p);
    volatile uint8_t *bar = vfio_bar(&v, 0, 0x20000);
    volatile uint32_t *both = vfio_page(&v, 0x7123455000, READ | WRITE);
    volatile uint32_t *readable = vfio_page(&v, 0x5040000000, READ);
    volatile uint32_t *writable = vfio_page(&v, 0x5040001000, WRITE);

    if (read32(bar + TESTDEV_ID) != TESTDEV_ID_VALUE) {
        die("%s does not answer as the test device", p.name);
    }

    /* Behind the IOMMU it reaches what it may. */
    talk_check("testdev-writes", testdev(bar, true, 0x7123455008, WORD) == 0 && both[2] == WORD);
    both[2] = ~WORD;
    talk_check("testdev-reads",
               testdev(bar, false, 0x7123455008, 0) == 0 && read32(bar + TESTDEV_BUFFER) == ~WORD);
    readable[0x208 / 4] = ~WORD;
    talk_check("testdev-reads-readonly",
               testdev(bar, false, 0x5040000208, 0) == 0 && read32(bar + TESTDEV_BUFFER) == ~WORD);
    talk_check("testdev-writes-writeonly",
               testdev(bar, true, 0x504000130c, WORD) == 0 && writable[0x30c / 4] == WORD);

    testdev_fault("unmapped_write", &p, bar, true, 0x7123456780);
    testdev_fault("unmapped_read", &p, bar, false, 0x7123457104);
    testdev_fault("readonly_write", &p, bar, true, 0x5040000208);
    talk_check("readonly-unchanged", readable[0x208 / 4] == ~WORD);
    testdev_fault("writeonly_read", &p, bar, false, 0x504000130c);
    talk_check("writeonly-unread", read32(bar + TESTDEV_BUFFER) != writable[0x30c / 4]);

    /* Pages that have not been used: nothing can be remembered of them. */
    volatile uint32_t *page = vfio_page(&v, 0x5040002000, READ | WRITE);

    talk_break_page(&p, 0x5040002000);
    testdev_fault("reserved_in_page", &p, bar, true, 0x5040002410);
    talk_check("reserved-in-page-unchanged", page[0x410 / 4] == 0);
    talk_mend();

    /* Another table of level 1 than the pages above have: nobody has been there yet. Bits 20:12 of
     * the IOVA are 4, so its entry 4 is what cannot be read. */
    page = vfio_page(&v, 0x5040204000, READ | WRITE);
    talk_break_table(&p, 0x5040204000, 0x8000000000);
    talk_fault("table_unreadable", &p, true, 0x5040204618, 0x8000000020);
    talk_did("table_unreadable", "RESULT", testdev(bar, true, 0x5040204618, WORD));
    talk_check("table-unreadable-unchanged", page[0x618 / 4] == 0);
    talk_mend();

    page = vfio_page(&v, 0x5040003000, READ | WRITE);
    talk_break_entry(&p);
    /* Has Linux flush the entry. */
    vfio_enable_msi(&v);
    testdev_fault("reserved_in_entry", &p, bar, true, 0x5040003514);
    talk_check("reserved-in-entry-unchanged", page[0x514 / 4] == 0);
    talk_mend();
}

/* Behind a bridge, and without VFIO. */
static void provoke_far(void)
{
    struct pci p = pci_find(TESTDEV_VENDOR, TESTDEV_DEVICE, true);

    pci_enable(&p);

    volatile uint8_t *bar = pci_map(&p, 0, 0x20000);

    testdev_fault("far_write", &p, bar, true, 0x7001000924);
}

/* ---- the others ------------------------------------------------------------------------------ */

static void provoke_edu(void)
{
    struct pci p = pci_find(EDU_VENDOR, EDU_DEVICE, false);

    pci_enable(&p);

    volatile uint8_t *bar = pci_map(&p, 0, 0x1000);
    volatile uint64_t *dma = (volatile uint64_t *)(bar + EDU_DMA_SRC);
    unsigned tries = TRIES;

    talk_fault("edu_write", &p, true, 0x6000000618, 0x6000000618);
    dma[0] = EDU_BUFFER;
    dma[1] = 0x6000000618;
    dma[2] = 4;
    write32(bar + EDU_DMA_CMD, EDU_DMA_START | EDU_DMA_TO_RAM);
    while (read32(bar + EDU_DMA_CMD) & EDU_DMA_START && tries--) {
        nap();
    }
    talk_did("edu_write", "CMD", read32(bar + EDU_DMA_CMD));
}

static void provoke_rtl8139(void)
{
    struct pci p = pci_find(RTL8139_VENDOR, RTL8139_DEVICE, false);

    pci_unbind(&p);
    pci_enable(&p);

    volatile uint8_t *bar = pci_map(&p, 1, RTL8139_WINDOW_BYTES);
    unsigned tries = TRIES;

    bar[RTL8139_CR] = RTL8139_CR_RST;
    while (bar[RTL8139_CR] & RTL8139_CR_RST && tries--) {
        nap();
    }
    bar[RTL8139_CR] = RTL8139_CR_TE;
    talk_fault("rtl_read", &p, false, 0x5000071c, 0x5000071c);
    write32(bar + RTL8139_TSAD0, 0x5000071c);
    write32(bar + RTL8139_TSD0, 60);
    talk_did("rtl_read", "TSD", read32(bar + RTL8139_TSD0));
    bar[RTL8139_CR] = RTL8139_CR_RST;
}

/* The driver has let go of the controller. READ DMA of a sector; its table is not there. */
static void provoke_ide(void)
{
    struct pci p = pci_find(0x8086, 0x7010, false);
    uint16_t cmd = 0x1f0, bm;
    unsigned tries = TRIES;

    pci_unbind(&p);
    pci_enable(&p);
    bm = pci_port(&p, 4);
    if (iopl(3) < 0) {
        die("iopl is refused");
    }
    talk_fault("ide_table_read", &p, false, 0x60000820, 0x60000820);
    outb(IDE_DEVICE_LBA, cmd + IDE_DEVICE);
    outb(1, cmd + IDE_COUNT);
    outb(1, cmd + IDE_LBA0);
    outb(0, cmd + IDE_LBA1);
    outb(0, cmd + IDE_LBA2);
    outl(0x60000820, bm + IDE_BM_PRDT);
    outb(IDE_BM_STATUS_ERROR | IDE_BM_STATUS_INT, bm + IDE_BM_STATUS);
    outb(IDE_BM_COMMAND_TO_MEMORY, bm + IDE_BM_COMMAND);
    outb(IDE_CMD_READ_DMA, cmd + IDE_COMMAND);
    outb(IDE_BM_COMMAND_TO_MEMORY | IDE_BM_COMMAND_START, bm + IDE_BM_COMMAND);
    while (inb(bm + IDE_BM_STATUS) & IDE_BM_STATUS_ACTIVE && tries--) {
        nap();
    }

    uint8_t status = inb(bm + IDE_BM_STATUS);

    outb(0, bm + IDE_BM_COMMAND);
    talk_did("ide_table_read", "BMISTA", status);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        die("usage: provoke PORT");
    }
    talk_open(argv[1]);
    provoke_testdev();
    provoke_far();
    provoke_edu();
    provoke_rtl8139();
    provoke_ide();
    talk_end();
    return 0;
}

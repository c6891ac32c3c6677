// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Access to configuration space, and what can be read from it. Finding: pci_scan.c.
 */
#include "platform/pci.h"

#include "arch/io.h"
#include "platform/pci_internal.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u
#define PORT_SPACE     0x100u /* what the ports can reach of a function */
#define ECAM_SPACE     0x1000u

#define CAP_FIRST     0x40
#define CAP_MAX_LINKS 48

#define BAR_IO       0x1u
#define BAR_TYPE     0x6u
#define BAR_TYPE_64  0x4u
#define BAR_MEM_MASK 0xfffffff0u
#define BAR_IO_MASK  0xfffcu

/* ECAM window for buses first..last; base is that of bus 0 (PCI Firmware Specification 3.2). */
static struct {
    uint64_t base;
    uint8_t first, last;
} ecam;

void pci_set_ecam(uint64_t base, uint8_t first, uint8_t last)
{
    ecam.base = base;
    ecam.first = first;
    ecam.last = last;
}

static bool by_ecam(uint16_t devid)
{
    uint8_t bus = (uint8_t)(devid >> 8);

    return ecam.base != 0 && bus >= ecam.first && bus <= ecam.last;
}

static uint64_t ecam_address(uint16_t devid, uint16_t off)
{
    return ecam.base + ((uint64_t)devid << 12) + (off & (ECAM_SPACE - 1));
}

static void select_port(uint16_t devid, uint16_t off)
{
    outl(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)devid << 8 | (off & 0xfcu));
}

uint8_t pci_read8(uint16_t devid, uint16_t off)
{
    if (by_ecam(devid)) {
        return mmio_read8(ecam_address(devid, off));
    }
    if (off >= PORT_SPACE) {
        return 0xff;
    }
    select_port(devid, off);
    return inb((uint16_t)(CONFIG_DATA + (off & 3)));
}

uint16_t pci_read16(uint16_t devid, uint16_t off)
{
    if (by_ecam(devid)) {
        return mmio_read16(ecam_address(devid, off));
    }
    if (off >= PORT_SPACE) {
        return 0xffff;
    }
    select_port(devid, off);
    return inw((uint16_t)(CONFIG_DATA + (off & 2)));
}

uint32_t pci_read32(uint16_t devid, uint16_t off)
{
    if (by_ecam(devid)) {
        return mmio_read32(ecam_address(devid, off));
    }
    if (off >= PORT_SPACE) {
        return 0xffffffff;
    }
    select_port(devid, off);
    return inl(CONFIG_DATA);
}

void pci_write8(uint16_t devid, uint16_t off, uint8_t v)
{
    if (by_ecam(devid)) {
        mmio_write8(ecam_address(devid, off), v);
    } else if (off < PORT_SPACE) {
        select_port(devid, off);
        outb((uint16_t)(CONFIG_DATA + (off & 3)), v);
    }
}

void pci_write16(uint16_t devid, uint16_t off, uint16_t v)
{
    if (by_ecam(devid)) {
        mmio_write16(ecam_address(devid, off), v);
    } else if (off < PORT_SPACE) {
        select_port(devid, off);
        outw((uint16_t)(CONFIG_DATA + (off & 2)), v);
    }
}

void pci_write32(uint16_t devid, uint16_t off, uint32_t v)
{
    if (by_ecam(devid)) {
        mmio_write32(ecam_address(devid, off), v);
    } else if (off < PORT_SPACE) {
        select_port(devid, off);
        outl(CONFIG_DATA, v);
    }
}

uint8_t pci_find_cap(uint16_t devid, uint8_t cap_id)
{
    uint8_t at;

    if (!(pci_read16(devid, PCI_STATUS) & PCI_STATUS_CAP_LIST)) {
        return 0;
    }
    at = pci_read8(devid, PCI_CAP_POINTER) & 0xfc;
    for (int i = 0; i < CAP_MAX_LINKS && at >= CAP_FIRST; i++) {
        if (pci_read8(devid, at) == cap_id) {
            return at;
        }
        at = pci_read8(devid, at + 1u) & 0xfc;
    }
    return 0;
}

unsigned pci_bar_count(uint16_t devid)
{
    switch (pci_read8(devid, PCI_HEADER_TYPE) & PCI_HEADER_TYPE_MASK) {
    case 0:
        return 6;
    case PCI_HEADER_BRIDGE:
        return 2;
    default:
        return 0;
    }
}

uint64_t pci_bar_mem(uint16_t devid, unsigned n)
{
    unsigned count = pci_bar_count(devid);
    uint32_t low;
    uint64_t addr;

    if (n >= count) {
        return 0;
    }
    low = pci_read32(devid, (uint16_t)(PCI_BAR0 + 4 * n));
    if (low & BAR_IO) {
        return 0;
    }
    addr = low & BAR_MEM_MASK;
    if ((low & BAR_TYPE) == BAR_TYPE_64 && n + 1 < count) {
        addr |= (uint64_t)pci_read32(devid, (uint16_t)(PCI_BAR0 + 4 * (n + 1))) << 32;
    }
    return addr;
}

uint16_t pci_bar_io(uint16_t devid, unsigned n)
{
    uint32_t low;

    if (n >= pci_bar_count(devid)) {
        return 0;
    }
    low = pci_read32(devid, (uint16_t)(PCI_BAR0 + 4 * n));
    return low & BAR_IO ? (uint16_t)(low & BAR_IO_MASK) : 0;
}

void pci_command(uint16_t devid, uint16_t set, uint16_t clear)
{
    uint16_t v = pci_read16(devid, PCI_COMMAND);

    pci_write16(devid, PCI_COMMAND, (uint16_t)((v & ~clear) | set));
}

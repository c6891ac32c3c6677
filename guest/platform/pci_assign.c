// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses for BARs and bridge windows where firmware gave none. Source: PCI Local Bus
 * Specification 3.0 section 6.2.5.1, PCI-to-PCI Bridge Architecture Specification 1.2 chapter 3.
 */
#include <stddef.h>

#include "platform/pci.h"
#include "platform/pci_internal.h"

#define MEM_FIRST  0xc0000000ULL /* where PC firmware begins too; RAM ends below */
#define MEM_LIMIT  0xfec00000ULL /* I/O APIC and other fixed devices from here on */
#define IO_FIRST   0xc000ULL
#define IO_LIMIT   0x10000ULL
#define MEM_WINDOW 0x100000ULL /* grain of a bridge's windows */
#define IO_WINDOW  0x1000ULL
#define MAX_DEPTH  16

#define BAR_IO      0x1u
#define BAR_TYPE    0x6u
#define BAR_TYPE_64 0x4u

struct pool {
    uint64_t next;
    uint64_t limit;
};

static struct pool mem, io;

/* @size bytes aligned to @align, or 0. */
static uint64_t take(struct pool *p, uint64_t size, uint64_t align)
{
    uint64_t at = (p->next + align - 1) & ~(align - 1);

    if (at > p->limit || size > p->limit - at) {
        return 0;
    }
    p->next = at + size;
    return at;
}

/* Returns how many BAR registers this one takes. */
static unsigned assign_bar(uint16_t devid, unsigned n)
{
    uint16_t off = (uint16_t)(PCI_BAR0 + 4 * n);
    uint32_t low = pci_read32(devid, off);
    bool is_io = low & BAR_IO;
    bool is_64 = !is_io && (low & BAR_TYPE) == BAR_TYPE_64;
    uint64_t size, at;
    uint32_t mask;

    pci_write32(devid, off, 0xffffffff);
    mask = pci_read32(devid, off);
    pci_write32(devid, off, low);
    mask &= is_io ? 0xfffcu : 0xfffffff0u; /* upper half of an I/O BAR may be fixed to 0 */
    if (mask == 0) {
        return is_64 ? 2 : 1; /* not there, or of 4 GiB and more */
    }
    size = mask & -mask;
    at = take(is_io ? &io : &mem, size, size);
    if (at != 0) {
        pci_write32(devid, off, (uint32_t)at);
        if (is_64) {
            pci_write32(devid, (uint16_t)(off + 4), 0);
        }
    }
    return is_64 ? 2 : 1;
}

static void assign_function(uint16_t devid)
{
    unsigned count = pci_bar_count(devid);

    /* A BAR that is being sized decodes nonsense, so decoding is off meanwhile. */
    pci_command(devid, 0, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    for (unsigned n = 0; n < count;) {
        n += assign_bar(devid, n);
    }
    pci_command(devid, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 0);
}

/* Open the windows of @bridge for what was assigned below it; an empty window is base > limit. */
static void set_windows(uint16_t bridge, uint64_t mem_start, uint64_t io_start)
{
    uint64_t mem_end, io_end;

    mem.next = (mem.next + MEM_WINDOW - 1) & ~(MEM_WINDOW - 1);
    io.next = (io.next + IO_WINDOW - 1) & ~(IO_WINDOW - 1);
    mem_end = mem.next - 1;
    io_end = io.next - 1;
    if (mem_end > mem_start) {
        pci_write16(bridge, PCI_MEMORY_BASE, (uint16_t)(mem_start >> 16 & 0xfff0));
        pci_write16(bridge, PCI_MEMORY_BASE + 2, (uint16_t)(mem_end >> 16 & 0xfff0));
    } else {
        pci_write32(bridge, PCI_MEMORY_BASE, 0x0000fff0);
    }
    pci_write32(bridge, PCI_PREFETCH_BASE, 0x0000fff0);
    if (io_end > io_start) {
        pci_write8(bridge, PCI_IO_BASE, (uint8_t)(io_start >> 8 & 0xf0));
        pci_write8(bridge, PCI_IO_BASE + 1, (uint8_t)(io_end >> 8 & 0xf0));
        pci_write32(bridge, PCI_IO_BASE_HIGH, 0);
    } else {
        pci_write16(bridge, PCI_IO_BASE, 0x00f0);
    }
}

static void assign_below(const struct pci_dev *bridge, unsigned depth);

static void assign_one(const struct pci_dev *d, unsigned depth)
{
    assign_function(d->devid);
    if (d->header_type == PCI_HEADER_BRIDGE && depth < MAX_DEPTH) {
        assign_below(d, depth + 1);
    }
}

static void assign_below(const struct pci_dev *bridge, unsigned depth)
{
    uint64_t mem_start, io_start;

    mem.next = (mem.next + MEM_WINDOW - 1) & ~(MEM_WINDOW - 1);
    io.next = (io.next + IO_WINDOW - 1) & ~(IO_WINDOW - 1);
    mem_start = mem.next;
    io_start = io.next;
    for (unsigned i = 0; pci_get(i) != NULL; i++) {
        const struct pci_dev *d = pci_get(i);

        if (d->parent_bridge == bridge->devid && d != bridge) {
            assign_one(d, depth);
        }
    }
    set_windows(bridge->devid, mem_start, io_start);
    pci_command(bridge->devid, PCI_COMMAND_MASTER, 0);
}

static bool firmware_assigned(void)
{
    for (unsigned i = 0; pci_get(i) != NULL; i++) {
        for (unsigned n = 0; n < 6; n++) {
            if (pci_bar_mem(pci_get(i)->devid, n) != 0) {
                return true;
            }
        }
    }
    return false;
}

void pci_assign_resources(uint64_t first_free)
{
    if (firmware_assigned()) {
        return;
    }
    mem = (struct pool){MEM_FIRST, MEM_LIMIT};
    if (first_free > mem.next && first_free < MEM_LIMIT) {
        mem.next = first_free;
    }
    io = (struct pool){IO_FIRST, IO_LIMIT};
    for (unsigned i = 0; pci_get(i) != NULL; i++) {
        const struct pci_dev *d = pci_get(i);

        if (d->parent_bridge == d->devid) { /* on a root bus */
            assign_one(d, 0);
        }
    }
}

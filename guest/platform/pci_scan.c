// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding PCI functions, and numbering buses where firmware did not.
 */
#include "arch/paging.h"
#include "lib/string.h"
#include "platform/pci.h"
#include "platform/pci_internal.h"

#define MAX_DEPTH   16 /* of bridges behind bridges; bounds the stack */
#define NO_VENDOR   0xffff
#define ROOT_PROBES 4

static struct pci_dev devices[PCI_MAX_DEVICES];
static unsigned device_count;
static bool visited[256];
static unsigned last_bus; /* highest number in use */

static void scan_bus(uint8_t bus, uint16_t bridge, bool root, unsigned depth);

/*
 * Numbers for a bridge that has none: the next after all in use, if the bridges above pass it on.
 * Those that were numbered here do, as their range is left open to FFh while the scan is below
 * them.
 */
static bool number_bus(uint16_t bridge)
{
    uint8_t above = (uint8_t)(bridge >> 8);
    const struct pci_dev *up = pci_find_devid(bridge);

    if (last_bus >= 255) {
        return false;
    }
    for (int i = 0; i < MAX_DEPTH && up != NULL && up->parent_bridge != up->devid; i++) {
        if (pci_read8(up->parent_bridge, PCI_SUBORDINATE_BUS) <= last_bus) {
            return false;
        }
        up = pci_find_devid(up->parent_bridge);
    }
    last_bus++;
    pci_write8(bridge, PCI_PRIMARY_BUS, above);
    pci_write8(bridge, PCI_SECONDARY_BUS, (uint8_t)last_bus);
    pci_write8(bridge, PCI_SUBORDINATE_BUS, 0xff);
    return true;
}

static void scan_bridge(uint16_t bridge, unsigned depth)
{
    uint8_t below = pci_read8(bridge, PCI_SECONDARY_BUS);
    bool numbered = false;

    if (depth == MAX_DEPTH) {
        return;
    }
    if (below == 0) {
        if (!number_bus(bridge)) {
            return;
        }
        numbered = true;
        below = (uint8_t)last_bus;
    }
    scan_bus(below, bridge, false, depth + 1);
    if (numbered) {
        pci_write8(bridge, PCI_SUBORDINATE_BUS, (uint8_t)last_bus);
    }
}

/* Returns false if there is no such function. */
static bool scan_function(uint16_t devid, uint16_t bridge, bool root)
{
    uint16_t vendor = pci_read16(devid, PCI_VENDOR_ID);
    struct pci_dev *d;

    if (vendor == NO_VENDOR || device_count == PCI_MAX_DEVICES) {
        return false;
    }
    d = &devices[device_count++];
    *d = (struct pci_dev){
        .devid = devid,
        .vendor = vendor,
        .device = pci_read16(devid, PCI_DEVICE_ID),
        .class_code = pci_read32(devid, PCI_CLASS_REVISION) >> 8,
        .header_type = pci_read8(devid, PCI_HEADER_TYPE) & PCI_HEADER_TYPE_MASK,
        .parent_bridge = root ? devid : bridge,
    };
    return true;
}

static void scan_bus(uint8_t bus, uint16_t bridge, bool root, unsigned depth)
{
    if (visited[bus]) {
        return;
    }
    visited[bus] = true;
    if (bus > last_bus) {
        last_bus = bus;
    }
    for (unsigned dev = 0; dev < 32; dev++) {
        unsigned functions = 1;

        for (unsigned fn = 0; fn < functions; fn++) {
            uint16_t devid = PCI_DEVID(bus, dev, fn);

            if (!scan_function(devid, bridge, root)) {
                continue; /* without function 0 there is no other: PCI 3.0 section 3.2.2.3.4 */
            }
            if (fn == 0 && pci_read8(devid, PCI_HEADER_TYPE) & PCI_HEADER_MULTI) {
                functions = 8;
            }
            if (devices[device_count - 1].header_type == PCI_HEADER_BRIDGE) {
                scan_bridge(devid, depth);
            }
        }
    }
}

/* Numbers that firmware gave, so that none is given twice. */
static void note_bus_numbers(uint8_t bus)
{
    for (unsigned devfn = 0; devfn < 256; devfn++) {
        uint16_t devid = (uint16_t)(bus << 8 | devfn);

        if (devfn % 8 != 0 && pci_read16(devid & 0xfff8, PCI_VENDOR_ID) == NO_VENDOR) {
            continue;
        }
        if (pci_read16(devid, PCI_VENDOR_ID) != NO_VENDOR &&
            (pci_read8(devid, PCI_HEADER_TYPE) & PCI_HEADER_TYPE_MASK) == PCI_HEADER_BRIDGE) {
            uint8_t sub = pci_read8(devid, PCI_SUBORDINATE_BUS);

            last_bus = sub > last_bus ? sub : last_bus;
        }
    }
}

/* The window must show the same host bridge as the ports do; if not, the table is wrong. */
static bool ecam_works(uint64_t base, uint8_t first, uint8_t last)
{
    uint16_t devid = PCI_DEVID(first, 0, 0);
    uint32_t by_ports;

    pci_set_ecam(0, 0, 0);
    by_ports = pci_read32(devid, PCI_VENDOR_ID);
    if (base == 0 ||
        !paging_map(base + ((uint64_t)first << 20), ((uint64_t)last - first + 1) << 20, true)) {
        return false;
    }
    pci_set_ecam(base, first, last);
    if (pci_read32(devid, PCI_VENDOR_ID) == by_ports) {
        return true;
    }
    pci_set_ecam(0, 0, 0);
    return false;
}

/*
 * Root buses beside bus 0 (large boards, expander bridges) are behind no bridge. Trying all devices
 * of all buses costs an emulator milliseconds in every boot, so one of the first few must be there;
 * on boards device 0 is the root complex itself.
 */
static bool is_root_bus(uint8_t bus)
{
    for (unsigned dev = 0; dev < ROOT_PROBES; dev++) {
        if (pci_read16(PCI_DEVID(bus, dev, 0), PCI_VENDOR_ID) != NO_VENDOR) {
            return true;
        }
    }
    return false;
}

unsigned pci_init(uint64_t ecam_base, uint8_t bus_start, uint8_t bus_end)
{
    uint64_t first_free = 0;

    device_count = 0;
    last_bus = 0;
    memset(visited, 0, sizeof(visited));
    if (ecam_works(ecam_base, bus_start, bus_end)) {
        first_free = ecam_base + ((uint64_t)bus_end + 1) * (1u << 20);
    }
    note_bus_numbers(0);
    scan_bus(0, 0, true, 0);
    /* By ports this would take longer than all the rest. */
    for (unsigned bus = bus_start; first_free != 0 && bus <= bus_end; bus++) {
        if (!visited[bus] && is_root_bus((uint8_t)bus)) {
            scan_bus((uint8_t)bus, 0, true, 0);
        }
    }
    pci_assign_resources(first_free);
    return device_count;
}

const struct pci_dev *pci_get(unsigned i)
{
    return i < device_count ? &devices[i] : NULL;
}

const struct pci_dev *pci_find_id(uint16_t vendor, uint16_t device, const struct pci_dev *after)
{
    for (unsigned i = after == NULL ? 0 : (unsigned)(after - devices) + 1; i < device_count; i++) {
        if (devices[i].vendor == vendor && devices[i].device == device) {
            return &devices[i];
        }
    }
    return NULL;
}

const struct pci_dev *pci_find_class(uint32_t class_code, uint32_t mask,
                                     const struct pci_dev *after)
{
    for (unsigned i = after == NULL ? 0 : (unsigned)(after - devices) + 1; i < device_count; i++) {
        if ((devices[i].class_code & mask) == class_code) {
            return &devices[i];
        }
    }
    return NULL;
}

const struct pci_dev *pci_find_devid(uint16_t devid)
{
    for (unsigned i = 0; i < device_count; i++) {
        if (devices[i].devid == devid) {
            return &devices[i];
        }
    }
    return NULL;
}

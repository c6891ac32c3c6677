// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PCI configuration space and enumeration. ECAM where the MCFG table gives it, ports CF8h/CFCh
 * otherwise.
 */
#ifndef PLATFORM_PCI_H
#define PLATFORM_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_MAX_DEVICES 256

/* DeviceID: bus[15:8] device[7:3] function[2:0] */
#define PCI_DEVID(bus, dev, fn) ((uint16_t)((bus) << 8 | (dev) << 3 | (fn)))

/* Type 0 header, PCI Local Bus Specification 3.0 section 6.1 */
#define PCI_VENDOR_ID            0x00
#define PCI_DEVICE_ID            0x02
#define PCI_COMMAND              0x04
#define PCI_COMMAND_IO           0x0001
#define PCI_COMMAND_MEMORY       0x0002
#define PCI_COMMAND_MASTER       0x0004
#define PCI_COMMAND_INTX_DISABLE 0x0400
#define PCI_STATUS               0x06
#define PCI_STATUS_CAP_LIST      0x0010
#define PCI_CLASS_REVISION       0x08
#define PCI_HEADER_TYPE          0x0e
#define PCI_BAR0                 0x10
#define PCI_SECONDARY_BUS        0x19
#define PCI_CAP_POINTER          0x34
#define PCI_INTERRUPT_LINE       0x3c
#define PCI_INTERRUPT_PIN        0x3d

struct pci_dev {
    uint16_t devid;
    uint16_t vendor, device;
    uint32_t class_code;    /* 24 bits: base, sub, programming interface */
    uint8_t header_type;    /* without the multi-function bit */
    uint16_t parent_bridge; /* DeviceID of the bridge above, or its own on the root bus */
};

/**
 * Find all functions: buses behind bridges included (depth first, every bus number visited at most
 * once).
 * @ecam_base: base of the ECAM window of segment 0 for buses @bus_start..@bus_end, or 0 for ports
 * only. Firmware that assigns no bus numbers (a bridge with secondary bus 0) has them assigned
 * here, and memory BARs and I/O BARs without an address get one (qboot). Returns the number of
 * functions found (at most PCI_MAX_DEVICES).
 */
unsigned pci_init(uint64_t ecam_base, uint8_t bus_start, uint8_t bus_end);

/** The i-th function found, or NULL. */
const struct pci_dev *pci_get(unsigned i);

/** The next function with this vendor and device after @after (NULL: from the start), or NULL. */
const struct pci_dev *pci_find_id(uint16_t vendor, uint16_t device, const struct pci_dev *after);

/** The next function whose 24-bit class under @mask equals @class_code, or NULL. */
const struct pci_dev *pci_find_class(uint32_t class_code, uint32_t mask,
                                     const struct pci_dev *after);

/** The function with this DeviceID, or NULL. */
const struct pci_dev *pci_find_devid(uint16_t devid);

uint8_t pci_read8(uint16_t devid, uint16_t off);
uint16_t pci_read16(uint16_t devid, uint16_t off);
uint32_t pci_read32(uint16_t devid, uint16_t off);
void pci_write8(uint16_t devid, uint16_t off, uint8_t v);
void pci_write16(uint16_t devid, uint16_t off, uint16_t v);
void pci_write32(uint16_t devid, uint16_t off, uint32_t v);

/** Offset of the first capability with this ID, or 0. At most 48 links are followed. */
uint8_t pci_find_cap(uint16_t devid, uint8_t cap_id);

/** Address of memory BAR @n (64-bit form included), or 0 if it is an I/O BAR or not assigned. */
uint64_t pci_bar_mem(uint16_t devid, unsigned n);

/** Port of I/O BAR @n, or 0. */
uint16_t pci_bar_io(uint16_t devid, unsigned n);

/** Set and clear bits of the command register. */
void pci_command(uint16_t devid, uint16_t set, uint16_t clear);

#endif

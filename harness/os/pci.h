// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PCI function under Linux, by sysfs: what a program of root can do without a driver.
 */
#ifndef OS_PCI_H
#define OS_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pci {
    char name[16]; /* 0000:00:1c.0 */
};

/**
 * The function with this vendor and device on bus 0 (@far false) or on another bus. Ends the
 * program if there is none.
 */
struct pci pci_find(unsigned vendor, unsigned device, bool far);

/** Write @text to the file @attribute of the function. */
void pci_set(const struct pci *p, const char *attribute, const char *text);

/** Take it from its driver, if it has one. */
void pci_unbind(const struct pci *p);

/** Enable it, with ports, memory and bus master. */
void pci_enable(const struct pci *p);

/** Map @bytes of memory BAR @bar. */
volatile uint8_t *pci_map(const struct pci *p, unsigned bar, size_t bytes);

/** First port of BAR @bar. */
uint16_t pci_port(const struct pci *p, unsigned bar);

/** Number of its IOMMU group. */
unsigned pci_group(const struct pci *p);

/** Ends the program with a sentence on both the host's line and the console. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device in a domain of its own, by VFIO (type 1), and memory that is mapped for it.
 */
#ifndef OS_VFIO_H
#define OS_VFIO_H

#include <stdint.h>

#include "pci.h"

struct vfio {
    int container, group, device;
};

/** Give the function to vfio-pci and attach it to a new domain. */
struct vfio vfio_open(const struct pci *p);

/** Map @bytes of BAR @bar, and let the device be a bus master. */
volatile uint8_t *vfio_bar(const struct vfio *v, unsigned bar, size_t bytes);

/**
 * A new page of memory, which the device finds at @iova: @rights is VFIO_DMA_MAP_FLAG_READ (the
 * device may read), VFIO_DMA_MAP_FLAG_WRITE or both.
 */
volatile uint32_t *vfio_page(const struct vfio *v, uint64_t iova, uint32_t rights);

/** Have an MSI of the device delivered: the first one makes the kernel give it a table of
 * interrupts, and flush its entry of the device table. */
void vfio_enable_msi(const struct vfio *v);

#endif

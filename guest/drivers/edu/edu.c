// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/edu/edu.h"

#include <stddef.h>

#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/paging.h"
#include "arch/time.h"
#include "drivers/edu/regs.h"
#include "platform/pci.h"

#define BAR_BYTES 0x1000u

const char *edu_discover(struct edu *e)
{
    const struct pci_dev *dev = pci_find_id(EDU_VENDOR, EDU_DEVICE, NULL);

    *e = (struct edu){0};
    if (!dev) {
        return "no edu device (PCI 1234:11e8)";
    }
    e->devid = dev->devid;
    e->base = pci_bar_mem(e->devid, 0);
    if (!e->base || !paging_map(e->base, BAR_BYTES, true)) {
        return "the edu device has no memory BAR";
    }
    pci_command(e->devid, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
    if ((mmio_read32(e->base + EDU_ID) & 0xffff) != EDU_ID_VALUE) {
        return "the edu device does not answer with its ID";
    }
    return NULL;
}

static bool idle(const struct edu *e)
{
    return !(mmio_read32(e->base + EDU_DMA_CMD) & EDU_DMA_START);
}

static bool transfer(struct edu *e, bool to_memory, uint64_t iova, uint32_t len, uint32_t flags)
{
    if (!wait_until(idle(e), EDU_WAIT_US)) {
        return false;
    }
    mmio_write64(e->base + EDU_DMA_SRC, to_memory ? EDU_BUFFER : iova);
    mmio_write64(e->base + EDU_DMA_DST, to_memory ? iova : EDU_BUFFER);
    mmio_write64(e->base + EDU_DMA_COUNT, len);
    memory_barrier();
    mmio_write32(e->base + EDU_DMA_CMD, EDU_DMA_START | flags | (to_memory ? EDU_DMA_TO_RAM : 0));

    bool ended = wait_until(idle(e), EDU_WAIT_US);

    memory_barrier();
    return ended;
}

bool edu_dma(struct edu *e, bool to_memory, uint64_t iova, uint32_t len)
{
    return transfer(e, to_memory, iova, len, 0);
}

bool edu_dma_interrupt(struct edu *e, bool to_memory, uint64_t iova, uint32_t len)
{
    return transfer(e, to_memory, iova, len, EDU_DMA_IRQ);
}

uint32_t edu_status(const struct edu *e)
{
    return mmio_read32(e->base + EDU_IRQ_STATUS);
}

void edu_raise(const struct edu *e, uint32_t bits)
{
    mmio_write32(e->base + EDU_IRQ_RAISE, bits);
}

void edu_acknowledge(const struct edu *e, uint32_t bits)
{
    mmio_write32(e->base + EDU_IRQ_ACK, bits);
}

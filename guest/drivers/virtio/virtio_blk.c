// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/virtio/virtio_blk.h"

#include <stddef.h>

#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/paging.h"
#include "arch/time.h"
#include "drivers/virtio/regs.h"
#include "platform/pci.h"

#define CAPS_MAX 48u

/* What lies in the page, in bytes; each is aligned as section 2.6 wants it. */
#define QUEUE_LEN 4u
#define AVAIL     0x100u
#define USED      0x200u
#define HEADER    0x400u
#define STATUS    0x800u

#define HEADER_BYTES 16u

struct desc {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags, next;
};

_Static_assert(sizeof(struct desc) == VIRTQ_DESC_BYTES, "a descriptor");

/* The structure that the capability of @type tells, or 0; @cap gets its place. */
static uint64_t structure(uint16_t devid, uint8_t type, uint8_t *cap)
{
    *cap = pci_find_cap(devid, VIRTIO_CAP_ID);
    for (unsigned i = 0; *cap && i < CAPS_MAX; i++) {
        if (pci_read8(devid, *cap) == VIRTIO_CAP_ID &&
            pci_read8(devid, *cap + VIRTIO_CAP_TYPE) == type) {
            uint64_t bar = pci_bar_mem(devid, pci_read8(devid, *cap + VIRTIO_CAP_BAR));
            uint64_t at = bar + pci_read32(devid, *cap + VIRTIO_CAP_OFFSET);

            return bar && paging_map(at, pci_read32(devid, *cap + VIRTIO_CAP_LENGTH), true) ? at
                                                                                            : 0;
        }
        *cap = pci_read8(devid, *cap + 1) & 0xfc;
    }
    return 0;
}

static void add_status(const struct virtio_blk *v, uint8_t bits)
{
    mmio_write8(v->common + VIRTIO_STATUS, mmio_read8(v->common + VIRTIO_STATUS) | bits);
}

bool virtio_blk_reset(const struct virtio_blk *v)
{
    mmio_write8(v->common + VIRTIO_STATUS, 0);
    return wait_until(mmio_read8(v->common + VIRTIO_STATUS) == 0, VIRTIO_WAIT_US);
}

const char *virtio_blk_discover(struct virtio_blk *v)
{
    const struct pci_dev *dev = pci_find_id(VIRTIO_VENDOR, VIRTIO_DEVICE_BLK, NULL);
    uint64_t config;
    uint8_t cap;

    *v = (struct virtio_blk){0};
    if (!dev) {
        return "no virtio disk";
    }
    v->devid = dev->devid;
    pci_command(v->devid, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE, 0);
    v->common = structure(v->devid, VIRTIO_CAP_COMMON, &cap);
    config = structure(v->devid, VIRTIO_CAP_DEVICE, &cap);
    v->notify = structure(v->devid, VIRTIO_CAP_NOTIFY, &cap);
    if (!v->common || !config || !v->notify) {
        return "the virtio disk does not tell where its registers are";
    }
    v->multiplier = pci_read32(v->devid, cap + VIRTIO_CAP_MULTIPLY);
    v->sectors = mmio_read32(config) | (uint64_t)mmio_read32(config + 4) << 32;
    mmio_write32(v->common + VIRTIO_DEVICE_FEATURE_SELECT, 1);
    if (~mmio_read32(v->common + VIRTIO_DEVICE_FEATURE) &
        (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM)) {
        return "the virtio disk is an old one, or passes the IOMMU by";
    }
    return virtio_blk_reset(v) ? NULL : "the virtio disk cannot be reset";
}

static void offer(const struct virtio_blk *v, uint32_t half, uint32_t features)
{
    mmio_write32(v->common + VIRTIO_DRIVER_FEATURE_SELECT, half);
    mmio_write32(v->common + VIRTIO_DRIVER_FEATURE, features);
}

/* Fields of 64 bits are accessed in halves, section 4.1.3.1. */
static void set_address(const struct virtio_blk *v, unsigned reg, uint64_t address)
{
    mmio_write32(v->common + reg, (uint32_t)address);
    mmio_write32(v->common + reg + 4, (uint32_t)(address >> 32));
}

bool virtio_blk_start(struct virtio_blk *v, uint64_t page)
{
    volatile uint16_t *avail = (volatile uint16_t *)(page + AVAIL);
    volatile uint16_t *used = (volatile uint16_t *)(page + USED);

    if (!virtio_blk_reset(v)) {
        return false;
    }
    v->page = page;
    v->next = 0;
    avail[0] = VIRTQ_AVAIL_NO_INTERRUPT;
    avail[1] = used[1] = 0;
    add_status(v, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
    offer(v, 0, 0);
    offer(v, 1, VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM);
    add_status(v, VIRTIO_STATUS_FEATURES_OK);
    if (!(mmio_read8(v->common + VIRTIO_STATUS) & VIRTIO_STATUS_FEATURES_OK)) {
        return false;
    }
    mmio_write16(v->common + VIRTIO_QUEUE_SELECT, 0);
    if (mmio_read16(v->common + VIRTIO_QUEUE_SIZE) < QUEUE_LEN) {
        return false;
    }
    mmio_write16(v->common + VIRTIO_QUEUE_SIZE, QUEUE_LEN);
    set_address(v, VIRTIO_QUEUE_DESC, page);
    set_address(v, VIRTIO_QUEUE_DRIVER, page + AVAIL);
    set_address(v, VIRTIO_QUEUE_DEVICE, page + USED);
    v->doorbell =
        v->notify + (uint64_t)v->multiplier * mmio_read16(v->common + VIRTIO_QUEUE_NOTIFY_OFF);
    mmio_write16(v->common + VIRTIO_QUEUE_ENABLE, 1);
    add_status(v, VIRTIO_STATUS_DRIVER_OK);
    return true;
}

bool virtio_blk_read(struct virtio_blk *v, uint64_t lba, uint64_t iova, uint32_t bytes)
{
    volatile struct desc *desc = (volatile struct desc *)v->page;
    volatile uint16_t *avail = (volatile uint16_t *)(v->page + AVAIL);
    volatile uint16_t *used = (volatile uint16_t *)(v->page + USED);
    volatile uint64_t *header = (volatile uint64_t *)(v->page + HEADER);
    volatile uint8_t *status = (volatile uint8_t *)(v->page + STATUS);

    header[0] = VIRTIO_BLK_IN;
    header[1] = lba;
    *status = (uint8_t)~VIRTIO_BLK_OK;
    desc[0] = (struct desc){v->page + HEADER, HEADER_BYTES, VIRTQ_DESC_NEXT, 1};
    desc[1] = (struct desc){iova, bytes, VIRTQ_DESC_NEXT | VIRTQ_DESC_WRITE, 2};
    desc[2] = (struct desc){v->page + STATUS, 1, VIRTQ_DESC_WRITE, 0};
    avail[2 + v->next % QUEUE_LEN] = 0;
    memory_barrier();
    avail[1] = ++v->next;
    memory_barrier();
    mmio_write16(v->doorbell, 0);

    bool came = wait_until(used[1] == v->next, VIRTIO_WAIT_US);

    memory_barrier();
    return came && *status == VIRTIO_BLK_OK;
}

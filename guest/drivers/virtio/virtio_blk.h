// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtio disk on PCI that takes its addresses through the IOMMU (VIRTIO_F_ACCESS_PLATFORM): one
 * read at a time, by polling. Mechanism only.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_BLK_H
#define DRIVERS_VIRTIO_VIRTIO_BLK_H

#include <stdbool.h>
#include <stdint.h>

struct virtio_blk {
    uint16_t devid;
    uint64_t common, notify; /* structures of the device */
    uint32_t multiplier;     /* of queue_notify_off */
    uint64_t sectors;
    uint64_t page;     /* queue 0, and header and status of the request */
    uint64_t doorbell; /* of queue 0 */
    uint16_t next;     /* requests given so far */
};

/** Limit for one request or reset, in microseconds. */
#define VIRTIO_WAIT_US 1000000u

/** Find the first virtio disk of version 1 that goes by the platform's addresses, and reset it.
 * Returns NULL, or what is missing. */
const char *virtio_blk_discover(struct virtio_blk *v);

/** Reset the device. False on time-out. */
bool virtio_blk_reset(const struct virtio_blk *v);

/** Reset it, and give it queue 0 in @page, which it finds at the same address. False if it does
 * not take it. */
bool virtio_blk_start(struct virtio_blk *v, uint64_t page);

/** Read @bytes, whole sectors, from @lba on to @iova. False if that is not done in time, or fails.
 */
bool virtio_blk_read(struct virtio_blk *v, uint64_t lba, uint64_t iova, uint32_t bytes);

#endif

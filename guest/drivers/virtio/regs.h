// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Virtio over PCI and its block device (VIRTIO 1.1, sections 2.6, 4.1 and 5.2).
 */
#ifndef DRIVERS_VIRTIO_REGS_H
#define DRIVERS_VIRTIO_REGS_H

#define VIRTIO_VENDOR     0x1af4
#define VIRTIO_DEVICE_BLK 0x1042 /* 1040h and the number of the device */

/* The capabilities that tell where the structures are, section 4.1.4 */
#define VIRTIO_CAP_ID       0x09
#define VIRTIO_CAP_TYPE     3
#define VIRTIO_CAP_BAR      4
#define VIRTIO_CAP_OFFSET   8
#define VIRTIO_CAP_LENGTH   12
#define VIRTIO_CAP_MULTIPLY 16 /* of type NOTIFY */
#define VIRTIO_CAP_COMMON   1
#define VIRTIO_CAP_NOTIFY   2
#define VIRTIO_CAP_DEVICE   4

/* Common configuration, section 4.1.4.3 */
#define VIRTIO_DEVICE_FEATURE_SELECT 0x00
#define VIRTIO_DEVICE_FEATURE        0x04
#define VIRTIO_DRIVER_FEATURE_SELECT 0x08
#define VIRTIO_DRIVER_FEATURE        0x0c
#define VIRTIO_STATUS                0x14 /* 8 bits */
#define VIRTIO_QUEUE_SELECT          0x16 /* 16 bits, as the next ones */
#define VIRTIO_QUEUE_SIZE            0x18
#define VIRTIO_QUEUE_ENABLE          0x1c
#define VIRTIO_QUEUE_NOTIFY_OFF      0x1e
#define VIRTIO_QUEUE_DESC            0x20 /* 64 bits, as the next ones */
#define VIRTIO_QUEUE_DRIVER          0x28
#define VIRTIO_QUEUE_DEVICE          0x30

/* Device status, section 2.1 */
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01
#define VIRTIO_STATUS_DRIVER      0x02
#define VIRTIO_STATUS_DRIVER_OK   0x04
#define VIRTIO_STATUS_FEATURES_OK 0x08

/* Features 32 and 33, section 6: in the upper half */
#define VIRTIO_F_VERSION_1       0x1u
#define VIRTIO_F_ACCESS_PLATFORM 0x2u

/* A split virtqueue, section 2.6 */
#define VIRTQ_DESC_BYTES         16u
#define VIRTQ_DESC_NEXT          1u
#define VIRTQ_DESC_WRITE         2u /* by the device */
#define VIRTQ_AVAIL_NO_INTERRUPT 1u

/* Requests, section 5.2.6 */
#define VIRTIO_BLK_IN 0u /* a read */
#define VIRTIO_BLK_OK 0u

#endif

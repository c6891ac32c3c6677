// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * amdvi-testdev, register by register: docs/testdev.md.
 */
#ifndef DRIVERS_TESTDEV_REGS_H
#define DRIVERS_TESTDEV_REGS_H

#define TESTDEV_VENDOR 0x1234
#define TESTDEV_DEVICE 0xadc1

#define TESTDEV_ID       0x000
#define TESTDEV_ID_VALUE 0x31544441u
#define TESTDEV_IOVA     0x010
#define TESTDEV_LENGTH   0x018
#define TESTDEV_BUFOFF   0x01c
#define TESTDEV_SLOT     0x020
#define TESTDEV_COMMAND  0x024
#define TESTDEV_RESULT   0x028
#define TESTDEV_DONE     0x02c
#define TESTDEV_COUNT    0x030
#define TESTDEV_STATUS   0x034
#define TESTDEV_HELD     0x03c
#define TESTDEV_DIRECT   0x040
#define TESTDEV_BUFFER   0x10000

enum testdev_command {
    TESTDEV_WRITE = 1, /* buffer to memory */
    TESTDEV_READ = 2,  /* memory to buffer */
    TESTDEV_MAP_WRITE = 3,
    TESTDEV_MAP_READ = 4,
    TESTDEV_RELEASE = 5,
    TESTDEV_DROP = 6,
    TESTDEV_MSI = 7,
    TESTDEV_INTX_ASSERT = 8,
    TESTDEV_INTX_DEASSERT = 9,
};

/* Result */
#define TESTDEV_RESULT_OK      0
#define TESTDEV_RESULT_MEMTX   0x7u
#define TESTDEV_RESULT_REFUSED 0xf0000u /* parameters, slot, command, bus master off */

#endif

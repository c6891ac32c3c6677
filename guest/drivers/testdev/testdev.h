// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Driver for amdvi-testdev, a requester with 64-bit addresses that does one access on command.
 * Mechanism only.
 */
#ifndef DRIVERS_TESTDEV_TESTDEV_H
#define DRIVERS_TESTDEV_TESTDEV_H

#include <stdbool.h>
#include <stdint.h>

struct testdev {
    uint16_t devid;
    uint64_t base; /* BAR 0 */
};

/* Longest access, bytes */
#define TESTDEV_MAX 65536u

/** Find the first one. Returns NULL, or what is missing. */
const char *testdev_discover(struct testdev *t);

/** Find the first one that is not on bus 0. Returns NULL, or what is missing. */
const char *testdev_discover_behind_bridge(struct testdev *t);

/**
 * Write @len bytes (1..TESTDEV_MAX) of @data to @iova. *@result gets the RESULT register: 0, or why
 * the access failed. Returns false if the device did not run the command at all (COUNT did not
 * move, or the command was refused).
 */
bool testdev_write(struct testdev *t, uint64_t iova, const void *data, uint32_t len,
                   uint32_t *result);

/** Read @len bytes from @iova to @data; @data is filled from the device's buffer, which is zeroed
 * first. */
bool testdev_read(struct testdev *t, uint64_t iova, void *data, uint32_t len, uint32_t *result);

/** Send MSI vector 0, which has to be programmed and enabled (platform/msi.h). Returns false if the
 * device refused or did not run the command. */
bool testdev_msi(struct testdev *t);

/** Drive INTA#, or take that back. Returns false as above. With MSI enabled the pin stays idle. */
bool testdev_intx(struct testdev *t, bool asserted);

#endif

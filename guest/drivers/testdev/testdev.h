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

/*
 * Accesses whose translation is kept in a slot between its making and its use, as that of a device
 * whose data is under way. The data of slot n is buffer bytes n * 4096 to n * 4096 + 4095, apart
 * from what testdev_write() and testdev_read() use as long as those are shorter than that and n is
 * not 0.
 */
#define TESTDEV_SLOTS    8u
#define TESTDEV_SLOT_MAX 4096u

/**
 * Translate @len bytes (1..TESTDEV_SLOT_MAX) at @iova, for writing to memory or for reading from
 * it, and keep the translation in @slot. No data moves. *@result as above; returns false if the
 * device did not run the command or refused it, as do the three below.
 */
bool testdev_map(struct testdev *t, unsigned slot, bool write, uint64_t iova, uint32_t len,
                 uint32_t *result);

/** Move the data of @slot by the translation that was kept, and free it. */
bool testdev_release(struct testdev *t, unsigned slot, uint32_t *result);

/** Free @slot. No data moves. */
bool testdev_drop(struct testdev *t, unsigned slot, uint32_t *result);

/** Does @slot hold a translation at all? */
bool testdev_held(const struct testdev *t, unsigned slot);

/** Does it lead straight into memory, so that nothing is translated or checked at its release? */
bool testdev_direct(const struct testdev *t, unsigned slot);

/** The buffer's bytes of @slot: @len of them (1..TESTDEV_SLOT_MAX) from or to @data. */
void testdev_slot_fill(struct testdev *t, unsigned slot, const void *data, uint32_t len);
void testdev_slot_data(const struct testdev *t, unsigned slot, void *data, uint32_t len);

/** Send MSI vector 0, which has to be programmed and enabled (platform/msi.h). Returns false if the
 * device refused or did not run the command. */
bool testdev_msi(struct testdev *t);

/** Drive INTA#, or take that back. Returns false as above. With MSI enabled the pin stays idle. */
bool testdev_intx(struct testdev *t, bool asserted);

#endif

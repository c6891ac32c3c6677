// SPDX-License-Identifier: GPL-2.0-or-later
// The scratch disk of a boot (docs/results-format.md section 6): made before, checked after.
#pragma once

#include <glib.h>

#define DISK_SECTOR_BYTES   512
#define DISK_SECTORS        32768u // 16 MiB
#define DISK_FIRST_WRITABLE 16384u // LBA; from here to the end the guest may write
#define DISK_SIGNATURE      "AMDVI-CHECK SCRATCH DISK v1\n"

// The 64-bit number at index `i` (0..63) of sector `n` in the read area.
guint64 disk_pattern(guint64 seed, guint32 n, guint i);

// Makes the image at `path`, which must not exist. FALSE and `error` (AVC_TROUBLE) on failure.
gboolean disk_create(const char *path, guint64 seed, GError **error);

// FALSE and `error` (AVC_TROUBLE, naming the first byte) if anything outside the writable area
// changed or the size did.
gboolean disk_verify(const char *path, guint64 seed, GError **error);

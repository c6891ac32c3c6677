// SPDX-License-Identifier: GPL-2.0-or-later
// The scratch disk, served to the emulator over NBD by a thread of its own: what is held is let go
// in time even if the main loop, the serial line and QMP all stand still.
#pragma once

#include <glib.h>

#include "hold.h"

typedef struct NbdDisk NbdDisk;

// A connected socket pair for an NBD connection: the server's end is non-blocking, and the client's
// takes so little at a time that the payload of a write that is held stays with the client.
gboolean nbd_disk_pair(int pair[2], GError **error);

// Serves the image at `path` on `fd`, the server's end, which is taken over. NULL and `error`
// (AVC_TROUBLE) if the image cannot be opened; `fd` is closed then, too.
NbdDisk *nbd_disk_new(int fd, const char *path, GError **error);

// What hold.h says of hold_add(), hold_release(), hold_arm(), hold_in_force().
gboolean nbd_disk_hold(NbdDisk *disk, const char *tag, HoldKind kind, guint64 offset,
                       guint64 length, GString *why);
gboolean nbd_disk_release(NbdDisk *disk, const char *tag, gboolean error, GString *why);
gboolean nbd_disk_arm(NbdDisk *disk, const char *tag, gboolean error, guint ms, GString *why);
guint nbd_disk_in_force(NbdDisk *disk);

// A copy of the hold, or FALSE and a sentence in `why`.
gboolean nbd_disk_look(NbdDisk *disk, const char *tag, Hold *hold, GString *why);

// The boot is over, or is to end: lets go everything and holds nothing any more.
void nbd_disk_release_all(NbdDisk *disk);

// Ends thread and connection. Returns what the emulator did wrong as a client, or NULL; the caller
// frees it.
char *nbd_disk_free(NbdDisk *disk);

// SPDX-License-Identifier: GPL-2.0-or-later
// The server's side of the NBD protocol (github.com/NetworkBlockDevice/nbd, doc/proto.md): fixed
// newstyle handshake, simple replies, READ, WRITE, FLUSH and DISC. A state machine over bytes, no
// I/O: nbd_disk.c moves them. Requests that a hold keeps wait: a READ without its answer, a WRITE
// before its payload is taken, and with it all that the client sends behind it.
#pragma once

#include <glib.h>

#include "hold.h"

// The longest READ or WRITE, and what offsets and lengths are multiples of. Clients are told both.
#define NBD_LENGTH_MAX  (1u << 20)
#define NBD_BLOCK_BYTES 512u
// Answers that the client has not taken yet; beyond that nothing more is taken from it.
#define NBD_OUTPUT_MAX  (2u << 20)

// What is behind the protocol. Both move all bytes or return FALSE.
typedef struct {
    gboolean (*read)(gpointer data, guint64 offset, guint8 *to, gsize length);
    gboolean (*write)(gpointer data, guint64 offset, const guint8 *from, gsize length);
    gpointer data;
} NbdStore;

typedef struct Nbd Nbd;

// A new connection to a disk of `size` bytes. `holds` is borrowed.
Nbd *nbd_new(guint64 size, NbdStore store, HoldTable *holds);
void nbd_free(Nbd *nbd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Nbd, nbd_free)

// How many bytes of the client are to be taken next; 0: none now, or none any more.
gsize nbd_wants(const Nbd *nbd);

// Takes `length` bytes, at most as many as nbd_wants().
void nbd_feed(Nbd *nbd, const guint8 *bytes, gsize length);

// What is to be sent; who has sent bytes removes them.
GByteArray *nbd_output(Nbd *nbd);

// Goes on with the requests whose holds were released. To be called after each change of the
// holds, before any other.
void nbd_settle(Nbd *nbd);

// The connection has come to its end: send what is left, and close it.
gboolean nbd_over(const Nbd *nbd);

// What the client did that it must not, as a sentence; NULL if nothing.
const char *nbd_trouble(const Nbd *nbd);

// SPDX-License-Identifier: GPL-2.0-or-later
// The wire of the guest's network card: a datagram socket, one datagram a frame. What the guest
// sends is taken at once, so that the emulator never waits, and kept until the guest asks for it.
#pragma once

#include <glib.h>

// Frames kept for the guest; those beyond are counted as lost.
#define NET_FRAMES_MAX 64
// A frame is reported byte by byte up to this length, by length and CRC-32 beyond.
#define NET_WHOLE_MAX  128
// Shortest and longest frame that `packet` sends: an Ethernet header, and a full frame with a tag.
#define NET_FRAME_MIN  14
#define NET_FRAME_MAX  1518

typedef struct Net Net;

// Takes over `fd`, a connected datagram socket.
Net *net_new(int fd);

// For tests: without it a Net is served by the default main context.
void net_read(Net *net);

// Sends the frame in `hex` to the guest. FALSE if it does not take it; `text` says why, and
// otherwise how many bytes were sent.
gboolean net_send(Net *net, const char *hex, GString *text);

// Appends "N FRAME[,FRAME...]": the frames that the guest has sent since they were last asked for,
// oldest first, as many as fit into an answer, and "0" alone if there are none. A FRAME is the
// frame's bytes in hex, or LENGTH:CRC32 where it is longer than NET_WHOLE_MAX. " more=M" follows
// if M frames are left for the next time, " lost=L" if L frames came when NET_FRAMES_MAX were kept.
void net_take(Net *net, GString *text);

void net_free(Net *net);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Net, net_free)

// SPDX-License-Identifier: GPL-2.0-or-later
#include "net.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "line.h"

// One turn of the main loop takes no more.
#define FRAMES_PER_TURN 256
// Of an answer's record, for frames; the rest is for "host ID ok N", "more=" and "lost=".
#define TEXT_MAX        (LINE_RECORD_MAX - 100)

struct Net {
    int fd;
    guint source;
    GQueue frames; // of GBytes, oldest first
    guint lost;
};

// FALSE when the socket holds nothing more, or is broken.
static gboolean read_one(Net *net)
{
    guint8 bytes[65536];
    gssize n = recv(net->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n < 0) {
        return errno == EINTR;
    }
    if (net->frames.length < NET_FRAMES_MAX) {
        g_queue_push_tail(&net->frames, g_bytes_new(bytes, (gsize)n));
    } else {
        net->lost++;
    }
    return TRUE;
}

void net_read(Net *net)
{
    for (guint i = 0; i < FRAMES_PER_TURN && read_one(net); i++) {
    }
}

static gboolean on_frames(gint fd, GIOCondition condition, gpointer data)
{
    Net *net = data;
    (void)fd;

    net_read(net);
    if (condition & (G_IO_HUP | G_IO_ERR)) {
        net->source = 0;
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

Net *net_new(int fd)
{
    Net *net = g_new0(Net, 1);

    net->fd = fd;
    g_queue_init(&net->frames);
    net->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_frames, net);
    return net;
}

gboolean net_send(Net *net, const char *hex, GString *text)
{
    guint8 frame[NET_FRAME_MAX];
    gsize length = strlen(hex) / 2;

    if (strlen(hex) % 2 || strspn(hex, "0123456789abcdefABCDEF") != strlen(hex)) {
        g_string_append(text, "the frame is not a row of hex bytes");
        return FALSE;
    }
    if (length < NET_FRAME_MIN || length > NET_FRAME_MAX) {
        g_string_append_printf(text, "a frame has %d to %d bytes, this one %" G_GSIZE_FORMAT,
                               NET_FRAME_MIN, NET_FRAME_MAX, length);
        return FALSE;
    }
    for (gsize i = 0; i < length; i++) {
        frame[i] =
            (guint8)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
    }
    if (send(net->fd, frame, length, MSG_DONTWAIT | MSG_NOSIGNAL) != (gssize)length) {
        g_string_append_printf(text, "the emulator does not take it: %s", g_strerror(errno));
        return FALSE;
    }
    g_string_append_printf(text, "%" G_GSIZE_FORMAT " bytes", length);
    return TRUE;
}

static char *describe(GBytes *frame)
{
    gsize length;
    const guint8 *bytes = g_bytes_get_data(frame, &length);

    if (length > NET_WHOLE_MAX) {
        return g_strdup_printf("%" G_GSIZE_FORMAT ":%08x", length, line_crc32(bytes, length));
    }
    GString *hex = g_string_sized_new(2 * length);
    for (gsize i = 0; i < length; i++) {
        g_string_append_printf(hex, "%02x", bytes[i]);
    }
    return g_string_free(hex, FALSE);
}

void net_take(Net *net, GString *text)
{
    g_autoptr(GString) list = g_string_new(NULL);
    guint count = 0;

    net_read(net);
    while (net->frames.length) {
        g_autofree char *frame = describe(g_queue_peek_head(&net->frames));

        if (list->len + 1 + strlen(frame) > TEXT_MAX) {
            break;
        }
        g_string_append_printf(list, "%c%s", count ? ',' : ' ', frame);
        g_bytes_unref(g_queue_pop_head(&net->frames));
        count++;
    }
    g_string_append_printf(text, "%u%s", count, list->str);
    if (net->frames.length) {
        g_string_append_printf(text, " more=%u", net->frames.length);
    }
    if (net->lost) {
        g_string_append_printf(text, " lost=%u", net->lost);
        net->lost = 0;
    }
}

void net_free(Net *net)
{
    g_clear_handle_id(&net->source, g_source_remove);
    g_queue_clear_full(&net->frames, (GDestroyNotify)g_bytes_unref);
    close(net->fd);
    g_free(net);
}

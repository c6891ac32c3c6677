// SPDX-License-Identifier: GPL-2.0-or-later
#include "nbd_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nbd.h"
#include "util.h"

// Linux doubles this and rounds it up to its least: a handful of KiB of a write are under way at
// most. Answers go the other way and are not slowed down.
#define CLIENT_SEND_BYTES 2048
#define READ_BYTES        65536

struct NbdDisk {
    int fd, image, wake;
    GThread *thread;
    GMutex lock; // of all below
    Nbd *nbd;
    HoldTable holds;
    gboolean stop;
};

gboolean nbd_disk_pair(int pair[2], GError **error)
{
    const int bytes = CLIENT_SEND_BYTES;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot make a socket pair: %s",
                    g_strerror(errno));
        return FALSE;
    }
    if (setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) != 0 ||
        !g_unix_set_fd_nonblocking(pair[0], TRUE, NULL)) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot set up a socket: %s", g_strerror(errno));
        close(pair[0]);
        close(pair[1]);
        pair[0] = pair[1] = -1;
        return FALSE;
    }
    return TRUE;
}

static gboolean store_read(gpointer data, guint64 offset, guint8 *to, gsize length)
{
    const NbdDisk *disk = data;

    while (length > 0) {
        gssize n = pread(disk->image, to, length, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return FALSE;
        }
        to += n;
        offset += (guint64)n;
        length -= (gsize)n;
    }
    return TRUE;
}

static gboolean store_write(gpointer data, guint64 offset, const guint8 *from, gsize length)
{
    const NbdDisk *disk = data;

    while (length > 0) {
        gssize n = pwrite(disk->image, from, length, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return FALSE;
        }
        from += n;
        offset += (guint64)n;
        length -= (gsize)n;
    }
    return TRUE;
}

// All with the lock held. ---------------------------------------------------------------------

// FALSE if the connection is broken.
static gboolean send_some(NbdDisk *disk)
{
    GByteArray *out = nbd_output(disk->nbd);

    while (out->len) {
        gssize n = send(disk->fd, out->data, out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == EAGAIN;
        }
        g_byte_array_remove_range(out, 0, (guint)n);
    }
    return TRUE;
}

// One piece at most, so that the others who want the lock get it. FALSE at the stream's end.
static gboolean take_some(NbdDisk *disk)
{
    guint8 bytes[READ_BYTES];
    gsize wants = nbd_wants(disk->nbd);

    if (!wants) {
        return TRUE;
    }
    // Never more than is wanted: the payload of a write that will be held has to stay where it is.
    gssize n = recv(disk->fd, bytes, MIN(wants, sizeof(bytes)), MSG_DONTWAIT);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    nbd_feed(disk->nbd, bytes, (gsize)n);
    return n > 0;
}

static void wake(NbdDisk *disk)
{
    const guint64 one = 1;

    // It can fail only where as many as do not fit have not been looked at: awake as can be.
    (void)!write(disk->wake, &one, sizeof(one));
}

static void settle(NbdDisk *disk)
{
    nbd_settle(disk->nbd);
    wake(disk);
}

// ---------------------------------------------------------------------------------------------

static int poll_ms(gint64 deadline)
{
    if (!deadline) {
        return -1;
    }
    gint64 us = deadline - g_get_monotonic_time();
    return us <= 0 ? 0 : (int)MIN((us + 999) / 1000, G_MAXINT);
}

static gpointer serve(gpointer data)
{
    NbdDisk *disk = data;
    gboolean connected = TRUE;

    for (;;) {
        struct pollfd fds[2] = {{.fd = disk->wake, .events = POLLIN}, {.fd = -1}};

        g_mutex_lock(&disk->lock);
        gboolean stop = disk->stop;
        if (hold_expire(&disk->holds, g_get_monotonic_time())) {
            nbd_settle(disk->nbd);
        }
        connected = connected && send_some(disk) &&
                    !(nbd_over(disk->nbd) && nbd_output(disk->nbd)->len == 0);
        if (connected) {
            fds[1].fd = disk->fd;
            fds[1].events = (short)((nbd_wants(disk->nbd) ? POLLIN : 0) |
                                    (nbd_output(disk->nbd)->len ? POLLOUT : 0));
        }
        int timeout = poll_ms(hold_next_deadline(&disk->holds));
        g_mutex_unlock(&disk->lock);
        if (stop) {
            return NULL;
        }
        if (!connected) {
            // The client has to see the end now, not when the boot is over.
            shutdown(disk->fd, SHUT_RDWR);
        }

        if (poll(fds, 2, timeout) < 0) {
            continue; // a signal
        }
        if (fds[0].revents) {
            guint64 count;
            (void)!read(disk->wake, &count, sizeof(count));
        }
        if (fds[1].revents & POLLIN) {
            g_mutex_lock(&disk->lock);
            connected = take_some(disk);
            g_mutex_unlock(&disk->lock);
        } else if (fds[1].revents & (POLLHUP | POLLERR)) {
            connected = FALSE; // nothing more to be taken, and nobody to send to
        }
    }
}

NbdDisk *nbd_disk_new(int fd, const char *path, GError **error)
{
    NbdDisk *disk = g_new0(NbdDisk, 1);
    struct stat st;

    g_mutex_init(&disk->lock);
    disk->fd = fd;
    disk->image = open(path, O_RDWR | O_CLOEXEC);
    disk->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (disk->image < 0 || disk->wake < 0 || fstat(disk->image, &st) != 0) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot serve the scratch disk %s: %s", path,
                    g_strerror(errno));
        g_free(nbd_disk_free(disk));
        return NULL;
    }
    disk->nbd =
        nbd_new((guint64)st.st_size,
                (NbdStore){.read = store_read, .write = store_write, .data = disk}, &disk->holds);
    disk->thread = g_thread_new("nbd", serve, disk);
    return disk;
}

char *nbd_disk_free(NbdDisk *disk)
{
    const int fds[] = {disk->fd, disk->image, disk->wake};
    char *trouble = NULL;

    if (disk->thread) {
        g_mutex_lock(&disk->lock);
        disk->stop = TRUE;
        wake(disk);
        g_mutex_unlock(&disk->lock);
        g_thread_join(disk->thread);
        trouble = g_strdup(nbd_trouble(disk->nbd));
        nbd_free(disk->nbd);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    g_mutex_clear(&disk->lock);
    g_free(disk);
    return trouble;
}

gboolean nbd_disk_hold(NbdDisk *disk, const char *tag, HoldKind kind, guint64 offset,
                       guint64 length, GString *why)
{
    g_mutex_lock(&disk->lock);
    gboolean good = hold_add(&disk->holds, tag, kind, offset, length, why);
    g_mutex_unlock(&disk->lock);
    return good;
}

gboolean nbd_disk_release(NbdDisk *disk, const char *tag, gboolean error, GString *why)
{
    g_mutex_lock(&disk->lock);
    gboolean good = hold_release(&disk->holds, tag, error, why);
    settle(disk);
    g_mutex_unlock(&disk->lock);
    return good;
}

gboolean nbd_disk_arm(NbdDisk *disk, const char *tag, gboolean error, guint ms, GString *why)
{
    g_mutex_lock(&disk->lock);
    gboolean good =
        hold_arm(&disk->holds, tag, error, g_get_monotonic_time() + (gint64)ms * 1000, why);
    wake(disk); // it sleeps until an older deadline, or for ever
    g_mutex_unlock(&disk->lock);
    return good;
}

guint nbd_disk_in_force(NbdDisk *disk)
{
    g_mutex_lock(&disk->lock);
    guint count = hold_in_force(&disk->holds);
    g_mutex_unlock(&disk->lock);
    return count;
}

gboolean nbd_disk_look(NbdDisk *disk, const char *tag, Hold *hold, GString *why)
{
    g_mutex_lock(&disk->lock);
    const Hold *found = hold_find(&disk->holds, tag, why);
    if (found) {
        *hold = *found;
    }
    g_mutex_unlock(&disk->lock);
    return found != NULL;
}

void nbd_disk_release_all(NbdDisk *disk)
{
    g_mutex_lock(&disk->lock);
    hold_close(&disk->holds);
    settle(disk);
    g_mutex_unlock(&disk->lock);
}

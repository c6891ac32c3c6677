// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

#define READ_AREA_BYTES ((gsize)DISK_FIRST_WRITABLE * DISK_SECTOR_BYTES)
#define IMAGE_BYTES     ((gsize)DISK_SECTORS * DISK_SECTOR_BYTES)
#define SEED_OFFSET     64
#define CHUNK_BYTES     ((gsize)1 << 20)

guint64 disk_pattern(guint64 seed, guint32 n, guint i)
{
    guint64 z = (seed ^ ((guint64)n * 64 + i)) + 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void put_le(guint8 *to, guint64 value, guint bytes)
{
    for (guint i = 0; i < bytes; i++) {
        to[i] = (guint8)(value >> (8 * i));
    }
}

// All that precedes the writable area. The boots of a run share one seed: kept for the next call.
static const guint8 *read_area(guint64 seed)
{
    static guint8 *area;
    static guint64 area_seed;

    if (area && area_seed == seed) {
        return area;
    }
    if (!area) {
        area = g_malloc0(READ_AREA_BYTES);
    }
    area_seed = seed;
    memcpy(area, DISK_SIGNATURE, strlen(DISK_SIGNATURE));
    put_le(area + SEED_OFFSET, seed, 8);
    put_le(area + SEED_OFFSET + 8, DISK_FIRST_WRITABLE, 4);
    put_le(area + SEED_OFFSET + 12, DISK_SECTORS - DISK_FIRST_WRITABLE, 4);
    for (guint32 n = 1; n < DISK_FIRST_WRITABLE; n++) {
        for (guint i = 0; i < 64; i++) {
            put_le(area + (gsize)n * DISK_SECTOR_BYTES + (gsize)i * 8, disk_pattern(seed, n, i), 8);
        }
    }
    return area;
}

static gboolean failed(GError **error, const char *what, const char *path)
{
    g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot %s the scratch disk %s: %s", what, path,
                g_strerror(errno));
    return FALSE;
}

gboolean disk_create(const char *path, guint64 seed, GError **error)
{
    const guint8 *area = read_area(seed);
    gsize done = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0) {
        return failed(error, "make", path);
    }
    while (done < READ_AREA_BYTES) {
        gssize n = write(fd, area + done, READ_AREA_BYTES - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        done += (gsize)n;
    }
    gboolean good = done == READ_AREA_BYTES;
    if (good) {
        // All of it, so that a full disk shows here and not as a guest's write that gets stuck.
        errno = posix_fallocate(fd, (off_t)done, (off_t)(IMAGE_BYTES - done));
        good = errno == 0;
    }
    if (!good) {
        failed(error, "fill", path);
        unlink(path);
    }
    close(fd);
    return good;
}

static gboolean compare(int fd, const guint8 *area, const char *path, GError **error)
{
    gsize offset = 0;
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return failed(error, "read", path);
    }
    if ((gsize)st.st_size != IMAGE_BYTES) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE,
                    "the disk was changed outside its scratch area: its size is now "
                    "%" G_GUINT64_FORMAT " bytes",
                    (guint64)st.st_size);
        return FALSE;
    }
    g_autofree guint8 *buffer = g_malloc(CHUNK_BYTES);
    while (offset < READ_AREA_BYTES) {
        gssize n = read(fd, buffer, MIN(CHUNK_BYTES, READ_AREA_BYTES - offset));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return failed(error, "read", path);
        }
        if (memcmp(buffer, area + offset, (gsize)n) != 0) {
            gsize i = 0;
            while (buffer[i] == area[offset + i]) {
                i++;
            }
            g_set_error(error, AVC_ERROR, AVC_TROUBLE,
                        "the disk was changed outside its scratch area: first byte at "
                        "%" G_GSIZE_FORMAT " (LBA %" G_GSIZE_FORMAT ")",
                        offset + i, (offset + i) / DISK_SECTOR_BYTES);
            return FALSE;
        }
        offset += (gsize)n;
    }
    return TRUE;
}

gboolean disk_verify(const char *path, guint64 seed, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return failed(error, "open", path);
    }
    gboolean good = compare(fd, read_area(seed), path, error);
    close(fd);
    return good;
}

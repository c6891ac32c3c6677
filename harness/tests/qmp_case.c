// SPDX-License-Identifier: GPL-2.0-or-later
#include "qmp_case.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int far_end = -1; // the emulator's

Qmp *open_qmp(void)
{
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    far_end = pair[1];
    return qmp_new(pair[0]);
}

void close_qmp(Qmp *qmp)
{
    qmp_free(qmp);
    if (far_end >= 0) {
        close(far_end);
        far_end = -1;
    }
}

char *sent(void)
{
    char buffer[4096];
    gssize n = recv(far_end, buffer, sizeof(buffer), MSG_DONTWAIT);

    return g_strndup(buffer, n > 0 ? (gsize)n : 0);
}

void emulator_says(Qmp *qmp, const char *line)
{
    g_assert_cmpint(send(far_end, line, strlen(line), 0), ==, (gssize)strlen(line));
    qmp_read(qmp);
}

void emulator_hangs_up(Qmp *qmp)
{
    close(far_end);
    far_end = -1;
    qmp_read(qmp);
}

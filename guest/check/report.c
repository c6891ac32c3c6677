// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/report.h"

#include <stdarg.h>

#include "arch/time.h"
#include "lib/console.h"
#include "lib/crc32.h"
#include "lib/format.h"
#include "lib/string.h"

#define RECORD_MAX 900
#define LINE_MAX   (RECORD_MAX + 40)

static uint32_t next_seq;
static uint32_t next_host_id = 1;
static bool platform_off;
static bool line_open = true; /* firmware may have left a line unfinished */

static void report_v(const char *fmt, va_list ap)
{
    static char line[LINE_MAX];

    if (line_open) {
        console_write("\n");
        line_open = false;
    }

    int head = format(line, sizeof(line), "AVC1 %u ", next_seq++);
    int len = format_v(line + head, RECORD_MAX + 1, fmt, ap);

    len = head + (len > RECORD_MAX ? RECORD_MAX : len);
    for (int i = head; i < len; i++) {
        if (line[i] < 0x20 || line[i] > 0x7e) {
            line[i] = '?';
        }
    }
    /* A field that is empty at the end leaves a space behind, which the contract does not have. */
    while (len > head && line[len - 1] == ' ') {
        len--;
    }
    format(line + len, (size_t)(LINE_MAX - len), " *%08x\n", crc32(0, line, (size_t)len));
    console_write(line);
}

void report(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report_v(fmt, ap);
    va_end(ap);
}

struct report_place report_place(void)
{
    return (struct report_place){next_seq, next_host_id};
}

void report_go_on(struct report_place place)
{
    next_seq = place.seq;
    next_host_id = place.host_id;
}

void report_platform_off(bool off)
{
    platform_off = off;
}

void report_platform(const char *key, const char *fmt, ...)
{
    char value[256];
    va_list ap;

    if (platform_off) {
        return;
    }
    va_start(ap, fmt);
    format_v(value, sizeof(value), fmt, ap);
    va_end(ap);
    for (char *p = value; *p; p++) {
        if (*p == ' ') {
            *p = '_';
        }
    }
    report("platform %s=%s", key, value[0] ? value : "none");
}

/* Take a line from the host, without its end. False when the time is over. */
static bool read_line(char *buf, size_t size, deadline_t end)
{
    size_t n = 0;

    for (;;) {
        uint8_t byte;

        if (console_read(&byte)) {
            if (byte == '\n') {
                buf[n] = '\0';
                return true;
            }
            if (byte != '\r' && n + 1 < size) {
                buf[n++] = (char)byte;
            }
        }
        if (deadline_passed(end)) {
            return false; /* looked at in every turn, so that a host that chatters does not hold us
                           */
        }
    }
}

/* "AVC1 host ID ok|refused TEXT *CRC": the part behind the ID, or NULL if it is not the answer to
 * @id. */
static char *answer(char *line, uint32_t id)
{
    char want[32];
    size_t len = strlen(line);
    size_t want_len = (size_t)format(want, sizeof(want), "AVC1 host %u ", id);

    if (len < want_len + 10 || strncmp(line, want, want_len) != 0 ||
        strncmp(line + len - 10, " *", 2) != 0) {
        return NULL;
    }

    char crc[9];

    format(crc, sizeof(crc), "%08x", crc32(0, line, len - 10));
    if (strcmp(crc, line + len - 8) != 0) {
        return NULL;
    }
    line[len - 10] = '\0';
    return line + want_len;
}

bool report_host(uint64_t us, char *text, size_t size, const char *fmt, ...)
{
    static char line[LINE_MAX];
    static char request[RECORD_MAX];
    uint32_t id = next_host_id++;
    va_list ap;

    va_start(ap, fmt);
    format_v(request, sizeof(request), fmt, ap);
    va_end(ap);
    report("host %u %s", id, request);

    deadline_t begin = deadline_in(0), end = deadline_in(us);

    while (read_line(line, sizeof(line), end)) {
        char *got = answer(line, id);

        if (got) {
            time_add_waited(begin);
            bool ok = strncmp(got, "ok", 2) == 0;

            format(text, text ? size : 0, "%s", got);
            return ok;
        }
    }
    format(text, text ? size : 0, "no answer from a host within %u ms", (unsigned)(us / 1000));
    return false;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "fool/line.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/console.h"
#include "lib/crc32.h"
#include "lib/format.h"

#define TEXT_MAX 240
#define LINE_MAX (TEXT_MAX + 16)

static uint32_t next_seq;

static void write_record(enum damage how, const char *fmt, va_list ap)
{
    static char line[LINE_MAX];
    int head = format(line, TEXT_MAX, "AVC1 %u ", next_seq++);
    int len = head + format_v(line + head, (size_t)(TEXT_MAX - head), fmt, ap);
    uint32_t crc;

    len = len < TEXT_MAX ? len : TEXT_MAX - 1;
    while (len > head && line[len - 1] == ' ') {
        len--;
    }
    crc = crc32(0, line, (size_t)len);
    if (how == LINE_LOST) {
        return;
    }
    if (how == LINE_WRONG_CRC) {
        crc ^= 1;
    } else if (how == LINE_WRONG_BIT) {
        line[len - 1] ^= 1;
    }
    format(line + len, (size_t)(LINE_MAX - len), " *%08x%s", crc, how == LINE_OPEN ? "" : "\n");
    console_write(line);
    if (how == LINE_TWICE) {
        console_write(line);
    }
}

void say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    write_record(LINE_WHOLE, fmt, ap);
    va_end(ap);
}

void say_damaged(enum damage how, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    write_record(how, fmt, ap);
    va_end(ap);
}

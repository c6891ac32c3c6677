// SPDX-License-Identifier: GPL-2.0-or-later
#include "line.h"

#include <string.h>

#include "util.h"

#define PREFIX        "AVC1 "
#define PREFIX_LENGTH 5
#define CRC_LENGTH    10 // space, asterisk, eight digits

guint32 line_crc32(const void *bytes, gsize length)
{
    const guint8 *p = bytes;
    guint32 crc = 0xffffffffu;

    while (length--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

static gboolean read_crc(const char *digits, guint32 *crc)
{
    guint32 value = 0;

    for (int i = 0; i < 8; i++) {
        if (!g_ascii_isxdigit(digits[i]) || g_ascii_isupper(digits[i])) {
            return FALSE;
        }
        value = value << 4 | (guint32)g_ascii_xdigit_value(digits[i]);
    }
    *crc = value;
    return TRUE;
}

static LineKind damaged(Line *line, const char *why)
{
    line->why = why;
    return LINE_DAMAGED;
}

LineKind line_parse(const char *bytes, gsize length, gboolean overlong, Line *line)
{
    guint32 crc;

    if (length < PREFIX_LENGTH || memcmp(bytes, PREFIX, PREFIX_LENGTH) != 0) {
        return LINE_NOISE;
    }
    if (overlong) {
        return damaged(line, "longer than a line may be");
    }
    if (bytes[length - 1] == '\r') {
        length--;
    }
    for (gsize i = 0; i < length; i++) {
        if (bytes[i] < 0x20 || bytes[i] > 0x7e) {
            return damaged(line, "holds a byte outside printable ASCII");
        }
    }
    if (length < PREFIX_LENGTH + CRC_LENGTH || memcmp(bytes + length - CRC_LENGTH, " *", 2) != 0 ||
        !read_crc(bytes + length - 8, &crc)) {
        return damaged(line, "does not end in a CRC");
    }
    length -= CRC_LENGTH;
    if (line_crc32(bytes, length) != crc) {
        return damaged(line, "its CRC is wrong");
    }

    const char *space = memchr(bytes + PREFIX_LENGTH, ' ', length - PREFIX_LENGTH);
    if (!space || space == bytes + length - 1) {
        return damaged(line, "holds no record");
    }

    g_autofree char *digits =
        g_strndup(bytes + PREFIX_LENGTH, (gsize)(space - bytes) - PREFIX_LENGTH);
    guint64 seq;
    if (!avc_parse_decimal(digits, G_MAXUINT32 - 1, &seq)) {
        return damaged(line, "its sequence number is not a number");
    }

    gsize record = length - (gsize)(space + 1 - bytes);
    if (record > LINE_RECORD_MAX) {
        return damaged(line, "its record is longer than 900 characters");
    }
    line->seq = (guint32)seq;
    memcpy(line->record, space + 1, record);
    line->record[record] = '\0';
    return LINE_RECORD;
}

char *line_compose_answer(guint64 id, gboolean ok, const char *text)
{
    GString *answer = g_string_new(NULL);

    g_string_printf(answer, "AVC1 host %" G_GUINT64_FORMAT " %s %s", id, ok ? "ok" : "refused",
                    text);
    if (answer->len > LINE_RECORD_MAX) {
        g_string_truncate(answer, LINE_RECORD_MAX);
    }
    for (gsize i = 0; i < answer->len; i++) {
        if (answer->str[i] < 0x20 || answer->str[i] > 0x7e) {
            answer->str[i] = '?';
        }
    }
    g_string_append_printf(answer, " *%08x\n", line_crc32(answer->str, answer->len));
    return g_string_free(answer, FALSE);
}

void line_framer_feed(LineFramer *framer, const void *bytes, gsize length, LineFunc func,
                      gpointer data)
{
    const char *next = bytes;
    const char *end = next + length;

    while (next < end) {
        const char *stop = memchr(next, '\n', (gsize)(end - next));
        gsize take = (gsize)((stop ? stop : end) - next);
        gsize room = sizeof(framer->bytes) - framer->length;

        if (take > room) {
            framer->overlong = TRUE;
        }
        memcpy(framer->bytes + framer->length, next, MIN(take, room));
        framer->length += MIN(take, room);
        next += take;
        if (stop) {
            func(framer->bytes, framer->length, framer->overlong, data);
            framer->length = 0;
            framer->overlong = FALSE;
            next++;
        }
    }
}

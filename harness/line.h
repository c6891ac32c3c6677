// SPDX-License-Identifier: GPL-2.0-or-later
// Lines on the serial port: cutting a stream of bytes into lines, and the frame round a record
// (prefix, sequence number, CRC) of docs/results-format.md section 1. No I/O here.
#pragma once

#include <glib.h>

// Longest record the contract allows, in bytes.
#define LINE_RECORD_MAX 900
// Longest line kept; a longer one is cut and marked. The longest legal line is shorter.
#define LINE_BYTES_MAX  1024

typedef enum {
    LINE_NOISE,   // not ours: firmware, boot loader
    LINE_RECORD,  // frame and CRC are right
    LINE_DAMAGED, // starts like ours, but is not in order
} LineKind;

typedef struct {
    guint32 seq;                      // valid for LINE_RECORD
    char record[LINE_RECORD_MAX + 1]; // valid for LINE_RECORD, NUL-terminated, printable ASCII
    const char *why;                  // valid for LINE_DAMAGED: what is wrong, static
} Line;

// CRC-32 (IEEE 802.3, reflected, as zlib computes it) of `length` bytes.
guint32 line_crc32(const void *bytes, gsize length);

// Reads one line without its end (a trailing CR may be there). `overlong`: the line was cut.
// Fills `line` as far as its kind allows.
LineKind line_parse(const char *bytes, gsize length, gboolean overlong, Line *line);

// The answer to the guest's request `id`, as a whole line with CRC and LF. Characters of `text`
// outside printable ASCII become '?', and it is cut where the record would grow too long.
// Caller frees.
char *line_compose_answer(guint64 id, gboolean ok, const char *text);

// Called for each line, without its LF. `overlong`: only the first LINE_BYTES_MAX bytes are there.
typedef void (*LineFunc)(const char *bytes, gsize length, gboolean overlong, gpointer data);

typedef struct {
    char bytes[LINE_BYTES_MAX];
    gsize length;
    gboolean overlong;
} LineFramer;

// Takes the next bytes of the stream and calls `func` for every line they complete. Zero-filled
// memory is a fresh framer.
void line_framer_feed(LineFramer *framer, const void *bytes, gsize length, LineFunc func,
                      gpointer data);

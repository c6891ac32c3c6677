// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines of the serial contract (docs/results-format.md section 1) from a guest that does not keep
 * it. check/report.c cannot damage a line, so it has no part in this kernel.
 */
#ifndef FOOL_LINE_H
#define FOOL_LINE_H

enum damage {
    LINE_WHOLE,
    LINE_TWICE,     /* the same bytes a second time */
    LINE_LOST,      /* takes its sequence number but is not written */
    LINE_WRONG_CRC, /* one digit of the checksum is another */
    LINE_WRONG_BIT, /* one bit of the text is another, the checksum is that of the right text */
    LINE_OPEN,      /* has no end */
};

/** Write one record of at most 200 characters, with sequence number and checksum, as it should be.
 */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** Write one record damaged in the way of @how. */
void say_damaged(enum damage how, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif

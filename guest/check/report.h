// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The serial contract, guest's side (docs/results-format.md section 1).
 */
#ifndef CHECK_REPORT_H
#define CHECK_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Write one record: sequence number, text, CRC. Not more than 900 characters; what is not
 * printable becomes '?'. */
void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * How far the records of this boot have got: the number of the next line, and the ID of the next
 * request. What goes on after a reset of the machine sets both.
 */
struct report_place {
    uint32_t seq;
    uint32_t host_id;
};

struct report_place report_place(void);
void report_go_on(struct report_place place);

/** Have report_platform() write nothing, as the facts were given before. */
void report_platform_off(bool off);

/** One `platform` record. The value's spaces become underscores. */
void report_platform(const char *key, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * Ask the host and wait at most @us microseconds for the answer. Returns true for `ok`; @text (may
 * be NULL) gets the answer, from "ok" or "refused" on, or why there is none. Request and answer are
 * records, so both have at most 900 characters.
 */
bool report_host(uint64_t us, char *text, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif

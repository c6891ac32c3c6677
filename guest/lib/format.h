// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Formatted text: a small, exact subset of printf.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/**
 * Like vsnprintf: writes at most @size bytes including the NUL, returns the length that the
 * whole text would have. Conversions: %d %i %u %x %X %c %s %p %%, the lengths l, ll, z, h, hh,
 * the flags 0 - #, a width and a precision (number or *). Anything else is printed as it stands.
 */
int format_v(char *buf, size_t size, const char *fmt, va_list ap);

/** As format_v(), with arguments. */
int format(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif

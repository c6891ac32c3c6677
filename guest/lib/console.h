// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The console: COM1 (115200 8N1) and the VGA text screen. Every wait for the UART is bounded.
 */
#ifndef LIB_CONSOLE_H
#define LIB_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

/** Set the UART up and clear the text screen. Where there is no UART, output to it is dropped. */
void console_init(void);

/** Write @s to both; "\n" goes out as CR LF on the serial line. */
void console_write(const char *s);

/** Formatted console_write(), at most 1023 characters. */
void console_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** Take one byte from the serial line if there is one. Returns false if not. */
bool console_read(uint8_t *byte);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The console: COM1 (115200 8N1) and a screen. Every wait for the UART is bounded.
 */
#ifndef LIB_CONSOLE_H
#define LIB_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

/** Set the UART up. Where there is none, output to it is dropped. */
void console_init(void);

/** Write to the VGA text screen too, if text memory answers. Only where the boot door says that the
 * screen is in a text mode. */
void console_use_screen(void);

/** Write to a framebuffer of 32-bit pixels too; parameters as for fb_text_init(). */
void console_use_framebuffer(uint64_t base, uint32_t width, uint32_t height, uint32_t pitch);

/** Write @s to all that is there; "\n" goes out as CR LF on the serial line. */
void console_write(const char *s);

/** Formatted console_write(), at most 1023 characters. */
void console_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** Take one byte from the serial line if there is one. Returns false if not. */
bool console_read(uint8_t *byte);

#endif

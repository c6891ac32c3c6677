// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The VGA text screen, 80x25 at B8000h, for reading along on a board.
 */
#ifndef LIB_VGA_TEXT_H
#define LIB_VGA_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** Clear the screen and use it. Returns false, and does nothing from then on, if no text memory
 * answers. */
bool vga_text_init(void);

/** Write @n characters at the end of what is there; "\n" begins a line. */
void vga_text_write(const char *s, size_t n);

#endif

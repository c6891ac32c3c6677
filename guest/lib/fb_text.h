// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text on a framebuffer of 32-bit pixels, for reading along where there is no VGA text.
 */
#ifndef LIB_FB_TEXT_H
#define LIB_FB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Clear the screen and use it. @base: address of the first pixel, mapped; @width, @height: pixels;
 * @pitch: bytes from one line to the next. Returns false, and does nothing from then on, if the
 * screen is smaller than 20x4 characters, larger than 16384 pixels one way, or not of whole 8-byte
 * words.
 */
bool fb_text_init(uint64_t base, uint32_t width, uint32_t height, uint32_t pitch);

/** Write @n characters at the end of what is there; "\n" begins a line. */
void fb_text_write(const char *s, size_t n);

#endif

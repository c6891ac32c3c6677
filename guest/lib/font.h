// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bitmaps of the printable ASCII characters, made by the build from a font of GRUB (font.py).
 */
#ifndef LIB_FONT_H
#define LIB_FONT_H

#include <stdint.h>

#define FONT_FIRST 0x20
#define FONT_COUNT 95

/* One byte for each of 16 lines from above, bit 7 on the left. */
extern const uint8_t font_8x16[FONT_COUNT][16];

#endif

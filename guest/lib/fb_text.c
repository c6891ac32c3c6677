// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nothing is ever moved: reading a framebuffer back, or drawing it anew for every line, takes
 * longer than the serial line. After the last row the text goes on in the first one, with an empty
 * row ahead of it to show where it ends, and a row that is cleared costs no more than what was
 * written in it.
 */
#include "lib/fb_text.h"

#include "arch/io.h"
#include "lib/font.h"

#define GLYPH_WIDTH  8
#define GLYPH_HEIGHT 16
#define PIXEL_BYTES  4
#define CELL_BYTES   (GLYPH_WIDTH * PIXEL_BYTES)
#define COLUMNS_MIN  20
#define ROWS_MIN     4
#define PIXELS_MAX   16384u
#define ROWS_MAX     (PIXELS_MAX / GLYPH_HEIGHT)
#define COLUMNS_MAX  (PIXELS_MAX / GLYPH_WIDTH)
#define ON           0x00aaaaaaULL /* the same grey with red first and with blue first */

static struct {
    uint64_t base; /* 0: no screen */
    uint32_t pitch;
    unsigned columns;
    unsigned rows;
    unsigned row;
    unsigned column;
    bool line_ended; /* the next character begins a row; until then the last one stays */
    uint16_t used[ROWS_MAX];
} fb;

_Static_assert(COLUMNS_MAX <= UINT16_MAX, "used[] counts columns");

static uint64_t cell_address(unsigned row, unsigned column)
{
    return fb.base + (uint64_t)row * GLYPH_HEIGHT * fb.pitch + (uint64_t)column * CELL_BYTES;
}

static void draw(unsigned row, unsigned column, const uint8_t *glyph)
{
    uint64_t at = cell_address(row, column);

    for (unsigned y = 0; y < GLYPH_HEIGHT; y++, at += fb.pitch) {
        for (unsigned x = 0; x < GLYPH_WIDTH; x += 2) {
            uint64_t left = glyph[y] << x & 0x80 ? ON : 0;
            uint64_t right = glyph[y] << x & 0x40 ? ON : 0;

            mmio_write64(at + x * PIXEL_BYTES, left | right << 32);
        }
    }
}

static void clear_row(unsigned row)
{
    for (unsigned i = 0; i < fb.used[row]; i++) {
        draw(row, i, font_8x16[' ' - FONT_FIRST]);
    }
    fb.used[row] = 0;
}

static void new_row(void)
{
    fb.row = (fb.row + 1) % fb.rows;
    fb.column = 0;
    fb.line_ended = false;
    clear_row(fb.row);
    clear_row((fb.row + 1) % fb.rows);
}

bool fb_text_init(uint64_t base, uint32_t width, uint32_t height, uint32_t pitch)
{
    fb.base = 0;
    if (base == 0 || base % 8 != 0 || pitch % 8 != 0 || width > PIXELS_MAX || height > PIXELS_MAX ||
        pitch / PIXEL_BYTES < width || pitch > 2 * PIXELS_MAX * PIXEL_BYTES ||
        width < COLUMNS_MIN * GLYPH_WIDTH || height < ROWS_MIN * GLYPH_HEIGHT) {
        return false;
    }
    fb.base = base;
    fb.pitch = pitch;
    fb.columns = width / GLYPH_WIDTH;
    fb.rows = height / GLYPH_HEIGHT;
    fb.row = 0;
    fb.column = 0;
    fb.line_ended = false;
    for (uint32_t y = 0; y < height; y++) {
        uint64_t line = base + (uint64_t)y * pitch;

        for (uint32_t x = 0; x + 2 <= width; x += 2) {
            mmio_write64(line + x * PIXEL_BYTES, 0);
        }
        if (width % 2 != 0) {
            mmio_write32(line + (width - 1) * PIXEL_BYTES, 0);
        }
    }
    for (unsigned i = 0; i < fb.rows; i++) {
        fb.used[i] = 0;
    }
    return true;
}

void fb_text_write(const char *s, size_t n)
{
    if (fb.base == 0) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned glyph = (uint8_t)s[i] - FONT_FIRST;

        if (fb.line_ended || (fb.column == fb.columns && s[i] != '\n')) {
            new_row();
        }
        if (s[i] == '\n') {
            fb.line_ended = true;
            continue;
        }
        draw(fb.row, fb.column, font_8x16[glyph < FONT_COUNT ? glyph : '?' - FONT_FIRST]);
        fb.column++;
        fb.used[fb.row] = (uint16_t)fb.column;
    }
}

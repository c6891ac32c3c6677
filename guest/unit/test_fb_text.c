// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text on pixels. The screen lies in a block of exactly its size, so that the address sanitizer
 * sees a pixel beyond it.
 */
#include <stdlib.h>

#include "lib/fb_text.h"
#include "lib/font.h"
#include "unit/tap.h"

#define WIDTH  164 /* 20 characters and half of one */
#define HEIGHT 72  /* 4 rows and half of one */
#define PITCH  704 /* 12 pixels that belong to no line */
#define GREY   0xaaaaaau
#define JUNK   0x12345678u

static uint32_t *screen;

static void fresh(void)
{
    for (unsigned i = 0; i < PITCH / 4 * HEIGHT; i++) {
        screen[i] = JUNK;
    }
    OK(fb_text_init((uintptr_t)screen, WIDTH, HEIGHT, PITCH), "the screen is taken");
}

/* What stands in a cell, found by its pixels; 0 if no character looks like this. */
static char read_cell(unsigned row, unsigned column)
{
    for (unsigned c = 0; c < FONT_COUNT; c++) {
        bool same = true;

        for (unsigned y = 0; y < 16; y++) {
            for (unsigned x = 0; x < 8; x++) {
                uint32_t pixel = screen[(row * 16 + y) * (PITCH / 4) + column * 8 + x];

                same = same && pixel == (font_8x16[c][y] & 0x80 >> x ? GREY : 0);
            }
        }
        if (same) {
            return (char)(FONT_FIRST + c);
        }
    }
    return 0;
}

static const char *read_row(unsigned row)
{
    static char text[21];
    unsigned n = 20;

    for (unsigned i = 0; i < 20; i++) {
        text[i] = read_cell(row, i);
    }
    while (n > 0 && text[n - 1] == ' ') {
        n--;
    }
    text[n] = '\0';
    return text;
}

static void write_text(const char *s)
{
    fb_text_write(s, strlen(s));
}

/* Pixels that no character covers: right of the last column, below the last row, between lines. */
static bool margins_clean(void)
{
    for (unsigned y = 0; y < HEIGHT; y++) {
        for (unsigned x = 0; x < PITCH / 4; x++) {
            uint32_t pixel = screen[y * (PITCH / 4) + x];

            if (x >= WIDTH ? pixel != JUNK : (x >= 160 || y >= 64) && pixel != 0) {
                return false;
            }
        }
    }
    return true;
}

static void font(void)
{
    unsigned empty = 0, alike = 0;

    for (unsigned a = 0; a < FONT_COUNT; a++) {
        unsigned bits = 0;

        for (unsigned y = 0; y < 16; y++) {
            bits |= font_8x16[a][y];
        }
        empty += bits == 0;
        for (unsigned b = 0; b < a; b++) {
            alike += memcmp(font_8x16[a], font_8x16[b], 16) == 0;
        }
    }
    IS(empty, 1, "only the blank is blank");
    IS(alike, 0, "no two characters look alike");
    /* An underscore is a line low down, and an L has a stroke on the left and a foot. */
    OK(font_8x16['_' - 0x20][13] + font_8x16['_' - 0x20][14] + font_8x16['_' - 0x20][15] != 0,
       "the underscore is at the bottom");
    IS(font_8x16['_' - 0x20][4], 0, "and nowhere else");
    OK((font_8x16['L' - 0x20][6] & 0xf0) != 0 && (font_8x16['L' - 0x20][6] & 0x0f) == 0,
       "the left is on the left");
}

static void writing(void)
{
    fresh();
    OK(margins_clean(), "it is cleared, and what lies between its lines is not touched");
    IS_TEXT(read_row(0), "", "nothing stands there");
    write_text("Hello, ~{}!\nworld");
    IS_TEXT(read_row(0), "Hello, ~{}!", "the first row");
    IS_TEXT(read_row(1), "world", "the second");
    write_text("s\x01\xff");
    IS_TEXT(read_row(1), "worlds??", "goes on, with ? for what has no picture");
    write_text("\n01234567890123456789");
    IS_TEXT(read_row(2), "01234567890123456789", "a row that is full");
    write_text("\nlast\n");
    IS_TEXT(read_row(3), "last", "a line end behind a full row begins one row, not two");
    IS_TEXT(read_row(0), "", "the row ahead is empty");
    IS_TEXT(read_row(1), "worlds??", "the one after that still there");
    write_text("again");
    IS_TEXT(read_row(0), "again", "goes on at the top");
    IS_TEXT(read_row(1), "", "with the row ahead empty");
    IS_TEXT(read_row(3), "last", "and what came before still there");
    write_text("\nabcdefghijklmnopqrstuvwxyz");
    IS_TEXT(read_row(1), "abcdefghijklmnopqrst", "a long line goes on");
    IS_TEXT(read_row(2), "uvwxyz", "in the next row, nothing of the old one left");
    OK(margins_clean(), "nothing was drawn outside of the cells");
}

static void refused(void)
{
    uint64_t base = (uintptr_t)screen;

    OK(!fb_text_init(0, WIDTH, HEIGHT, PITCH), "no address");
    OK(!fb_text_init(base + 4, WIDTH, HEIGHT, PITCH), "a base that is not aligned");
    OK(!fb_text_init(base, WIDTH, HEIGHT, PITCH + 4), "a pitch that is not aligned");
    OK(!fb_text_init(base, 159, HEIGHT, PITCH), "too narrow");
    OK(!fb_text_init(base, WIDTH, 63, PITCH), "too low");
    OK(!fb_text_init(base, WIDTH, HEIGHT, WIDTH * 4 - 8), "lines that overlap");
    OK(!fb_text_init(base, 16386, HEIGHT, 65544), "too wide");
    OK(!fb_text_init(base, WIDTH, 16385, PITCH), "too high");
    memset(screen, 0x55, PITCH * HEIGHT);
    write_text("nothing");
    IS(screen[PITCH / 4 * 4], 0x55555555, "a screen that was refused is not written to");
    OK(fb_text_init(base, 163, HEIGHT, PITCH), "an odd width will do");
    IS(screen[162], 0, "and is cleared to the last pixel");
    IS(screen[163], 0x55555555, "and not beyond");
}

int main(void)
{
    screen = aligned_alloc(64, PITCH * HEIGHT);
    font();
    writing();
    refused();
    free(screen);
    return tap_done();
}

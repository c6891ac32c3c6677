// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The screen is a window that moves down the adapter's 32 KiB: a new line costs one row and a new
 * start address, and only at the end of the memory is the screen copied. Moving 4 KB for every line
 * would cost an emulator thousands of device accesses. For the same reason the current row is put
 * together in memory of ours and goes out in eights of bytes.
 */
#include "lib/vga_text.h"

#include "arch/io.h"

#define TEXT_BASE    0xb8000ULL
#define TEXT_BYTES   0x8000
#define COLUMNS      80
#define SCREEN_ROWS  25
#define ROW_BYTES    (COLUMNS * 2)
#define MEMORY_ROWS  (TEXT_BYTES / ROW_BYTES)
#define GREY         0x0700
#define BLANK        (GREY | ' ')
#define CRTC_INDEX   0x3d4 /* IBM VGA: the start address is a cell number, high byte in 0Ch */
#define CRTC_DATA    0x3d5
#define CRTC_START_H 0x0c
#define CRTC_START_L 0x0d
#define CRTC_CURSOR  0x0a
#define CURSOR_OFF   0x20

static bool present;
static unsigned row; /* of the memory, not of the screen */
static unsigned column;
static unsigned top;    /* row that is shown first */
static bool line_ended; /* the next character begins a row; until then the screen stays */
static union {
    uint16_t cells[COLUMNS];
    uint64_t words[ROW_BYTES / 8];
} line;

static uint64_t row_address(unsigned r)
{
    return TEXT_BASE + r * ROW_BYTES;
}

static void crtc_write(uint8_t index, uint8_t v)
{
    outb(CRTC_INDEX, index);
    outb(CRTC_DATA, v);
}

static void clear_line(void)
{
    for (unsigned i = 0; i < COLUMNS; i++) {
        line.cells[i] = BLANK;
    }
}

/* Make row @first the first one that is shown. */
static void show_from(unsigned first)
{
    unsigned cell = first * COLUMNS;

    crtc_write(CRTC_START_H, (uint8_t)(cell >> 8));
    crtc_write(CRTC_START_L, (uint8_t)cell);
    top = first;
}

/* Put the line into its row, and the screen where it shows it. */
static void show_line(void)
{
    for (unsigned i = 0; i < ROW_BYTES / 8; i++) {
        mmio_write64(row_address(row) + i * 8, line.words[i]);
    }
    if (row >= top + SCREEN_ROWS) {
        show_from(row - (SCREEN_ROWS - 1));
    }
}

static void new_row(void)
{
    clear_line();
    column = 0;
    line_ended = false;
    row++;
    if (row == MEMORY_ROWS) {
        uint64_t last_rows = row_address(MEMORY_ROWS - (SCREEN_ROWS - 1));

        for (unsigned i = 0; i < (SCREEN_ROWS - 1) * ROW_BYTES; i += 8) {
            mmio_write64(TEXT_BASE + i, mmio_read64(last_rows + i));
        }
        row = SCREEN_ROWS - 1;
        show_line();
        show_from(0);
    }
}

bool vga_text_init(void)
{
    mmio_write16(TEXT_BASE, GREY | 'a');
    mmio_write16(TEXT_BASE + 2, GREY | 'z');
    if (mmio_read16(TEXT_BASE) != (GREY | 'a') || mmio_read16(TEXT_BASE + 2) != (GREY | 'z')) {
        return false;
    }
    crtc_write(CRTC_CURSOR, CURSOR_OFF);
    clear_line();
    for (row = SCREEN_ROWS; row-- > 0;) {
        show_line();
    }
    row = 0;
    show_from(0);
    present = true;
    return true;
}

void vga_text_write(const char *s, size_t n)
{
    if (!present || n == 0) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (line_ended || (column == COLUMNS && s[i] != '\n')) {
            show_line();
            new_row();
        }
        if (s[i] == '\n') {
            line_ended = true;
        } else {
            line.cells[column++] = (uint16_t)(GREY | (uint8_t)s[i]);
        }
    }
    show_line();
}

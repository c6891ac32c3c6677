// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The screen is a window that moves down the adapter's 32 KiB: a new line costs one cleared row and
 * a new start address. Only at the end of the memory is the screen copied. Moving 4 KB for every
 * line would cost an emulator thousands of device accesses.
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
#define FOUR_BLANKS  0x0720072007200720ULL
#define CRTC_INDEX   0x3d4 /* IBM VGA: the start address is a cell number, high byte in 0Ch */
#define CRTC_DATA    0x3d5
#define CRTC_START_H 0x0c
#define CRTC_START_L 0x0d
#define CRTC_CURSOR  0x0a
#define CURSOR_OFF   0x20

static bool present;
static unsigned row; /* of the memory, not of the screen */
static unsigned column;

static uint64_t row_address(unsigned r)
{
    return TEXT_BASE + r * ROW_BYTES;
}

static void crtc_write(uint8_t index, uint8_t v)
{
    outb(CRTC_INDEX, index);
    outb(CRTC_DATA, v);
}

static void clear_row(unsigned r)
{
    for (unsigned i = 0; i < ROW_BYTES; i += 8) {
        mmio_write64(row_address(r) + i, FOUR_BLANKS);
    }
}

/* Make @top the first row that is shown. */
static void show_from(unsigned top)
{
    unsigned cell = top * COLUMNS;

    crtc_write(CRTC_START_H, (uint8_t)(cell >> 8));
    crtc_write(CRTC_START_L, (uint8_t)cell);
}

static void new_row(void)
{
    column = 0;
    row++;
    if (row == MEMORY_ROWS) {
        for (unsigned i = 0; i < (SCREEN_ROWS - 1) * ROW_BYTES; i += 8) {
            mmio_write64(TEXT_BASE + i,
                         mmio_read64(row_address(MEMORY_ROWS - SCREEN_ROWS + 1) + i));
        }
        row = SCREEN_ROWS - 1;
    }
    clear_row(row);
    if (row >= SCREEN_ROWS - 1) {
        show_from(row - (SCREEN_ROWS - 1));
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
    for (unsigned r = 0; r < SCREEN_ROWS; r++) {
        clear_row(r);
    }
    show_from(0);
    present = true;
    return true;
}

void vga_text_write(const char *s, size_t n)
{
    for (size_t i = 0; present && i < n; i++) {
        if (s[i] == '\n') {
            new_row();
            continue;
        }
        if (column == COLUMNS) {
            new_row();
        }
        mmio_write16(row_address(row) + column * 2, (uint16_t)(GREY | (uint8_t)s[i]));
        column++;
    }
}

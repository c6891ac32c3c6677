// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/console.h"

#include <stdarg.h>

#include "lib/fb_text.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/uart.h"
#include "lib/vga_text.h"

void console_init(void)
{
    uart_init();
}

void console_use_screen(void)
{
    vga_text_init();
}

void console_use_framebuffer(uint64_t base, uint32_t width, uint32_t height, uint32_t pitch)
{
    fb_text_init(base, width, height, pitch);
}

void console_write(const char *s)
{
    fb_text_write(s, strlen(s));
    vga_text_write(s, strlen(s));
    while (*s != '\0') {
        const char *end = strchr(s, '\n');

        if (end == NULL) {
            uart_write(s, strlen(s));
            return;
        }
        uart_write(s, (size_t)(end - s));
        uart_write("\r\n", 2);
        s = end + 1;
    }
}

void console_printf(const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    format_v(text, sizeof(text), fmt, ap);
    va_end(ap);
    console_write(text);
}

bool console_read(uint8_t *byte)
{
    return uart_read(byte);
}

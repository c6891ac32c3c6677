// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/exit.h"

#include "arch/cpu.h"
#include "arch/io.h"
#include "lib/uart.h"
#include "platform/acpi.h"

#define DEBUG_EXIT_PORT 0xf4

static enum exit_way way = EXIT_HALT;

void exit_set_way(enum exit_way new_way)
{
    way = new_way;
}

void exit_guest(uint8_t v)
{
    /* The machine may end at once, and what its UART still holds with it. */
    uart_flush();
    if (way == EXIT_DEBUG) {
        outb(DEBUG_EXIT_PORT, v);
    } else if (way == EXIT_ACPI) {
        acpi_power_off();
    }
    cpu_halt();
}

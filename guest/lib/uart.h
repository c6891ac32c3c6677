// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * COM1, a 16550. Every wait is bounded.
 */
#ifndef LIB_UART_H
#define LIB_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Set it to 115200 8N1 with FIFOs. Returns false, and drops all output from then on, if none is
 * there. */
bool uart_init(void);

/**
 * Write @n bytes. Where the transmitter does not become empty in time the rest is dropped, and the
 * next call does not wait at all until it has become empty again.
 */
void uart_write(const char *s, size_t n);

/** Wait, within the same limit, until the last byte has left. */
void uart_flush(void);

/** Take one received byte if there is one. */
bool uart_read(uint8_t *byte);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/uart.h"

#include "arch/io.h"
#include "arch/time.h"

/* National Semiconductor PC16550D data sheet. */
#define COM1    0x3f8
#define DATA    (COM1 + 0) /* with DLAB: divisor, low byte */
#define IER     (COM1 + 1) /* with DLAB: divisor, high byte */
#define FCR     (COM1 + 2)
#define LCR     (COM1 + 3)
#define MCR     (COM1 + 4)
#define LSR     (COM1 + 5)
#define SCRATCH (COM1 + 7)

/* FIFOs on and emptied, receiver trigger at 14 bytes. Polling does not depend on the trigger, but
 * QEMU hands over that many at a time. */
#define FCR_ENABLE   0xc7
#define LCR_8N1      0x03
#define LCR_DLAB     0x80
#define MCR_DTR_RTS  0x03
#define LSR_RECEIVED 0x01
#define LSR_THRE     0x20
#define LSR_TEMT     0x40
#define LSR_ABSENT   0xff
#define FIFO_BYTES   16

/*
 * A reader on the other side may be slow, or its host too busy to let it run: QEMU then keeps THRE
 * clear. What is not written is lost, and with it the verdicts, so this is for a reader that has
 * gone.
 */
#define WAIT_US 30000000

static bool present;
static bool stuck;

bool uart_init(void)
{
    /* Two patterns, so that a bus that keeps the last value does not pass. */
    outb(SCRATCH, 0x5a);
    if (inb(SCRATCH) != 0x5a) {
        return false;
    }
    outb(SCRATCH, 0xa5);
    if (inb(SCRATCH) != 0xa5) {
        return false;
    }
    outb(IER, 0);
    outb(LCR, LCR_DLAB | LCR_8N1);
    outb(DATA, 1); /* 115200 baud */
    outb(IER, 0);
    outb(LCR, LCR_8N1);
    outb(FCR, FCR_ENABLE);
    outb(MCR, MCR_DTR_RTS);
    present = true;
    return true;
}

static bool transmitter_empty(void)
{
    if (stuck) {
        stuck = !(inb(LSR) & LSR_THRE);
    } else if (!(inb(LSR) & LSR_THRE)) {
        stuck = !wait_until(inb(LSR) & LSR_THRE, WAIT_US);
    }
    return !stuck;
}

void uart_write(const char *s, size_t n)
{
    if (!present) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        /* THRE says that the whole FIFO is free, so one look is enough for 16 bytes. */
        if (i % FIFO_BYTES == 0 && !transmitter_empty()) {
            return;
        }
        outb(DATA, (uint8_t)s[i]);
    }
}

void uart_flush(void)
{
    if (present && !stuck) {
        (void)wait_until(inb(LSR) & LSR_TEMT, WAIT_US);
    }
}

bool uart_read(uint8_t *byte)
{
    uint8_t lsr;

    if (!present) {
        return false;
    }
    lsr = inb(LSR);
    if (lsr == LSR_ABSENT || !(lsr & LSR_RECEIVED)) {
        return false;
    }
    *byte = inb(DATA);
    return true;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "platform/pic.h"

#include "arch/io.h"

/* 82371AB data sheet, interrupt controller registers: OCW3, and ELCR1 and ELCR2 */
#define PIC_FIRST    0x20
#define PIC_SECOND   0xa0
#define PIC_ELCR     0x4d0
/* OCW3: the next read gives the request register */
#define PIC_READ_IRR 0x0a

static uint16_t elcr(void)
{
    return (uint16_t)(inb(PIC_ELCR) | inb(PIC_ELCR + 1) << 8);
}

static void set_elcr(uint16_t v)
{
    outb(PIC_ELCR, (uint8_t)v);
    outb(PIC_ELCR + 1, (uint8_t)(v >> 8));
}

bool pic_watch(uint8_t irq, uint16_t *old)
{
    uint16_t want;

    *old = elcr();
    want = (uint16_t)(*old | 1u << irq);
    set_elcr(want);
    return *old != 0xffff && elcr() == want;
}

void pic_unwatch(uint16_t old)
{
    set_elcr(old);
}

bool pic_line(uint8_t irq)
{
    uint16_t port = irq < 8 ? PIC_FIRST : PIC_SECOND;

    outb(port, PIC_READ_IRR);
    return inb(port) >> (irq & 7) & 1;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pair of 8259 interrupt controllers, used to see the level of an ISA interrupt line and for
 * nothing else: no interrupt is taken.
 */
#ifndef PLATFORM_PIC_H
#define PLATFORM_PIC_H

#include <stdbool.h>
#include <stdint.h>

/**
 * From now on the request register shows the level of line @irq (3..7, 9..12, 14, 15), as the
 * edge/level register (ports 4D0h, 4D1h) makes it level triggered. *@old gets what pic_unwatch()
 * puts back. Returns false where there is no such register.
 */
bool pic_watch(uint8_t irq, uint16_t *old);

/** Put the edge/level register back. */
void pic_unwatch(uint16_t old);

/** Is the watched line @irq asserted? */
bool pic_line(uint8_t irq);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef LIB_CRC32_H
#define LIB_CRC32_H

#include <stddef.h>
#include <stdint.h>

/**
 * CRC-32 of IEEE 802.3 (reflected polynomial EDB88320h, start and final value all ones), as in
 * zlib.
 * @crc: 0 to start, or the result for the bytes before. Check value of "123456789": CBF43926h.
 */
uint32_t crc32(uint32_t crc, const void *data, size_t len);

#endif

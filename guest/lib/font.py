#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns the printable ASCII characters of a GRUB font into a C table of 8x16 bitmaps.

usage: font.py FONT.pf2 OUTPUT.c
The format is described in the GRUB developers' manual, section "PFF2 Font File Format".
"""
import struct
import sys

FIRST, LAST = 0x20, 0x7E
WIDTH, HEIGHT = 8, 16


def sections(data):
    """Yields name and contents of each section; that of DATA runs to the end."""
    at = 0
    while at + 8 <= len(data):
        name = data[at : at + 4]
        length = struct.unpack_from(">I", data, at + 4)[0]
        yield name, data[at + 8 : at + 8 + length]
        if name == b"DATA":
            return
        at += 8 + length


def glyph_rows(data, at, ascent):
    """The sixteen bytes of the glyph at this place of the file, the leftmost pixel in bit 7."""
    width, height, left, bottom, _ = struct.unpack_from(">HHhhh", data, at)
    top = ascent - (bottom + height)
    if left < 0 or left + width > WIDTH or top < 0 or top + height > HEIGHT:
        raise ValueError("a character is larger than 8x16")
    rows = [0] * HEIGHT
    for i in range(width * height):
        if data[at + 10 + i // 8] & 0x80 >> i % 8:
            rows[top + i // width] |= 0x80 >> (left + i % width)
    return rows


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: font.py FONT.pf2 OUTPUT.c")
    with open(sys.argv[1], "rb") as font:
        data = font.read()
    parts = dict(sections(data))
    if parts.get(b"FILE") != b"PFF2":
        sys.exit(f"font.py: {sys.argv[1]} is no GRUB font")
    ascent = struct.unpack(">H", parts[b"ASCE"])[0]
    places = {code: at for code, _, at in struct.iter_unpack(">IBI", parts[b"CHIX"])}
    lines = []
    for code in range(FIRST, LAST + 1):
        try:
            rows = glyph_rows(data, places[code], ascent)
        except (KeyError, ValueError, IndexError, struct.error) as error:
            sys.exit(f"font.py: {sys.argv[1]}: character {code:#x}: {error!r}")
        lines.append("    {" + ", ".join(f"0x{row:02x}" for row in rows) + "},\n")
    with open(sys.argv[2], "w", encoding="ascii") as out:
        out.write('#include "lib/font.h"\n\n')
        out.write("const uint8_t font_8x16[FONT_COUNT][16] = {\n" + "".join(lines) + "};\n")


main()

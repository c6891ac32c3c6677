#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks at the screen of a guest, for screens.sh.

usage: screen.py look OUTPUT SERIAL.log SECONDS -- QEMU ARGUMENT...
           boots with a VGA, waits until the guest has said "done" on its serial line, and writes what the
           adapter shows: a picture (PPM) of a framebuffer, or the rows of a text screen
       screen.py read OUTPUT FONT.c
           prints the text that stands there, a row a line; NUL for what is no character of the font
       screen.py draw PICTURE FONT.c WORD
           prints the pixels of the first place where that word stands, # for those that are on
       screen.py compare OUTPUT FONT.c SERIAL.log
           demands that the screen holds the last of what the serial line got, whole rows in their order

FONT.c is the table that guest/lib/font.py makes. QEMU's own "screendump" is not in an emulator that was
built without pixman; the adapter's memory and registers are, and say the same.
"""
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time

FIRST, LAST = 0x20, 0x7E
WIDTH, HEIGHT = 8, 16
COLUMNS, ROWS = 80, 25  # of a text screen
# Fewer would show little.
ROWS_MIN = 12


def fail(text):
    sys.exit(f"screen.py: {text}")


# ---- what the adapter shows --------------------------------------------------------------------------


class Qmp:
    """An emulator and its monitor. timeout(1) ends it also where this program is killed."""

    def __init__(self, seconds, command):
        self.process = subprocess.Popen(
            ["timeout", "-k", "1", seconds, *command, "-qmp", "stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, command, **arguments):
        """The answer of QMP, past the events before it."""
        request = json.dumps({"execute": command, "arguments": arguments})
        self.process.stdin.write(request.encode() + b"\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            message = json.loads(line)
            if "return" in message:
                return message["return"]
            if "error" in message:
                fail(f"{command}: {message['error']}")
        fail(f"{command}: no answer")

    def monitor(self, line):
        return self.ask("human-monitor-command", **{"command-line": line})

    def memory(self, address, size, scratch):
        self.ask("pmemsave", val=address, size=size, filename=scratch)
        with open(scratch, "rb") as file:
            data = file.read()
        os.unlink(scratch)
        return data

    def port_register(self, port, index):
        """A register of the VGA behind an index port."""
        self.monitor(f"o /b {port:#x} {index:#x}")
        return int(self.monitor(f"i /b {port + 1:#x}").split("=")[1], 16)


def vga_bars(qmp):
    for bus in qmp.ask("query-pci"):
        for device in bus["devices"]:
            if device["class_info"]["class"] == 0x300:
                return {region["bar"]: region["address"] for region in device["regions"]}
    fail("there is no VGA")


def framebuffer(qmp, output, registers):
    """Bochs dispi registers: size, depth, and the part of the memory that is shown."""
    _, width, height, depth, _, _, pitch, _, left, top = registers
    if depth != 32:
        fail(f"{depth} bits a pixel")
    base = vga_bars(qmp)[0] + 4 * (top * pitch + left)
    raw = qmp.memory(base, 4 * pitch * height, output + ".raw")
    body = bytearray(3 * width * height)
    for y in range(height):
        line = raw[4 * pitch * y : 4 * (pitch * y + width)]
        for colour in range(3):  # blue comes first in memory, red first in the file
            at = 3 * width * y
            body[at + colour : at + 3 * width : 3] = line[2 - colour :: 4]
    with open(output, "wb") as file:
        file.write(b"P6\n%d %d\n255\n" % (width, height) + body)


def text_screen(qmp, output):
    """Characters and attributes in turn, from the start address of the CRT controller on."""
    start = qmp.port_register(0x3D4, 0x0C) << 8 | qmp.port_register(0x3D4, 0x0D)
    if qmp.port_register(0x3CE, 0x06) & 1:
        fail("neither a framebuffer nor a text screen")
    raw = qmp.memory(0xB8000 + 2 * start, 2 * COLUMNS * ROWS, output + ".raw")
    rows = [raw[i : i + 2 * COLUMNS : 2] for i in range(0, len(raw), 2 * COLUMNS)]
    with open(output, "wb") as file:
        file.write(b"".join(row.rstrip(b" ") + b"\n" for row in rows))


def is_done(path):
    try:
        with open(path, "rb") as log:
            return re.search(rb"^AVC1 \d+ done [^\n]*\n", log.read(), re.MULTILINE) is not None
    except FileNotFoundError:
        return False


def look(output, serial, seconds, command):
    signal.signal(signal.SIGTERM, lambda *_: fail("ended by a signal"))
    qmp = Qmp(seconds, command)
    try:
        qmp.ask("qmp_capabilities")
        while not is_done(serial):
            if qmp.process.poll() is not None:
                fail(f"the emulator ended with status {qmp.process.returncode}")
            time.sleep(0.05)
        registers = struct.unpack("<10H", qmp.memory(vga_bars(qmp)[2] + 0x500, 20, output + ".raw"))
        if registers[4] & 1:
            framebuffer(qmp, output, registers)
        else:
            text_screen(qmp, output)
        qmp.ask("quit")
        qmp.process.wait()
    finally:
        qmp.process.terminate()


# ---- text --------------------------------------------------------------------------------------------


def pixels(data):
    """Width, and for each line whether its pixels are on."""
    head = re.match(rb"P6\n(\d+) (\d+)\n255\n", data)
    width, height = int(head[1]), int(head[2])
    body = data[head.end() :]
    if len(body) != 3 * width * height:
        fail("the picture is cut short")
    on = [value >= 0x80 for value in body[::3]]
    return width, [on[y * width : (y + 1) * width] for y in range(height)]


def glyphs(lines, top, width):
    """The sixteen bytes of each cell of a row."""
    for left in range(0, width - WIDTH + 1, WIDTH):
        yield bytes(
            sum(0x80 >> i for i in range(WIDTH) if line[left + i]) for line in lines[top : top + HEIGHT]
        )


def font(path):
    with open(path, encoding="ascii") as file:
        rows = re.findall(r"\{((?:0x[0-9a-f]{2}(?:, )?){16})\}", file.read())
    if len(rows) != LAST - FIRST + 1:
        fail(f"{path} has {len(rows)} characters")
    return {
        bytes(int(byte, 16) for byte in row.split(", ")): chr(FIRST + i) for i, row in enumerate(rows)
    }


def read(output, font_path):
    """Columns of the screen, and its rows."""
    with open(output, "rb") as file:
        data = file.read()
    if not data.startswith(b"P6\n"):
        return COLUMNS, data.decode("latin-1").splitlines()
    table = font(font_path)
    width, lines = pixels(data)
    rows = []
    for top in range(0, len(lines) - HEIGHT + 1, HEIGHT):
        row = "".join(table.get(glyph, "\0") for glyph in glyphs(lines, top, width))
        rows.append(row.rstrip(" "))
    return width // WIDTH, rows


def draw(picture, font_path, word):
    """For a look at the glyphs that does not depend on the table of the font."""
    _, rows = read(picture, font_path)
    row, left = next(((i, r.find(word)) for i, r in enumerate(rows) if word in r), (0, -1))
    if left < 0:
        fail(f"{picture}: {word} does not stand there")
    with open(picture, "rb") as file:
        _, lines = pixels(file.read())
    for line in lines[HEIGHT * row : HEIGHT * (row + 1)]:
        dots = line[WIDTH * left : WIDTH * (left + len(word))]
        print("".join("#" if dot else "." for dot in dots))


# ---- what ought to stand there -----------------------------------------------------------------------


def said(serial, columns):
    """What the kernel wrote, from its first line on, in rows of a screen."""
    with open(serial, encoding="latin-1", newline="") as log:
        text = log.read().replace("\r\n", "\n")
    start = re.search(r"^AVC1 0 ", text, re.MULTILINE)
    if not start:
        fail(f"{serial}: the kernel has said nothing")
    rows = []
    for line in text[start.start() :].splitlines():
        rows += [line[i : i + columns].rstrip(" ") for i in range(0, max(len(line), 1), columns)]
    return rows


def compare(output, font_path, serial):
    columns, screen = read(output, font_path)
    want = said(serial, columns)[-len(screen) :]
    with open(output, "rb") as file:
        if file.read(3) == b"P6\n":
            # It goes on at its top, with an empty row ahead of the text.
            want = want[-(len(screen) - 1) :] + [""]
    if len(want) < ROWS_MIN:
        fail(f"{serial}: only {len(want)} rows to look for")
    best = -1
    for first in range(len(screen)):
        found = [screen[(first + i) % len(screen)] for i in range(len(want))]
        same = sum(a == b for a, b in zip(found, want))
        if same == len(want):
            print(f"{same} rows on a screen of {columns}x{len(screen)}")
            return
        if same > best:
            best, nearest = same, next((b, a) for a, b in zip(found, want) if a != b)
    fail(f"{output}: {best} of {len(want)} rows; expected {nearest[0]!r}, actual {nearest[1]!r}")


def main():
    words = sys.argv[1:]
    if len(words) > 5 and words[0] == "look" and words[4] == "--":
        look(*words[1:4], words[5:])
    elif len(words) == 3 and words[0] == "read":
        print("\n".join(read(*words[1:])[1]))
    elif len(words) == 4 and words[0] == "draw":
        draw(*words[1:])
    elif len(words) == 4 and words[0] == "compare":
        compare(*words[1:])
    else:
        sys.exit(__doc__)


main()

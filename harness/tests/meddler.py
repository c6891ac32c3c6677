#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands between harness and emulator, and makes the host lie to the guest about holds.

Run in the emulator's place; AMDVI_CHECK_MEDDLED names the real one. Instead of what the guest wants held, the last sector
of the disk is held, which nobody touches; that nothing was held, the guest does not hear.
"""
import os
import re
import select
import socket
import subprocess
import sys
import zlib

SERIAL_FD = 3
PIECE = 65536


def framed(text):
    """The line with the CRC that belongs to it."""
    return b"%s *%08x\n" % (text, zlib.crc32(text))


def to_host(line):
    """What the harness hears of a line of the guest."""
    match = re.fullmatch(rb"(AVC1 \d+ host \d+ )(.*) \*[0-9a-f]{8}\r?\n", line)
    if not match:
        return line
    request = re.sub(rb"^(hold scratch \w+) \d+ \d+ ", rb"\1 32767 1 ", match[2])
    # The answer to this comes at once, whatever is held.
    request = re.sub(rb"^wait-held ", b"hold? ", request)
    return framed(match[1] + request)


def to_guest(line):
    """What the guest hears of an answer."""
    match = re.fullmatch(rb"(AVC1 host \d+ ok )(?:waiting|unmet)( \S+) requests=0 \*[0-9a-f]{8}\n", line)
    return framed(match[1] + b"held" + match[2] + b" requests=1") if match else line


def main():
    """Returns the emulator's exit status."""
    emulator = os.environ["AMDVI_CHECK_MEDDLED"]
    if "--version" in sys.argv:
        os.execv(emulator, [emulator, *sys.argv[1:]])
    host = socket.socket(fileno=SERIAL_FD)
    mine, guest = socket.socketpair()
    outer = os.dup(host.fileno())
    os.dup2(guest.fileno(), SERIAL_FD)
    host.detach()
    host = socket.socket(fileno=outer)
    guest.close()
    # All that was inherited goes on to the emulator.
    with subprocess.Popen([emulator, *sys.argv[1:]], close_fds=False) as process:
        os.close(SERIAL_FD)
        ways = {mine: (host, to_host, [b""]), host: (mine, to_guest, [b""])}
        while mine in ways:
            for source in select.select(list(ways), [], [])[0]:
                target, change, rest = ways[source]
                piece = source.recv(PIECE)
                lines = (rest[0] + piece).splitlines(keepends=True)
                rest[0] = lines.pop() if piece and lines and not lines[-1].endswith(b"\n") else b""
                target.sendall(b"".join(change(line) for line in lines))
                if not piece:
                    del ways[source]
        return process.wait()


sys.exit(main())

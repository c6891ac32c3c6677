#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots Linux behind the IOMMU, has it provoke faults, and writes down what it says of them.

The program in the guest (provoke.c) says on the second serial port what it is about to do and waits; the
host looks at the device's entry in Linux's own device table, damages it where that is the fault, and says
"go". What Linux's driver then writes on the console belongs to this fault.
"""
import argparse
import hashlib
import json
import os
import re
import signal
import sys
import time

from machine import LIBC, PR_SET_PDEATHSIG, Machine, Trouble

# Seconds until a fault has to show, and of silence after which it is complete. A machine that logs nothing is
# waited for once with patience, and not each time.
EVENT_S = 15
EVENT_AGAIN_S = 1
QUIET_S = 0.3

# "vfio-pci 0000:00:1c.0: AMD-Vi: Event logged [NAME field=value ...]"; the device is among the fields where
# the IOMMU's own name stands in front.
EVENT = re.compile(r"(?:(\S+): )?AMD-Vi: Event logged \[(\w+) ?([^]]*)\]")
DTE_WORDS = 4


def parse_event(line):
    """Name and fields of an event as Linux has decoded them, or None."""
    found = EVENT.search(line)
    if not found:
        return None
    event = {"code": found[2], "line": line[found.start():]}
    event.update(re.findall(r"(\w+)=(\S+)", found[3]))
    event.setdefault("device", found[1])
    return event


def device_id(name):
    """DeviceID of 0000:00:1c.0."""
    bus, device, function = re.fullmatch(r"0000:(\w\w):(\w\w)\.(\d)", name).groups()
    return int(bus, 16) << 8 | int(device, 16) << 3 | int(function)


def registers(ivrs):
    """Base of the registers: the first IVHD block of type 10h (48 bytes of header before it)."""
    table = bytes.fromhex(ivrs)
    at = 48
    while at + 24 <= len(table):
        length = int.from_bytes(table[at + 2 : at + 4], "little")
        if table[at] == 0x10:
            return int.from_bytes(table[at + 8 : at + 16], "little")
        if length == 0:
            break
        at += length
    raise Trouble("the IVRS table has no IVHD block of type 10h")


class Conversation:
    def __init__(self, machine):
        self.machine = machine
        self.facts = {"log": [], "groups": {}, "checks": {}, "stray": []}
        self.faults = []
        self.fault = None
        self.mends = []
        self.seen = 0  # lines of the console
        self.patience = EVENT_S
        self.done = False

    def entry_address(self, device):
        # 51:12: where the table begins.
        table = self.machine.register(self.facts["registers"]) & 0x000FFFFFFFFFF000
        return table + device_id(device) * 32

    def walk(self, device, iova):
        """Addresses of the entries that lead to the page, by Linux's own tables; the last is the page's."""
        path = [self.entry_address(device)]
        while len(path) <= 7:
            entry = self.machine.read(path[-1])[0]
            level = entry >> 9 & 7
            if not entry & 1:
                raise Trouble("Linux has not mapped 0x%x for %s" % (iova, device))
            if level in (0, 7):
                return path
            path.append((entry & 0x000FFFFFFFFFF000) + (iova >> (12 + 9 * (level - 1)) & 0x1FF) * 8)
        raise Trouble("Linux's page tables have no end")

    def damage(self, address, change):
        value = self.machine.read(address)[0]
        self.machine.write(address, change(value))
        self.mends.append((address, value))

    def mend(self):
        for address, value in self.mends:
            self.machine.write(address, value)
        self.mends = []

    def break_something(self, what, device, iova="0", spa="0"):
        if what == "entry":
            # Bit 2 is reserved in every revision.
            self.damage(self.entry_address(device), lambda value: value | 1 << 2)
        elif what == "page":
            # Bit 52 is reserved in every entry that maps a page.
            self.damage(self.walk(device, int(iova, 0))[-1], lambda value: value | 1 << 52)
        elif what == "table":
            self.damage(self.walk(device, int(iova, 0))[-2],
                        lambda value: value & ~0x000FFFFFFFFFF000 | int(spa, 0))
        else:
            raise Trouble("Linux wants the host to break a '%s'" % what)

    def events(self):
        """What Linux's driver has said since it was last looked at."""
        new = self.machine.console.lines[self.seen :]
        self.seen += len(new)
        return [event for event in map(parse_event, new) if event]

    def events_of_nobody(self):
        """No fault is under way, so there should be none."""
        self.facts["stray"] += [event["line"] for event in self.events()]

    def collect(self):
        """What Linux says of the fault that was provoked."""
        end = time.monotonic() + self.patience
        events = []
        while True:
            came = self.machine.wait(QUIET_S)
            events += self.events()
            if events and not came:
                return events
            if time.monotonic() > end:
                if not events:
                    self.patience = EVENT_AGAIN_S
                return events

    def hear(self, line):
        """Takes one line of Linux; one that is damaged is trouble like any other."""
        try:
            self.take(line)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise Trouble("Linux says '%s', which makes no sense: %s" % (line, error)) from error

    def take(self, line):
        verb, _, rest = line.partition(" ")
        words = rest.split()
        answer = verb in ("fault", "did", "break", "mend")
        if verb == "fact":
            self.facts[words[0]] = " ".join(words[1:])
        elif verb == "log":
            self.facts["log"].append(rest)
        elif verb == "group":
            self.facts["groups"][words[0]] = words[1]
        elif verb == "ivrs":
            self.facts["registers"] = registers(words[0])
        elif verb == "disk":
            self.facts["disk_read"] = words[0]
        elif verb == "check":
            self.facts["checks"][words[0]] = words[1] == "ok"
        elif verb == "fault":
            name, device, access, iova, place = words
            self.events_of_nobody()
            entry = self.machine.read(self.entry_address(device), DTE_WORDS)
            self.fault = {"name": name, "device": device, "access": access, "iova": int(iova, 0),
                          "place": int(place, 0), "entry": ["%016x" % quad for quad in entry], "domain": entry[1] & 0xFFFF}
        elif verb == "did":
            self.fault["device_says"] = " ".join(words[1:])
            self.fault["events"] = self.collect()
            self.faults.append(self.fault)
        elif verb == "break":
            self.break_something(*words)
        elif verb == "mend":
            self.mend()
        elif verb == "end":
            self.done = True
        elif verb == "die":
            raise Trouble("Linux: " + rest)
        else:
            raise Trouble("Linux says '%s'" % line)
        if answer:
            self.machine.talk.send("go")

    def run(self):
        heard = 0
        while not self.machine.talk.closed:
            self.machine.wait(1)
            while heard < len(self.machine.talk.lines):
                line = self.machine.talk.lines[heard]
                heard += 1
                self.hear(line)
        self.events_of_nobody()
        if not self.done:
            lines = [line for line in self.machine.console.lines if line.strip()]
            last = [line for line in lines if "panic" in line][:1] or lines[-3:]
            raise Trouble("Linux ended before it was done; its last words: %s" % " / ".join(last))


def disk_facts(path, facts):
    """What the disk holds in front, and whether Linux has copied it to where it was told to."""
    with open(path, "rb") as disk:
        front = disk.read(65536)
        disk.seek(2048 * 4096)
        copy = disk.read(65536)
    facts["disk_holds"] = hashlib.sha256(front).hexdigest()
    facts["disk_written"] = front == copy


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--device-arg", action="append", default=[], help="a further argument of the emulator")
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--initrd", required=True)
    parser.add_argument("--out", required=True, help="folder for logs and linux.json")
    parser.add_argument("--limit", type=int, default=180, help="seconds for all of it")
    options = parser.parse_args()
    # The emulator is ended on the way out, and this program with the one that waits for it.
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    os.makedirs(options.out, exist_ok=True)
    try:
        with Machine(options.emulator, options.device_arg, options.kernel, options.initrd, options.out,
                     options.limit) as machine:
            conversation = Conversation(machine)
            conversation.run()
            disk_facts(machine.disk, conversation.facts)
    except (Trouble, OSError) as trouble:
        print("ask-linux: %s" % trouble, file=sys.stderr)
        return 3
    path = os.path.join(options.out, "linux.json")
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump({"facts": conversation.facts, "faults": conversation.faults}, file, indent=2)
        file.write("\n")
    os.replace(path + ".part", path)
    return 0


if __name__ == "__main__":
    sys.exit(main())

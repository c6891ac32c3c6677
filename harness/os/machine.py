# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU with Linux in it: its two serial lines, its monitor, its memory and its disk."""
import ctypes
import json
import mmap
import os
import re
import select
import signal
import socket
import struct
import subprocess
import time

MEMORY = 512 << 20
DISK_BYTES = 16 << 20

# Names and addresses of the devices are those of harness/machines/q35.inc: the faults are compared with
# the ones that the guest saw there. (Memory is not: Linux needs more.)
DEVICES = (
    "-smp 2 -device amd-iommu,intremap=on -device piix3-ide,id=pata -device ide-hd,bus=pata.0,drive=disk "
    "-device rtl8139,romfile=,addr=0x1d,netdev=net0 -device edu,dma_mask=0xffffffffffffffff,addr=0x1b "
    "-device amdvi-testdev,addr=0x1c -device pcie-root-port,id=far,addr=0x1e -device amdvi-testdev,bus=far "
    "-netdev dgram,id=net0,local.type=fd,local.str={net}"
)
FIRMWARE = "-L /usr/share/seabios -L /usr/share/qemu"
# Errors are shown, what is said of a healthy start is not: the console is slow. Linux counts timer interrupts for
# a while and panics if they are few, as they are where the host is busy: it is told not to.
COMMAND_LINE = (
    "console=ttyS0 loglevel=4 iommu.passthrough=0 iommu.strict=1 no_timer_check panic=-1 oops=panic rdinit=/init"
)


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def die_with_parent():
    """In the emulator, before it starts: whoever kills this program kills it too."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


# The host at the other end of the network card's wire: it answers ARP and nothing else.
HOST_MAC = bytes.fromhex("020000000001")
HOST_IP = bytes((10, 0, 0, 1))
ARP_REQUEST = bytes.fromhex("08060001080006040001")
ARP_REPLY = bytes.fromhex("08060001080006040002")


def answer_arp(frame):
    """The reply to a frame that asks for the host's address (RFC 826), or None."""
    if frame[12:22] != ARP_REQUEST or frame[38:42] != HOST_IP:
        return None
    asker = frame[22:32]
    return (asker[:6] + HOST_MAC + ARP_REPLY + HOST_MAC + HOST_IP + asker).ljust(60, b"\0")


class Trouble(Exception):
    """Nothing can be said."""


class Line:
    """Complete lines from a serial port."""

    def __init__(self, sock, log):
        self.sock = sock
        self.log = log
        self.rest = b""
        self.lines = []
        self.closed = False

    def take(self):
        """Reads what has come. False at the end."""
        try:
            data = self.sock.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.closed = True
            return
        self.log.write(data)
        parts = (self.rest + data).split(b"\n")
        self.rest = parts.pop()
        self.lines += [part.decode("ascii", "replace").strip("\r") for part in parts]

    def send(self, text):
        self.sock.sendall(text.encode() + b"\n")


class Machine:
    """Use as a context: at its end the emulator is gone, whatever happened."""

    def __init__(self, emulator, device_args, kernel, initrd, out, limit):
        self.out = out
        self.end = time.monotonic() + limit
        self.files = []
        disk = os.path.join(out, "disk.raw")
        self.disk = disk
        with open(disk, "wb") as file:
            # Every sector is unlike any other.
            for n in range(DISK_BYTES // 512):
                file.write(struct.pack("<Q", 0x9E3779B97F4A7C15 * (n + 1) % 2**64) * 64)
        self.memory_fd = os.memfd_create("guest-memory")
        os.ftruncate(self.memory_fd, MEMORY)
        self.memory = mmap.mmap(self.memory_fd, MEMORY)
        pairs = {name: socket.socketpair() for name in ("console", "talk", "qmp")}
        self.net, net = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        argv = [emulator, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-accel", "tcg"]
        argv += ["-machine", "q35,sata=off,memory-backend=ram", "-m", "%dM" % (MEMORY >> 20)]
        argv += ["-object", "memory-backend-file,id=ram,size=%d,share=on,mem-path=/proc/self/fd/%d"
                 % (MEMORY, self.memory_fd)]
        for name, (_, theirs) in pairs.items():
            argv += ["-chardev", "socket,id=%s,fd=%d" % (name, theirs.fileno())]
        argv += ["-serial", "chardev:console", "-serial", "chardev:talk", "-mon", "chardev=qmp,mode=control"]
        argv += ["-drive", "if=none,id=disk,format=raw,file.filename=" + disk.replace(",", ",,")]
        argv += FIRMWARE.split() + DEVICES.format(net=net.fileno()).split() + device_args
        argv += ["-kernel", kernel, "-initrd", initrd, "-append", COMMAND_LINE]
        with open(os.path.join(out, "command"), "w", encoding="utf-8") as file:
            file.write("\n".join(argv) + "\n")
        passed = [theirs.fileno() for _, theirs in pairs.values()] + [self.memory_fd, net.fileno()]
        with open(os.path.join(out, "emulator.log"), "wb") as log:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=passed,
                start_new_session=True, preexec_fn=die_with_parent,
            )
        for theirs in [net] + [theirs for _, theirs in pairs.values()]:
            theirs.close()
        self.console = Line(pairs["console"][0], self.log("console.log"))
        self.talk = Line(pairs["talk"][0], self.log("talk.log"))
        self.qmp = pairs["qmp"][0]
        self.qmp_rest = b""
        self.qmp_ready = False

    def log(self, name):
        file = open(os.path.join(self.out, name), "wb")
        self.files.append(file)
        return file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for file in self.files:
            file.close()
        self.memory.close()
        os.close(self.memory_fd)
        os.unlink(self.disk)

    def wait(self, seconds):
        """Takes what comes on either line within that time, and returns as soon as something has."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise Trouble("Linux has not come to an end within the limit; its console is in %s" % self.out)
        lines = [line for line in (self.console, self.talk) if not line.closed]
        ready, _, _ = select.select([line.sock for line in lines] + [self.net], [], [], min(seconds, left))
        for line in lines:
            if line.sock in ready:
                line.take()
        if self.net in ready:
            ready.remove(self.net)
            self.serve_network()
        return bool(ready)

    def serve_network(self):
        try:
            reply = answer_arp(self.net.recv(65536))
            if reply:
                self.net.send(reply)
        except OSError:
            # The emulator is gone, and its lines will say so.
            pass

    # ---- monitor -------------------------------------------------------------------------------------

    def qmp_message(self):
        while b"\n" not in self.qmp_rest:
            ready, _, _ = select.select([self.qmp], [], [], 10)
            data = self.qmp.recv(65536) if ready else b""
            if not data:
                raise Trouble("the emulator's monitor does not answer")
            self.qmp_rest += data
        text, self.qmp_rest = self.qmp_rest.split(b"\n", 1)
        return json.loads(text)

    def command(self, name, **arguments):
        if not self.qmp_ready:
            self.qmp_message()
            self.qmp_ready = True
            self.command("qmp_capabilities")
        self.qmp.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while True:
            message = self.qmp_message()
            if "error" in message:
                raise Trouble("the emulator's monitor refuses %s: %s" % (name, message["error"]["desc"]))
            if "return" in message:
                return message["return"]

    def register(self, address):
        """The 8 bytes of a register of the IOMMU."""
        text = self.command("human-monitor-command", **{"command-line": "xp /2wx 0x%x" % address})
        words = re.findall(r"0x([0-9a-f]{8})\b", text)
        if len(words) != 2:
            raise Trouble("the emulator's monitor does not read 0x%x: %s" % (address, text))
        return int(words[1] + words[0], 16)

    # ---- memory --------------------------------------------------------------------------------------

    def read(self, address, quads=1):
        if address + 8 * quads > MEMORY or address % 8:
            raise Trouble("0x%x is no address in memory" % address)
        return list(struct.unpack_from("<%dQ" % quads, self.memory, address))

    def write(self, address, value):
        self.read(address)
        struct.pack_into("<Q", self.memory, address, value)

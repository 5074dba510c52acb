# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtio devices that a user has asked for, built for a board to place.

A board knows one transport; a name such as ``virtio-blk`` means the device on
that one, ``virtio-blk-device`` is the mmio and ``virtio-blk-pci`` the PCI one.
Devices come in the order of the ``-device`` options, then the drives with
``if=virtio``, as in QEMU.  A kind's module is imported when a guest has one.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmm.boards.attachments import Attachment, AttachmentError, Drive, number, unknown
from vmm.boards.options import Options
from vmm.devices.virtio.device import Function, VirtioDevice
from vmm.machine.console import Console
from vmm.machine.dma import Dma
from vmm.machine.machine import Machine
from vmm.machine.network import Port

if TYPE_CHECKING:
    from vmm.devices.disk.disk import Disk
    from vmm.devices.virtio.console import SerialPort

MMIO, PCI = "device", "pci"  # ends of names
RANDOM = "/dev/urandom"


@dataclass(slots=True)
class Builder:
    """One machine's virtio devices in the making."""

    machine: Machine
    options: Options
    transport: str
    dma: Dma
    drives: dict[str, Drive] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    names: dict[str, int] = field(default_factory=dict)
    ports: deque[list[SerialPort]] = field(default_factory=deque)  # of each virtio-serial

    def name(self, kind: str) -> str:
        """A name that no other device of the machine has: ``virtio-blk0``."""
        count = self.names[kind] = self.names.get(kind, -1) + 1
        return f"{kind}{count}"

    def build(self) -> list[VirtioDevice]:
        """All of them, in order."""
        for one in self.options.drives:
            if one.id in self.drives:
                raise AttachmentError(f"-drive id={one.id}: two drives have that id")
            self.drives[one.id] = one
        self._collect_ports()
        functions = [
            self._function(one) for one in self.options.devices if one.kind not in PORTS
        ]
        functions += [
            self._block(one, one.serial) for one in self.options.drives
            if one.interface == "virtio" and one.id not in self.used
        ]
        for one in self.options.drives:
            if one.id not in self.used:
                raise AttachmentError(f"-drive id={one.id}: no -device has it")
        devices = [VirtioDevice(function, self.dma) for function in functions]
        self.machine.device_counters |= {device.name: device.counters for device in devices}
        return devices

    def _function(self, one: Attachment) -> Function:
        kind = self._kind(one)
        make = KINDS.get(kind)
        if make is None:
            known = ", ".join(f"{name}-{self.transport}" for name in KINDS)
            board = self.options.board
            raise AttachmentError(f"-device {one.kind}: board {board} takes {known}")
        return make(self, f"-device {one.kind}", one.properties)

    def _kind(self, one: Attachment) -> str:
        return one.kind.removesuffix(f"-{self.transport}")

    def _collect_ports(self) -> None:
        """The ports of each virtio-serial: those behind it, up to the next."""
        for one in self.options.devices:
            if self._kind(one) == "virtio-serial":
                self.ports.append([])
            elif one.kind in PORTS:
                if not self.ports:
                    raise AttachmentError(f"-device {one.kind}: no virtio-serial is before it")
                self.ports[-1].append(self._port(one, self.ports[-1]))

    def _port(self, one: Attachment, before: list[SerialPort]) -> SerialPort:
        from vmm.devices.virtio.console import PORTS_MAX, SerialPort

        option, given = f"-device {one.kind}", one.properties
        unknown(option, given, ("chardev", "name", "id"))
        wanted = given.get("chardev")
        if not wanted:
            raise AttachmentError(f"{option}: which? chardev=ID")
        self._new_channel(option, f"chardev={wanted}", wanted)
        console = self.machine.consoles[wanted] = Console(wanted)
        self.machine.channels.append(console.channel)
        numbers = [port.number for port in before]
        is_console = one.kind == "virtconsole"
        number = 0 if is_console and 0 not in numbers else max([0, *numbers]) + 1
        if number >= PORTS_MAX:
            raise AttachmentError(f"{option}: a virtio-serial has {PORTS_MAX} ports")
        return SerialPort(number, console, given.get("name", ""), is_console)

    def _new_channel(self, option: str, what: str, name: str) -> None:
        if any(channel.name == name for channel in self.machine.channels):
            raise AttachmentError(f"{option}: {what} is taken")

    # -- the kinds of devices ---------------------------------------------------

    def block(self, option: str, given: dict[str, str]) -> Function:
        """virtio-blk: drive=ID[,serial=TEXT]."""
        unknown(option, given, ("drive", "serial", "id"))
        wanted = given.get("drive")
        found = self.drives.get(wanted or "")
        if found is None:
            raise AttachmentError(f"{option}: drive={wanted or 'ID'}: no -drive has that id")
        return self._block(found, given.get("serial", found.serial))

    def _block(self, one: Drive, serial: str) -> Function:
        from vmm.devices.disk.overlay import Overlay
        from vmm.devices.disk.raw import RawDisk
        from vmm.devices.virtio.block import Block

        if one.id in self.used:
            raise AttachmentError(f"-drive id={one.id}: two devices use it")
        self.used.add(one.id)
        raw = RawDisk(one.file, one.read_only or one.snapshot, probe=not one.raw)
        disk: Disk = raw
        if one.snapshot:
            disk = overlay = Overlay(raw)
            self.machine.on_commit.append(lambda: f"{one.file}: {overlay.commit()} bytes written")
        return Block(disk, self.name("virtio-blk"), serial)

    def rng(self, option: str, given: dict[str, str]) -> Function:
        """virtio-rng: [seed=NUMBER] or rng=ID of an -object rng-random."""
        from vmm.devices.virtio.rng import Rng

        unknown(option, given, ("seed", "rng", "id"))
        device = Rng(number(option, given, "seed", 0, (1 << 64) - 1), self.name("virtio-rng"))
        if "rng" in given:
            if "seed" in given:
                raise AttachmentError(f"{option}: seed= or rng=, not both")
            source = self._object(option, given["rng"], "rng-random")
            unknown("-object rng-random", source, ("id", "filename"))
            file = source.get("filename", RANDOM)

            outside = self.machine.outside

            def ask(size: int) -> None:
                if outside.recorded:
                    return
                with open(file, "rb", buffering=0) as opened:
                    device.channel.arrive(opened.read(size))

            if not os.access(file, os.R_OK):
                raise AttachmentError(f"-object rng-random: {file} cannot be read")
            device.host = ask
            self.machine.channels.append(device.channel)
        return device

    def _object(self, option: str, wanted: str, kind: str) -> dict[str, str]:
        for one in self.options.objects:
            if one.kind == kind and one.properties.get("id") == wanted:
                return one.properties
        raise AttachmentError(f"{option}: no -object {kind},id={wanted}")


    def net(self, option: str, given: dict[str, str]) -> Function:
        """virtio-net: netdev=ID[,mac=52:54:00:12:34:56]."""
        from vmm.devices.virtio.net import Net

        unknown(option, given, ("netdev", "mac", "id"))
        wanted = given.get("netdev")
        if not wanted:
            raise AttachmentError(f"{option}: which network? netdev=ID")
        self._new_channel(option, f"netdev={wanted}", wanted)
        port = Port(wanted)
        self.machine.ports.append(port)
        self.machine.channels.append(port.channel)
        name = self.name("virtio-net")
        return Net(port, self._mac(option, given), name)

    def _mac(self, option: str, given: dict[str, str]) -> bytes:
        """The address that is given, or the next of QEMU's."""
        text = given.get("mac")
        if text is None:
            from vmm.devices.virtio.net import FIRST_MAC

            return (FIRST_MAC + self.names["virtio-net"]).to_bytes(6, "big")
        if not re.fullmatch("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", text):
            raise AttachmentError(f"{option}: mac={text} is no Ethernet address")
        mac = bytes.fromhex(text.replace(":", ""))
        if mac[0] & 1:
            raise AttachmentError(f"{option}: mac={text} is the address of a group")
        return mac


    def serial(self, option: str, given: dict[str, str]) -> Function:
        """virtio-serial: its ports are the virtconsole and virtserialport behind it."""
        from vmm.devices.virtio.console import VirtioConsole

        unknown(option, given, ("id",))
        return VirtioConsole(self.ports.popleft(), self.name("virtio-serial"))

    def balloon(self, option: str, given: dict[str, str]) -> Function:
        """virtio-balloon: no properties."""
        from vmm.devices.virtio.balloon import Balloon

        unknown(option, given, ("id",))
        device = Balloon(self.dma, self.name("virtio-balloon"))
        self.machine.channels.append(device.channel)
        return device


Make = Callable[[Builder, str, dict[str, str]], Function]
KINDS: dict[str, Make] = {
    "virtio-blk": Builder.block,
    "virtio-net": Builder.net,
    "virtio-rng": Builder.rng,
    "virtio-serial": Builder.serial,
    "virtio-balloon": Builder.balloon,
}


PORTS = {
    "virtconsole": "a terminal of the guest's: chardev=ID[,name=TEXT]",
    "virtserialport": "a stream of bytes: chardev=ID[,name=TEXT]",
}


def table() -> str:
    """The answer to ``-device help``: a line for each kind."""
    rows = [(f"{name}-{MMIO}, {name}-{PCI}", (make.__doc__ or "").split(": ", 1)[1])
            for name, make in KINDS.items()]
    return "\n".join(f"{name}: {text}" for name, text in [*rows, *PORTS.items()])


def build(machine: Machine, options: Options, transport: str) -> list[VirtioDevice]:
    """The devices of ``options``, for a board with this transport; AttachmentError."""
    return Builder(machine, options, transport, Dma(machine.bus)).build()

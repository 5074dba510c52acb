# SPDX-License-Identifier: GPL-2.0-or-later
"""Boards of the user's own: a machine from a board file (`-M ./myboard.toml`).

docs/boards.md describes the file.  There is no firmware: a kernel is entered
directly, in the processor's reset state (x86: in flat protected mode, as the
Multiboot specification 0.6.96, section 3.2, has it).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmm.boards import boardfile, boot, catalogue
from vmm.boards.boardfile import BoardFileError, Table
from vmm.boards.options import BoardError, Options
from vmm.boards.pins import pins_of
from vmm.boards.site import Inputs, Site
from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.processor import Processor, UnknownModel
from vmm.cpu.sparc.processor import SparcProcessor
from vmm.cpu.x86.processor import X86Processor
from vmm.cpu.x86.registers import Segment
from vmm.machine import loader
from vmm.machine.bus import PAGE, Bus, DeviceLike, Memory, Overlap
from vmm.machine.line import Line
from vmm.machine.machine import Machine

if TYPE_CHECKING:
    from vmm.boards import BoardInfo

PROCESSORS: dict[str, tuple[Callable[[str], Processor], str, int]] = {
    # architecture: its processor, the default model, what a read nobody answers gives
    "sparc": (SparcProcessor, "leon3", 0),
    "arm": (ArmProcessor, "cortex-a15", 0),
    "x86": (X86Processor, "qemu32", 0xFF),
}
ARCHITECTURES = tuple(PROCESSORS)
TOP = ("description", "cpu", "memory", "device")  # what a board file has
FLAT_CODE, FLAT_DATA = 0x00CF9B00, 0x00CF9300


def describe(file: Path) -> tuple[str, str, str, int]:
    """Architecture, description, processor model and RAM size that a board file names."""
    top = _read(file)
    cpu = top.table("cpu")
    architecture = cpu.choice("architecture", ARCHITECTURES)
    ram = [table for _, table in top.tables("memory") if _kind(table) == "ram"]
    if not ram:
        raise top.error("memory", "a board needs RAM: [memory.NAME]")
    model = cpu.text("model", PROCESSORS[architecture][1])
    return architecture, top.text("description", file.stem), model, ram[0].memory_size("size")


def _read(file: Path) -> Table:
    top = boardfile.read(file)
    top.limit(TOP)
    return top


def _kind(table: Table) -> str:
    return table.choice("kind", ("ram", "rom"), "ram")


def _start_of(cpu: Table) -> str | int:
    start = cpu.get("start", "")
    if isinstance(start, int) and not isinstance(start, bool):
        return cpu.number("start")
    if start not in ("", "reset", "kernel"):
        wanted = 'wants "reset", "kernel" or an address'
        raise cpu.error("start", f"{wanted}, not {boardfile.quoted(start)}")
    return str(start)


class Builder:
    """One board in the making: devices are built when something is wired to them."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.top = top = _read(Path(options.board))
        cpu = top.table("cpu")
        architecture = cpu.choice("architecture", ARCHITECTURES)
        make, model, floating = PROCESSORS[architecture]
        named = cpu.text("model", model)
        hz = cpu.number("clock", low=1, high=100_000_000_000)
        try:
            processor = make(options.cpu or named)
        except UnknownModel as error:
            if options.cpu:
                raise
            raise cpu.error("model", str(error)) from error
        bus = Bus(processor.byteorder, floating=floating)
        self.machine = Machine(top.file.stem, processor, bus, hz)
        self.start = _start_of(cpu)
        cpu.finish()
        self.firmware: tuple[Memory, Table] | None = None
        self._memory()
        self._tables = dict(top.tables("device"))
        self._inputs: dict[str, Inputs | None] = {"cpu": pins_of(processor)}
        self._building: list[str] = []
        self._wired: dict[tuple[str, str], str] = {}
        self._console: str | None = None
        for name in self._tables:
            self._device(name)

    # -- memory ---------------------------------------------------------------------

    def _memory(self) -> None:
        ram = self.options.ram
        for name, table in self.top.tables("memory"):
            kind, base, size = _kind(table), table.number("base"), table.memory_size("size")
            if kind == "ram" and ram is not None:
                size, ram = ram, None  # -m is the size of the first
            if base % PAGE:
                raise table.error("base", f"{base:#x} is not a multiple of {PAGE:#x}")
            if base + size > boardfile.ADDRESSES:
                raise table.error("size", f"{size:#x} bytes from {base:#x} on end beyond 4 GiB")
            try:
                memory = self.machine.bus.add_memory(base, size, name, rom=kind == "rom")
            except Overlap as overlap:
                raise table.error("base", str(overlap)) from overlap
            if kind == "rom" and self.firmware is None:
                self.firmware = memory, table
            at_end = table.choice("load", ("start", "end"), "start") == "end"
            if "image" in table:
                image = self.top.file.parent / table.text("image")
                if self.options.bare:
                    table.finish()
                    continue
                try:
                    self.load(image, memory, at_end)
                except loader.LoadError as error:
                    raise table.error("image", str(error)) from error
            table.finish()

    def load(self, path: Path, memory: Memory, at_end: bool) -> None:
        """Put a flat image at the start or end of a memory, or an ELF file where it says."""
        data = loader.read(path)
        if loader.is_elf(data):
            boot.place(self.machine, boot.read_kernel(path, self.machine.processor.architecture, 0))
            return
        data = boot.flat_firmware(path, memory.size)
        self.machine.load_bytes(memory.end - len(data) if at_end else memory.base, data, str(path))

    # -- devices --------------------------------------------------------------------

    def _device(self, name: str) -> None:
        """Build a device, unless it has been built."""
        if name in self._inputs:
            return
        table = self._tables[name]
        if name in self._building:
            circle = " -> ".join([*self._building[self._building.index(name):], name])
            raise table.error("", f"is wired in a circle: {circle}")
        self._building.append(name)
        site = Site(name, table, self)
        factory = catalogue.find(site)
        try:
            device = factory(site)
        except BoardFileError:
            raise
        except Exception as error:  # whatever a user's class does
            text = f"cannot be built: {type(error).__name__}: {error}"
            raise table.error("", text) from error
        with contextlib.suppress(AttributeError):
            device.name = name
        self._place(site, device)
        table.finish()
        self._building.pop()
        self._inputs[name] = site.inputs

    def _place(self, site: Site, device: Any) -> None:
        """Put a device where the file says, if it has not placed its parts itself."""
        table = site.table
        if hasattr(device, "read") and hasattr(device, "write"):
            if not isinstance(getattr(device, "size", None), int) or device.size <= 0:
                raise table.error("type", "the device has no size (bytes of addresses or ports)")
            places = [key for key in ("base", "port") if key in table]
            if len(places) != 1:
                raise table.error("", "wants an address: base, or port on x86")
            if places == ["port"] and self.machine.processor.architecture != "x86":
                raise table.error("port", "only x86 has ports; give base")
            placed: DeviceLike = device
            site.window(places[0], placed, ports=places == ["port"])
        elif site.text("type") not in catalogue.TYPES:
            raise table.error("type", "what it made is no device: it has no read and write")
        if site.serial:
            if self._console is not None:
                raise table.error("console", f"{self._console} is the console already")
            self._console = site.name
            if hasattr(device, "receive"):
                self.machine.console.receiver = device

    def wire(self, table: Table, key: str, text: str) -> Line:
        """The input of an interrupt controller or processor that ``CONTROLLER:INPUT`` names."""
        name, colon, pin = text.partition(":")
        if not colon or not pin:
            raise table.error(key, f'{text!r}: a wire is written "CONTROLLER:INPUT"')
        if name not in self._tables and name != "cpu":
            known = ", ".join(["cpu", *self._tables])
            raise table.error(key, f"no device {name!r}; known: {known}")
        self._device(name)
        inputs = self._inputs[name]
        if inputs is None:
            raise table.error(key, f"{name} has no interrupt inputs")
        if other := self._wired.get((name, pin)):
            raise table.error(key, f"{text} is wired to {other} already")
        self._wired[name, pin] = ".".join((*table.path, key))
        try:
            return inputs(pin)
        except LookupError as error:
            raise table.error(key, f"{name} has no input {pin!r}: {error.args[0]}") from error


def build(board: BoardInfo, options: Options) -> Machine:
    """Build the board that ``options.board``, a file, describes, and load its programs."""
    if options.properties:
        name = next(iter(options.properties))
        raise BoardError(f"a board file has no property {name!r}: change the file")
    if options.append:
        raise BoardError("a board file's guest gets no command line: nothing would pass it on")
    if options.initrd is not None:
        raise BoardError("a board file's guest gets no initrd: nothing would pass it on")
    builder = Builder(options)
    machine = builder.machine
    processor = machine.processor
    if isinstance(processor, X86Processor):
        processor.write_physical = machine.bus.write_memory
    machine.connect()
    processor.reset()
    if options.bare:
        return machine
    entry = None
    if options.kernel is not None:
        ram = next(memory for memory in machine.bus.memory if not memory.rom)
        image = boot.read_kernel(options.kernel, processor.architecture, ram.base)
        boot.place(machine, image)
        entry = image.entry
    if options.bios is not None:
        if builder.firmware is None:
            raise BoardError(f"-bios: board {machine.name} has no ROM")
        memory, table = builder.firmware
        builder.load(options.bios, memory, table.text("load", "start") == "end")
    _start(machine, builder.start or ("reset" if entry is None else "kernel"), entry)
    return machine


def _start(machine: Machine, start: str | int, entry: int | None) -> None:
    """Leave the processor at its first instruction."""
    if start == "reset":
        return
    at = entry if start == "kernel" else start
    if not isinstance(at, int):
        raise BoardError(f"board {machine.name} starts a kernel: give -kernel FILE")
    processor = machine.processor
    if isinstance(processor, X86Processor):
        processor.registers["cr0"] |= 1
        for name in ("ds", "es", "fs", "gs", "ss"):
            processor.load_segment(name, Segment(0x10, 0, 0xFFFFFFFF, FLAT_DATA))
        processor.load_segment("cs", Segment(0x08, 0, 0xFFFFFFFF, FLAT_CODE))
    processor.set_pc(at)

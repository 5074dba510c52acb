# SPDX-License-Identifier: GPL-2.0-or-later
"""What must hold for any bytes given to a loader, and any board file.

Shared by the property tests and the coverage-guided target (`loaders.py`): a
call returns, or raises `Broken`, or raises what the loaders never may.
"""

from __future__ import annotations

from pathlib import Path

from vmm.boards import BoardError, Options, catalogue, create, find
from vmm.boards.boardfile import BoardFileError
from vmm.cpu.processor import UnknownModel
from vmm.machine import elf, loader, multiboot
from vmm.machine.loader import LoadError
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending, Outcome

REFUSALS = (LoadError, BoardError, BoardFileError, UnknownModel)
BOARDS = {"sparc": "leon3", "arm": "virt", "x86": "pc"}
RAM = 4 << 20
STEPS = 20
FILE = Path("kernel")


class Broken(AssertionError):
    """Something that must hold for every input does not."""


def refused(error: ValueError) -> str:
    """The message of a refusal, which is one line and says something."""
    text = str(error)
    if not text.strip() or not text.isprintable():
        raise Broken(f"not one line: {text!r}")
    return text


def parsed(data: bytes) -> loader.Image | None:
    """Read a file as every kind of program; None if it is no ELF file to be run."""
    loader.flat(FILE, data, 0)
    try:
        kernel = multiboot.parse(data)
    except multiboot.MultibootError as error:
        refused(error)
    else:
        if not any(s.address <= kernel.entry < s.address + s.size for s in kernel.segments):
            raise Broken("the entry is not loaded")
    try:
        image = loader.elf(FILE, data)
    except LoadError as error:
        refused(error)
        return None
    end = 0
    for segment in sorted(image.segments, key=lambda s: s.address):
        if segment.address < end or len(segment.data) > segment.size:
            raise Broken("segments overlap")
        end = segment.address + segment.size
    if end > 1 << 32:
        raise Broken("a segment ends beyond the address space")
    if sum(len(symbol.name) for symbol in image.symbols) > elf.SHARED_NAMES * len(data):
        raise Broken("names are longer than the file allows")
    return image


def architecture(data: bytes) -> str:
    """Of an ELF file; of other bytes, that of the board that wants a header in them."""
    try:
        return loader.MACHINES.get(elf.identity(data).machine, "x86")
    except elf.ElfError:
        return "x86"


def loaded(arch: str, file: Path) -> Machine | None:
    """A machine with the file as its kernel; None if it is refused."""
    try:
        machine = create(Options(BOARDS[arch], kernel=file, ram=RAM))
    except REFUSALS as error:
        refused(error)
        return None
    if arch != "x86":  # the PC's Multiboot header may have other segments
        image = loader.elf(file, data) if loader.is_elf(data := file.read_bytes()) else None
        for segment in image.segments if image else ():
            found = machine.bus.read_memory(segment.address, segment.size)
            if found != bytes(segment.data).ljust(segment.size, b"\0") and not shadowed(
                machine, segment
            ):
                raise Broken(f"{segment.address:#x} holds something else")
    return machine


def shadowed(machine: Machine, segment: loader.Segment) -> bool:
    """Whether the board puts its firmware or device tree over a part of the segment."""
    ram = next(memory for memory in machine.bus.memory if memory.name == "RAM")
    return segment.address < ram.base or segment.address + segment.size > ram.end - 0x20000 or (
        machine.name == "virt" and segment.address < ram.base + 0x20000)


def ran(machine: Machine) -> None:
    """Run a few instructions; whatever the program is, the engine must not give up."""
    clock, engine = machine.clock, machine.engine
    storm = Outcome.time("trap storm")  # traps that lead to traps take time but no instructions
    limit = clock.at_cycle(engine.cycles + 50 * STEPS, lambda: machine.stop(storm))
    outcome = machine.run(until=engine.count + STEPS)
    clock.cancel(limit)
    if outcome.ending is Ending.FAILURE:
        raise Broken(outcome.text)


def board(file: Path, kernel: Path) -> Machine | None:
    """The machine of a board file, its devices touched; None if it is refused."""
    try:
        find(str(file))
        machine = create(Options(str(file), kernel=kernel))
    except REFUSALS as error:
        if isinstance(error, BoardFileError) and not str(error).startswith(str(file)):
            raise Broken(f"no file named: {error}") from error
        refused(error)
        return None
    bus = machine.bus
    for space, read, write in (
        (bus.devices, bus.read, bus.write), (bus.ports, bus.port_in, bus.port_out),
    ):
        for placed in space:
            for offset in {0, 4, placed.size // 2 & -4, placed.size - 4 & -4} - {-4}:
                read(placed.base + offset, 4)
                write(placed.base + offset, 4, 0xFFFFFFFF)
    ran(machine)
    return machine


def no_modules(text: str, folder: Path) -> catalogue.Factory:
    """In place of `catalogue.own`: a random name is no reason to run a module."""
    raise ImportError(f"no module {text!r}")



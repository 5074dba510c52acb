# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots: the full state of a machine between two runs.

`take` copies, `restore` puts back, `save` and `load` keep a snapshot in a
file, and `build` makes a new machine from one.  A machine that goes on from a
snapshot does what it did the first time: same instruction count, same traps,
same output.  docs/snapshots.md says what belongs to it.
"""

from __future__ import annotations

import hashlib
import weakref
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from vmm import boards
from vmm.boards.attachments import Attachment, Drive
from vmm.boards.options import Options
from vmm.cpu import saved
from vmm.cpu.saved import SavedProcessor
from vmm.devices.disk.fingerprint import fingerprint
from vmm.machine.bus import Memory
from vmm.machine.machine import Machine
from vmm.machine.symbols import Symbol
from vmm.machine.system_error import reason
from vmm.memory.frames import PAGE
from vmm.native import library as native
from vmm.state import file
from vmm.state.codec import CodecError, Data, Decoder, Encoder
from vmm.state.graph import Graph, UnknownState
from vmm.state.memory import CHUNK, EMPTY, Image, Keeper, Page

FILES = ("kernel", "bios", "initrd")  # of Options
BYTES = ("env", "traps", "recent")  # of SavedProcessor


class SnapshotError(Exception):
    """A snapshot that cannot be taken, read or used: one line."""


@dataclass(frozen=True, slots=True)
class About:
    """What a snapshot is of."""

    board: str
    cpu: str
    options: Options
    files: dict[str, str]  # SHA-256 of kernel and firmware by option, fingerprints of drives
    memory: tuple[int, ...]  # sizes of the frames
    engine: str  # build id
    symbols: tuple[Symbol, ...] = ()
    sources: tuple[Path, ...] = ()  # files the symbols are from


@dataclass(slots=True)
class Snapshot:
    """The state of one machine at one moment."""

    about: About
    processors: tuple[SavedProcessor, ...]
    current: int  # whose turn it is
    memory: list[Image]
    rom_modes: list[bool]  # of each ROM: whether it reads as memory (a flash may not)
    machine: weakref.ReferenceType[Machine] | None = None  # the one it was taken from
    graph: Graph | None = None  # for that machine
    nodes: list[Data] | None = None  # for any

    @property
    def count(self) -> int:
        """Instructions begun."""
        return self.processors[self.current].count

    def plain_nodes(self) -> list[Data]:
        """The graph as plain data."""
        if self.nodes is None:
            assert self.graph is not None
            self.nodes = Encoder(self.graph).nodes()
        return self.nodes


_keepers: weakref.WeakKeyDictionary[Machine, Keeper] = weakref.WeakKeyDictionary()
_about: weakref.WeakKeyDictionary[Machine, About] = weakref.WeakKeyDictionary()


def _keeper(machine: Machine) -> Keeper:
    keeper = _keepers.get(machine)
    if keeper is None:
        keeper = _keepers[machine] = Keeper(weakref.proxy(machine))
    return keeper


def _about_machine(machine: Machine) -> About:
    about = _about.get(machine)
    if about is None:
        options = machine.options
        if not isinstance(options, Options):
            raise SnapshotError("only a machine that vmm.boards.create has built can be kept")
        files = {
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for name in FILES
            if (path := getattr(options, name)) is not None and path.is_file()
        }
        files |= {_drive(one): fingerprint(one.file) for one in options.drives}
        about = _about[machine] = About(
            machine.name, machine.processor.model, options, files,
            tuple(frames.size for frames in _keeper(machine).frames), _engine_build(),
        )
    return about


def _drive(drive: Drive) -> str:
    """What a disk image is called among the files."""
    return f"drive {drive.id}"


def _engine_build() -> str:
    return native.build_id(native.engine_path())


def _roms(machine: Machine) -> list[Memory]:
    return [memory for memory in machine.bus.memory if memory.rom]


def take(machine: Machine) -> Snapshot:
    """The full state of a machine that is not running."""
    engine = machine.engine
    if engine.native.running:
        raise SnapshotError("a snapshot can be taken only while the machine is stopped")
    about = _about_machine(machine)
    try:
        graph = Graph(machine)
    except UnknownState as error:
        raise SnapshotError(str(error)) from error
    snapshot = Snapshot(
        about,
        tuple(saved.take(processor.engine) for processor in machine.processors),
        machine.current(),
        _keeper(machine).take(),
        [engine.rom_readable(memory.base) for memory in _roms(machine)],
        weakref.ref(machine),
        graph,
    )
    for processor in machine.processors:
        processor.engine.drop_derived()
    return snapshot


def restore(machine: Machine, snapshot: Snapshot) -> None:
    """Put a machine into the state of ``snapshot``: its own, or one of the same board and options.

    SnapshotError if it is of another kind of machine; nothing is changed then.
    """
    if machine.engine.native.running:
        raise SnapshotError("a snapshot can be put back only while the machine is stopped")
    bus = machine.bus
    host = machine.clock.host_events()
    modes = [(shadow.readable, shadow.writable) for shadow in bus.shadows]
    if snapshot.graph is not None and snapshot.machine is not None and (
        snapshot.machine() is machine
    ):
        snapshot.graph.restore()
    else:
        _check(machine, snapshot.about)
        try:
            Decoder(machine, snapshot.plain_nodes()).apply()
        except (CodecError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise SnapshotError(f"the snapshot does not fit this machine: {error}") from error
    machine.clock.exchange_host_events(host)
    bus.cool()
    for shadow, mode in zip(bus.shadows, modes, strict=True):
        if (shadow.readable, shadow.writable) != mode:
            bus.set_behind(shadow.base, shadow.size, shadow.readable, shadow.writable)
    for memory, readable in zip(_roms(machine), snapshot.rom_modes, strict=True):
        if machine.engine.rom_readable(memory.base) != readable:
            machine.set_rom_mode(memory.base, memory.size, readable)
    if machine.turns is not None:
        machine.turns.resume()
    _keeper(machine).restore(snapshot.memory)
    for processor, held in zip(machine.processors, snapshot.processors, strict=True):
        saved.restore(processor.engine, held)
        processor.engine.drop_derived()
    machine.rewind()


def _check(machine: Machine, about: About) -> None:
    """SnapshotError unless ``about`` is such a machine."""
    mine = _about_machine(machine)
    for what in ("board", "cpu", "memory", "engine"):
        ours, theirs = getattr(mine, what), getattr(about, what)
        if ours != theirs:
            raise SnapshotError(f"a snapshot of another machine: {what} {theirs}, not {ours}")
    if mine.options.processors != about.options.processors:
        raise SnapshotError(
            f"a snapshot of another machine: {about.options.processors} processors,"
            f" not {mine.options.processors}")
    for what in ("drives", "devices"):
        if getattr(mine.options, what) != getattr(about.options, what):
            raise SnapshotError(f"a snapshot of a machine with other {what}")
    for drive in about.options.drives:
        if mine.files.get(_drive(drive)) != about.files.get(_drive(drive)):
            raise SnapshotError(f"{drive.file}: not the disk image that the snapshot had")
    if mine.options.properties != about.options.properties:
        raise SnapshotError("a snapshot of a machine with other properties")


def build(snapshot: Snapshot) -> Machine:
    """A new machine of the board and options that the snapshot names, in its state.

    A kernel or firmware file is not needed; a board file (*.toml) is.  SnapshotError if the
    machine cannot be built.
    """
    about = snapshot.about
    if about.engine != _engine_build():
        raise SnapshotError(f"a snapshot of another engine: build {about.engine}")
    try:
        machine = boards.create(replace(about.options, bare=True))
    except ValueError as error:
        raise SnapshotError(f"the snapshot's machine cannot be built: {error}") from error
    machine.options = about.options
    restore(machine, snapshot)
    machine.symbols.add(about.symbols)
    machine.symbols.files.extend(path for path in about.sources if path.is_file())
    return machine


# -- files -----------------------------------------------------------------------------


def save(snapshot: Snapshot, path: str | Path) -> None:
    """Write a file, whole or not at all; SnapshotError if it cannot be written."""
    path = Path(path)
    machine = snapshot.machine() if snapshot.machine is not None else None
    symbols = tuple(machine.symbols) if machine is not None else snapshot.about.symbols
    sources = tuple(machine.symbols.files) if machine is not None else snapshot.about.sources
    processors = [
        {name: value.hex() if name in BYTES else value for name, value in asdict(one).items()}
        for one in snapshot.processors
    ]
    pages = [
        [
            [at * CHUNK + i, page] for at, chunk in enumerate(image) if chunk is not EMPTY
            for i, page in enumerate(chunk) if page is not None
        ]
        for image in snapshot.memory
    ]
    text = {
        "about": _about_text(replace(snapshot.about, symbols=symbols, sources=sources)),
        "processors": processors,
        "current": snapshot.current,
        "rom_modes": snapshot.rom_modes,
        "pages": [[number for number, _ in held] for held in pages],
        "nodes": snapshot.plain_nodes(),
    }
    try:
        file.write(path, text, (page for _, page in chain.from_iterable(pages)))  # type: ignore[misc]
    except OSError as error:
        raise SnapshotError(f"{path}: {reason(error)}") from error


def load(path: str | Path) -> Snapshot:
    """Read a file; SnapshotError if it is damaged, foreign or of another version."""
    path = Path(path)
    try:
        text, opened, reader = file.read(path)
        with opened:
            about = _read_about(text["about"])
            processors = tuple(map(_read_processor, text["processors"]))
            if not 0 <= text["current"] < len(processors) == about.options.processors:
                raise file.FileError("a damaged snapshot: processors are missing")
            memory = [
                _read_image(size, numbers, reader)
                for size, numbers in zip(about.memory, text["pages"], strict=True)
            ]
            return Snapshot(
                about, processors, text["current"], memory, text["rom_modes"], nodes=text["nodes"])
    except OSError as error:
        raise SnapshotError(f"{path}: {reason(error)}") from error
    except file.FileError as error:
        raise SnapshotError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise SnapshotError(f"{path}: a damaged snapshot: {error}") from error


def _read_processor(held: dict[str, Any]) -> SavedProcessor:
    for name in BYTES:
        held[name] = bytes.fromhex(held[name])
    held["native"] = tuple(held["native"])
    processor = SavedProcessor(**held)
    if not processor.fits():
        raise file.FileError("a damaged snapshot: the processor's state is incomplete")
    return processor


def _read_image(size: int, numbers: list[int], reader: Any) -> Image:
    count = -(-size // (PAGE * CHUNK)) * CHUNK
    pages: list[Page] = [None] * count
    for number in numbers:
        if not 0 <= number < count:
            raise file.FileError("a damaged snapshot: a page outside of memory")
        pages[number] = file.read_page(reader)
    chunks = (tuple(pages[at : at + CHUNK]) for at in range(0, count, CHUNK))
    return tuple(EMPTY if chunk == EMPTY else chunk for chunk in chunks)


def _about_text(about: About) -> dict[str, Any]:
    options: dict[str, Any] = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in asdict(about.options).items()
    }
    options["drives"] = [{**one, "file": str(one["file"])} for one in options["drives"]]
    return {
        "board": about.board, "cpu": about.cpu, "options": options, "files": about.files,
        "memory": about.memory, "engine": about.engine,
        "symbols": [[one.address, one.size, one.name] for one in about.symbols],
        "sources": [str(path) for path in about.sources],
    }


def _read_about(text: dict[str, Any]) -> About:
    options = dict(text["options"])
    for name in FILES:
        options[name] = None if options[name] is None else Path(options[name])
    options["drives"] = tuple(
        Drive(**{**one, "file": Path(one["file"])}) for one in options["drives"]
    )
    for name in ("devices", "objects"):
        options[name] = tuple(Attachment(**one) for one in options[name])
    return About(
        text["board"], text["cpu"], Options(**options), text["files"], tuple(text["memory"]),
        text["engine"], tuple(Symbol(*one) for one in text["symbols"]),
        tuple(Path(one) for one in text["sources"]),
    )

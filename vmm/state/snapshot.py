# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots: the full state of a machine between two runs.

`take` copies, `restore` puts back into the same machine.  A machine that goes
on from a restored snapshot does what it did the first time: same instruction
count, same traps, same output.  docs/snapshots.md says what belongs to it.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass

from vmm.cpu import saved
from vmm.cpu.saved import SavedProcessor
from vmm.machine.bus import Memory
from vmm.machine.machine import Machine
from vmm.state.graph import Graph, UnknownState
from vmm.state.memory import Image, Keeper


class SnapshotError(Exception):
    """A snapshot that cannot be taken, read or used: one line."""


@dataclass(slots=True)
class Snapshot:
    """The state of one machine at one moment."""

    machine: weakref.ReferenceType[Machine]
    processor: SavedProcessor
    memory: list[Image]
    graph: Graph
    rom_modes: list[bool]  # of each ROM: whether it reads as memory (a flash may not)

    @property
    def count(self) -> int:
        """Instructions begun."""
        return self.processor.count


_keepers: weakref.WeakKeyDictionary[Machine, Keeper] = weakref.WeakKeyDictionary()


def _keeper(machine: Machine) -> Keeper:
    keeper = _keepers.get(machine)
    if keeper is None:
        keeper = _keepers[machine] = Keeper(weakref.proxy(machine))
    return keeper


def _roms(machine: Machine) -> list[Memory]:
    return [memory for memory in machine.bus.memory if memory.rom]


def take(machine: Machine) -> Snapshot:
    """The full state of a machine that is not running."""
    if machine.engine.native.running:
        raise SnapshotError("a snapshot can be taken only while the machine is stopped")
    try:
        graph = Graph(machine)
    except UnknownState as error:
        raise SnapshotError(str(error)) from error
    engine = machine.engine
    modes = [engine.rom_readable(memory.base) for memory in _roms(machine)]
    processor = saved.take(engine)
    return Snapshot(weakref.ref(machine), processor, _keeper(machine).take(), graph, modes)


def restore(machine: Machine, snapshot: Snapshot) -> None:
    """Put a machine back to where ``snapshot`` was taken from it."""
    if machine.engine.native.running:
        raise SnapshotError("a snapshot can be put back only while the machine is stopped")
    if snapshot.machine() is not machine:
        raise SnapshotError("this snapshot is of another machine: build() makes one from it")
    bus = machine.bus
    host = machine.clock.host_events()
    modes = [(shadow.readable, shadow.writable) for shadow in bus.shadows]
    snapshot.graph.restore()
    machine.clock.exchange_host_events(host)
    bus.cool()
    for shadow, mode in zip(bus.shadows, modes, strict=True):
        if (shadow.readable, shadow.writable) != mode:
            bus.set_behind(shadow.base, shadow.size, shadow.readable, shadow.writable)
    for memory, readable in zip(_roms(machine), snapshot.rom_modes, strict=True):
        if machine.engine.rom_readable(memory.base) != readable:
            machine.engine.set_rom_mode(memory.base, memory.size, readable)
    _keeper(machine).restore(snapshot.memory)
    saved.restore(machine.engine, snapshot.processor)
    machine.rewind()

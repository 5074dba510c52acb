# SPDX-License-Identifier: GPL-2.0-or-later
"""The state of everything that is written in Python: devices, wires, clock, console, services.

A snapshot does not ask a device what its state is; it walks from the machine's
roots through every object that can be reached, methods and closures included,
and keeps what each one holds.  So state cannot be forgotten, wherever a device
(a user's own, too) keeps it.  Each mutable object is a *node*; a node's
content refers to other nodes, and restoring puts the content back into the
same objects.  Two wires that were one wire stay one.

Not state: functions (they are wiring; a debugger may have replaced them since),
the host's side (`HOST_TYPES`, `HOST_ATTRIBUTES`), and what cannot change.
"""

from __future__ import annotations

import ctypes as C
import types
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from enum import Enum
from functools import partial
from mmap import mmap
from pathlib import Path
from typing import Any

from vmm.cpu.engine import Engine
from vmm.cpu.registers import RegisterFile
from vmm.cpu.virtual import Space, Virtual
from vmm.devices.disk.raw import RawDisk
from vmm.devices.virtio.virtqueue import Rings
from vmm.machine.bus import Bus, Memory
from vmm.machine.clock import Clock, Event
from vmm.machine.console import Console
from vmm.machine.dma import Dma
from vmm.machine.halt import Halts
from vmm.machine.ledger import Ledger
from vmm.machine.line import Line, SharedLine
from vmm.machine.machine import Machine
from vmm.machine.network import Port
from vmm.machine.symbols import Symbols
from vmm.machine.traps import Traps
from vmm.memory.frames import Contents, Frames
from vmm.monitor.base import Monitor
from vmm.monitor.memory import exposed, lazy, nested, strict
from vmm.monitor.memory import native as native_shadow
from vmm.monitor.memory.physical import PhysicalMemory
from vmm.native import library as native

ATOMS = (type(None), bool, int, float, complex, str, bytes, range, Enum, type)
HOST_TYPES = (
    Engine, Machine, Traps, Halts, Ledger, RegisterFile, Symbols, Frames, Contents, Memory, Path,
    types.ModuleType, memoryview, mmap, C._Pointer, C.CDLL, Virtual, Space, PhysicalMemory,
    native.NativeCpu, Dma, Rings, RawDisk,
    # Derived from the guest's memory and registers, and told of when they are put back
    lazy.Policy, strict.Policy, exposed.Policy, nested.Policy, native_shadow.Policy,
)
C_DATA = (C._SimpleCData, C.Structure, C.Array)
HOST_ATTRIBUTES: dict[type, frozenset[str]] = {
    Bus: frozenset({
        "memory", "unanswered", "on_unanswered", "on_host_write", "moved", "hot_reads", "_hot",
    }),
    Clock: frozenset({"source", "rearm"}),
    Console: frozenset({"sinks", "receiver", "on_script_end", "channel", "breaks"}),
    Port: frozenset({"channel", "taps", "muted", "_network"}),
    Line: frozenset({"watcher"}),
    # What a monitor has derived from the guest's state, and what it counts
    Monitor: frozenset({
        "memory", "technique", "counters", "_profile",
        "_numbers", "_names", "_made", "_cost", "_operations", "_made_up",
    }),
}
# Walked, but not put back: whoever listens to a wire may have been replaced since.
WIRING: dict[type, frozenset[str]] = {
    Line: frozenset({"sink"}), SharedLine: frozenset({"sink"}),
}
CALLABLE = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, partial)


class UnknownState(TypeError):
    """An object that cannot be saved is part of the machine's state: one line."""


def roots(machine: Machine) -> dict[str, object]:
    """What a machine's Python state is reached from, by name, in a fixed order."""
    handlers = machine.engine.handlers
    found: dict[str, object] = {
        "clock": machine.clock, "console": machine.console, "debug": machine.debug,
    }
    for kind, space in (("device", machine.bus.devices), ("port", machine.bus.ports)):
        for index, device in enumerate(space.known):
            found[f"{kind}{index}"] = device
    found.update({
        "bus": machine.bus, "processor": machine.processors[0], "sysreg": handlers.sysreg,
        "acknowledge": handlers.acknowledge, "services": machine.traps.services,
        "ending": machine.ending_hook,
    })
    for number, processor in enumerate(machine.processors[1:], 1):
        found[f"processor{number}"] = processor
    if machine.turns is not None:
        found["turns"] = machine.turns.state
    virtual = machine.engine.virtual
    if virtual is not None:
        found["vcpu"], found["monitor"] = virtual.vcpu, virtual.handlers.exit
    stage = machine.engine.second_stage
    if stage is not None:
        found["granted frames"], found["moved frames"] = stage.granted, stage.moved
    return found


def is_frozen(value: object) -> bool:
    """Whether it is a value of a frozen dataclass."""
    parameters = getattr(type(value), "__dataclass_params__", None)
    return parameters is not None and bool(parameters.frozen)


_slots: dict[type, tuple[str, ...]] = {}


def slots(kind: type) -> tuple[str, ...]:
    """All slots of a class and its bases."""
    names = _slots.get(kind)
    if names is None:
        names = tuple(
            name for base in kind.__mro__ for name in getattr(base, "__slots__", ())
            if isinstance(getattr(kind, name, None), types.MemberDescriptorType)
        )
        _slots[kind] = names
    return names


def attributes(value: object) -> dict[str, Any]:
    """The attributes of an instance that are its own, state or not."""
    found = {name: getattr(value, name) for name in slots(type(value)) if hasattr(value, name)}
    found.update(getattr(value, "__dict__", {}))
    return found


def _named(table: dict[type, frozenset[str]], kind: type) -> frozenset[str]:
    for base in kind.__mro__:
        if base in table:
            return table[base]
    return frozenset()


def host_attributes(kind: type) -> frozenset[str]:
    """The names of a class's attributes that are the host's."""
    return _named(HOST_ATTRIBUTES, kind)


def is_host(value: Any) -> bool:
    """Whether an object is no part of the machine's state, nor leads to some.

    C data counts if it has memory of its own; the rest looks into the engine.
    """
    if isinstance(value, C_DATA) and not isinstance(value, native.NativeCpu):
        return not value._b_needsfree_ and value._b_base_ is None
    return isinstance(value, (*ATOMS, *HOST_TYPES))


def parts_of(value: Any) -> Iterator[tuple[str | int, Any]]:
    """What an object that is no node leads to: a tuple's items, a method's object, a closure."""
    if isinstance(value, tuple):
        yield from enumerate(value)
    elif isinstance(value, types.MethodType):
        yield "self", value.__self__
    elif isinstance(value, partial):
        yield "function", value.func
        yield from enumerate(value.args)
        yield from value.keywords.items()
    elif isinstance(value, types.FunctionType):
        names = value.__code__.co_freevars
        for name, cell in zip(names, value.__closure__ or (), strict=True):
            try:
                yield name, cell.cell_contents
            except ValueError:  # not filled yet
                continue
    elif is_frozen(value):
        yield from attributes(value).items()


def is_node(value: object) -> bool:
    """Whether it has content of its own that can change."""
    return not isinstance(value, (*CALLABLE, tuple, frozenset)) and not is_frozen(value)


def content(value: Any, path: str = "") -> Any:
    """A shallow copy of what a node holds."""
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, list | deque):
        return list(value)
    if isinstance(value, set):
        return set(value)
    if isinstance(value, native.Cell):
        return bool(value.active)
    if isinstance(value, (bytearray, *C_DATA)):
        return bytes(value)
    kind = type(value)
    if not hasattr(value, "__dict__") and not slots(kind) and not is_dataclass(value):
        raise UnknownState(f"{path or kind.__name__}: a {kind.__name__} cannot be saved")
    host = host_attributes(kind) | _named(WIRING, kind)
    return {
        name: held for name, held in attributes(value).items()
        if name not in host and not isinstance(held, CALLABLE)
    }


def put_back(value: Any, saved: Any) -> None:
    """Make a node hold again what `content` copied."""
    if isinstance(value, list):
        value[:] = saved
    elif isinstance(value, dict):
        value.clear()
        value.update(saved)
    elif isinstance(value, deque):
        value.clear()
        value.extend(saved)
    elif isinstance(value, set):
        value.clear()
        value.update(saved)
    elif isinstance(value, bytearray):
        value[:] = saved
    elif isinstance(value, native.Cell):
        value.active = saved
    elif isinstance(value, C_DATA):
        C.memmove(C.byref(value), saved, len(saved))
    else:
        for name, held in saved.items():
            setattr(value, name, held)


@dataclass(slots=True)
class Node:
    """One mutable object: where it was found, itself, and what it held."""

    path: str
    value: Any
    content: Any


class Graph:
    """All nodes of one machine at one moment."""

    def __init__(self, machine: Machine) -> None:
        self.nodes: list[Node] = []
        self._seen: set[int] = set()
        self._keep: list[object] = []  # so that no identity is used twice
        machine.clock.forget_cancelled()
        self._walk(deque(roots(machine).items()))

    def _walk(self, waiting: deque[tuple[str, Any]]) -> None:
        seen = self._seen
        while waiting:
            path, value = waiting.popleft()
            if isinstance(value, RawDisk) and not value.read_only:
                raise UnknownState(
                    f"{value.name}: a snapshot cannot keep a disk whose image is written to; "
                    "snapshot=on (or -snapshot) writes to memory"
                )
            if is_host(value) or id(value) in seen:
                continue
            seen.add(id(value))
            self._keep.append(value)
            if not is_node(value):
                waiting.extend((f"{path}.{key}", part) for key, part in parts_of(value))
                continue
            saved = content(value, path)
            self.nodes.append(Node(path, value, saved))
            if isinstance(value, list | deque):
                waiting.extend((f"{path}[{i}]", held) for i, held in enumerate(saved))
            elif isinstance(value, dict):
                waiting.extend((f"{path}[{key!r}]", held) for key, held in saved.items())
            elif not isinstance(value, (set, bytearray, *C_DATA)):
                host = host_attributes(type(value))
                if isinstance(value, Event) and value.host:
                    host |= {"callback"}
                waiting.extend(
                    (f"{path}.{key}", held) for key, held in attributes(value).items()
                    if key not in host
                )

    def restore(self) -> None:
        """Put every node's content back."""
        for node in self.nodes:
            put_back(node.value, node.content)



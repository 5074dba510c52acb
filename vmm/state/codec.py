# SPDX-License-Identifier: GPL-2.0-or-later
"""A graph of Python state as plain data, and back into another machine of the same build.

Every node is named by its path from the machine's roots, which is the same in
each machine of one board and options.  A value is a number, a text, null, or a
list whose first item is a tag.  Reading creates containers, events, and values
of dataclasses that the program has already; it calls nothing and imports nothing.
"""

from __future__ import annotations

import ctypes as C
import sys
import types
from collections import deque
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import partial
from typing import Any

from vmm.machine.clock import Event
from vmm.machine.machine import Machine
from vmm.native import library as native
from vmm.state.graph import C_DATA, Graph, attributes, is_frozen, put_back

Data = Any  # what JSON can hold
CONTAINERS: dict[str, type] = {
    "list": list, "dict": dict, "set": set, "deque": deque, "bytearray": bytearray,
}


class CodecError(ValueError):
    """Data that does not fit the machine: one line."""


def class_name(value: object) -> str:
    """A class as the data names it."""
    kind = type(value)
    if kind in CONTAINERS.values():
        return kind.__name__
    return f"{kind.__module__}.{kind.__qualname__}"


# -- writing -------------------------------------------------------------------------


class Encoder:
    """Turns the nodes of one graph into data."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._index = {id(node.value): at for at, node in enumerate(graph.nodes)}

    def nodes(self) -> list[Data]:
        """All nodes: path, class, content."""
        return [
            [node.path, class_name(node.value), self._content(node.value, node.content)]
            for node in self.graph.nodes
        ]

    def _content(self, value: Any, content: Any) -> Data:
        if isinstance(value, Event) and not value.host:
            content = {**content, "callback": value.callback}
        return self.value(content, own=True)

    def value(self, value: Any, own: bool = False) -> Data:
        """One value; ``own`` content is written out, any other node by reference."""
        if isinstance(value, Enum):
            return ["enum", class_name(value), value.name]
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, bytes):
            return ["bytes", value.hex()]
        if not own and id(value) in self._index:
            return ["node", self._index[id(value)]]
        if isinstance(value, dict):
            return ["dict", [[self.value(k), self.value(v)] for k, v in value.items()]]
        if isinstance(value, list | set | tuple | frozenset):
            return [type(value).__name__, [self.value(item) for item in value]]
        if isinstance(value, types.MethodType):
            return ["method", self.value(value.__self__), value.__name__]
        if isinstance(value, partial):
            return ["partial", self.value(value.func), [self.value(one) for one in value.args]]
        if is_frozen(value):
            held = [[name, self.value(item)] for name, item in attributes(value).items()]
            return ["value", class_name(value), held]
        return ["there", class_name(value)]  # wiring and the host's: each machine has its own


# -- reading --------------------------------------------------------------------------


def _find_class(name: str) -> type:
    """A class that the program has loaded; never anything else of a module."""
    module, _, qualified = name.rpartition(".")
    found: Any = sys.modules.get(module)
    found = getattr(found, qualified, None)
    if not isinstance(found, type):
        raise CodecError(f"unknown class {name!r}")
    return found


def _blank(kind: type, name: str) -> Any:
    if not is_dataclass(kind):
        raise CodecError(f"cannot make a {name}")
    return object.__new__(kind)


class Decoder:
    """Puts data into the objects of one machine."""

    def __init__(self, machine: Machine, nodes: list[Data]) -> None:
        self._nodes = nodes
        live = {node.path: node.value for node in Graph(machine).nodes}
        self._live = live
        self._objects: list[Any] = []
        for path, name, _ in nodes:
            found = live.get(path)
            same = found is not None and class_name(found) == name
            event = same and isinstance(found, Event)  # another machine's event is another one
            self._objects.append(found if same and not event else self._make(path, name))

    def _make(self, path: str, name: str) -> Any:
        if name in CONTAINERS:
            return CONTAINERS[name]()
        kind = _find_class(name)
        if not is_dataclass(kind):
            raise CodecError(f"this machine has no {path} ({name})")
        return _blank(kind, name)

    def apply(self) -> None:
        """Make every object hold what the data says."""
        ready: list[tuple[Any, Any]] = []
        for (_, _, data), value in zip(self._nodes, self._objects, strict=True):
            now = value if not isinstance(value, Event) else None
            ready.append((value, self._content(data, now)))
        for value, content in ready:
            cell = isinstance(value, native.Cell)
            if isinstance(value, C_DATA) and not cell and len(content) != C.sizeof(value):
                raise CodecError(f"a {class_name(value)} of {len(content)} bytes")
        for value, content in ready:
            put_back(value, content)

    def _content(self, data: Data, now: Any) -> Any:
        """Content of a node; what each machine has itself is what ``now`` holds."""
        content = self.value(data)
        if isinstance(content, dict) and not isinstance(now, dict):
            return {key: held for key, held in content.items() if held is not THERE}
        if isinstance(content, dict):
            return {k: now.get(k) if v is THERE else v for k, v in content.items()}
        if isinstance(content, list) and any(item is THERE for item in content):
            if not isinstance(now, list | deque) or len(now) != len(content):
                raise CodecError("a list of wires of another length")
            return [was if item is THERE else item for item, was in zip(content, now, strict=True)]
        return content

    def value(self, data: Data) -> Any:
        """One value."""
        if not isinstance(data, list):
            return data
        return READERS[data[0]](self, *data[1:])

    def _node(self, index: int) -> Any:
        return self._objects[index]

    def _dict(self, items: list[list[Data]]) -> dict[Any, Any]:
        return {self.value(key): self.value(held) for key, held in items}

    def _items(self, items: list[Data]) -> list[Any]:
        return [self.value(item) for item in items]

    def _tuple(self, items: list[Data]) -> Any:
        found = tuple(self.value(item) for item in items)
        return THERE if any(item is THERE for item in found) else found

    def _enum(self, name: str, member: str) -> Any:
        kind = _find_class(name)
        if not issubclass(kind, Enum) or member not in kind.__members__:
            raise CodecError(f"unknown value {member!r} of {name}")
        return kind[member]

    def _method(self, owner: Data, name: str) -> Any:
        found = self.value(owner)
        if found is THERE:
            return THERE
        method = getattr(type(found), name, None)
        if not isinstance(method, types.FunctionType):
            raise CodecError(f"{class_name(found)} has no method {name!r}")
        return types.MethodType(method, found)

    def _partial(self, function: Data, arguments: list[Data]) -> Any:
        held = [self.value(function), *self._items(arguments)]
        return THERE if any(item is THERE for item in held) else partial(held[0], *held[1:])

    def _value(self, name: str, held: list[list[Data]]) -> Any:
        kind = _find_class(name)
        made = _blank(kind, name)
        known = {field.name for field in fields(kind)}
        for key, data in held:
            if key not in known:
                raise CodecError(f"{name} has no field {key!r}")
            found = self.value(data)
            if found is THERE:
                return THERE
            object.__setattr__(made, key, found)
        return made


class _There:
    """What is not in the data because each machine has its own."""


THERE = _There()
READERS: dict[str, Callable[..., Any]] = {
    "node": Decoder._node,
    "bytes": lambda _, text: bytes.fromhex(text),
    "dict": Decoder._dict,
    "list": Decoder._items,
    "set": lambda self, items: set(Decoder._items(self, items)),
    "tuple": Decoder._tuple,
    "frozenset": lambda self, items: frozenset(Decoder._items(self, items)),
    "enum": Decoder._enum,
    "method": Decoder._method,
    "partial": Decoder._partial,
    "value": Decoder._value,
    "there": lambda _, name: THERE,
}

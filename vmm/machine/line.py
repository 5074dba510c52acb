"""Interrupt lines: one wire from a device to an interrupt controller or processor."""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable


class Line:
    """A level-carrying wire.

    The source calls `set`; the sink is told only of changes.  A line with no
    sink is a wire that ends nowhere, which is what a unit test looks at.
    A ``watcher`` is told of changes before the sink is, and takes no part.
    """

    __slots__ = ("level", "name", "sink", "watcher")
    watcher: Callable[[bool], None] | None

    def __init__(self, sink: Callable[[bool], None] | None = None, name: str = "") -> None:
        self.level = False
        self.sink = sink
        self.name = name
        self.watcher = None

    def set(self, level: bool) -> None:
        """Drive the wire high or low."""
        level = bool(level)
        if level != self.level:
            self.drive(level)

    def drive(self, level: bool) -> None:
        """Tell the sink of a level that the source knows to be a change."""
        self.level = level
        if self.watcher is not None:
            self.watcher(level)
        if self.sink is not None:
            self.sink(level)

    def pulse(self) -> None:
        """Drive the wire high and low again: one edge."""
        self.set(True)
        self.set(False)


class Output(Line):
    """The wire that a device drives; its level is in the device's state.

    A native model of the device changes it there.
    """

    __slots__ = ("read",)

    def __init__(
        self, sink: Callable[[bool], None], read: Callable[[], bool], name: str = ""
    ) -> None:
        self.sink = sink
        self.read = read
        self.name = name
        self.watcher = None

    @property
    def level(self) -> bool:  # type: ignore[override]
        return self.read()

    def drive(self, level: bool) -> None:
        """Tell the sink of a change that the state has already."""
        if self.watcher is not None:
            self.watcher(level)
        if self.sink is not None:
            self.sink(level)


class Fork(Line):
    """A wire that ends in several places and has the name of the first.

    It keeps no level: a native model may drive those places without it.
    """

    __slots__ = ("branches", "first")

    def __init__(self, first: Line, *branches: Callable[[bool], None]) -> None:
        self.first = first
        self.branches = branches
        self.name = first.name
        self.watcher = None

    @property
    def level(self) -> bool:  # type: ignore[override]
        return self.first.level

    def set(self, level: bool) -> None:
        """Drive all of them."""
        self.drive(level)

    def drive(self, level: bool) -> None:
        """Drive all of them."""
        if self.watcher is not None:
            self.watcher(level)
        self.first.set(level)
        for branch in self.branches:
            branch(level)


class SharedLine:
    """Several sources wired together: the line is high while any of them is.

    Which sources are high is one word in memory, ``raised``, which a native model of
    a source changes too.
    """

    __slots__ = ("name", "names", "raised", "sink")

    def __init__(self, sink: Callable[[bool], None], name: str = "") -> None:
        self.sink = sink
        self.name = name
        self.raised = C.c_uint32(0)  # a bit for each source
        self.names: list[str] = []

    def source(self, name: str = "") -> Source:
        """A new wire into it, low at first; at most 32."""
        if len(self.names) == 32:
            raise ValueError(f"{name}: a shared line has at most 32 sources")
        self.names.append(name)
        return Source(self, len(self.names) - 1, name)

    def set_source(self, index: int, level: bool) -> None:
        """Change one source."""
        before = self.raised.value
        after = before | 1 << index if level else before & ~(1 << index)
        self.raised.value = after
        if bool(before) != bool(after):
            self.sink(level)


class Source(Line):
    """One of the wires of a shared line."""

    __slots__ = ("index", "shared")

    def __init__(self, shared: SharedLine, index: int, name: str) -> None:
        self.shared = shared
        self.index = index
        self.name = name
        self.watcher = None

    @property
    def level(self) -> bool:  # type: ignore[override]
        return bool(self.shared.raised.value >> self.index & 1)

    def drive(self, level: bool) -> None:
        """Tell the line of a change."""
        if self.watcher is not None:
            self.watcher(level)
        self.shared.set_source(self.index, level)

"""Interrupt lines: one wire from a device to an interrupt controller or processor."""

from __future__ import annotations

from collections.abc import Callable


class SharedLine:
    """Several sources wired together: the line is high while any of them is."""

    __slots__ = ("high", "sink")

    def __init__(self, sink: Callable[[bool], None]) -> None:
        self.sink = sink
        self.high = 0  # how many sources are

    def source(self, name: str = "") -> Line:
        """A new wire into it, low at first."""
        return Line(self._changed, name)

    def _changed(self, level: bool) -> None:
        before, self.high = self.high, self.high + (1 if level else -1)
        if bool(before) != bool(self.high):
            self.sink(level)


class Line:
    """A level-carrying wire.

    The source calls `set`; the sink is told only of changes.  A line with no
    sink is a wire that ends nowhere, which is what a unit test looks at.
    """

    __slots__ = ("level", "name", "sink")

    def __init__(self, sink: Callable[[bool], None] | None = None, name: str = "") -> None:
        self.level = False
        self.sink = sink
        self.name = name

    def set(self, level: bool) -> None:
        """Drive the wire high or low."""
        level = bool(level)
        if level != self.level:
            self.level = level
            if self.sink is not None:
                self.sink(level)

    def pulse(self) -> None:
        """Drive the wire high and low again: one edge."""
        self.set(True)
        self.set(False)

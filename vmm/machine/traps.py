# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of the traps of a machine that reach Python.

The first that answers a trap has it: whoever intercepts traps (`on_trap`),
the board's services, the readable entry if traps are delivered by Python.
Otherwise the engine delivers it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.machine.machine import Machine

Handler = Callable[[int], int]  # kind -> NATIVE, HANDLED or STOP
Watcher = Callable[[int], None]


class Traps:
    """Which traps of one machine come to Python, and who answers them there."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.delivery: Literal["native", "python"] = "native"
        self.services: dict[int, Handler] = {}  # PSCI, semihosting: the board's
        # Told of every intercepted trap; what it returns, unless None, is done (NATIVE, ...).
        self.on_trap: Callable[[int], int | None] | None = None
        self._intercepted: set[int] = set()
        self._watcher: Watcher | None = None
        self._kind_watchers: dict[int, Watcher] = {}

    def serve(self, kind: int, handler: Handler) -> None:
        """Have the board answer traps of this kind itself: PSCI calls, semihosting."""
        self.services[kind] = handler
        self._apply()

    def intercept(self, kinds: Iterable[int]) -> None:
        """Have these kinds of traps come to Python, besides those the board needs."""
        self._intercepted = set(kinds)
        self._apply()

    @property
    def intercepted(self) -> frozenset[int]:
        """The kinds that `intercept` was last asked for."""
        return frozenset(self._intercepted)

    def set_delivery(self, delivery: Literal["native", "python"]) -> None:
        """Who enters traps: the engine, or the readable Python entry."""
        self.delivery = delivery
        self._apply()

    def watch(self, watcher: Watcher | None) -> None:
        """Have every trap shown to ``watcher`` before anything else; it cannot answer it."""
        self._watcher = watcher
        self._apply()

    def watch_kinds(self, kinds: Iterable[int], watcher: Watcher | None) -> None:
        """Have traps of these kinds shown to ``watcher`` (None: no more), which cannot answer."""
        for kind in kinds:
            if watcher is None:
                self._kind_watchers.pop(kind, None)
            else:
                self._kind_watchers[kind] = watcher
        self._apply()

    def _apply(self) -> None:
        every = self.delivery == "python" or self._watcher is not None
        wanted = range(native.TRAP_KINDS) if every else self._intercepted
        for processor in self._machine.processors:
            processor.engine.intercept({*wanted, *self.services, *self._kind_watchers})

    def trap(self, kind: int) -> int:
        """The engine's handler of a trap: NATIVE, HANDLED or STOP."""
        if self._watcher is not None:
            self._watcher(kind)
        if kind in self._kind_watchers:
            self._kind_watchers[kind](kind)
        if self.on_trap is not None:
            wanted = self.on_trap(kind)
            if wanted is not None:
                return wanted
        handler = self.services.get(kind)
        if handler is not None:
            action = handler(kind)
            if action != native.NATIVE:
                return action
        if self.delivery == "python":
            self._machine.processor.deliver(kind)
            return native.HANDLED
        return native.NATIVE

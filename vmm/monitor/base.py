# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor: what happens when a virtualized guest cannot go on by itself.

A `Monitor` owns a machine whose processor it has taken over.  Each exit comes
to `exit`, which counts it and calls the one method that handles its kind.
An architecture's monitor (`vmm.monitor.sparc.monitor` and its like) is a
subclass that says how: its table `handlers` names a method for each kind of
exit; kinds without a row are traps of the guest's own, and are reflected.

A *technique* decides how sensitive instructions reach the monitor, and a
*memory policy* what translates the guest's addresses; both are objects that
the monitor is given.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from vmm.machine.machine import Machine
from vmm.monitor.counters import Counters, Profile, ScanCost
from vmm.monitor.memory.base import Fault, MemoryPolicy
from vmm.native import library as native

ExitHandler = Callable[[int], int]  # kind of exit -> HANDLED, NATIVE or STOP


class MonitorError(ValueError):
    """A machine cannot be virtualized as asked: one line says why."""


class Technique(Protocol):
    """How a guest's sensitive instructions reach its monitor."""

    name: str

    def refusal(self, machine: Machine) -> str | None:
        """Why it cannot virtualize this machine, in one line; None if it can."""
        ...

    def attach(self, monitor: Monitor) -> None:
        """The machine has been taken over and has not run yet: set the technique up."""
        ...


class Mechanism(Protocol):
    """What the native layer does for a monitor."""

    def reflect(self, kind: int, pc: int, status: int, info: int) -> int:
        """Count a trap of the guest's and tell of it, as on the bare machine.

        NATIVE: it is still to be entered.  HANDLED or STOP: whoever intercepts it says so.
        """
        ...

    def halt(self) -> None:
        """Let the processor sleep when this exit's handler returns."""
        ...

    def end(self, reason: int, trap: int = 0) -> None:
        """Stop the run for a REASON_ value, as if the processor had come to it by itself."""
        ...


class Monitor:
    """Runs one machine's guest on a virtual processor."""

    def __init__(
        self, machine: Machine, mechanism: Mechanism, technique: Technique, memory: MemoryPolicy
    ) -> None:
        self.machine = machine
        self.mechanism = mechanism
        self.engine = machine.engine
        self.technique = technique
        self.memory = memory
        self.counters = Counters()
        self._profile: Profile | None = None
        self._named = 0
        self.handlers: dict[int, ExitHandler] = {}
        self.exit_names: dict[int, str] = {}  # of kinds of exits that are its own, and no traps

    @property
    def profile(self) -> Profile | None:
        """Where exits come from and what they cost, while somebody wants to know."""
        return self._profile

    @profile.setter
    def profile(self, profile: Profile | None) -> None:
        self._profile = profile
        if profile is not None:
            self.engine.native.tell_stores = 1

    # -- exits ----------------------------------------------------------------

    def exit(self, kind: int) -> int:
        """The guest has left for a reason of this kind; HANDLED, NATIVE or STOP."""
        self.counters.exits[kind] += 1
        handler = self.handlers.get(kind, self.trap)
        if self._profile is None:
            return handler(kind)
        return self._profiled(self._profile, handler, kind)

    def came_from(self, kind: int) -> int:
        """Address of the instruction that an exit of this kind has come from."""
        return self.machine.linear_pc

    def named(self, kind: int) -> None:
        """The exit that is being handled is known to a profile as one of this kind."""
        self._named = kind

    def _profiled(self, profile: Profile, handler: ExitHandler, kind: int) -> int:
        pc, self._named = self.came_from(kind), kind
        before = self.counters.reflected.total()
        started = time.perf_counter_ns()
        try:
            return handler(kind)
        finally:
            spent = time.perf_counter_ns() - started
            profile.note(pc, self._named, self.counters.reflected.total() > before, spent)

    def trap(self, kind: int) -> int:
        """A trap that is the guest's own: by default the guest gets it."""
        raise NotImplementedError

    def reflect(self, kind: int, pc: int, status: int, info: int) -> int:
        """Have the guest take trap ``kind``: tell it, then enter it on the virtual processor.

        ``pc``, ``status`` and ``info`` go into the ledger, as on the bare machine.
        """
        self.counters.reflected[kind] += 1
        action = self.mechanism.reflect(kind, pc, status, info)
        if action == native.NATIVE:
            self.machine.processor.deliver(kind)
            return native.HANDLED
        return action

    def native_counts(self) -> dict[str, int]:
        """How many sensitive instructions the native layer has emulated by itself, by name.

        Those that it does not count are not in it.
        """
        return {}

    def refuse(self, fault: Fault) -> int:
        """The guest's tables refuse an access: keep ``fault`` for the virtual trap.

        Returns the engine's exception to raise, which comes back as an exit of that kind.
        What only asks (`Virtual.fill_probe`) raises nothing and comes to nothing else.
        """
        raise NotImplementedError

    def note_store(self, pc: int) -> None:
        """A store to a page of the guest's tables, at ``pc``, is let through alone."""
        if self.profile is not None:
            self.profile.note(pc, native.KIND_TABLE_STORE, False, 0)

    def adapt(self) -> None:
        """From now on rewrite stores that trap often, if the memory policy traps stores."""
        self.engine.native.rewrites = self.memory.name == "strict"

    def replace_sensitive(
        self, cost: ScanCost, looked_at: Callable[[int], bool] | None = None
    ) -> None:
        """From now on replace sensitive instructions where code is translated.

        With ``looked_at`` only those at addresses for which it is true, where the architecture
        needs to look at all.  MonitorError if its monitor has no way to.
        """
        architecture = self.machine.processor.architecture
        raise MonitorError(f"translate is not available for {architecture} guests")

    def end(self, reason: int, trap: int = 0) -> int:
        """The virtual processor has ended as a real one would: a REASON_ value."""
        self.mechanism.end(reason, trap)
        return native.STOP

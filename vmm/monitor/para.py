# SPDX-License-Identifier: GPL-2.0-or-later
"""Paravirtual: the guest's kernel was built to call its monitor.

`guests/runtime/hypercall.h` is the interface and its documentation; numbers and
offsets are mirrored here.  What a kernel does thousands of times a second needs
no Python: the interrupt flag is a word of the shared page, traps enter the
kernel directly, and the native layer answers the calls that go back to user mode
(vmm/native/src/para_ARCH.c).  Here are the others.  Page-table entries come in
batches and go to the memory policy's `update`.

A paravirtual kernel is still a kernel: privileged instructions that it has left
are emulated as under trap-and-emulate.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Protocol

from vmm.machine.machine import Machine
from vmm.monitor.base import Monitor
from vmm.monitor.counters import ScanCost
from vmm.monitor.wedge import PAGE, share_page
from vmm.native import library as native

MAGIC = 0x564D4D01
ERROR = 0xFFFFFFFF
(QUERY, FEATURES, SHARED, TRAPS, STACK, RETURN, SPACE, UPDATE, FLUSH, FLUSH_SPACE, FPU, HALT, YIELD,
 OPENED, WINDOWS, RELEASE) = range(16)
NATIVE = (STACK, RETURN, OPENED)  # the native layer answers these
UPDATES = 4096  # entries of one call, at most


class Calls(Protocol):
    """An architecture's side of the hypercalls."""

    numbers: frozenset[int]  # that it answers itself

    def arguments(self) -> tuple[int, int, int]:
        """Number and the first two arguments."""
        ...

    def answer(self, value: int) -> None:
        """Put a result into its register."""
        ...

    def open_interrupts(self) -> None:
        """Open the virtual interrupt flag."""
        ...

    def traps(self, where: int) -> None:
        """Direct entry begins."""
        ...

    def space(self, root: int, tag: int) -> None:
        """Enter an address space."""
        ...

    def fpu(self, opened: bool) -> None:
        """Let floating point instructions run, or trap."""
        ...

    def windows(self) -> None:
        """Put register windows into memory."""
        ...


class Technique:
    """Answers hypercalls.

    ``counts`` are those that came here, by number; ``entries`` of page tables came with them.
    """

    name = "para"

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.entries = 0
        self.cost = ScanCost()
        self._monitor: Monitor
        self._calls: Calls
        self._handlers: dict[int, Callable[[int, int], int]] = {
            QUERY: lambda a, b: MAGIC,
            FEATURES: lambda a, b: self._features(),
            SHARED: self._shared,
            TRAPS: self._traps,
            SPACE: self._space,
            UPDATE: self._update,
            FLUSH: self._flush,
            FLUSH_SPACE: self._flush_space,
            FPU: self._fpu,
            HALT: self._halt,
            YIELD: lambda a, b: self._halt(0, 0),
            RELEASE: self._release,
        }

    def refusal(self, machine: Machine) -> str | None:
        """Nothing: a guest that makes no hypercalls has none answered."""
        return None

    def attach(self, monitor: Monitor) -> None:
        """Answer hypercalls from now on."""
        self._monitor = monitor
        package = import_module(f"vmm.monitor.{monitor.machine.processor.architecture}.calls")
        self._calls = package.Calls(monitor, self.hypercall)
        if WINDOWS in self._calls.numbers:
            self._handlers[WINDOWS] = self._windows
        monitor.replace_sensitive(self.cost)

    def hypercall(self, kind: int) -> int:
        """The guest's kernel calls."""
        number, first, second = self._calls.arguments()
        self.counts[number] = self.counts.get(number, 0) + 1
        handler = self._handlers.get(number)
        self._calls.answer(ERROR if handler is None else handler(first, second))
        return native.HANDLED

    def _features(self) -> int:
        return sum(1 << number for number in {*self._handlers, *self._calls.numbers})

    # -- calls --------------------------------------------------------------------------

    def _shared(self, page: int, _: int) -> int:
        if page % PAGE or not share_page(self._monitor.machine, page):
            return ERROR
        return 0

    def _traps(self, where: int, _: int) -> int:
        self._calls.traps(where)
        return 0

    def _space(self, root: int, tag: int) -> int:
        self._calls.space(root, tag)
        self._monitor.memory.context_changed()
        return 0

    def _update(self, where: int, count: int) -> int:
        if not 0 < count <= UPDATES:
            return ERROR
        machine = self._monitor.machine
        data = machine.bus.read_memory(where, 8 * count)
        if data is None:
            return ERROR
        order = machine.processor.byteorder
        words = [int.from_bytes(data[at : at + 4], order) for at in range(0, 8 * count, 4)]
        entries = list(zip(words[::2], words[1::2], strict=True))
        self.entries += count
        return count if self._monitor.memory.update(entries) else ERROR

    def _flush(self, address: int, _: int) -> int:
        self._monitor.memory.flush(address)
        return 0

    def _flush_space(self, _: int, __: int) -> int:
        self._monitor.memory.flush(None)
        return 0

    def _release(self, _: int, __: int) -> int:
        return 0  # a policy finds out by itself when tables are tables no more

    def _fpu(self, opened: int, _: int) -> int:
        self._calls.fpu(bool(opened))
        return 0

    def _windows(self, _: int, __: int) -> int:
        self._calls.windows()
        return 0

    def _halt(self, microseconds: int, _: int) -> int:
        if microseconds:
            return ERROR  # interrupts wake, time by itself does not
        self._calls.open_interrupts()
        virtual = self._monitor.engine.virtual
        assert virtual is not None
        virtual.halt()
        return 0

# SPDX-License-Identifier: GPL-2.0-or-later
"""Paravirtualization: the guest's kernel was built to call its monitor.

The interface is guests/runtime/hypercall.h, which is its documentation.  The
kernel runs in user mode as under trap-and-emulate, and what it still does by
privileged instructions is emulated.  What it does often it asks for: page
table entries by the batch, entering an address space, returning to user mode;
and the interrupt flag is a word of a page that both see.

Here is what the processors have in common.  How a call is made, where traps
enter the kernel and what a return restores is `vmm.monitor.ARCH.para`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from struct import iter_unpack
from typing import Protocol

from vmm.cpu.virtual import Virtual
from vmm.machine.clock import Event
from vmm.machine.machine import Machine
from vmm.monitor.base import Monitor, MonitorError
from vmm.monitor.memory.physical import PhysicalMemory
from vmm.monitor.wedge import share_page
from vmm.native import library as native

MAGIC, ERROR, DONE = 0x564D4D01, 0xFFFFFFFF, 0
# Numbers, in the order of guests/runtime/hypercall.h.
(QUERY, FEATURES, SHARED, TRAPS, STACK, RETURN, SPACE, UPDATE, FLUSH, FLUSH_SPACE, FPU, HALT,
 YIELD, OPENED, WINDOWS, RELEASE) = range(16)
# Words of the shared page.
INTERRUPTS, PENDING, FAULT_ADDRESS, FAULT_STATUS, SPILL = range(0, 20, 4)
PAGE = 0x1000
MOST_UPDATES = 4096  # in one call
MICROSECOND = 1000  # ns


class Calls(Protocol):
    """A processor's side, `vmm.monitor.ARCH.para.Calls`."""

    own: dict[int, Callable[[int, int], int | None]]  # calls that are this processor's

    def traps(self, where: int) -> bool:
        """Direct entry from now on; False if there can be none at ``where``."""
        ...

    def space(self, root: int, tag: int) -> None:
        """Enter an address space."""
        ...

    def fpu(self, on: bool) -> None:
        """Let floating point instructions run, or trap."""
        ...

    def let_in(self, on: bool) -> None:
        """Have interrupts come to the monitor, or wait."""
        ...


class Hypervisor:
    """Answers one guest's hypercalls."""

    def __init__(self, monitor: Monitor, native: bool = True) -> None:
        """``native``: what the native layer can answer does not come here."""
        self.native = native
        self.monitor = monitor
        self.machine = monitor.machine
        self._bus = monitor.machine.bus
        assert isinstance(monitor.mechanism, Virtual)
        self._virtual = monitor.mechanism
        self.memory = PhysicalMemory(monitor.machine.bus)
        self.shared: int | None = None  # the page's address
        self.direct = False  # traps enter the kernel by the registered addresses
        self.counts: Counter[int] = Counter()  # hypercalls by number
        self._alarm: Event | None = None
        self._calls: dict[int, Callable[[int, int], int | None]] = {
            QUERY: lambda a, b: MAGIC,
            FEATURES: lambda a, b: sum(1 << number for number in self._calls),
            SHARED: self._share,
            TRAPS: self._traps,
            SPACE: self._space,
            UPDATE: self._update,
            FLUSH: self._flush,
            FLUSH_SPACE: lambda a, b: self._flush_all(),
            FPU: self._fpu,
            HALT: lambda a, b: self._halt(a),
            YIELD: lambda a, b: self._halt(0),
            OPENED: lambda a, b: DONE,
            RELEASE: lambda a, b: self._flush_all(),
        }
        package = import_module(f"vmm.monitor.{self.machine.processor.architecture}.para")
        self.processor: Calls = package.Calls(self)
        self._calls |= self.processor.own
        self._derived = monitor.engine.handlers.derived
        monitor.engine.handlers.derived = self._resume

    def _resume(self) -> None:
        """State was put back: the native layer has the page that is shared now."""
        self._derived()
        share_page(self.machine, self.shared)

    def call(self, number: int, a: int, b: int) -> int | None:
        """Answer a call of the virtual kernel: its result, or None if there is none to give."""
        self.counts[number] += 1
        self.monitor.named(native.KIND_HYPERCALL)  # by an instruction that may mean other things
        perform = self._calls.get(number)
        return ERROR if perform is None else perform(a, b)

    # -- the shared page --------------------------------------------------------------

    def get(self, word: int) -> int:
        """A word of the shared page; zero while there is none."""
        return 0 if self.shared is None else self.memory.load(self.shared + word, 4) or 0

    def put(self, word: int, value: int) -> None:
        """Write a word of the shared page."""
        if self.shared is not None:
            self.memory.store(self.shared + word, 4, value)

    def close(self) -> int:
        """A trap enters the kernel: interrupts are closed; whether they were open."""
        was = self.get(INTERRUPTS)
        self.put(INTERRUPTS, 0)
        return was

    def open(self, flag: bool = True) -> None:
        """Give the flag a value; what waits for it is let in when it is open."""
        self.put(INTERRUPTS, int(flag))
        self.settle()

    def settle(self) -> None:
        """Let interrupts in unless one is known to wait for the flag."""
        held = self.direct and self.get(PENDING) and not self.get(INTERRUPTS)
        self.processor.let_in(not held)

    def holds(self) -> bool:
        """An interrupt has come: whether it must wait until the guest opens the flag."""
        if not self.direct:
            return False
        closed = not self.get(INTERRUPTS)
        self.put(PENDING, int(closed))
        self.settle()
        return closed

    # -- the guest's memory, as its kernel sees it -------------------------------------------

    def read(self, address: int, size: int) -> bytes:
        """Memory at a virtual address; zeroes where there is none."""
        parts = [self._bus.read_memory(at, count) or bytes(count)
                 for at, count in self._pieces(address, size)]
        return b"".join(parts)

    def write(self, address: int, data: bytes) -> None:
        """Write memory at a virtual address; what the kernel has not mapped goes nowhere."""
        for at, count in self._pieces(address, len(data)):
            if self._bus.write_ram(at, data[:count]):
                self.monitor.memory.wrote(at, count)
            data = data[count:]

    def _pieces(self, address: int, size: int) -> Iterator[tuple[int, int]]:
        while size:
            count = min(size, PAGE - address % PAGE)
            yield self._physical(address), count
            address, size = address + count & 0xFFFFFFFF, size - count

    def _physical(self, address: int) -> int:
        physical = self.monitor.memory.physical(address)
        return native.HOLE if physical is None else physical

    # -- calls -------------------------------------------------------------------------

    def _share(self, page: int, b: int) -> int:
        if page % PAGE or not share_page(self.machine, page):
            return ERROR
        self.shared = page
        return DONE

    def _traps(self, where: int, b: int) -> int:
        if self.shared is None or not self.processor.traps(where):
            return ERROR
        self.direct = True
        return DONE

    def _space(self, root: int, tag: int) -> int:
        self.processor.space(root, tag)
        return DONE

    def _update(self, updates: int, count: int) -> int:
        if count > MOST_UPDATES:
            return ERROR
        data = self._bus.read_memory(updates, 8 * count)
        if data is None:
            return ERROR
        order = ">" if self.machine.processor.byteorder == "big" else "<"
        accepted = self.monitor.memory.update(list(iter_unpack(order + "II", data)))
        return count if accepted else ERROR

    def _flush(self, address: int, tag: int) -> int:
        self.monitor.memory.flush(address & -PAGE)
        return DONE

    def _flush_all(self) -> int:
        self.monitor.memory.flush(None)
        return DONE

    def _fpu(self, on: int, b: int) -> int:
        self.processor.fpu(bool(on))
        return DONE

    def _halt(self, microseconds: int) -> int:
        self.open()
        processor = self.machine.processor
        if processor.wakes():
            return DONE  # the interrupt comes before the next instruction
        self.machine.clock.cancel(self._alarm)
        self._alarm = None
        if microseconds:
            clock = self.machine.clock
            when = clock.now() + microseconds * MICROSECOND
            self._alarm = clock.at(when, self.machine.halts.wake, "hypercall")
        self.monitor.mechanism.halt()
        return DONE


class Technique:
    """The kernel calls.  It must not rely on instructions that do not trap.

    With ``native`` off, on SPARC, all its calls and traps are answered in Python.
    """

    name = "para"

    def __init__(self, native: bool = True) -> None:
        self._native = native
        self.hypervisor: Hypervisor

    def refusal(self, machine: Machine) -> str | None:
        return None

    def attach(self, monitor: Monitor) -> None:
        architecture = monitor.machine.processor.architecture
        try:
            self.hypervisor = Hypervisor(monitor, self._native)
        except ModuleNotFoundError:
            raise MonitorError(f"para is not available for {architecture} guests") from None

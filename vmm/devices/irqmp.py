# SPDX-License-Identifier: GPL-2.0-or-later
"""GRLIB IRQMP: the interrupt controller of LEON systems, 15 levels, 1 to 16 processors.

After the GRLIB IP Core User's Manual, chapter IRQMP, without extended
interrupts (their acknowledge register reads as zero).  Each processor is
requested the highest of its pending or forced, unmasked interrupts; those
whose bit is set in ILEVEL come before all others.

An input is sampled in every clock: it makes its interrupt pending when it
rises, and again after an acknowledge or a clear while it stays high.  The
acknowledge of a forced interrupt clears the force bit and leaves the pending
bit.  Departures of QEMU 7.2 not taken over: there IPEND is read only, ICLEAR
also clears forced interrupts, and only edges count.

Registers are 32 bits wide.  Narrow loads see their part of the word; narrow
stores are ignored and counted, as QEMU refuses both.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable

from vmm.devices.ambapp import lanes
from vmm.devices.device import Register, Unknown
from vmm.devices.shared import Shared, SharedState
from vmm.machine.line import Line

ILEVEL = 0x00
IPEND = 0x04
IFORCE0 = 0x08
ICLEAR = 0x0C
MPSTAT = 0x10
BRDCST = 0x14
PIMASK = 0x40
PIFORCE = 0x80
PEXTACK = 0xC0

INTERRUPTS = 0xFFFE  # levels 15..1

_NCPU_SHIFT = 28
_BROADCAST_AVAILABLE = 1 << 27
_NOTHING_YET = 0xFFFF_FFFF


class State(Shared):
    """`struct vmm_irqmp`; masks have bit n for interrupt n."""

    level: int
    pending: int
    broadcast: int
    inputs: int  # the input lines that are high
    powered_down: int  # a bit a processor
    requested: C.Array[C.c_uint32]  # what each processor was told last
    mask: C.Array[C.c_uint32]
    force: C.Array[C.c_uint32]
    _fields_ = (
        ("level", C.c_uint32),
        ("pending", C.c_uint32),
        ("broadcast", C.c_uint32),
        ("inputs", C.c_uint32),
        ("powered_down", C.c_uint32),
        ("requested", C.c_uint32 * 16),
        ("mask", C.c_uint32 * 16),
        ("force", C.c_uint32 * 16),
    )


class Irqmp(SharedState[State]):
    """The controller.  ``requests`` has one callback a processor.

    A callback gets the highest unmasked level, 0 for none, whenever that
    changes.  The processor calls `acknowledge` when it takes an interrupt.
    ``start`` is called with the number of a processor that MPSTAT starts.
    """

    def __init__(
        self,
        *requests: Callable[[int], None],
        name: str = "irqmp",
        start: Callable[[int], None] | None = None,
    ) -> None:
        if not 1 <= len(requests) <= 16:
            raise ValueError(f"{name}: 1 to 16 processors, not {len(requests)}")
        self.name = name
        self.size = 0x100
        self.unknown = Unknown(name)
        self._requests = requests
        self._start = start or (lambda processor: None)
        self._lines = {n: Line(self._sink(n), f"{name}.{n}") for n in range(1, 16)}
        self.registers = (
            Register(ILEVEL, "ILEVEL"),
            Register(IPEND, "IPEND"),
            Register(IFORCE0, "IFORCE0"),
            Register(ICLEAR, "ICLEAR", "wo"),
            Register(MPSTAT, "MPSTAT", reset=self._mpstat(self._initial())),
            Register(BRDCST, "BRDCST"),
            *(Register(PIMASK + 4 * n, f"PIMASK{n}") for n in range(len(requests))),
            *(Register(PIFORCE + 4 * n, f"PIFORCE{n}") for n in range(len(requests))),
            *(Register(PEXTACK + 4 * n, f"PEXTACK{n}", "ro") for n in range(len(requests))),
        )
        self.state = self._initial()

    def _initial(self) -> State:
        return State(powered_down=(1 << len(self._requests)) - 2)

    def reset(self) -> None:
        # The lines are driven by others: reset here does not move them.
        fresh = self._initial()
        fresh.inputs = fresh.pending = self.state.inputs
        fresh.requested = self.state.requested
        self.state = fresh
        self._update()

    def resume(self) -> None:
        """Tell every processor again after the state was replaced."""
        for processor in range(len(self._requests)):
            self.state.requested[processor] = _NOTHING_YET
        self._update()

    # -- the machine's side --------------------------------------------------

    def line(self, number: int) -> Line:
        """Interrupt input ``number``, 1 to 15."""
        return self._lines[number]

    def acknowledge(self, level: int, processor: int = 0) -> None:
        """``processor`` takes the interrupt of ``level``."""
        state, bit = self.state, 1 << level & INTERRUPTS
        if state.force[processor] & bit:
            state.force[processor] &= ~bit
        else:
            state.pending &= ~bit
        self._sample(bit)
        self._update()

    def set_powered_down(self, processor: int, down: bool) -> None:
        """What MPSTAT shows of a processor."""
        bit = 1 << processor
        self.state.powered_down = self.state.powered_down & ~bit | (bit if down else 0)

    def _sink(self, number: int) -> Callable[[bool], None]:
        def sink(level: bool) -> None:
            bit = 1 << number
            if level:
                self.state.inputs |= bit
                self._sample(bit)
                self._update()
            else:
                self.state.inputs &= ~bit

        return sink

    def _sample(self, which: int) -> None:
        state = self.state
        high = state.inputs & which
        state.pending |= high & ~state.broadcast
        if high & state.broadcast:
            for processor in range(len(self._requests)):
                state.force[processor] |= high & state.broadcast

    def _update(self) -> None:
        state = self.state
        for processor, request in enumerate(self._requests):
            waiting = (state.pending | state.force[processor]) & state.mask[processor]
            first = waiting & state.level or waiting
            level = max(first.bit_length() - 1, 0)
            if level != state.requested[processor]:
                state.requested[processor] = level
                request(level)

    # -- the bus's side ------------------------------------------------------

    def _mpstat(self, state: State) -> int:
        count = len(self._requests)
        word = (count - 1) << _NCPU_SHIFT | state.powered_down
        return word | _BROADCAST_AVAILABLE if count > 1 else word

    def read(self, offset: int, size: int) -> int:
        if size == 8:
            return self.read(offset, 4) << 32 | self.read(offset + 4, 4)
        word = self._word(offset & ~3)
        if word is None:
            return self.unknown.read(offset, size)
        return lanes(word, offset, size)

    def _word(self, offset: int) -> int | None:
        state = self.state
        match offset:
            case 0x00:
                return state.level
            case 0x04:
                return state.pending
            case 0x08:
                return state.force[0]
            case 0x0C:
                return 0
            case 0x10:
                return self._mpstat(state)
            case 0x14:
                return state.broadcast
        processor = offset >> 2 & 15
        if processor >= len(self._requests):
            return None
        match offset & 0xC0:
            case 0x40:
                return state.mask[processor]
            case 0x80:
                return state.force[processor]
            case 0xC0:
                return 0
        return None

    def write(self, offset: int, size: int, value: int) -> None:
        if size == 8:
            self.write(offset, 4, value >> 32)
            self.write(offset + 4, 4, value & 0xFFFF_FFFF)
            return
        if size != 4 or not self._store(offset, value):
            self.unknown.write(offset, size, value)
            return
        self._update()

    def _store(self, offset: int, value: int) -> bool:
        state = self.state
        processor = offset >> 2 & 15
        match offset:
            case 0x00:
                state.level = value & INTERRUPTS
            case 0x04:
                state.pending = value & INTERRUPTS
                self._sample(INTERRUPTS)
            case 0x08:
                state.force[0] = value & INTERRUPTS
            case 0x0C:
                state.pending &= ~value
                self._sample(INTERRUPTS)
            case 0x10:
                self._start_processors(value)
            case 0x14:
                if len(self._requests) > 1:
                    state.broadcast = value & INTERRUPTS
            case _ if processor >= len(self._requests):
                return False
            case _ if offset & 0xC0 == PIMASK:
                state.mask[processor] = value & INTERRUPTS
            case _ if offset & 0xC0 == PIFORCE:
                forced = (state.force[processor] | value) & ~(value >> 16)
                state.force[processor] = forced & INTERRUPTS
            case _:
                return False
        return True

    def _start_processors(self, value: int) -> None:
        started = value & self.state.powered_down & ((1 << len(self._requests)) - 1)
        self.state.powered_down &= ~started
        for processor in range(len(self._requests)):
            if started >> processor & 1:
                self._start(processor)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The local APIC of one processor (Intel SDM volume 3A, chapter 10), in xAPIC mode.

Priorities by IRR, ISR, TPR and PPR, level triggering with EOI messages, the
local vector table with the pins LINT0 and LINT1, interprocessor interrupts, and
the timer, one-shot and periodic, at one tick a cycle before its divider.  An
8259A is wired to LINT0: as an ExtINT its vector is asked for by `acknowledge`.
CPUID says neither x2APIC nor TSC-deadline mode, so they do not exist.

Departures: in fixed mode LINT0 is edge triggered, and nothing drives LINT1; the
registers stay at FEE00000 whatever IA32_APIC_BASE says; delivery is immediate, so
the delivery status bits always say idle.  SMI has no effect, as there is no system
management mode, and INIT and start-up have none, as there is no other processor.
"""

from __future__ import annotations

from collections.abc import Callable

from vmm.devices import local_apic_state as a
from vmm.devices.device import Unknown
from vmm.devices.local_apic_state import (
    LocalApicState,
    contains,
    divisor,
    highest,
    include,
)
from vmm.devices.shared import SharedState
from vmm.machine.clock import Clock
from vmm.machine.line import Line, Output


class LocalApic(SharedState[LocalApicState]):
    """``intr`` is the processor's pin, `lint0` the one that the 8259A drives."""

    name = "local-apic"
    size = 0x1000
    registers = a.REGISTERS

    def __init__(
        self, clock: Clock, intr: Line, on_nmi: Callable[[], None]
    ) -> None:
        self.clock = clock
        self.intr = intr
        self.on_nmi = on_nmi
        # The INTA cycles of the 8259A behind LINT0: its vector.
        self.external: Callable[[], int] = lambda: self.state.svr & a.VECTOR
        self.on_eoi: Callable[[int], None] = lambda vector: None  # told to I/O APICs
        self.unknown = Unknown(self.name)
        self.state = a.initial(a.BASE | a.BASE_ENABLE | a.BASE_BSP, 0, 0)
        self.timer = clock.timer(self._expire, "local APIC timer")
        self.lint0 = Output(self._lint0, lambda: bool(self.state.pins & 1), "LINT0")

    def reset(self) -> None:
        s = self.state
        self.state = a.initial(a.BASE | a.BASE_ENABLE | a.BASE_BSP, s.pins, s.output)
        self.timer.cancel()
        self._update()

    def resume(self) -> None:
        """After the state was replaced: INTR and the timer again."""
        s = self.state
        s.output = not self._wants()
        self._update()
        self._schedule()

    @property
    def _exists(self) -> bool:
        return bool(self.state.base & a.BASE_ENABLE)

    @property
    def _enabled(self) -> bool:
        return bool(self.state.svr & a.SVR_ENABLE) and self._exists

    # -- interrupts ---------------------------------------------------------------

    def _lint0(self, level: bool) -> None:
        s = self.state
        rises = level and not s.pins & 1
        s.pins = int(level)
        entry = s.lvt[a.LINT0]
        if rises and self._exists and not entry & a.MASKED:
            mode = (entry & a.DELIVERY_MODE) >> 8
            if mode == a.MODE_FIXED:
                self._accept(entry & a.VECTOR, False)
            elif mode == a.MODE_NMI:
                self.on_nmi()
        self._update()

    def message(self, destination: int, logical: bool, mode: int, vector: int, level: bool) -> bool:
        """An interrupt message from the bus; whether this APIC has accepted it."""
        if not (self._exists and self._is_destination(destination, logical)):
            return False
        if mode in (a.MODE_FIXED, a.MODE_LOWEST):
            accepted = self._accept(vector, level)
            self._update()
            return accepted
        if mode == a.MODE_NMI:
            self.on_nmi()
        return True

    def write_message(self, address: int, data: int) -> None:
        """A device's write of a message signalled interrupt at FEExxxxx (10.11)."""
        self.message(address >> 12 & 0xFF, bool(address & 4), data >> 8 & 7, data & 0xFF,
                     bool(data & a.LEVEL_TRIGGERED))

    def acknowledge(self) -> int:
        """The processor takes an interrupt: its vector."""
        s = self.state
        vector = self._deliverable()
        if vector >= 0:
            include(s.irr, vector, False)
            include(s.isr, vector, True)
            self._update()
            return vector
        if self._external():
            return self.external()
        return int(s.svr & a.VECTOR)

    def _accept(self, vector: int, level: bool) -> bool:
        s = self.state
        if not self._enabled:
            return False
        if vector < a.FIRST_VECTOR:
            self._error(a.ERROR_RECEIVE_VECTOR)
            return False
        include(s.irr, vector, True)
        include(s.tmr, vector, level)
        return True

    def _error(self, bit: int) -> None:
        s = self.state
        fresh = bit & ~s.errors
        s.errors |= bit
        entry = s.lvt[a.ERROR]
        if fresh and not entry & a.MASKED and entry & a.VECTOR >= a.FIRST_VECTOR:
            self._accept(entry & a.VECTOR, False)

    def _is_destination(self, destination: int, logical: bool) -> bool:
        s = self.state
        if not logical:
            return destination in (0xFF, s.id >> 24)
        mine = s.ldr >> 24
        if s.dfr >> 28 == 0xF:  # flat model
            return bool(destination & mine)
        return destination >> 4 in (0xF, mine >> 4) and bool(destination & mine & 0xF)

    # -- priorities ---------------------------------------------------------------

    def _processor_priority(self) -> int:
        s = self.state
        service = max(highest(s.isr), 0)
        return int(s.tpr if s.tpr >> 4 >= service >> 4 else service & 0xF0)

    def _deliverable(self) -> int:
        """The vector that may interrupt the processor now, or -1."""
        vector = highest(self.state.irr)
        if not self._enabled or vector >> 4 <= self._processor_priority() >> 4:
            return -1
        return vector

    def _external(self) -> bool:
        """Whether the 8259A behind LINT0 interrupts the processor."""
        s = self.state
        if not s.pins & 1:
            return False
        entry = s.lvt[a.LINT0]
        return not self._exists or entry & (a.MASKED | a.DELIVERY_MODE) == a.MODE_EXTINT << 8

    def _wants(self) -> bool:
        return self._external() or self._deliverable() >= 0

    def _update(self) -> None:
        s = self.state
        wants = self._wants()
        if wants != s.output:
            s.output = wants
            self.intr.drive(wants)

    # -- the timer ------------------------------------------------------------------

    def _elapsed(self) -> int:
        return (self.clock.cycles() - self.state.start) // divisor(self.state.divide)

    def _current(self) -> int:
        s = self.state
        if not s.initial:
            return 0
        elapsed = self._elapsed()
        if s.lvt[a.TIMER] & a.PERIODIC:
            return int(s.initial - elapsed % s.initial)
        return max(s.initial - elapsed, 0)

    def _schedule(self) -> None:
        """Ask for the timer's next interrupt."""
        s = self.state
        entry = s.lvt[a.TIMER]
        passed = self.clock.cycles() - s.start
        period = s.initial * divisor(s.divide)
        if not period or entry & a.MASKED or (passed >= period and not entry & a.PERIODIC):
            self.timer.cancel()
        else:
            self.timer.at_cycle(s.start + (passed // period + 1) * period)

    def _expire(self) -> None:
        self._schedule()
        self._accept(self.state.lvt[a.TIMER] & a.VECTOR, False)
        self._update()

    def _set_divide(self, value: int) -> None:
        """The count stays what it is, and goes on at the new rate."""
        s = self.state
        gone = s.initial - self._current()
        s.divide = value & 0xB
        s.start = self.clock.cycles() - gone * divisor(s.divide)
        self._schedule()

    # -- registers ------------------------------------------------------------------

    def read(self, offset: int, size: int) -> int:
        s = self.state
        if not self._exists or offset & 0xF or size != 4:
            return self.unknown.read(offset, size, 0 if self._exists else (1 << 8 * size) - 1)
        if offset in a.WORDS:
            return int(getattr(s, a.WORDS[offset]))
        match offset:
            case a.VERSION_REGISTER:
                return a.VERSION | (len(s.lvt) - 1) << 16
            case a.PPR:
                return self._processor_priority()
            case a.CURRENT_COUNT:
                return self._current()
            case a.APR | a.EOI:
                return 0
        for base, words in ((a.ISR, s.isr), (a.TMR, s.tmr), (a.IRR, s.irr)):
            if base <= offset < base + 0x80:
                return int(words[offset >> 4 & 7])
        if a.LVT <= offset < a.INITIAL_COUNT:
            return int(s.lvt[(offset - a.LVT) >> 4])
        self._error(a.ERROR_REGISTER)
        self._update()
        return self.unknown.read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        s = self.state
        if not self._exists or offset & 0xF or size != 4:
            self.unknown.write(offset, size, value)
            return
        match offset:
            case _ if offset in a.PLAIN:
                bits, ones = a.PLAIN[offset]
                setattr(s, a.WORDS[offset], value & bits | ones)
            case a.EOI:
                self._end_of_interrupt()
            case a.SVR:
                self._set_spurious(value)
            case a.ESR:
                s.esr, s.errors = s.errors, 0
            case a.ICR_LOW:
                self._send(value)
            case a.INITIAL_COUNT:
                s.initial, s.start = value, self.clock.cycles()
                self._schedule()
            case a.DIVIDE:
                self._set_divide(value)
            case _ if a.LVT <= offset < a.INITIAL_COUNT:
                self._set_entry((offset - a.LVT) >> 4, value)
            case _:
                self._error(a.ERROR_REGISTER)
                self.unknown.write(offset, size, value)
        self._update()

    def _set_spurious(self, value: int) -> None:
        s = self.state
        s.svr = value & a.SVR_BITS
        if not s.svr & a.SVR_ENABLE:
            for entry in range(6):
                s.lvt[entry] |= a.MASKED
            self._schedule()

    def _set_entry(self, number: int, value: int) -> None:
        s = self.state
        value &= a.LVT_BITS[number]
        s.lvt[number] = value if s.svr & a.SVR_ENABLE else value | a.MASKED
        if number == a.TIMER:
            self._schedule()

    def _end_of_interrupt(self) -> None:
        s = self.state
        vector = highest(s.isr)
        if vector < 0:
            return
        include(s.isr, vector, False)
        if contains(s.tmr, vector):
            self.on_eoi(vector)

    def _send(self, value: int) -> None:
        """A write to ICR: an interprocessor interrupt (10.6)."""
        s = self.state
        s.icr = value & a.ICR_BITS
        mode, vector = s.icr >> 8 & 7, s.icr & a.VECTOR
        shorthand = s.icr >> 18 & 3
        if mode == a.MODE_INIT and not s.icr & a.ICR_ASSERT:
            return  # only sets arbitration identifiers
        if mode in (a.MODE_FIXED, a.MODE_LOWEST) and vector < a.FIRST_VECTOR:
            self._error(a.ERROR_SEND_VECTOR)
        elif shorthand in (a.SHORTHAND_SELF, a.SHORTHAND_ALL):
            self.message(0xFF, False, mode, vector, False)
        elif shorthand == a.SHORTHAND_NONE:
            self.message(s.icr_high >> 24, bool(s.icr & a.ICR_LOGICAL), mode, vector, False)

# SPDX-License-Identifier: GPL-2.0-or-later
"""GICv2: the Generic Interrupt Controller (ARM IHI 0048B), for up to eight processors.

This module is the state machine: which interrupt is pending, active or inactive,
which is forwarded to which processor, and what acknowledging and ending do.  The
two register frames upon it are in `gicv2_registers`: `GicV2.distributor` and
`GicV2.interface`.

It is the GIC without the Security Extensions but with interrupt groups, as on
QEMU's `virt`: all accesses are of one kind, group 0 may be signalled as FIQ
(GICC_CTLR.FIQEn).  All eight priority bits are implemented.  SGIs are always
enabled.  An interrupt number (INTID) is 0-15 for SGIs, 16-31 for PPIs, 32 up for
SPIs; sets of interrupts are integers with one bit for each INTID.
"""

from __future__ import annotations

from collections.abc import Callable

from vmm.devices.gicv2_registers import CpuInterface, Distributor
from vmm.devices.gicv2_state import (
    ACK_CTL,
    CBPR,
    ENABLE_GROUP0,
    ENABLE_GROUP1,
    EOI_MODE,
    FIQ_EN,
    IDLE_PRIORITY,
    OTHER_GROUP,
    PRIVATE,
    PRIVATE_SET,
    SGI_SET,
    SGIS,
    SPURIOUS,
    Bank,
    State,
)
from vmm.devices.shared import SharedState
from vmm.machine.line import Line, Output


class GicV2(SharedState[State]):
    """``irq(cpu, level)`` and ``fiq(cpu, level)`` are told of changes of the outputs.

    ``lines`` is the number of INTIDs (a multiple of 32); ``current_cpu`` says
    which processor makes the present register access.
    """

    def __init__(
        self,
        processors: int,
        lines: int,
        irq: Callable[[int, bool], None],
        fiq: Callable[[int, bool], None],
        current_cpu: Callable[[], int] = lambda: 0,
        name: str = "gic",
    ) -> None:
        if not 1 <= processors <= 8:
            raise ValueError(f"a GICv2 has one to eight processors, not {processors}")
        if lines % 32 or not 32 <= lines <= 1024:
            raise ValueError(f"GICv2 interrupts come in groups of 32, not {lines}")
        self.name = name
        self.processors = processors
        self.lines = lines
        self.irq = irq
        self.fiq = fiq
        self.current_cpu = current_cpu
        # The native layer's way of changing an input: does what `_input` does with a
        # processor's, and says whether it did.
        self.native_input: Callable[[int, int, bool], bool] = lambda cpu, intid, level: False
        self.state = self._fresh()
        self.distributor = Distributor(self)
        self.interface = CpuInterface(self)

    def _fresh(self) -> State:
        state = State(processors=self.processors, lines=self.lines)
        for cpu in self._all():
            state.private[cpu].enabled = state.private[cpu].edge = SGI_SET
            state.interfaces[cpu].abpr = 1
        if self.processors == 1:  # every SPI targets it, whatever GICD_ITARGETSR
            state.targets[0] = (1 << self.lines) - 1 & ~PRIVATE_SET
        return state

    def reset(self) -> None:
        """Registers to their reset values; the input wires keep their levels."""
        old, fresh = self.state, self._fresh()
        for cpu in self._all():
            fresh.private[cpu].level = old.private[cpu].level
            fresh.irq[cpu], fresh.fiq[cpu] = old.irq[cpu], old.fiq[cpu]
        fresh.shared.level = old.shared.level
        self.state = fresh
        self.update()

    def resume(self) -> None:
        """Drive the outputs again, after the state was replaced."""
        for cpu in self._all():
            irq, fiq = self._signals(cpu)
            self.state.irq[cpu], self.state.fiq[cpu] = not irq, not fiq
        self.update()

    def _all(self) -> range:
        return range(self.processors)

    # -- inputs -------------------------------------------------------------

    def spi(self, number: int) -> Line:
        """The wire of shared peripheral interrupt ``number`` (INTID 32 + number)."""
        intid = PRIVATE + number
        if not PRIVATE <= intid < self.lines:
            raise ValueError(f"SPI {number} does not exist: the GIC has {self.lines} interrupts")
        return Line(lambda level: self._input(0, intid, level), f"spi{number}")

    def ppi(self, cpu: int, number: int) -> Line:
        """The wire of ``cpu``'s private interrupt ``number`` (INTID 16 + number).

        A native model of a device may drive it too: its level is in the state alone.
        """
        intid = SGIS + number
        if not SGIS <= intid < PRIVATE:
            raise ValueError(f"PPI {number} does not exist: they are 0 to 15")
        return Output(
            lambda level: self._input(cpu, intid, level),
            lambda: bool(self.state.private[cpu].level_words[0] >> intid & 1),
            f"ppi{cpu}.{number}",
        )

    def _input(self, cpu: int, intid: int, level: bool) -> None:
        if self.native_input(cpu, intid, level):
            return
        bank, bit = self.bank(cpu, intid), 1 << intid
        if level:
            bank.level |= bit
            bank.latched |= bit & bank.edge
        else:
            bank.level &= ~bit
        self.update()

    def send_sgi(self, source: int, targets: int, number: int) -> None:
        """Make SGI ``number`` of ``source`` pending on each processor in ``targets``."""
        for cpu in self._all():
            if targets >> cpu & 1:
                self.state.sources[cpu][number] |= 1 << source
                self.state.private[cpu].latched |= 1 << number
        self.update()

    # -- selection ----------------------------------------------------------

    def bank(self, cpu: int, intid: int) -> Bank:
        return self.state.private[cpu] if intid < PRIVATE else self.state.shared

    def _group(self, cpu: int, intid: int) -> int:
        return self.bank(cpu, intid).group1 >> intid & 1

    def _candidates(self, bank: Bank) -> int:
        ready = bank.pending() & bank.enabled & ~bank.active
        if not self.state.ctlr & ENABLE_GROUP0:
            ready &= bank.group1
        if not self.state.ctlr & ENABLE_GROUP1:
            ready &= ~bank.group1
        return ready

    def highest_pending(self, cpu: int) -> tuple[int, int]:
        """(INTID, priority) that the distributor forwards to ``cpu``, past its mask."""
        state = self.state
        found, best = SPURIOUS, state.interfaces[cpu].pmr
        shared = self._candidates(state.shared) & state.targets[cpu]
        private = self._candidates(state.private[cpu])
        # In ascending order, so that among equal priorities the lowest number wins.
        for bank, candidates in ((state.private[cpu], private), (state.shared, shared)):
            left = candidates
            while left:
                intid = (left & -left).bit_length() - 1
                left &= left - 1
                if bank.priority[intid] < best:
                    found, best = intid, bank.priority[intid]
        return found, best if found != SPURIOUS else IDLE_PRIORITY

    def running_priority(self, cpu: int) -> int:
        """The group priority of what ``cpu`` handles, or IDLE_PRIORITY."""
        bits = self.state.interfaces[cpu].apr[0] | self.state.interfaces[cpu].apr[1]
        return ((bits & -bits).bit_length() - 1) << 1 if bits else IDLE_PRIORITY

    def _group_priority(self, cpu: int, group: int, priority: int) -> int:
        interface = self.state.interfaces[cpu]
        point = interface.bpr
        if group and not interface.ctlr & CBPR:
            point = interface.abpr - 1
        return priority & (~0 << (point + 1)) & 0xFF

    def _signalled(self, cpu: int) -> tuple[int, int]:
        """(INTID, group) that interrupts ``cpu`` now, or (SPURIOUS, 0)."""
        intid, priority = self.highest_pending(cpu)
        if intid == SPURIOUS or priority >= self.running_priority(cpu):
            return SPURIOUS, 0
        group = self._group(cpu, intid)
        if not self.state.interfaces[cpu].ctlr >> group & 1:
            return SPURIOUS, 0
        return intid, group

    def _signals(self, cpu: int) -> tuple[bool, bool]:
        intid, group = self._signalled(cpu)
        if intid == SPURIOUS:
            return False, False
        fast = group == 0 and bool(self.state.interfaces[cpu].ctlr & FIQ_EN)
        return not fast, fast

    def update(self) -> None:
        """Drive the outputs that the state has changed."""
        state = self.state
        for cpu in self._all():
            irq, fiq = self._signals(cpu)
            if irq != state.irq[cpu]:
                state.irq[cpu] = irq
                self.irq(cpu, irq)
            if fiq != state.fiq[cpu]:
                state.fiq[cpu] = fiq
                self.fiq(cpu, fiq)

    # -- what a processor does with its interface ---------------------------

    def visible(self, cpu: int, intid: int, aliased: bool) -> int:
        """``intid`` as GICC_HPPIR or GICC_IAR (or, ``aliased``, their group 1 forms) show it."""
        if intid == SPURIOUS:
            return SPURIOUS
        group = self._group(cpu, intid)
        if aliased:
            return intid if group else SPURIOUS
        if group and not self.state.interfaces[cpu].ctlr & ACK_CTL:
            return OTHER_GROUP
        return intid

    def acknowledge(self, cpu: int, aliased: bool) -> int:
        """GICC_IAR: make the signalled interrupt active; the value read."""
        intid, group = self._signalled(cpu)
        shown = self.visible(cpu, intid, aliased)
        if shown >= 1020:
            return shown
        bank = self.bank(cpu, intid)
        level = self._group_priority(cpu, group, bank.priority[intid])
        self.state.interfaces[cpu].apr[group] |= 1 << (level >> 1)
        bank.active |= 1 << intid
        if intid < SGIS:
            sources = self.state.sources[cpu]
            source = (sources[intid] & -sources[intid]).bit_length() - 1
            sources[intid] &= sources[intid] - 1
            if not sources[intid]:
                bank.latched &= ~(1 << intid)
            shown |= source << 10
        else:
            bank.latched &= ~(1 << intid)
        self.update()
        return shown

    def end(self, cpu: int, value: int, aliased: bool) -> None:
        """GICC_EOIR: drop the priority, and deactivate unless EOImode splits the two."""
        intid = value & 0x3FF
        interface = self.state.interfaces[cpu]
        if intid >= self.lines or self.running_priority(cpu) == IDLE_PRIORITY:
            return
        group = self._group(cpu, intid)
        if aliased and not group:
            return
        apr = interface.apr
        apr[group] &= apr[group] - 1 if apr[group] else 0
        if not interface.ctlr & EOI_MODE:
            self.bank(cpu, intid).active &= ~(1 << intid)
        self.update()

    def deactivate(self, cpu: int, value: int) -> None:
        """GICC_DIR; without EOImode it does nothing."""
        intid = value & 0x3FF
        if intid < self.lines and self.state.interfaces[cpu].ctlr & EOI_MODE:
            self.bank(cpu, intid).active &= ~(1 << intid)
            self.update()

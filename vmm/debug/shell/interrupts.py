# SPDX-License-Identifier: GPL-2.0-or-later
"""Interrupts on their way to the processor, controller by controller, and raising one by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vmm.debug.shell.command import CommandError
from vmm.machine.machine import Machine

Rows = list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Pending:
    """One line on the processor, and a table of a controller's interrupts."""

    processor: str
    headings: tuple[str, ...]
    rows: Rows


def mark(mask: int, number: int) -> str:
    """``yes`` if a bit is set."""
    return "yes" if mask >> number & 1 else ""


def controllers(machine: Machine, kind: str) -> list[Any]:
    """The devices of a class, by its name."""
    found: list[Any] = []
    for space in (machine.bus.devices, machine.bus.ports):
        found += [p.device for p in space if type(p.device).__name__ == kind]
    return found


# -- SPARC: IRQMP -------------------------------------------------------------------


def sparc(machine: Machine) -> Pending:
    """PIL and ET, and the fifteen levels of each IRQMP."""
    psr = machine.processor.registers["psr"]
    level, enabled = psr >> 8 & 15, psr >> 5 & 1
    text = f"the processor takes levels above PIL {level}, if ET={enabled} lets it"
    rows: Rows = []
    for irqmp in controllers(machine, "Irqmp"):
        state = irqmp.state
        for number in range(15, 0, -1):
            bits = (state.pending, state.force[0], state.mask[0], state.inputs, state.level)
            if any(bit >> number & 1 for bit in bits[:4]):
                rows.append((irqmp.name, str(number), *(mark(bit, number) for bit in bits)))
    return Pending(
        text, ("controller", "level", "pending", "forced", "enabled", "input", "first"), rows
    )


def raise_sparc(machine: Machine, number: int) -> None:
    """Set the bit in IPEND."""
    for irqmp in controllers(machine, "Irqmp"):
        if not 1 <= number <= 15:
            raise CommandError(f"IRQMP has levels 1 to 15, not {number}")
        irqmp.write(0x04, 4, irqmp.state.pending | 1 << number)
        return
    raise CommandError("this board has no interrupt controller to raise it in")


# -- ARM: GICv2 ---------------------------------------------------------------------


def arm(machine: Machine) -> Pending:
    """CPSR's masks, and the interrupts of a GICv2 that are enabled, pending or active."""
    cpsr = machine.processor.registers["cpsr"]
    text = f"the processor takes IRQ if I={cpsr >> 7 & 1} lets it, FIQ if F={cpsr >> 6 & 1} does"
    rows: Rows = []
    for distributor in controllers(machine, "Distributor"):
        gic = distributor.gic
        state = gic.state
        for intid in range(gic.lines):
            bank = state.private[0] if intid < 32 else state.shared
            bits = (bank.pending(), bank.enabled, bank.active, bank.level, bank.group1)
            # SGIs are always enabled: by itself that says nothing.
            if any(bit >> intid & 1 for bit in bits[:3]) and (
                intid >= 16 or (bits[0] | bits[2]) >> intid & 1
            ):
                rows.append((
                    gic.name, str(intid), *(mark(bit, intid) for bit in bits[:4]),
                    str(bits[4] >> intid & 1), f"{bank.priority[intid]:#04x}",
                ))
        text += f"; priority mask {state.interfaces[0].pmr:#04x}"
    return Pending(
        text,
        ("controller", "intid", "pending", "enabled", "active", "input", "group", "priority"), rows,
    )


def raise_arm(machine: Machine, number: int) -> None:
    """Set the bit in GICD_ISPENDR."""
    for distributor in controllers(machine, "Distributor"):
        if not 16 <= number < distributor.gic.lines:
            raise CommandError(
                f"the GIC has interrupts 16 to {distributor.gic.lines - 1}, not {number}"
            )
        distributor.write(0x200 + number // 32 * 4, 4, 1 << number % 32)
        return
    raise CommandError("this board has no interrupt controller to raise it in")


# -- x86: a pair of 8259A -------------------------------------------------------------


def x86(machine: Machine) -> Pending:
    """IF, and the sixteen requests of the two 8259A."""
    eflags = machine.processor.registers["eflags"]
    text = f"the processor takes interrupts if IF={eflags >> 9 & 1} lets it"
    rows: Rows = []
    for chip, first in pair(machine):
        state = chip.state
        for level in range(8):
            enabled = ~state.imr & 0xFF
            bits = (state.irr, enabled, state.isr, state.inputs)
            if any(bit >> level & 1 for bit in bits):
                rows.append((
                    chip.name, str(first + level), *(mark(bit, level) for bit in bits),
                    f"{state.base + level:#04x}",
                ))
    return Pending(
        text, ("controller", "irq", "pending", "enabled", "in service", "input", "vector"), rows
    )


def pair(machine: Machine) -> list[tuple[Any, int]]:
    """The 8259As and the number of the first request of each."""
    return [(chip, 8 * index) for index, chip in enumerate(controllers(machine, "I8259"))]


def raise_x86(machine: Machine, number: int) -> None:
    """Latch a request, as an edge on the pin does."""
    for chip, first in pair(machine):
        if first <= number < first + 8:
            chip.state.irr |= 1 << number - first
            chip.resume()
            return
    raise CommandError(f"the interrupt controllers have no request {number}")


SHOW: dict[str, Callable[[Machine], Pending]] = {"sparc": sparc, "arm": arm, "x86": x86}
RAISE: dict[str, Callable[[Machine, int], None]] = {
    "sparc": raise_sparc, "arm": raise_arm, "x86": raise_x86,
}


def pending(machine: Machine) -> Pending:
    """Interrupts on their way."""
    return SHOW[machine.processor.architecture](machine)


def raise_interrupt(machine: Machine, number: int) -> None:
    """Make an interrupt pending in the board's controller; CommandError if there is none."""
    RAISE[machine.processor.architecture](machine, number)
    machine.bus.cool()

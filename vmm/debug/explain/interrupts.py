# SPDX-License-Identifier: GPL-2.0-or-later
"""Interrupts on their way: the controllers' state, and who asks.

Nothing is read as the guest would read it (an acknowledge has side effects):
the controllers' own state is shown, in the names of their registers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vmm.debug.explain.explanation import Section
from vmm.debug.explain.wiring import Wire, wires
from vmm.devices.gicv2 import GicV2
from vmm.devices.gicv2_registers import Distributor
from vmm.devices.gicv2_state import IDLE_PRIORITY, PRIVATE, SGIS, SPURIOUS
from vmm.devices.i8259 import I8259
from vmm.devices.irqmp import Irqmp
from vmm.machine.machine import Machine


def bits(mask: int) -> list[int]:
    """The numbers of the bits that are set."""
    return [n for n in range(mask.bit_length()) if mask >> n & 1]


def numbers(mask: int) -> str:
    """``3 6 8``, or ``none``."""
    return " ".join(map(str, bits(mask))) or "none"


def section(machine: Machine, number: int | None = None) -> Section:
    """All controllers, with what concerns interrupt ``number`` first.  Data: the wires to it."""
    known = wires(machine)
    lines: list[str] = []
    asking: list[Wire] = []
    for controller in controllers(machine):
        if isinstance(controller, Irqmp):
            asking += _from(known, f"{controller.name}.{number}")
        elif isinstance(controller, GicV2) and number is not None:
            kind, index = ("spi", number - PRIVATE) if number >= PRIVATE else (
                "ppi0.", number - SGIS)
            asking += _from(known, f"{kind}{index}")
        elif isinstance(controller, I8259) and number is not None:
            first = 8 if "slave" in controller.name else 0
            asking += _from(known, f"{controller.name}.{number - first}")
    for wire in asking:
        level = "high" if wire.line.level else "low"
        output = f" ({wire.line.name})" if wire.line is not wire.end else ""
        lines.append(f"driven by {wire.device}{output}, whose line is {level}")
    for controller in controllers(machine):
        lines += controller_lines(controller)
    return Section("Interrupts", tuple(lines), asking)


def _from(known: list[Wire], name: str) -> list[Wire]:
    return [wire for wire in known if wire.end.name == name]


def controllers(machine: Machine) -> Iterator[Any]:
    """The interrupt controllers on the bus, in the order of their addresses."""
    for space in (machine.bus.devices, machine.bus.ports):
        for placed in space:
            device: Any = placed.device
            if isinstance(device, Distributor):
                yield device.gic
            elif isinstance(device, (Irqmp, I8259)):
                yield device


def controller_lines(controller: Any) -> list[str]:
    """The state of an interrupt controller."""
    if isinstance(controller, Irqmp):
        return _irqmp(controller)
    if isinstance(controller, GicV2):
        return _gic(controller)
    return _i8259(controller)


def _irqmp(irqmp: Irqmp) -> list[str]:
    state = irqmp.state
    waiting = (state.pending | state.force[0]) & state.mask[0]
    return [
        f"{irqmp.name}: inputs high: {numbers(state.inputs)}",
        f"  IPEND   {state.pending:04x}  pending: {numbers(state.pending)}",
        f"  IFORCE0 {state.force[0]:04x}  forced: {numbers(state.force[0])}",
        f"  PIMASK0 {state.mask[0]:04x}  unmasked: {numbers(state.mask[0])}",
        f"  ILEVEL  {state.level:04x}  of priority level 1: {numbers(state.level)}",
        f"  requests: {numbers(waiting)}",
    ]


def _gic(gic: GicV2) -> list[str]:
    state, private, interface = gic.state, gic.state.private[0], gic.state.interfaces[0]
    pending = private.pending() | state.shared.pending()
    active = private.active | state.shared.active
    enabled = private.enabled | state.shared.enabled
    intid, priority = gic.highest_pending(0)
    running = gic.running_priority(0)
    best = "none" if intid == SPURIOUS else f"INTID {intid} with priority {priority:#04x}"
    groups = {0: "no group", 1: "group 0", 2: "group 1", 3: "groups 0 and 1"}
    return [
        f"{gic.name}: GICD_CTLR forwards {groups[state.ctlr & 3]}, "
        f"GICC_CTLR signals {groups[interface.ctlr & 3]}, GICC_PMR {interface.pmr:#04x}",
        f"  enabled: {numbers(enabled)}",
        f"  pending: {numbers(pending)}",
        f"  active: {numbers(active)}"
        + ("" if running == IDLE_PRIORITY else f", running priority {running:#04x}"),
        f"  highest pending: {best}",
    ]


def _i8259(chip: I8259) -> list[str]:
    state = chip.state
    modes = [name for name, on in (
        ("automatic EOI", state.auto_eoi), ("special mask", state.special_mask),
        ("special fully nested", state.fully_nested), ("level-triggered", state.level_triggered),
    ) if on]
    return [
        f"{chip.name}: vectors from {state.base:#04x}"
        + (f" ({', '.join(modes)})" if modes else ""),
        f"  IRR {state.irr:02x}  requested: {numbers(state.irr)}",
        f"  ISR {state.isr:02x}  in service: {numbers(state.isr)}",
        f"  IMR {state.imr:02x}  masked: {numbers(state.imr)}",
    ]

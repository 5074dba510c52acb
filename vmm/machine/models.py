# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that the native layer models on the Python devices' own state."""

from __future__ import annotations

import ctypes as C
from typing import TYPE_CHECKING, Protocol

from vmm.machine.clock import Timer
from vmm.machine.line import Source
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.machine.machine import Machine


class Modelled(Protocol):
    """What is asked of a device."""

    name: str
    size: int


def model(
    machine: Machine, kind: int, device: Modelled, state: C.Structure, base: int,
    width: int = 4, wire: tuple[Source, C.Structure, int] | None = None,
    levels: tuple[C.Structure, int, int] | None = None, timer: Timer | None = None,
    beside: C.Structure | None = None, processor: int | None = None,
) -> None:
    """Let the native layer answer what it can of ``device``'s registers.

    ``kind`` is one of the native layer's models, ``state`` the device's own in that
    model's layout, ``base`` where it is (with native.PORT for ports), ``width`` the
    bytes of the accesses.  A device that is no interrupt controller names its ``wire``
    into a pair of 8259A (source, state of the pair, IRQ) or its ``levels`` at an IRQMP
    (state, the first, how many) or a GIC (state, INTID, which of its timers), and one that
    reads another's state names it as ``beside``; ``timer`` is run natively where the model
    can.  ``processor`` is the number of the one that the device is a part of; the others reach
    all processors.  Of a machine with several only its GIC and their timers can be modelled.
    """
    size = machine.engine.library.dll.vmm_model_size(kind)
    if C.sizeof(state) != size:
        raise ValueError(f"{device.name}: a state of {C.sizeof(state)} bytes, not {size}")
    entry = native.Model(
        base=base, size=device.size, kind=kind, width=width, state=C.addressof(state)
    )
    if wire is not None:
        source, pair, irq = wire
        entry.raised, entry.source = C.addressof(source.shared.raised), source.index
        entry.pins, entry.irq = C.addressof(pair), irq
    if levels is not None:
        controller, entry.irq, entry.source = levels
        entry.pins = C.addressof(controller)
    if beside is not None:
        entry.pins = C.addressof(beside)
    if timer is not None:
        entry.timer = C.pointer(timer.state)
        timer.share()
    if processor is not None:
        entry.processor = processor
    for number, each in enumerate(machine.processors):
        if processor in (None, number):
            each.engine.device_registers.add_model(entry)

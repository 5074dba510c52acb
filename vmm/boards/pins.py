# SPDX-License-Identifier: GPL-2.0-or-later
"""A processor's own interrupt inputs, for boards without an interrupt controller."""

from __future__ import annotations

from functools import partial

from vmm.boards.site import Inputs
from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.processor import Processor
from vmm.cpu.sparc.processor import SparcProcessor
from vmm.cpu.x86.processor import X86Processor
from vmm.machine.line import Line


class Levels:
    """SPARC: fifteen lines, of which the highest that is up is the request level."""

    def __init__(self, processor: SparcProcessor) -> None:
        self.processor = processor
        self.up = 0

    def drive(self, number: int, level: bool) -> None:
        """One of the lines has changed."""
        self.up = self.up & ~(1 << number) | level << number
        self.processor.request(max(self.up.bit_length() - 1, 0))


def pins_of(processor: Processor) -> Inputs:
    """The inputs ``cpu:PIN``: SPARC 1 to 15, ARM irq and fiq, x86 nmi."""
    pins: dict[str, Line] = {}
    if isinstance(processor, SparcProcessor):
        levels = Levels(processor)
        pins = {str(n): Line(partial(levels.drive, n), f"cpu:{n}") for n in range(1, 16)}
    elif isinstance(processor, ArmProcessor):
        pins = {"irq": Line(processor.irq, "cpu:irq"), "fiq": Line(processor.fiq, "cpu:fiq")}
    elif isinstance(processor, X86Processor):
        x86 = processor
        pins = {"nmi": Line(lambda level: x86.nmi() if level else None, "cpu:nmi")}

    def find(pin: str) -> Line:
        if pin not in pins:
            raise LookupError(f"a processor's pins are {', '.join(pins)}")
        return pins[pin]

    return find

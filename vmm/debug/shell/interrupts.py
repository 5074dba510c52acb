# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the processor takes interrupts, and making one pending by hand."""

from __future__ import annotations

from collections.abc import Callable

from vmm.debug.explain.interrupts import controllers
from vmm.debug.shell.command import CommandError
from vmm.devices.gicv2 import GicV2
from vmm.devices.i8259 import I8259
from vmm.devices.irqmp import IPEND, Irqmp
from vmm.machine.machine import Machine

GICD_ISPENDR = 0x200
PER_CHIP = 8  # requests of an 8259A
PER_WORD = 32  # interrupts in a register of the GIC


def accepts(machine: Machine) -> str:
    """What the processor's own mask says, in a line."""
    registers = machine.processor.registers
    match machine.processor.architecture:
        case "sparc":
            psr = registers["psr"]
            return f"the processor takes levels above PIL {psr >> 8 & 15} if ET={psr >> 5 & 1}"
        case "arm":
            cpsr = registers["cpsr"]
            return f"the processor masks IRQ if I={cpsr >> 7 & 1}, FIQ if F={cpsr >> 6 & 1}"
    return f"the processor takes interrupts if IF={registers['eflags'] >> 9 & 1}"


def _sparc(machine: Machine, number: int) -> None:
    """Set the bit in IPEND."""
    for controller in controllers(machine):
        if isinstance(controller, Irqmp):
            if not 1 <= number <= 15:
                raise CommandError(f"IRQMP has levels 1 to 15, not {number}")
            controller.write(IPEND, 4, controller.state.pending | 1 << number)
            return
    raise CommandError("this board has no interrupt controller to raise it in")


def _arm(machine: Machine, number: int) -> None:
    """Set the bit in GICD_ISPENDR."""
    for controller in controllers(machine):
        if isinstance(controller, GicV2):
            if not 16 <= number < controller.lines:
                last = controller.lines - 1
                raise CommandError(f"the GIC has interrupts 16 to {last}, not {number}")
            word = GICD_ISPENDR + number // PER_WORD * 4
            controller.distributor.write(word, 4, 1 << number % PER_WORD)
            return
    raise CommandError("this board has no interrupt controller to raise it in")


def _x86(machine: Machine, number: int) -> None:
    """Latch a request, as an edge on the pin does."""
    chips = [one for one in controllers(machine) if isinstance(one, I8259)]
    if not 0 <= number < PER_CHIP * len(chips):
        raise CommandError(f"the interrupt controllers have no request {number}")
    chip = chips[number // PER_CHIP]
    chip.state.irr |= 1 << number % PER_CHIP
    chip.resume()


RAISE: dict[str, Callable[[Machine, int], None]] = {"sparc": _sparc, "arm": _arm, "x86": _x86}


def raise_interrupt(machine: Machine, number: int) -> None:
    """Make an interrupt pending in the board's controller; CommandError if there is none."""
    RAISE[machine.processor.architecture](machine, number)
    machine.bus.cool()

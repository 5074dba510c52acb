# SPDX-License-Identifier: GPL-2.0-or-later
"""Assembling in place, with Keystone.

Keystone knows the privileged instructions of all three: SPARC's special
registers and alternate spaces, and ARM's SMC, HVC, ERET and banked registers if
its ARMv8 mode is asked too.  What it does not know ends in one line.
"""

from __future__ import annotations

import keystone

from vmm.debug.shell.command import CommandError
from vmm.machine.machine import Machine


def modes(machine: Machine) -> tuple[int, tuple[int, ...]]:
    """Keystone's architecture and the modes to try, for the code that runs now."""
    processor = machine.processor
    if processor.architecture == "sparc":
        return keystone.KS_ARCH_SPARC, (keystone.KS_MODE_SPARC32 | keystone.KS_MODE_BIG_ENDIAN,)
    if processor.architecture == "arm":
        thumb = processor.registers["cpsr"] >> 5 & 1
        mode = keystone.KS_MODE_THUMB if thumb else keystone.KS_MODE_ARM
        return keystone.KS_ARCH_ARM, (mode, mode | keystone.KS_MODE_V8)
    big = processor.registers["cs.flags"] >> 22 & 1
    return keystone.KS_ARCH_X86, (keystone.KS_MODE_32 if big else keystone.KS_MODE_16,)


def assemble(machine: Machine, address: int, source: str) -> bytes:
    """The machine code of ``source`` at ``address``; CommandError in Keystone's words."""
    architecture, tried = modes(machine)
    problem = ""
    for mode in tried:
        try:
            data, _ = keystone.Ks(architecture, mode).asm(source, address, as_bytes=True)
        except keystone.KsError as error:
            problem = problem or str(error.message).partition(" (KS")[0]
            continue
        if data:
            return bytes(data)
    raise CommandError(f"assemble {source!r}: {problem or 'that is no instruction'}")

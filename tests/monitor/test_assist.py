# SPDX-License-Identifier: GPL-2.0-or-later
"""Assisted guests: what leaves them, what comes of it, and that they cannot tell."""

from __future__ import annotations

import pytest
from runs import bare, machine, watch

from vmm.monitor import MonitorError, virtualize
from vmm.monitor.assist import Action, ControlBlock, Controls, Reason
from vmm.monitor.assist.classes import CLASSES, fits
from vmm.monitor.theorem import Instruction, classify

GUESTS = [("leon3", "sparc/traps"), ("virt", "arm/traps"), ("pc", "x86/traps")]
PREFIXES = b"\x66\x67\xf0\xf2\xf3"


def everything(guest) -> Controls:
    processor = guest.processor
    return Controls.everything(processor.architecture, processor.trap_kinds())


@pytest.mark.parametrize(("board", "guest"), GUESTS)
def test_with_every_control_on_nothing_that_the_guest_sees_differs(board: str, guest: str) -> None:
    seen = machine(board, guest)
    monitor = virtualize(seen, "assist", controls=everything(seen))
    assert watch(seen) == bare(board, guest)
    exits = monitor.block.exits
    assert sum(n for (reason, _), n in exits.items() if reason is Reason.TRAP) > 50
    assert sum(n for (reason, _), n in exits.items() if reason is Reason.INSTRUCTION) > 1000
    assert exits[Reason.DEVICE, "store"] + exits[Reason.PORT, "store"] > 10
    assert exits[Reason.SECOND_STAGE, "fetch"] > 1


def in_a_class(architecture: str, instruction: Instruction) -> bool:
    code = instruction.code
    if architecture == "x86":
        code = code.lstrip(PREFIXES)
    return any(
        fits(pattern, code, instruction.thumb, architecture == "sparc")
        for patterns in CLASSES[architecture].values() for pattern in patterns
    )


@pytest.mark.parametrize("architecture", ["sparc", "arm", "x86"])
def test_every_instruction_that_is_found_sensitive_can_be_intercepted(architecture: str) -> None:
    verdicts = classify(architecture).verdicts
    missed = [v.instruction.name for v in verdicts
              if v.sensitive and not in_a_class(architecture, v.instruction)]
    assert missed == []
    ordinary = [v.instruction.name for v in verdicts
                if not v.instruction.system and in_a_class(architecture, v.instruction)]
    assert ordinary == []

# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from vmm.devices.gicv2m import MSI_SETSPI, MSI_TYPER, GicV2m
from vmm.machine.line import Line


def make() -> tuple[list[int], GicV2m]:
    rises: list[int] = []

    def wire(index: int) -> Line:
        return Line(lambda level: rises.append(index) if level else None)

    return rises, GicV2m([wire(i) for i in range(64)], first=80)


def test_type_register_says_which_interrupts_it_has() -> None:
    assert make()[1].read(MSI_TYPER, 4) == 80 << 16 | 64


def test_a_message_is_one_edge_on_its_line() -> None:
    rises, frame = make()
    frame.write(MSI_SETSPI, 4, 80)
    frame.write(MSI_SETSPI, 4, 143)
    assert rises == [0, 63]
    assert not any(line.level for line in frame.lines)


def test_messages_for_others_are_dropped() -> None:
    rises, frame = make()
    frame.write(MSI_SETSPI, 4, 79)
    frame.write(MSI_SETSPI, 4, 144)
    assert rises == []
    assert frame.unknown.counts["note", -1] == 2

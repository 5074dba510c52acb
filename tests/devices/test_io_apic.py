# SPDX-License-Identifier: GPL-2.0-or-later
"""The I/O APIC: its two windows, edges, levels with remote IRR, masks, messages."""

import pytest

from vmm.devices.io_apic import SELECT, WINDOW, IoApic

MASKED, LEVEL, ACTIVE_LOW, REMOTE_IRR = 0x10000, 0x8000, 0x2000, 0x4000

Message = tuple[int, bool, int, int, bool]


class Rig:
    """An I/O APIC and the messages that it has sent."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.accepts = True
        self.chip = IoApic(self._send)

    def _send(self, destination: int, logical: bool, mode: int, vector: int, level: bool) -> bool:
        self.sent.append((destination, logical, mode, vector, level))
        return self.accepts

    def vectors(self) -> list[int]:
        vectors = [message[3] for message in self.sent]
        self.sent.clear()
        return vectors

    def read(self, register: int) -> int:
        self.chip.write(SELECT, 4, register)
        return self.chip.read(WINDOW, 4)

    def write(self, register: int, value: int) -> None:
        self.chip.write(SELECT, 4, register)
        self.chip.write(WINDOW, 4, value)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_registers(rig: Rig) -> None:
    assert (rig.read(0), rig.read(1), rig.read(2)) == (0, 0x170011, 0)
    rig.write(0, 0xFFFFFFFF)
    assert (rig.read(0), rig.read(2)) == (0x0F000000, 0x0F000000)
    assert [rig.read(0x10 + n) for n in range(48)] == [MASKED, 0] * 24
    rig.write(0x3E, 0xFFFFFFFF)
    rig.write(0x3F, 0xFFFFFFFF)
    assert (rig.read(0x3E), rig.read(0x3F)) == (0x1AFFF, 0xFF000000)
    rig.write(0x40, 5)
    assert rig.read(0x40) == 0
    assert sum(rig.chip.unknown.counts.values()) == 2


def test_an_edge_is_one_message(rig: Rig) -> None:
    rig.write(0x14, 0x0931)
    rig.write(0x15, 0x01000000)
    rig.chip.drive(2, True)
    rig.chip.drive(2, False)
    assert rig.sent == [(1, True, 1, 0x31, False)]


def test_an_edge_at_a_masked_pin_is_lost(rig: Rig) -> None:
    rig.chip.drive(4, True)
    rig.write(0x18, 0x0034)
    assert rig.vectors() == []
    rig.chip.drive(4, False)
    rig.chip.drive(4, True)
    assert rig.vectors() == [0x34]


def test_a_level_is_sent_again_after_each_eoi_while_it_lasts(rig: Rig) -> None:
    rig.write(0x10 + 2 * 10, LEVEL | 0x50)
    rig.chip.drive(10, True)
    assert (rig.vectors(), rig.read(0x10 + 2 * 10) & REMOTE_IRR) == ([0x50], REMOTE_IRR)
    rig.chip.drive(10, False)
    rig.chip.drive(10, True)
    assert rig.vectors() == []  # the first is still in service
    rig.chip.end_of_interrupt(0x51)
    assert rig.vectors() == []
    rig.chip.end_of_interrupt(0x50)
    assert rig.vectors() == [0x50]
    rig.chip.drive(10, False)
    rig.chip.end_of_interrupt(0x50)
    assert (rig.vectors(), rig.read(0x10 + 2 * 10) & REMOTE_IRR) == ([], 0)


def test_a_level_waits_for_its_mask(rig: Rig) -> None:
    rig.write(0x24, MASKED | LEVEL | 0x50)
    rig.chip.drive(10, True)
    assert rig.vectors() == []
    rig.write(0x24, LEVEL | 0x50)
    assert rig.vectors() == [0x50]
    # Remote IRR cannot be written, and goes with level triggering.
    rig.write(0x24, LEVEL | MASKED | 0x50)
    assert rig.read(0x24) & REMOTE_IRR
    rig.write(0x24, MASKED | 0x50)
    rig.write(0x24, LEVEL | 0x50)
    assert rig.vectors() == [0x50]


def test_polarity(rig: Rig) -> None:
    rig.write(0x20, ACTIVE_LOW | 0x40)
    rig.chip.drive(8, True)
    assert rig.vectors() == []
    rig.chip.drive(8, False)
    assert rig.vectors() == [0x40]
    rig.write(0x22, ACTIVE_LOW | LEVEL | 0x41)
    assert rig.vectors() == [0x41]


def test_a_message_that_nobody_accepts_leaves_no_remote_irr(rig: Rig) -> None:
    rig.accepts = False
    rig.write(0x24, LEVEL | 0x50)
    rig.chip.drive(10, True)
    assert (rig.vectors(), rig.read(0x24) & REMOTE_IRR) == ([0x50], 0)

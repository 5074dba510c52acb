# SPDX-License-Identifier: GPL-2.0-or-later
"""The 8259A pair: initialization, priorities, ends of interrupt, poll, levels."""

import copy

import pytest

from vmm.devices.i8259 import I8259Pair
from vmm.machine.line import Line


@pytest.fixture
def pair() -> I8259Pair:
    pair = I8259Pair(Line())
    initialize(pair)
    return pair


def initialize(pair: I8259Pair, icw4: int = 0x01) -> None:
    for chip, base, icw3 in ((pair.master, 0x20, 0x04), (pair.slave, 0x28, 0x02)):
        chip.write(0, 1, 0x11)
        chip.write(1, 1, base)
        chip.write(1, 1, icw3)
        chip.write(1, 1, icw4)


def intr(pair: I8259Pair) -> bool:
    return pair.intr.level


def isr(pair: I8259Pair) -> int:
    for chip in (pair.master, pair.slave):
        chip.write(0, 1, 0x0B)
    return pair.master.read(0, 1) | pair.slave.read(0, 1) << 8


def irr(pair: I8259Pair) -> int:
    for chip in (pair.master, pair.slave):
        chip.write(0, 1, 0x0A)
    return pair.master.read(0, 1) | pair.slave.read(0, 1) << 8


def serve(pair: I8259Pair) -> int:
    """Acknowledge and end one interrupt as a handler does."""
    vector = pair.acknowledge()
    if vector >= 0x28:
        pair.slave.write(0, 1, 0x20)
    pair.master.write(0, 1, 0x20)
    return vector


def test_request_to_end_of_interrupt(pair: I8259Pair) -> None:
    pair.line(3).set(True)
    assert intr(pair)
    assert irr(pair) == 0x08
    assert pair.acknowledge() == 0x23
    assert (irr(pair), isr(pair), intr(pair)) == (0, 0x08, False)
    pair.master.write(0, 1, 0x20)
    assert isr(pair) == 0
    assert not intr(pair), "an edge is served once while the pin stays high"


def test_default_priorities_put_the_slave_between_1_and_3(pair: I8259Pair) -> None:
    for irq in (4, 15, 0, 8, 3, 1):
        pair.line(irq).set(True)
    assert [serve(pair) for _ in range(6)] == [0x20, 0x21, 0x28, 0x2F, 0x23, 0x24]
    assert not intr(pair)


def test_lower_priority_waits_for_end_of_interrupt(pair: I8259Pair) -> None:
    pair.line(4).set(True)
    assert pair.acknowledge() == 0x24
    pair.line(5).set(True)
    assert not intr(pair)
    pair.line(1).set(True)
    assert intr(pair)
    assert pair.acknowledge() == 0x21
    pair.master.write(0, 1, 0x20)  # non-specific: ends 1
    assert isr(pair) == 0x10
    pair.master.write(0, 1, 0x64)  # specific: ends 4
    assert pair.acknowledge() == 0x25


def test_mask_holds_a_request_back(pair: I8259Pair) -> None:
    pair.master.write(1, 1, 0x08)
    pair.line(3).set(True)
    assert not intr(pair)
    assert irr(pair) == 0x08
    assert pair.master.read(1, 1) == 0x08
    pair.master.write(1, 1, 0)
    assert intr(pair)


def test_request_withdrawn_before_acknowledge_is_spurious(pair: I8259Pair) -> None:
    pair.line(3).set(True)
    pair.line(3).set(False)
    assert not intr(pair)
    assert pair.acknowledge() == 0x27
    assert isr(pair) == 0


def test_spurious_interrupt_of_the_slave_leaves_the_master_in_service(pair: I8259Pair) -> None:
    pair.line(10).set(True)
    pair.slave.state.imr = 0x04  # masked between the master's request and the acknowledge
    assert pair.acknowledge() == 0x2F
    assert isr(pair) == 0x0004


def test_cascade_in_service_on_both(pair: I8259Pair) -> None:
    pair.line(9).set(True)
    assert pair.acknowledge() == 0x29
    assert isr(pair) == 0x0204
    pair.line(8).set(True)
    assert not intr(pair), "fully nested: the master has IR2 in service"


def test_special_fully_nested_mode_lets_the_slave_interrupt_itself() -> None:
    pair = I8259Pair(Line())
    initialize(pair, icw4=0x11)
    pair.line(9).set(True)
    assert pair.acknowledge() == 0x29
    pair.line(8).set(True)
    assert intr(pair)
    assert pair.acknowledge() == 0x28


def test_automatic_end_of_interrupt() -> None:
    pair = I8259Pair(Line())
    initialize(pair, icw4=0x03)
    pair.line(0).set(True)
    pair.line(5).set(True)
    assert pair.acknowledge() == 0x20
    assert isr(pair) == 0
    assert pair.acknowledge() == 0x25


def test_rotation_on_automatic_end_of_interrupt() -> None:
    pair = I8259Pair(Line())
    initialize(pair, icw4=0x03)
    pair.master.write(0, 1, 0x80)
    pair.line(0).set(True)
    assert pair.acknowledge() == 0x20
    pair.line(0).set(False)
    for irq in (0, 6):
        pair.line(irq).set(True)
    assert pair.acknowledge() == 0x26


def test_rotate_on_end_of_interrupt(pair: I8259Pair) -> None:
    pair.line(3).set(True)
    assert pair.acknowledge() == 0x23
    pair.master.write(0, 1, 0xA0)
    pair.line(3).set(False)
    for irq in (3, 4, 0):
        pair.line(irq).set(True)
    assert [serve(pair) for _ in range(3)] == [0x24, 0x20, 0x23]


def test_set_priority(pair: I8259Pair) -> None:
    pair.master.write(0, 1, 0xC3)
    for irq in (0, 3, 4):
        pair.line(irq).set(True)
    assert [serve(pair) for _ in range(3)] == [0x24, 0x20, 0x23]


def test_special_mask_mode_lets_lower_levels_through(pair: I8259Pair) -> None:
    pair.line(1).set(True)
    pair.acknowledge()
    pair.line(6).set(True)
    assert not intr(pair)
    pair.master.write(1, 1, 0x02)
    pair.master.write(0, 1, 0x68)
    assert pair.acknowledge() == 0x26
    pair.master.write(0, 1, 0x20)  # does not end the masked level 1
    assert isr(pair) == 0x02
    pair.master.write(0, 1, 0x48)
    pair.line(7).set(True)
    assert not intr(pair)


def test_poll_acknowledges(pair: I8259Pair) -> None:
    pair.line(5).set(True)
    pair.master.write(0, 1, 0x0C)
    assert pair.master.read(0, 1) == 0x85
    assert not intr(pair)
    assert isr(pair) == 0x20
    pair.master.write(0, 1, 0x0C)
    assert pair.master.read(0, 1) == 0


def test_level_triggered_request_repeats_until_the_pin_falls(pair: I8259Pair) -> None:
    pair.elcr.write(0, 2, 0xFFFF)
    assert pair.elcr.read(0, 2) == 0xDEF8
    pair.line(10).set(True)
    assert serve(pair) == 0x2A
    assert intr(pair)
    assert pair.acknowledge() == 0x2A
    pair.line(10).set(False)
    pair.slave.write(0, 1, 0x20)
    pair.master.write(0, 1, 0x20)
    assert not intr(pair)


def test_initialization_forgets_edges_and_masks(pair: I8259Pair) -> None:
    pair.master.write(1, 1, 0xFF)
    pair.line(3).set(True)
    initialize(pair)
    assert pair.master.read(1, 1) == 0
    assert not intr(pair), "the pin must rise anew"
    pair.line(3).set(False)
    pair.line(3).set(True)
    assert intr(pair)


def test_snapshot_restores_the_output(pair: I8259Pair) -> None:
    pair.line(3).set(True)
    saved = copy.deepcopy((pair.master.state, pair.slave.state))
    pair.acknowledge()
    pair.master.state, pair.slave.state = saved
    pair.resume()
    assert intr(pair)
    assert pair.acknowledge() == 0x23

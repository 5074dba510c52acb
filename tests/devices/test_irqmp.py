# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import copy

from vmm.devices.irqmp import (
    BRDCST,
    ICLEAR,
    IFORCE0,
    ILEVEL,
    IPEND,
    MPSTAT,
    PEXTACK,
    PIFORCE,
    PIMASK,
    Irqmp,
)


class Bench:
    def __init__(self) -> None:
        self.requests: list[int] = []
        self.irqmp = Irqmp(self.requests.append)

    @property
    def level(self) -> int:
        return self.requests[-1] if self.requests else 0


def unmasked() -> Bench:
    bench = Bench()
    bench.irqmp.write(PIMASK, 4, 0xFFFE)
    return bench


def test_masked_interrupt_is_pending_but_not_requested() -> None:
    bench = Bench()
    bench.irqmp.line(6).pulse()
    assert bench.irqmp.read(IPEND, 4) == 1 << 6
    assert bench.requests == []
    bench.irqmp.write(PIMASK, 4, 1 << 6)
    assert bench.requests == [6]


def test_the_highest_is_requested_and_acknowledged_in_order() -> None:
    bench = unmasked()
    for number in (3, 11, 7):
        bench.irqmp.line(number).pulse()
    order = []
    while bench.level:
        order.append(bench.level)
        bench.irqmp.acknowledge(bench.level)
    assert order == [11, 7, 3]
    assert bench.irqmp.read(IPEND, 4) == 0


def test_ilevel_puts_an_interrupt_before_higher_ones() -> None:
    bench = unmasked()
    bench.irqmp.write(ILEVEL, 4, 1 << 3)
    bench.irqmp.write(IFORCE0, 4, 1 << 11 | 1 << 3)
    assert bench.level == 3
    bench.irqmp.acknowledge(3)
    assert bench.level == 11


def test_acknowledge_of_a_forced_interrupt_leaves_the_pending_one() -> None:
    bench = unmasked()
    bench.irqmp.line(5).pulse()
    bench.irqmp.write(PIFORCE, 4, 1 << 5)
    bench.irqmp.acknowledge(5)
    assert bench.irqmp.read(PIFORCE, 4) == 0
    assert bench.irqmp.read(IPEND, 4) == 1 << 5
    bench.irqmp.acknowledge(5)
    assert bench.irqmp.read(IPEND, 4) == 0
    assert bench.level == 0


def test_high_line_is_pending_again_after_acknowledge_and_clear() -> None:
    bench = unmasked()
    line = bench.irqmp.line(4)
    line.set(True)
    bench.irqmp.acknowledge(4)
    assert bench.irqmp.read(IPEND, 4) == 1 << 4
    bench.irqmp.write(ICLEAR, 4, 1 << 4)
    assert bench.irqmp.read(IPEND, 4) == 1 << 4
    line.set(False)
    assert bench.level == 4
    bench.irqmp.acknowledge(4)
    assert bench.level == 0


def test_force_register_sets_and_clears() -> None:
    bench = unmasked()
    bench.irqmp.write(PIFORCE, 4, 1 << 9 | 1 << 2 | 1)
    assert bench.irqmp.read(PIFORCE, 4) == 1 << 9 | 1 << 2
    assert bench.irqmp.read(IFORCE0, 4) == 1 << 9 | 1 << 2
    bench.irqmp.write(PIFORCE, 4, 1 << (9 + 16))
    assert bench.irqmp.read(PIFORCE, 4) == 1 << 2
    assert bench.level == 2


def test_clear_withdraws_a_request() -> None:
    bench = unmasked()
    bench.irqmp.line(8).pulse()
    bench.irqmp.write(ICLEAR, 4, 1 << 8)
    assert bench.requests == [8, 0]
    assert bench.irqmp.read(ICLEAR, 4) == 0


def test_pending_register_can_be_written() -> None:
    bench = unmasked()
    bench.irqmp.write(IPEND, 4, 0xFFFF_FFFF)
    assert bench.irqmp.read(IPEND, 4) == 0xFFFE
    assert bench.level == 15


def test_only_changes_are_told() -> None:
    bench = unmasked()
    bench.irqmp.line(7).pulse()
    bench.irqmp.line(3).pulse()
    bench.irqmp.line(7).pulse()
    assert bench.requests == [7]


def test_extended_acknowledge_reads_zero() -> None:
    bench = unmasked()
    bench.irqmp.line(7).pulse()
    bench.irqmp.acknowledge(7)
    assert bench.irqmp.read(PEXTACK, 4) == 0
    assert not bench.irqmp.unknown.counts


def test_uniprocessor_status_and_no_broadcast() -> None:
    bench = Bench()
    assert bench.irqmp.read(MPSTAT, 4) == 0
    bench.irqmp.write(BRDCST, 4, 0xFFFE)
    assert bench.irqmp.read(BRDCST, 4) == 0


def test_two_processors() -> None:
    first: list[int] = []
    second: list[int] = []
    started: list[int] = []
    irqmp = Irqmp(first.append, second.append, start=started.append)
    irqmp.write(PIMASK, 4, 1 << 5)
    irqmp.write(PIMASK + 4, 4, 1 << 5 | 1 << 9)
    assert irqmp.read(MPSTAT, 4) == 1 << 28 | 1 << 27 | 0b10
    irqmp.write(MPSTAT, 4, 0b10)
    assert started == [1]
    assert irqmp.read(MPSTAT, 4) & 3 == 0

    irqmp.write(BRDCST, 4, 1 << 5)
    irqmp.line(5).pulse()
    assert (first, second) == ([5], [5])
    irqmp.acknowledge(5, 0)
    assert (first, second) == ([5, 0], [5])
    irqmp.write(PIFORCE + 4, 4, 1 << 9)
    assert second == [5, 9]


def test_absent_registers_and_narrow_stores_are_counted() -> None:
    bench = Bench()
    assert bench.irqmp.read(PIMASK + 4, 4) == 0
    bench.irqmp.write(PIMASK, 2, 0xFFFE)
    assert bench.irqmp.read(PIMASK, 4) == 0
    assert bench.irqmp.unknown.counts == {("read", 0x44): 1, ("write", 0x40): 1}


def test_resume_requests_anew_from_a_restored_state() -> None:
    bench = unmasked()
    bench.irqmp.line(12).pulse()
    saved = copy.deepcopy(bench.irqmp.state)
    bench.irqmp.acknowledge(12)
    bench.requests.clear()
    bench.irqmp.state = saved
    bench.irqmp.resume()
    assert bench.requests == [12]


def test_reset_masks_everything() -> None:
    bench = unmasked()
    bench.irqmp.line(12).pulse()
    bench.irqmp.reset()
    assert bench.level == 0
    assert bench.irqmp.read(PIMASK, 4) == bench.irqmp.read(IPEND, 4) == 0

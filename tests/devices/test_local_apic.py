# SPDX-License-Identifier: GPL-2.0-or-later
"""The local APIC: priorities, EOI, LINT0, interprocessor interrupts, errors, the timer's modes."""

import pytest

from vmm.devices import local_apic_state as a
from vmm.devices.local_apic import LocalApic
from vmm.machine.clock import Clock
from vmm.machine.line import Line

ENABLED = 0x1FF
MASKED = 0x10000


class Rig:
    """An APIC that software has enabled, with all that it drives."""

    def __init__(self) -> None:
        self.clock = Clock(1_000_000_000)
        self.nmis = 0
        self.eois: list[int] = []
        self.intr = Line()
        self.apic = LocalApic(self.clock, self.intr, self._nmi)
        self.apic.on_eoi = self.eois.append
        self.apic.external = lambda: 0x77
        self.write(a.SVR, ENABLED)

    def _nmi(self) -> None:
        self.nmis += 1

    def read(self, offset: int) -> int:
        return self.apic.read(offset, 4)

    def write(self, offset: int, value: int) -> None:
        self.apic.write(offset, 4, value)

    def interrupt(self, vector: int, level: bool = False) -> bool:
        return self.apic.message(0, False, a.MODE_FIXED, vector, level)

    def taken(self) -> list[int]:
        """Acknowledge whatever is requested; the vectors."""
        vectors = []
        while self.intr.level:
            vectors.append(self.apic.acknowledge())
        return vectors


@pytest.fixture
def rig() -> Rig:
    return Rig()


def in_set(rig: Rig, base: int) -> set[int]:
    words = [rig.read(base + 0x10 * n) for n in range(8)]
    return {v for v in range(256) if words[v >> 5] >> (v & 31) & 1}


def test_after_reset() -> None:
    rig = Rig()
    rig.apic.reset()
    assert (rig.read(a.ID), rig.read(a.VERSION_REGISTER)) == (0, 0x50014)
    assert (rig.read(a.DFR), rig.read(a.LDR), rig.read(a.SVR)) == (0xFFFFFFFF, 0, 0xFF)
    assert [rig.read(a.LVT + 0x10 * n) for n in range(6)] == [MASKED] * 6
    rig.apic.lint0.set(True)
    assert rig.apic.lint0.level
    assert not rig.interrupt(0x40), "software has not enabled it"


def test_a_higher_class_interrupts_a_lower_one_and_not_the_other_way(rig: Rig) -> None:
    for vector in (0x41, 0x45, 0x52):
        assert rig.interrupt(vector)
    assert rig.taken() == [0x52]  # the others' class is not higher
    assert rig.read(a.PPR) == 0x50
    assert rig.interrupt(0x61)
    assert rig.taken() == [0x61]
    assert in_set(rig, a.ISR) == {0x52, 0x61}
    assert in_set(rig, a.IRR) == {0x41, 0x45}
    rig.write(a.EOI, 0)
    assert (in_set(rig, a.ISR), rig.intr.level) == ({0x52}, False)
    rig.write(a.EOI, 0)
    assert rig.taken() == [0x45]
    rig.write(a.EOI, 0)
    assert rig.taken() == [0x41]
    rig.write(a.EOI, 0)
    rig.write(a.EOI, 0)  # with nothing in service
    assert in_set(rig, a.ISR) == set()


def test_tpr_holds_back_its_class_and_below(rig: Rig) -> None:
    rig.write(a.TPR, 0x43)
    assert rig.read(a.PPR) == 0x43
    rig.interrupt(0x4F)
    assert not rig.intr.level
    rig.interrupt(0x50)
    assert rig.taken() == [0x50]
    rig.write(a.EOI, 0)
    assert not rig.intr.level
    rig.write(a.TPR, 0x3F)
    assert rig.taken() == [0x4F]
    assert rig.read(a.PPR) == 0x40
    rig.write(a.TPR, 0x4A)
    assert rig.read(a.PPR) == 0x4A  # of one class, TPR counts whole


def test_a_request_that_tpr_takes_back_lowers_intr(rig: Rig) -> None:
    rig.interrupt(0x50)
    assert rig.intr.level
    rig.write(a.TPR, 0x5F)
    assert not rig.intr.level
    assert rig.apic.acknowledge() == 0xFF  # the spurious vector
    assert in_set(rig, a.ISR) == set()


def test_only_level_triggered_interrupts_tell_of_their_end(rig: Rig) -> None:
    rig.interrupt(0x50, level=True)
    rig.interrupt(0x60)
    assert in_set(rig, a.TMR) == {0x50}
    assert rig.taken() == [0x60]
    rig.write(a.EOI, 0)
    assert (rig.eois, rig.taken()) == ([], [0x50])
    rig.write(a.EOI, 0)
    assert rig.eois == [0x50]
    rig.interrupt(0x50)
    assert in_set(rig, a.TMR) == set()


def test_the_8259_is_an_external_interrupt_of_no_priority(rig: Rig) -> None:
    rig.apic.lint0.set(True)
    assert not rig.intr.level  # masked since reset
    rig.write(a.LVT + 0x10 * a.LINT0, 0x700)
    rig.write(a.TPR, 0xFF)
    assert rig.intr.level
    assert rig.apic.acknowledge() == 0x77
    assert in_set(rig, a.ISR) == set()
    rig.write(a.TPR, 0)
    rig.interrupt(0x30)
    assert rig.apic.acknowledge() == 0x30  # the APIC's own first
    assert rig.apic.acknowledge() == 0x77
    rig.apic.lint0.set(False)
    assert not rig.intr.level


def test_lint0_can_be_a_vector_or_an_nmi(rig: Rig) -> None:
    rig.write(a.LVT + 0x10 * a.LINT0, 0x0044)
    rig.apic.lint0.set(True)
    assert rig.taken() == [0x44]
    rig.apic.lint0.set(False)
    rig.write(a.LVT + 0x10 * a.LINT0, 0x0400)
    rig.apic.lint0.set(True)
    assert (rig.nmis, rig.intr.level) == (1, False)


def test_destinations(rig: Rig) -> None:
    rig.write(a.ID, 0x03000000)
    rig.write(a.LDR, 0x42000000)

    def reaches(destination: int, logical: bool) -> bool:
        return rig.apic.message(destination, logical, a.MODE_LOWEST, 0x30, False)

    assert [reaches(d, False) for d in (3, 0xFF, 0, 2)] == [True, True, False, False]
    assert [reaches(d, True) for d in (0x02, 0x40, 0xBD, 0xFF)] == [True, True, False, True]
    rig.write(a.DFR, 0)
    assert rig.read(a.DFR) == 0x0FFFFFFF
    # Clusters: 4 is ours, F is all of them; the low half is a set of four.
    assert [reaches(d, True) for d in (0x42, 0x41, 0x32, 0xF2, 0xF5)] == [
        True, False, False, True, False]


def test_interprocessor_interrupts_to_itself(rig: Rig) -> None:
    rig.write(a.ICR_LOW, 0x40044)  # self
    assert rig.taken() == [0x44]
    rig.write(a.ICR_HIGH, 0x05000000)
    rig.write(a.ICR_LOW, 0x00055)
    rig.write(a.ICR_LOW, 0xC0056)  # all but self
    assert not rig.intr.level
    rig.write(a.ICR_LOW, 0x88500)  # INIT level de-assert to all, as at the start of a kernel
    rig.write(a.ICR_LOW, 0x80400)
    assert rig.nmis == 1
    assert rig.read(a.ICR_LOW) == 0x80400  # sent: the delivery status is idle


def test_errors_are_collected_until_esr_is_written(rig: Rig) -> None:
    rig.write(a.LVT + 0x10 * a.ERROR, 0xFE)
    rig.write(a.ICR_LOW, 0x40005)
    assert rig.taken() == [0xFE]
    assert not rig.interrupt(0x0F)
    assert rig.read(a.ESR) == 0
    rig.write(a.ESR, 0)
    assert rig.read(a.ESR) == 0x60  # send and receive illegal vector
    rig.write(a.ESR, 0)
    assert rig.read(a.ESR) == 0
    rig.read(0x2F0)
    rig.write(a.ESR, 0)
    assert rig.read(a.ESR) == 0x80
    assert rig.apic.unknown.counts["read", 0x2F0] == 1


def test_switching_it_off_masks_the_table(rig: Rig) -> None:
    rig.write(a.LVT, 0x20040)
    rig.interrupt(0x50)
    rig.write(a.SVR, 0xFF)
    assert not rig.intr.level
    assert rig.read(a.LVT) == 0x30040
    rig.write(a.LVT, 0x20040)
    assert rig.read(a.LVT) == 0x30040  # and keeps it masked
    rig.write(a.SVR, ENABLED)
    assert rig.taken() == [0x50]  # what was requested is held


def timer(rig: Rig, entry: int, initial: int, divide: int = 0xB) -> None:
    rig.write(a.DIVIDE, divide)
    rig.write(a.LVT, entry)
    rig.write(a.INITIAL_COUNT, initial)


def test_a_one_shot_count_ends_once(rig: Rig) -> None:
    timer(rig, 0x40, 100, divide=0x3)  # by 16
    rig.clock.advance(1599)
    assert (rig.read(a.CURRENT_COUNT), rig.intr.level) == (1, False)
    rig.clock.advance(1)
    assert (rig.read(a.CURRENT_COUNT), rig.taken()) == (0, [0x40])
    rig.write(a.EOI, 0)
    rig.clock.advance(100_000)
    assert not rig.intr.level
    assert rig.clock.pending() == []


def test_a_periodic_count_begins_again(rig: Rig) -> None:
    timer(rig, 0x20040, 1000)
    for _ in range(3):
        rig.clock.advance(999)
        assert not rig.intr.level
        rig.clock.advance(1)
        assert rig.taken() == [0x40]
        assert rig.read(a.CURRENT_COUNT) == 1000
        rig.write(a.EOI, 0)
    rig.clock.advance(250)
    assert rig.read(a.CURRENT_COUNT) == 750
    rig.write(a.INITIAL_COUNT, 0)
    assert rig.read(a.CURRENT_COUNT) == 0
    rig.clock.advance(10_000)
    assert not rig.intr.level


def test_a_masked_timer_counts_without_interrupting(rig: Rig) -> None:
    timer(rig, 0x30040, 1000)
    rig.clock.advance(1500)
    assert (rig.read(a.CURRENT_COUNT), rig.intr.level) == (500, False)
    rig.write(a.LVT, 0x20040)
    rig.clock.advance(500)
    assert rig.taken() == [0x40]


@pytest.mark.parametrize(
    ("divide", "cycles"),
    [(0, 2), (1, 4), (2, 8), (3, 16), (8, 32), (9, 64), (10, 128), (11, 1)],
)
def test_divide(rig: Rig, divide: int, cycles: int) -> None:
    timer(rig, MASKED, 1000, divide)
    rig.clock.advance(5 * cycles)
    assert rig.read(a.CURRENT_COUNT) == 995


def test_another_divider_goes_on_with_the_count(rig: Rig) -> None:
    timer(rig, 0x40, 1000)
    rig.clock.advance(400)
    rig.write(a.DIVIDE, 0)
    assert rig.read(a.CURRENT_COUNT) == 600
    rig.clock.advance(1199)
    assert not rig.intr.level
    rig.clock.advance(1)
    assert rig.taken() == [0x40]


def test_message_signalled_interrupts(rig: Rig) -> None:
    rig.apic.write_message(0xFEE00000, 0x0041)
    rig.apic.write_message(0xFEE05000, 0x0042)  # another processor's
    assert rig.taken() == [0x41]


def test_other_accesses_are_counted(rig: Rig) -> None:
    rig.apic.write(a.TPR, 1, 0x20)
    rig.apic.write(a.TPR + 4, 4, 0x20)
    assert rig.read(a.TPR) == 0
    assert sum(rig.apic.unknown.counts.values()) == 2

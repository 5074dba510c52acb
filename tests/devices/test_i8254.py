# SPDX-License-Identifier: GPL-2.0-or-later
"""The 8254: modes, latches, gates, BCD, and events only where a line listens."""

import copy

import pytest

from vmm.devices.i8254 import FREQUENCY, I8254
from vmm.devices.pcspeaker_port import PcSpeakerPort
from vmm.machine.clock import NS, Clock
from vmm.machine.line import Line


class Bench:
    """A timer on a clock of one cycle for each CLK, so that ticks are exact."""

    def __init__(self) -> None:
        self.clock = Clock(FREQUENCY)
        self.edges: list[tuple[int, bool]] = []
        self.line = Line(lambda level: self.edges.append((self.clock.ticks(FREQUENCY), level)))
        self.pit = I8254(self.clock, (self.line,))
        self.pit.gate(2, True)

    def step(self, ticks: int) -> None:
        self.clock.advance(-(-ticks * NS // FREQUENCY))

    def program(self, counter: int, mode: int, count: int, bcd: int = 0) -> None:
        self.pit.write(3, 1, counter << 6 | 0x30 | mode << 1 | bcd)
        self.pit.write(counter, 1, count & 0xFF)
        self.pit.write(counter, 1, count >> 8)

    def latch(self, counter: int) -> int:
        self.pit.write(3, 1, counter << 6)
        return self.pit.read(counter, 1) | self.pit.read(counter, 1) << 8

    def status(self, counter: int) -> int:
        self.pit.write(3, 1, 0xE0 | 2 << counter)
        return self.pit.read(counter, 1)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_mode_0_rises_one_clk_after_the_count(bench: Bench) -> None:
    bench.program(0, 0, 10)
    bench.edges.clear()
    now = bench.clock.ticks(FREQUENCY)
    bench.step(100)
    assert bench.edges == [(now + 11, True)]
    assert bench.clock.next_cycle() is None, "nothing more to wait for"


def test_mode_0_counts_on_below_zero(bench: Bench) -> None:
    bench.program(2, 0, 10)
    bench.step(13)
    assert bench.latch(2) == 0xFFFE
    assert bench.pit.output(2)


def test_mode_0_first_byte_stops_the_count(bench: Bench) -> None:
    bench.program(2, 0, 100)
    bench.step(200)
    bench.pit.write(2, 1, 5)
    assert not bench.pit.output(2)
    bench.step(500)
    assert not bench.pit.output(2)
    bench.pit.write(2, 1, 0)
    bench.step(5)
    assert not bench.pit.output(2)
    bench.step(1)
    assert bench.pit.output(2)


def test_mode_0_gate_holds_the_count(bench: Bench) -> None:
    bench.program(2, 0, 100)
    bench.step(41)
    bench.pit.gate(2, False)
    bench.step(1000)
    assert bench.latch(2) == 60
    bench.pit.gate(2, True)
    bench.step(59)
    assert not bench.pit.output(2)
    bench.step(1)
    assert bench.pit.output(2)


def test_mode_1_is_started_and_restarted_by_the_gate(bench: Bench) -> None:
    bench.pit.gate(2, False)
    bench.program(2, 1, 50)
    bench.step(500)
    assert bench.pit.output(2)
    bench.pit.gate(2, True)
    bench.step(40)
    assert not bench.pit.output(2)
    bench.pit.gate(2, False)
    bench.pit.gate(2, True)
    bench.step(50)
    assert not bench.pit.output(2)
    bench.step(1)
    assert bench.pit.output(2)


def test_mode_2_period_and_edges(bench: Bench) -> None:
    bench.program(0, 2, 7)
    start = bench.clock.ticks(FREQUENCY) + 1
    bench.edges.clear()
    bench.step(22)
    rises = [tick for tick, level in bench.edges if level]
    assert rises == [start + 7, start + 14, start + 21]
    values = []
    for _ in range(8):
        bench.step(1)
        values.append(bench.latch(0))
    assert values == [6, 5, 4, 3, 2, 1, 7, 6]


def test_mode_2_new_count_waits_for_the_period(bench: Bench) -> None:
    bench.program(0, 2, 10)
    start = bench.clock.ticks(FREQUENCY) + 1
    bench.step(4)
    bench.pit.write(0, 1, 3)
    bench.pit.write(0, 1, 0)
    assert bench.status(0) & 0x40
    assert bench.latch(0) == 7
    bench.edges.clear()
    bench.step(14)
    assert [tick for tick, level in bench.edges if level] == [start + 10, start + 13, start + 16]


def test_mode_3_odd_count_is_high_one_clk_longer(bench: Bench) -> None:
    bench.program(0, 3, 5)
    start = bench.clock.ticks(FREQUENCY) + 1
    bench.edges.clear()
    bench.step(11)
    assert bench.edges == [
        (start + 3, False),
        (start + 5, True),
        (start + 8, False),
        (start + 10, True),
    ]


def test_mode_3_counts_by_two(bench: Bench) -> None:
    bench.program(2, 3, 6)
    bench.step(1)
    values = []
    for _ in range(7):
        values.append(bench.latch(2))
        bench.step(1)
    assert values == [6, 4, 2, 6, 4, 2, 6]


def test_mode_3_gate_low_forces_the_output_high(bench: Bench) -> None:
    bench.program(2, 3, 100)
    bench.step(60)
    assert not bench.pit.output(2)
    bench.pit.gate(2, False)
    assert bench.pit.output(2)
    bench.pit.gate(2, True)
    bench.step(51)
    assert not bench.pit.output(2)


def test_mode_4_strobes_low_for_one_clk(bench: Bench) -> None:
    bench.program(2, 4, 4)
    levels = []
    for _ in range(8):
        bench.step(1)
        levels.append(bench.pit.output(2))
    assert levels == [True] * 4 + [False] + [True] * 3


def test_mode_4_gives_one_edge_on_the_line(bench: Bench) -> None:
    bench.program(0, 4, 4)
    now = bench.clock.ticks(FREQUENCY)
    bench.edges.clear()
    bench.step(300_000)
    assert bench.edges == [(now + 6, False), (now + 6, True)]


def test_mode_5_waits_for_the_gate(bench: Bench) -> None:
    bench.pit.gate(2, False)
    bench.program(2, 5, 3)
    bench.step(20)
    bench.pit.gate(2, True)
    levels = []
    for _ in range(6):
        bench.step(1)
        levels.append(bench.pit.output(2))
    assert levels == [True, True, True, False, True, True]


def test_bcd_counts_in_decimal(bench: Bench) -> None:
    bench.program(2, 0, 0x1000, bcd=1)
    bench.step(2)
    assert bench.latch(2) == 0x0999
    bench.step(999)
    assert bench.pit.output(2)
    bench.step(1)
    assert bench.latch(2) == 0x9999


def test_zero_is_the_largest_count(bench: Bench) -> None:
    bench.program(2, 0, 0)
    bench.step(65536)
    assert not bench.pit.output(2)
    bench.step(1)
    assert bench.pit.output(2)


def test_second_latch_is_ignored_until_the_first_is_read(bench: Bench) -> None:
    bench.program(2, 0, 0x1234)
    bench.step(1)
    bench.pit.write(3, 1, 0x80)
    bench.step(100)
    bench.pit.write(3, 1, 0x80)
    assert bench.pit.read(2, 1) | bench.pit.read(2, 1) << 8 == 0x1234
    assert bench.latch(2) == 0x1234 - 100


def test_read_back_gives_status_before_count(bench: Bench) -> None:
    bench.program(1, 2, 0x4321)
    bench.step(1)
    bench.pit.write(3, 1, 0xC4)
    assert bench.pit.read(1, 1) == 0xB4
    assert bench.pit.read(1, 1) | bench.pit.read(1, 1) << 8 == 0x4321


def test_null_count_until_the_count_is_loaded(bench: Bench) -> None:
    bench.pit.write(3, 1, 0xB0)
    assert bench.status(2) == 0x70
    bench.pit.write(2, 1, 9)
    bench.pit.write(2, 1, 0)
    assert bench.status(2) == 0x70
    bench.step(1)
    assert bench.status(2) == 0x30


def test_one_byte_counters(bench: Bench) -> None:
    bench.pit.write(3, 1, 0x90)
    bench.pit.write(2, 1, 200)
    bench.step(11)
    assert bench.pit.read(2, 1) == 190
    bench.pit.write(3, 1, 0xA0)
    bench.pit.write(2, 1, 2)
    bench.step(1)
    assert bench.pit.read(2, 1) == 2
    bench.step(1)
    assert bench.pit.read(2, 1) == 1


def test_snapshot_goes_on_with_the_same_edges(bench: Bench) -> None:
    bench.program(0, 2, 1000)
    bench.step(300)
    saved = copy.deepcopy(bench.pit.state)
    bench.pit.write(3, 1, 0x30)
    bench.pit.state = saved
    bench.pit.resume()
    bench.edges.clear()
    now = bench.clock.ticks(FREQUENCY)
    bench.step(701)
    assert bench.edges[-1] == (now + 701, True)


def test_port_61_gates_counter_2_and_shows_its_output(bench: Bench) -> None:
    sounds: list[bool] = []
    port = PcSpeakerPort(bench.clock, bench.pit, sounds.append)
    bench.program(2, 0, 10)
    port.write(0, 1, 0x00)
    bench.step(100)
    assert port.read(0, 1) & 0x2F == 0
    port.write(0, 1, 0x03)
    bench.step(11)
    assert port.read(0, 1) & 0x2F == 0x23
    port.write(0, 1, 0x01)
    assert sounds == [True, False]


def test_port_61_refresh_bit_toggles_every_18_clks(bench: Bench) -> None:
    port = PcSpeakerPort(bench.clock, bench.pit)
    before = port.read(0, 1) & 0x10
    bench.step(18)
    assert port.read(0, 1) & 0x10 != before

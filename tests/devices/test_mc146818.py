# SPDX-License-Identifier: GPL-2.0-or-later
"""The RTC: calendar, formats, the three interrupt sources, memory sizes."""

import copy
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from vmm.devices.mc146818 import Mc146818
from vmm.machine.clock import NS, Clock
from vmm.machine.line import Line

MIB = 1 << 20


class Bench:
    def __init__(self, moment: datetime = datetime(2023, 12, 31, 23, 59, 58, tzinfo=UTC)) -> None:
        self.clock = Clock(NS)
        self.line = Line()
        self.rtc = Mc146818(self.clock, self.line, 32 * MIB, int(moment.timestamp()))

    def high(self) -> bool:
        return self.line.level

    def get(self, index: int) -> int:
        self.rtc.write(0, 1, index)
        return self.rtc.read(1, 1)

    def put(self, index: int, value: int) -> None:
        self.rtc.write(0, 1, index)
        self.rtc.write(1, 1, value)

    def time(self) -> list[int]:
        return [self.get(n) for n in (0x32, 9, 8, 7, 4, 2, 0)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_calendar_in_bcd_and_rollover(bench: Bench) -> None:
    assert bench.time() == [0x20, 0x23, 0x12, 0x31, 0x23, 0x59, 0x58]
    assert bench.get(6) == 1  # a Sunday
    bench.clock.advance(2 * NS)
    assert bench.time() == [0x20, 0x24, 0x01, 0x01, 0, 0, 0]
    assert bench.get(6) == 2


def test_binary_and_twelve_hour_formats(bench: Bench) -> None:
    bench.put(0x0B, 0x06)
    assert bench.time() == [20, 23, 12, 31, 23, 59, 58]
    bench.put(0x0B, 0x00)
    assert bench.get(4) == 0x91  # 11 pm
    bench.clock.advance(2 * NS)
    assert bench.get(4) == 0x12  # midnight is 12 am


def test_setting_the_time_with_updates_stopped(bench: Bench) -> None:
    bench.put(0x0B, 0x82)
    for index, value in ((0, 0x30), (2, 0x15), (4, 0x08), (7, 0x29), (8, 0x02), (9, 0x24)):
        bench.put(index, value)
    bench.clock.advance(10 * NS)
    assert bench.time() == [0x20, 0x24, 0x02, 0x29, 0x08, 0x15, 0x30]
    bench.put(0x0B, 0x02)
    bench.clock.advance(NS)
    assert bench.get(0) == 0x31


def test_starting_the_divider_gives_half_a_second(bench: Bench) -> None:
    bench.put(0x0A, 0x70)
    bench.clock.advance(5 * NS)
    assert bench.get(0) == 0x58
    bench.put(0x0A, 0x26)
    bench.clock.advance(NS // 2 - 1)
    assert bench.get(0) == 0x58
    bench.clock.advance(1)
    assert bench.get(0) == 0x59


def test_update_in_progress_warns_244_us_ahead(bench: Bench) -> None:
    bench.clock.advance(NS - 250_000)
    assert not bench.get(0x0A) & 0x80
    bench.clock.advance(10_000)
    assert bench.get(0x0A) & 0x80
    bench.clock.advance(240_000)
    assert not bench.get(0x0A) & 0x80


def test_periodic_interrupt_at_its_rate(bench: Bench) -> None:
    rises: list[int] = []
    bench.line.sink = lambda level: rises.append(bench.clock.now()) if level else None
    bench.put(0x0A, 0x26)
    bench.put(0x0B, 0x42)
    for _ in range(5000):
        bench.clock.advance(NS // 50_000)
        if bench.high():
            assert bench.get(0x0C) & 0xC0 == 0xC0
    assert len(rises) == 102  # a tenth of a second at 1024 Hz
    steps = {later - earlier for earlier, later in pairwise(rises)}
    assert steps <= {976_562, 976_563}


def test_interrupt_stays_until_register_c_is_read(bench: Bench) -> None:
    bench.put(0x0B, 0x42)
    bench.clock.advance(NS // 10)
    assert bench.high()
    assert bench.get(0x0C) == 0xC0
    assert not bench.high()
    assert bench.get(0x0C) == 0


def test_update_ended_interrupt(bench: Bench) -> None:
    bench.put(0x0B, 0x12)
    bench.clock.advance(NS - 1)
    assert not bench.high()
    bench.clock.advance(1)
    assert bench.high()
    assert bench.get(0x0C) & 0x90 == 0x90


def test_flags_are_set_without_being_enabled(bench: Bench) -> None:
    bench.get(0x0C)
    bench.clock.advance(NS)
    assert not bench.high()
    assert bench.get(0x0C) & 0xF0 == 0x50


def test_alarm_at_a_time_of_day(bench: Bench) -> None:
    for index, value in ((1, 0x00), (3, 0x00), (5, 0x00)):
        bench.put(index, value)
    bench.put(0x0B, 0x22)
    bench.clock.advance(2 * NS - 1)
    assert not bench.high()
    bench.clock.advance(1)
    assert bench.get(0x0C) & 0xA0 == 0xA0
    bench.clock.advance(86_399 * NS)
    assert not bench.high()
    bench.clock.advance(NS)
    assert bench.high()


def test_alarm_with_dont_care_bytes(bench: Bench) -> None:
    for index, value in ((1, 0x05), (3, 0xFF), (5, 0xC0)):
        bench.put(index, value)
    bench.put(0x0B, 0x22)
    bench.clock.advance(6 * NS)
    assert not bench.high()
    bench.clock.advance(NS)
    assert bench.high()


def test_impossible_alarm_never_comes(bench: Bench) -> None:
    bench.put(1, 0x75)
    bench.put(0x0B, 0x22)
    assert bench.clock.next_cycle() is None


def test_set_clears_update_interrupt_enable(bench: Bench) -> None:
    bench.put(0x0B, 0x92)
    assert bench.get(0x0B) == 0x82
    bench.clock.advance(2 * NS)
    assert not bench.high()


def test_memory_sizes(bench: Bench) -> None:
    assert bench.get(0x15) | bench.get(0x16) << 8 == 640
    assert bench.get(0x17) | bench.get(0x18) << 8 == 31 * 1024
    assert bench.get(0x30) | bench.get(0x31) << 8 == 31 * 1024
    assert bench.get(0x34) | bench.get(0x35) << 8 == 16 * 16


def test_ram_and_nmi_mask(bench: Bench) -> None:
    bench.rtc.write(0, 2, 0x5AD0)  # index and data in one word access
    masked = bench.rtc.state.nmi_disabled
    assert bench.get(0x50) == 0x5A
    assert (masked, bench.rtc.state.nmi_disabled) == (True, False)
    assert bench.rtc.read(0, 1) == 0xFF
    assert bench.get(0x0D) == 0x80


def test_nonsense_written_to_the_clock_is_no_error(bench: Bench) -> None:
    for index in (0, 2, 4, 6, 7, 8, 9, 0x32):
        bench.put(index, 0xFF)
    bench.clock.advance(NS)
    assert len(bench.time()) == 7


def test_snapshot_keeps_time_and_event(bench: Bench) -> None:
    bench.put(0x0B, 0x12)
    saved = copy.deepcopy(bench.rtc.state)
    bench.put(0x0B, 0x02)
    bench.rtc.state = saved
    bench.rtc.resume()
    bench.clock.advance(NS)
    assert bench.high()

# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from vmm.devices import pl031
from vmm.devices.pl031 import Pl031
from vmm.machine.clock import NS, Clock
from vmm.machine.line import Line


def make(epoch: int = 0) -> tuple[Clock, Line, Pl031]:
    clock, line = Clock(1_000_000), Line()
    return clock, line, Pl031(clock, line, epoch)


def test_counts_seconds_from_the_epoch() -> None:
    clock, _, rtc = make(1_000_000)
    clock.advance(2 * NS + NS // 2)
    assert rtc.read(pl031.DR, 4) == 1_000_002


def test_load_moves_the_counter() -> None:
    clock, _, rtc = make(5)
    clock.advance(3 * NS)
    rtc.write(pl031.LR, 4, 100)
    clock.advance(NS)
    assert rtc.read(pl031.DR, 4) == 101
    assert rtc.read(pl031.LR, 4) == 100


def test_match_interrupts_once_when_enabled() -> None:
    clock, line, rtc = make(10)
    rtc.write(pl031.MR, 4, 12)
    rtc.write(pl031.IMSC, 4, 1)
    clock.advance(2 * NS - 1000)
    assert not line.level
    clock.advance(1000)
    assert line.level
    rtc.write(pl031.ICR, 4, 1)
    assert not line.level
    clock.advance(10 * NS)
    assert not line.level


def test_masked_match_shows_only_in_the_raw_status() -> None:
    clock, line, rtc = make()
    rtc.write(pl031.MR, 4, 1)
    clock.advance(NS)
    assert rtc.read(pl031.RIS, 4) == 1
    assert rtc.read(pl031.MIS, 4) == 0
    assert not line.level


def test_match_with_the_present_second_is_immediate() -> None:
    _, line, rtc = make(7)
    rtc.write(pl031.IMSC, 4, 1)
    rtc.write(pl031.MR, 4, 7)
    assert line.level


def test_load_moves_a_pending_match() -> None:
    clock, line, rtc = make(0)
    rtc.write(pl031.IMSC, 4, 1)
    rtc.write(pl031.MR, 4, 1000)
    rtc.write(pl031.LR, 4, 999)
    clock.advance(NS)
    assert line.level


def test_counter_wraps() -> None:
    clock, _, rtc = make(0xFFFFFFFF)
    clock.advance(NS)
    assert rtc.read(pl031.DR, 4) == 0


def test_no_event_waits_before_a_match_is_set() -> None:
    clock, _, _ = make()
    assert clock.next_cycle() is None


def test_match_survives_a_snapshot() -> None:
    _, _, rtc = make(0)
    rtc.write(pl031.IMSC, 4, 1)
    rtc.write(pl031.MR, 4, 3)
    clock, line, other = make()
    other.state = rtc.state
    other.resume()
    clock.advance(3 * NS)
    assert line.level

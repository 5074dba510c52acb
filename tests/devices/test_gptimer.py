# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from vmm.devices import gptimer
from vmm.devices.gptimer import CH, CONFIG, EN, IE, IP, LD, RS, SCALER, SRELOAD, Gptimer
from vmm.machine.clock import Clock
from vmm.machine.line import Line

MHZ = 1_000_000


class Bench:
    """A timer unit on a 1 MHz clock: one cycle is 1000 ns."""

    def __init__(self, timers: int = 2, hz: int = MHZ, separate: bool = True) -> None:
        self.clock = Clock(hz)
        self.log: list[tuple[int, int]] = []
        self.lines = [Line(self._sink(n)) for n in range(1, (timers if separate else 1) + 1)]
        self.unit = Gptimer(self.clock, self.lines, timers=timers, frequency=MHZ)
        self.unit.write(SRELOAD, 4, 9)

    def _sink(self, number: int) -> Callable[[bool], None]:
        def sink(level: bool) -> None:
            if level:
                self.log.append((self.clock.cycles(), number))

        return sink

    def cycles(self, count: int) -> None:
        self.clock.advance(count * 1_000_000_000 // self.clock.hz)

    def start(self, timer: int, reload: int, mode: int) -> None:
        self.unit.write(0x10 * timer + gptimer.RELOAD, 4, reload)
        self.unit.write(0x10 * timer + gptimer.CONTROL, 4, EN | LD | mode)

    def counter(self, timer: int) -> int:
        return self.unit.read(0x10 * timer + gptimer.COUNTER, 4)

    def control(self, timer: int) -> int:
        return self.unit.read(0x10 * timer + gptimer.CONTROL, 4)


def test_configuration_is_that_of_leon3_generic() -> None:
    assert Bench().unit.read(CONFIG, 4) == 0x332
    assert Bench(separate=False).unit.read(CONFIG, 4) == 0x232


def test_prescaler_ticks_every_reload_plus_one_cycles() -> None:
    bench = Bench()
    bench.start(1, 100, 0)
    bench.cycles(9)
    assert (bench.unit.read(SCALER, 4), bench.counter(1)) == (0, 100)
    bench.cycles(1)
    assert (bench.unit.read(SCALER, 4), bench.counter(1)) == (9, 99)
    bench.cycles(25)
    assert (bench.unit.read(SCALER, 4), bench.counter(1)) == (4, 97)


def test_prescaler_stands_still_without_an_enabled_timer() -> None:
    bench = Bench()
    bench.cycles(1005)
    assert bench.unit.read(SCALER, 4) == 9


def test_one_shot_stops_at_underflow_and_interrupts_once() -> None:
    bench = Bench()
    bench.start(1, 4, IE)
    bench.cycles(1000)
    assert bench.log == [(50, 1)]
    assert bench.control(1) == IE | IP
    assert bench.counter(1) == 0xFFFF_FFFF
    assert bench.unit.read(SCALER, 4) == 9


def test_periodic_interrupts_at_exact_times() -> None:
    bench = Bench()
    bench.start(1, 4, RS | IE)
    bench.cycles(155)
    assert bench.log == [(50, 1), (100, 1), (150, 1)]
    assert bench.counter(1) == 4
    bench.cycles(5)
    assert bench.counter(1) == 3


def test_without_ie_neither_interrupt_nor_pending() -> None:
    bench = Bench()
    bench.start(1, 4, RS)
    bench.cycles(500)
    assert bench.log == []
    assert not bench.control(1) & IP


def test_pending_is_cleared_by_writing_one_only() -> None:
    bench = Bench()
    bench.start(1, 4, IE)
    bench.cycles(60)
    bench.unit.write(0x18, 4, IE)
    assert bench.control(1) & IP
    bench.unit.write(0x18, 4, IE | IP)
    assert not bench.control(1) & IP


def test_chained_timer_counts_underflows() -> None:
    bench = Bench()
    bench.start(1, 4, RS)
    bench.start(2, 2, RS | IE | CH)
    bench.cycles(149)
    assert bench.counter(2) == 0
    bench.cycles(1)
    assert bench.log == [(150, 2)]
    assert bench.counter(2) == 2
    bench.cycles(1000)
    assert [when for when, _ in bench.log] == [150, 300, 450, 600, 750, 900, 1050]


def test_first_timer_chains_to_the_last_and_a_ring_stands_still() -> None:
    bench = Bench(timers=3)
    bench.start(3, 1, RS)
    bench.start(1, 1, RS | IE | CH)
    bench.cycles(45)
    assert bench.log == [(40, 1)]
    for timer in (1, 2, 3):
        bench.start(timer, 5, RS | IE | CH)
    bench.cycles(10_000)
    assert len(bench.log) == 1
    assert [bench.counter(timer) for timer in (1, 2, 3)] == [5, 5, 5]


def test_chain_to_a_one_shot_counts_once() -> None:
    bench = Bench()
    bench.start(1, 4, 0)
    bench.start(2, 5, RS | IE | CH)
    bench.cycles(5000)
    assert bench.counter(2) == 4
    assert bench.log == []


def test_timers_share_a_line_or_have_their_own() -> None:
    bench = Bench()
    bench.start(1, 9, IE)
    bench.start(2, 4, IE)
    bench.cycles(200)
    assert bench.log == [(50, 2), (100, 1)]
    shared = Bench(separate=False)
    shared.start(2, 4, IE)
    shared.cycles(200)
    assert shared.log == [(50, 1)]


def test_simultaneous_interrupts_come_lowest_first() -> None:
    bench = Bench()
    bench.start(2, 4, IE)
    bench.start(1, 4, IE)
    bench.cycles(60)
    assert bench.log == [(50, 1), (50, 2)]


def test_stopping_a_timer_withdraws_its_interrupt() -> None:
    bench = Bench()
    bench.start(1, 4, RS | IE)
    bench.cycles(49)
    bench.unit.write(0x18, 4, 0)
    bench.cycles(100)
    assert bench.log == []
    assert bench.counter(1) == 0


def test_new_counter_value_moves_the_interrupt() -> None:
    bench = Bench()
    bench.start(1, 1000, IE)
    bench.cycles(25)
    bench.unit.write(0x10, 4, 1)
    bench.cycles(100)
    assert bench.log == [(40, 1)]


def test_writing_the_scaler_reload_restarts_the_prescaler() -> None:
    bench = Bench()
    bench.start(1, 0, IE)
    bench.cycles(5)
    bench.unit.write(SRELOAD, 4, 0xFFFF_0013)
    assert bench.unit.read(SRELOAD, 4) == 0x13
    bench.cycles(100)
    assert bench.log == [(25, 1)]


def test_largest_reload_is_not_an_early_underflow() -> None:
    bench = Bench()
    bench.unit.write(SRELOAD, 4, 0)
    bench.start(1, 0xFFFF_FFFF, RS | IE)
    bench.cycles(10)
    assert bench.counter(1) == 0xFFFF_FFFF - 10
    assert bench.log == []


def test_slower_processor_clock_coalesces_but_counts_right() -> None:
    bench = Bench(hz=MHZ // 100)
    bench.unit.write(SRELOAD, 4, 0)
    bench.start(1, 6, RS | IE)
    bench.cycles(1)
    assert bench.log == [(1, 1)]
    assert bench.counter(1) == 6 - (100 % 7)


def test_polling_leaves_one_event_in_the_queue() -> None:
    bench = Bench()
    bench.start(1, 1000, RS | IE)
    for _ in range(50):
        bench.cycles(7)
        bench.counter(1)
    assert len(bench.clock.pending()) == 1


def test_access_sizes_and_unknown_offsets() -> None:
    bench = Bench()
    bench.unit.write(0x14, 4, 0x11223344)
    assert bench.unit.read(0x15, 1) == 0x22
    assert bench.unit.read(0x10, 8) == 0x11223344
    bench.unit.write(0x14, 1, 0xFF)
    assert bench.unit.read(0x14, 4) == 0x11223344
    assert bench.unit.read(0x1C, 4) == bench.unit.read(0x30, 4) == 0
    assert bench.unit.unknown.counts == {
        ("write", 0x14): 1,
        ("read", 0x1C): 1,
        ("read", 0x30): 1,
    }


def test_resume_continues_a_restored_state() -> None:
    bench = Bench()
    bench.start(1, 9, RS | IE)
    bench.cycles(35)
    saved = copy.deepcopy(bench.unit.state)
    bench.unit.write(0x18, 4, 0)
    bench.unit.state = saved
    bench.unit.resume()
    bench.cycles(70)
    assert bench.log == [(100, 1)]


def test_reset_stops_everything() -> None:
    bench = Bench()
    bench.start(1, 4, RS | IE)
    bench.unit.reset()
    bench.cycles(1000)
    assert bench.log == []
    for register in bench.unit.registers:
        assert bench.unit.read(register.offset, 4) == register.reset


def test_impossible_configurations_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 7 timers"):
        Gptimer(Clock(MHZ), [Line()], timers=8)
    with pytest.raises(ValueError, match="2 lines"):
        Gptimer(Clock(MHZ), [Line(), Line()], timers=3)

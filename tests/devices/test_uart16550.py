# SPDX-License-Identifier: GPL-2.0-or-later
"""The 16550A: interrupt identification, FIFOs, timeout, loopback, overrun."""

import copy

import pytest

from vmm.devices.uart16550 import Uart16550
from vmm.machine.clock import NS, Clock
from vmm.machine.line import Line

THR, IER, IIR, FCR, LCR, MCR, LSR, MSR, SCR = 0, 1, 2, 2, 3, 4, 5, 6, 7


class Bench:
    def __init__(self) -> None:
        self.clock = Clock(NS)
        self.line = Line()
        self.sent = bytearray()
        self.rooms = 0
        self.uart = Uart16550(self.clock, self.line, self.sent.extend, self.count_room)

    def count_room(self) -> None:
        self.rooms += 1

    def high(self) -> bool:
        return self.line.level

    def out(self, register: int, value: int) -> None:
        self.uart.write(register, 1, value)

    def inp(self, register: int) -> int:
        return self.uart.read(register, 1)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_reset_values(bench: Bench) -> None:
    assert [bench.inp(n) for n in (IER, IIR, LCR, MCR, LSR, MSR)] == [0, 1, 0, 8, 0x60, 0xB0]


def test_transmit(bench: Bench) -> None:
    for byte in b"hi":
        bench.out(THR, byte)
    assert bytes(bench.sent) == b"hi"
    assert bench.inp(LSR) == 0x60


def test_divider_hides_data_and_ier(bench: Bench) -> None:
    bench.out(IER, 0x0F)
    bench.out(LCR, 0x80)
    bench.out(THR, 0x34)
    bench.out(IER, 0x12)
    assert (bench.inp(THR), bench.inp(IER)) == (0x34, 0x12)
    bench.out(LCR, 0x03)
    assert bench.inp(IER) == 0x0F
    assert not bench.sent


def test_thre_interrupt_is_taken_back_by_reading_iir(bench: Bench) -> None:
    bench.out(IER, 0x02)
    assert bench.high()
    assert bench.inp(IIR) == 0x02
    assert not bench.high()
    assert bench.inp(IIR) == 0x01
    bench.out(THR, 0x41)
    assert bench.high()


def test_transmitting_gives_a_new_edge(bench: Bench) -> None:
    changes: list[bool] = []
    bench.out(IER, 0x02)
    bench.line.sink = changes.append
    bench.out(THR, 0x41)
    assert changes == [False, True]


def test_receive_without_fifo(bench: Bench) -> None:
    bench.out(IER, 0x01)
    assert bench.uart.receive(b"ab") == 1
    assert bench.high()
    assert bench.inp(IIR) == 0x04
    assert bench.inp(LSR) & 1
    assert bench.uart.room() == 0
    assert bench.inp(THR) == ord("a")
    assert not bench.high()
    assert bench.rooms == 1
    assert bench.uart.receive(b"b") == 1


def test_fifo_trigger_level_and_priority(bench: Bench) -> None:
    bench.out(FCR, 0x81)  # eight bytes
    bench.out(IER, 0x03)
    assert bench.inp(IIR) == 0xC2
    bench.uart.receive(b"1234567")
    assert not bench.high()
    bench.uart.receive(b"8")
    assert bench.inp(IIR) == 0xC4
    bench.inp(THR)
    assert not bench.high()


def test_timeout_after_four_characters(bench: Bench) -> None:
    bench.out(LCR, 0x83)
    bench.out(THR, 1)
    bench.out(IER, 0)
    bench.out(LCR, 0x03)
    bench.out(FCR, 0xC1)
    bench.out(IER, 0x01)
    bench.uart.receive(b"x")
    character = 10 * NS // 115_200
    bench.clock.advance(4 * character - 1000)
    assert not bench.high()
    bench.clock.advance(2000)
    assert bench.inp(IIR) == 0xCC
    assert bench.inp(THR) == ord("x")
    assert not bench.high()
    bench.clock.advance(10 * character)
    assert not bench.high()


def test_fifo_takes_sixteen(bench: Bench) -> None:
    bench.out(FCR, 0x01)
    assert bench.uart.receive(bytes(20)) == 16
    assert bench.uart.room() == 0
    bench.out(FCR, 0x03)
    assert bench.uart.room() == 16
    assert not bench.inp(LSR) & 1


def test_loopback_carries_data_and_modem_lines(bench: Bench) -> None:
    bench.out(MCR, 0x1A)  # loop, OUT2, RTS
    assert bench.inp(MSR) == 0x90
    bench.out(THR, 0x5A)
    assert not bench.sent
    assert bench.inp(THR) == 0x5A


def test_overrun_is_a_line_status_interrupt(bench: Bench) -> None:
    bench.out(IER, 0x04)
    bench.out(MCR, 0x10)
    bench.out(THR, 1)
    bench.out(THR, 2)
    assert bench.inp(IIR) == 0x06
    assert bench.inp(LSR) == 0x63
    assert bench.inp(LSR) == 0x61
    assert not bench.high()


def test_scratch(bench: Bench) -> None:
    bench.out(SCR, 0xA5)
    assert bench.inp(SCR) == 0xA5


def test_switching_fifos_empties_them(bench: Bench) -> None:
    bench.out(FCR, 0x01)
    bench.uart.receive(b"abc")
    bench.out(FCR, 0x00)
    assert not bench.inp(LSR) & 1
    assert bench.inp(IIR) == 0x01


def test_snapshot_keeps_the_timeout(bench: Bench) -> None:
    bench.out(FCR, 0xC1)
    bench.out(IER, 0x01)
    bench.uart.receive(b"x")
    saved = copy.deepcopy(bench.uart.state)
    bench.uart.reset()
    bench.clock.advance(100)
    assert bench.clock.next_cycle() is None
    bench.uart.state = saved
    bench.uart.resume()
    bench.clock.advance(NS)
    assert bench.inp(IIR) == 0xCC


@pytest.mark.parametrize("fifos", [0, 1])
def test_a_break_is_a_zero_with_its_bit(bench: Bench, fifos: int) -> None:
    bench.out(FCR, fifos)
    bench.out(IER, 4)
    bench.uart.receive_break()
    assert bench.high() and bench.inp(IIR) & 0xF == 6
    assert bench.inp(LSR) == 0x71 and bench.inp(LSR) == 0x61
    assert not bench.high() and bench.inp(THR) == 0 and bench.inp(LSR) == 0x60

# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from vmm.devices import pl011
from vmm.devices.pl011 import Pl011
from vmm.machine.clock import Clock
from vmm.machine.line import Line


class Bench:
    def __init__(self) -> None:
        self.clock = Clock(1_000_000_000)
        self.line = Line()
        self.sent = b""
        self.rooms = 0
        self.uart = Pl011(self.clock, self.line, self.send, self.room)

    def send(self, data: bytes) -> None:
        self.sent += data

    def room(self) -> None:
        self.rooms += 1

    def fifos_on(self) -> None:
        self.uart.write(pl011.IBRD, 4, 13)
        self.uart.write(pl011.FBRD, 4, 1)
        self.uart.write(pl011.LCR_H, 4, 0x70)


def test_sends_what_is_written() -> None:
    bench = Bench()
    for byte in b"ok\n":
        bench.uart.write(pl011.DR, 4, byte)
    assert bench.sent == b"ok\n"
    assert bench.uart.read(pl011.FR, 4) & 0xA0 == 0x80  # empty, not full


def test_transmit_interrupt_until_cleared() -> None:
    bench = Bench()
    bench.uart.write(pl011.IMSC, 4, pl011.INT_TX)
    assert not bench.line.level
    bench.uart.write(pl011.DR, 1, 0x41)
    assert bench.line.level
    bench.uart.write(pl011.ICR, 4, pl011.INT_TX)
    assert not bench.line.level


def test_without_fifo_one_byte_fits_and_interrupts() -> None:
    bench = Bench()
    bench.uart.write(pl011.IMSC, 4, pl011.INT_RX)
    assert bench.uart.receive(b"ab") == 1
    assert bench.line.level
    assert bench.uart.read(pl011.FR, 4) & pl011.FR_RXFF
    assert bench.uart.read(pl011.DR, 4) == ord("a")
    assert not bench.line.level
    assert bench.rooms == 1
    assert bench.uart.read(pl011.FR, 4) & pl011.FR_RXFE


def test_receive_interrupt_at_the_trigger_level() -> None:
    bench = Bench()
    bench.fifos_on()
    bench.uart.write(pl011.IMSC, 4, pl011.INT_RX)
    bench.uart.receive(b"1234567")
    assert not bench.line.level
    bench.uart.receive(b"8")
    assert bench.line.level
    bench.uart.read(pl011.DR, 4)
    assert not bench.line.level
    bench.uart.write(pl011.IFLS, 4, 0)  # a trigger of two bytes
    bench.uart.receive(b"9")
    assert bench.line.level


def test_fifo_takes_sixteen_bytes() -> None:
    bench = Bench()
    bench.fifos_on()
    assert bench.uart.receive(bytes(range(20))) == 16
    assert bench.uart.room() == 0
    assert [bench.uart.read(pl011.DR, 4) for _ in range(16)] == list(range(16))


def test_receive_timeout_after_32_bit_periods() -> None:
    bench = Bench()
    bench.fifos_on()
    bench.uart.write(pl011.IMSC, 4, pl011.INT_RT)
    bench.uart.receive(b"x")
    period = 16 * (13 * 64 + 1) * 1_000_000_000 // (64 * 24_000_000)
    bench.clock.advance(31 * period)
    assert not bench.line.level
    bench.clock.advance(2 * period)
    assert bench.line.level
    bench.uart.read(pl011.DR, 4)
    assert not bench.line.level


def test_every_byte_restarts_the_timeout() -> None:
    bench = Bench()
    bench.fifos_on()
    bench.uart.write(pl011.IMSC, 4, pl011.INT_RT)
    for _ in range(4):
        bench.uart.receive(b"x")
        bench.clock.advance(200_000)  # 23 bit periods
    assert not bench.line.level


def test_timeout_survives_a_snapshot() -> None:
    bench, other = Bench(), Bench()
    bench.fifos_on()
    bench.uart.write(pl011.IMSC, 4, pl011.INT_RT)
    bench.uart.receive(b"x")
    other.uart.state = bench.uart.state
    other.uart.resume()
    other.clock.advance(1_000_000)
    assert other.line.level


def test_loop_back_receives_what_it_sends() -> None:
    bench = Bench()
    bench.fifos_on()
    bench.uart.write(pl011.CR, 4, 0x381)
    for byte in range(17):
        bench.uart.write(pl011.DR, 4, byte)
    assert bench.sent == b""
    assert bench.uart.read(pl011.RIS, 4) & pl011.INT_OE
    data = [bench.uart.read(pl011.DR, 4) for _ in range(16)]
    assert data[:15] == list(range(15))
    assert data[15] == 15 | pl011.DR_OE


def test_identification_and_byte_lanes() -> None:
    bench = Bench()
    assert [bench.uart.read(0xFE0 + 4 * i, 4) for i in range(8)] == list(pl011.IDENTITY)
    bench.uart.write(pl011.IBRD, 4, 0x1234)
    assert bench.uart.read(pl011.IBRD + 1, 1) == 0x12
    assert bench.uart.read(0x80, 4) == 0
    assert bench.uart.unknown.counts["read", 0x80] == 1


def test_a_break_is_an_entry_with_its_bit() -> None:
    bench = Bench()
    bench.fifos_on()
    bench.uart.write(pl011.IMSC, 4, pl011.INT_BE)
    bench.uart.receive(b"a")
    bench.uart.receive_break()
    assert bench.line.level
    assert bench.uart.read(pl011.DR, 4) == ord("a") and bench.uart.read(pl011.RSR, 4) == 0
    assert bench.uart.read(pl011.DR, 4) == pl011.DR_BE and bench.uart.read(pl011.RSR, 4) == 4
    bench.uart.write(pl011.ICR, 4, pl011.INT_BE)
    assert not bench.line.level

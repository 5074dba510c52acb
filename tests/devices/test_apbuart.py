# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import copy

from vmm.devices import apbuart
from vmm.devices.apbuart import CONTROL, DATA, DEBUG, SCALER, STATUS, Apbuart
from vmm.machine.line import Line

RX, TX = apbuart.RECEIVER_ENABLE, apbuart.TRANSMITTER_ENABLE
IDLE = apbuart.TS | apbuart.TE | apbuart.TH


class Bench:
    def __init__(self) -> None:
        self.edges: list[bool] = []
        self.line = Line(self.edges.append)
        self.sent = b""
        self.rooms = 0
        self.uart = Apbuart(self.line, self.send, self.room)

    def send(self, data: bytes) -> None:
        self.sent += data

    def room(self) -> None:
        self.rooms += 1

    def high(self) -> bool:
        return self.line.level

    @property
    def interrupts(self) -> int:
        return self.edges.count(True)


def enabled(control: int = RX | TX) -> Bench:
    bench = Bench()
    bench.uart.write(CONTROL, 4, control)
    bench.rooms = 0
    return bench


def test_sends_at_once_and_is_empty_again() -> None:
    bench = enabled()
    for byte in b"hello":
        bench.uart.write(DATA, 4, byte)
    assert bench.sent == b"hello"
    assert bench.uart.read(STATUS, 4) == IDLE


def test_byte_stores_send_too() -> None:
    bench = enabled()
    bench.uart.write(DATA, 1, 0x41)
    bench.uart.write(DATA + 3, 1, 0x42)
    bench.uart.write(DATA, 2, 0x43)
    assert bench.sent == b"AB"
    assert bench.uart.unknown.counts["write", DATA] == 1


def test_bytes_wait_while_the_transmitter_is_off() -> None:
    bench = Bench()
    for byte in range(10):
        bench.uart.write(DATA, 4, byte)
    status = bench.uart.read(STATUS, 4)
    assert status & (apbuart.TE | apbuart.TH | apbuart.TF) == apbuart.TF
    assert status >> 20 & 0x3F == 8
    assert bench.sent == b""
    bench.uart.write(CONTROL, 4, TX)
    assert bench.sent == bytes(range(8))


def test_receives_up_to_its_fifo_in_order() -> None:
    bench = enabled()
    assert bench.uart.receive(b"0123456789") == 8
    assert bench.uart.room() == 0
    status = bench.uart.read(STATUS, 4)
    assert status & (apbuart.DR | apbuart.RH | apbuart.RF) == apbuart.DR | apbuart.RH | apbuart.RF
    assert status >> 26 == 8
    assert bytes(bench.uart.read(DATA, 4) for _ in range(8)) == b"01234567"
    assert bench.uart.read(STATUS, 4) == IDLE
    assert bench.uart.read(DATA, 4) == 0


def test_room_is_told_when_a_full_fifo_is_read() -> None:
    bench = enabled()
    bench.uart.receive(b"01234567")
    bench.uart.read(DATA, 4)
    assert (bench.rooms, bench.uart.room()) == (1, 1)
    bench.uart.read(DATA, 4)
    assert bench.rooms == 1


def test_disabled_receiver_takes_nothing_until_enabled() -> None:
    bench = Bench()
    assert bench.uart.receive(b"x") == 0
    bench.uart.write(CONTROL, 4, RX)
    assert bench.rooms == 1
    assert bench.uart.receive(b"x") == 1


def test_receiver_interrupt_is_an_edge_for_each_arrival() -> None:
    bench = enabled(RX | apbuart.RECEIVER_INTERRUPT)
    bench.uart.receive(b"a")
    bench.uart.receive(b"b")
    assert bench.interrupts == 2
    assert not bench.high()


def test_receiver_fifo_interrupt_lasts_while_half_full() -> None:
    bench = enabled(RX | apbuart.RECEIVER_FIFO_INTERRUPT)
    bench.uart.receive(b"abc")
    assert not bench.high()
    bench.uart.receive(b"d")
    assert bench.high()
    bench.uart.read(DATA, 4)
    assert not bench.high()


def test_transmitter_interrupts() -> None:
    bench = enabled(TX | apbuart.TRANSMITTER_INTERRUPT)
    bench.uart.write(DATA, 4, 0x41)
    assert bench.interrupts == 1
    bench.uart.write(CONTROL, 4, TX | apbuart.TRANSMITTER_FIFO_INTERRUPT)
    assert bench.high()
    bench.uart.write(CONTROL, 4, TX)
    assert not bench.high()


def test_loop_back_feeds_the_receiver() -> None:
    bench = enabled(RX | TX | apbuart.LOOP_BACK)
    for byte in range(9):
        bench.uart.write(DATA, 4, byte)
    assert bench.sent == b""
    assert bench.uart.read(STATUS, 4) & apbuart.OV
    bench.uart.write(STATUS, 4, 0)
    assert not bench.uart.read(STATUS, 4) & apbuart.OV
    assert [bench.uart.read(DATA, 4) for _ in range(8)] == list(range(8))


def test_fifo_debug_mode_opens_both_fifos() -> None:
    bench = enabled(RX | TX | apbuart.FIFO_DEBUG | apbuart.RECEIVER_INTERRUPT)
    bench.uart.write(DATA, 4, 0x41)
    assert bench.sent == b""
    assert bench.uart.read(DEBUG, 4) == 0x41
    assert bench.uart.read(DEBUG, 4) == 0
    bench.uart.write(DEBUG, 4, 0x42)
    assert bench.interrupts == 1
    assert bench.uart.read(DATA, 4) == 0x42


def test_control_and_scaler_read_back() -> None:
    bench = enabled()
    assert bench.uart.read(CONTROL, 4) == apbuart.FIFO_AVAILABLE | RX | TX
    bench.uart.write(SCALER, 4, 0xFFFF_F081)
    assert bench.uart.read(SCALER, 4) == 0x081


def test_unknown_offsets_are_counted() -> None:
    bench = Bench()
    assert bench.uart.read(0x20, 4) == 0
    bench.uart.write(0x20, 4, 1)
    assert bench.uart.unknown.counts == {("read", 0x20): 1, ("write", 0x20): 1}


def test_reset_values_are_the_declared_ones() -> None:
    bench = enabled()
    bench.uart.receive(b"x")
    bench.uart.reset()
    for register in bench.uart.registers:
        assert bench.uart.read(register.offset, 4) == register.reset


def test_resume_drives_the_line_of_a_restored_state() -> None:
    bench = enabled(RX | apbuart.RECEIVER_FIFO_INTERRUPT)
    bench.uart.receive(b"abcd")
    saved = copy.deepcopy(bench.uart.state)
    bench.uart.reset()
    assert not bench.high()
    bench.uart.state = saved
    bench.uart.resume()
    assert bench.high()
    assert bench.uart.read(DATA, 4) == ord("a")


def test_a_break_sets_its_bit_and_brings_no_data() -> None:
    bench = enabled(TX)
    bench.uart.receive_break()
    assert bench.uart.read(STATUS, 4) == IDLE
    bench = enabled()
    bench.uart.receive_break()
    assert bench.uart.read(STATUS, 4) == IDLE | apbuart.BR
    bench.uart.write(STATUS, 4, 0)
    assert bench.uart.read(STATUS, 4) == IDLE

# SPDX-License-Identifier: GPL-2.0-or-later
"""The keyboard controller with its keyboard and mouse."""

from __future__ import annotations

import copy

import pytest

from vmm.devices.i8042 import I8042
from vmm.devices.ps2_keyboard import Ps2Keyboard
from vmm.devices.ps2_mouse import Ps2Mouse
from vmm.machine.line import Line

OBF, SYS, COMMAND, AUX = 0x01, 0x04, 0x08, 0x20
KEY_A, KEY_RIGHT = 0x1C, 0x74


class Bench:
    def __init__(self) -> None:
        self.keyboard, self.mouse = Ps2Keyboard(), Ps2Mouse()
        self.edges = {1: 0, 12: 0}
        self.irq1 = Line(lambda level: self.edge(1, level))
        self.irq12 = Line(lambda level: self.edge(12, level))
        self.a20 = Line()
        self.resets = 0
        self.device = I8042(
            self.keyboard, self.mouse, self.irq1, self.irq12, self.a20, self.reset
        )

    def edge(self, irq: int, level: bool) -> None:
        self.edges[irq] += level

    def reset(self) -> None:
        self.resets += 1

    def command(self, value: int, *data: int) -> None:
        self.device.control.write(0, 1, value)
        self.write(*data)

    def write(self, *data: int) -> None:
        for byte in data:
            self.device.data.write(0, 1, byte)

    def aux(self, *data: int) -> None:
        for byte in data:
            self.command(0xD4, byte)

    def status(self) -> int:
        return self.device.control.read(0, 1)

    def take(self) -> list[int]:
        data = []
        while self.status() & OBF:
            data.append(self.device.data.read(0, 1))
        return data


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_self_test_and_interface_tests(bench: Bench) -> None:
    assert bench.status() == 0x18
    bench.command(0xAA)
    assert bench.status() == 0x1D
    assert bench.take() == [0x55]
    bench.command(0xAB)
    bench.command(0xA9)
    assert bench.take() == [0x00, 0x00]
    assert bench.status() & SYS


def test_status_tells_commands_from_data(bench: Bench) -> None:
    bench.command(0x60)
    assert bench.status() & COMMAND
    bench.write(0x01)
    assert not bench.status() & COMMAND


def test_mode_byte_reads_as_written(bench: Bench) -> None:
    bench.command(0x20)
    assert bench.take() == [0x03]
    bench.command(0x60, 0x74)
    bench.command(0x20)
    assert bench.take() == [0x74]
    bench.command(0xAE)
    bench.command(0xA8)
    bench.command(0x20)
    assert bench.take() == [0x44]
    bench.command(0xAD)
    bench.command(0xA7)
    bench.command(0x20)
    assert bench.take() == [0x74]


def test_a_command_forgets_the_data_that_another_waits_for(bench: Bench) -> None:
    bench.command(0x60)
    bench.command(0xAB)
    bench.write(0xEE)  # goes to the keyboard, not to the mode byte
    assert bench.take() == [0x00, 0xEE]


def test_a20_by_the_output_port(bench: Bench) -> None:
    assert bench.a20.level
    bench.command(0xDD)
    assert not bench.a20.level
    bench.command(0xDF)
    assert bench.a20.level
    bench.command(0xD1, 0x01)
    assert not bench.a20.level
    bench.command(0xD0)
    assert bench.take() == [0x01]
    assert bench.resets == 0


def test_output_port_shows_the_full_buffer(bench: Bench) -> None:
    bench.command(0xD2, 0x42)
    bench.command(0xD0)
    assert bench.take() == [0x42, 0xDF]
    bench.command(0xD3, 0x42)
    bench.command(0xD0)
    assert bench.take() == [0x42, 0xEF]


def test_reset_by_pulse_and_by_the_output_port(bench: Bench) -> None:
    bench.command(0xFF)
    bench.command(0xFD)
    assert bench.resets == 0
    bench.command(0xFE)
    assert bench.resets == 1
    bench.command(0xF0)
    assert bench.resets == 2
    bench.command(0xD1, 0x02)
    assert bench.resets == 3


def test_each_byte_is_an_edge_of_its_interrupt(bench: Bench) -> None:
    bench.write(0xF2)
    assert bench.irq1.level
    assert bench.take() == [0xFA, 0xAB, 0x83]
    assert bench.edges == {1: 3, 12: 0}
    bench.aux(0xF2)
    assert bench.status() & AUX
    assert not bench.irq1.level
    assert bench.take() == [0xFA, 0x00]
    assert bench.edges == {1: 3, 12: 2}


def test_interrupts_are_masked_by_the_mode_byte(bench: Bench) -> None:
    bench.command(0x60, 0x00)
    bench.write(0xEE)
    bench.take()
    bench.aux(0xF2)
    bench.take()
    assert bench.edges == {1: 0, 12: 0}
    bench.write(0xEE)
    bench.command(0x60, 0x01)
    assert bench.irq1.level


def test_keys_in_set_2_and_translated(bench: Bench) -> None:
    bench.keyboard.key(KEY_A, True)
    bench.keyboard.key(KEY_A, False)
    assert bench.take() == [0x1C, 0xF0, 0x1C]
    bench.command(0x60, 0x41)
    bench.keyboard.key(KEY_A, True)
    bench.keyboard.key(KEY_A, False)
    bench.keyboard.key(KEY_RIGHT, True, extended=True)
    bench.keyboard.key(KEY_RIGHT, False, extended=True)
    assert bench.take() == [0x1E, 0x9E, 0xE0, 0x4D, 0xE0, 0xCD]
    bench.write(0xF2)
    assert bench.take() == [0xFA, 0xAB, 0x41]


def test_keys_wait_while_the_interface_is_disabled(bench: Bench) -> None:
    bench.command(0xAD)
    bench.keyboard.key(KEY_A, True)
    assert bench.take() == []
    bench.command(0xAE)
    assert bench.take() == [0x1C]
    bench.command(0xAD)
    bench.write(0xEE)  # a byte for the keyboard enables it again
    assert bench.take() == [0xEE]


def test_a_full_queue_loses_whole_keys(bench: Bench) -> None:
    bench.command(0xAD)
    for _ in range(7):
        bench.keyboard.key(KEY_RIGHT, True, extended=True)
        bench.keyboard.key(KEY_A, True)
    bench.command(0xAE)
    assert bench.take() == [0xE0, 0x74, 0x1C] * 5 + [0x1C]


def test_keyboard_commands(bench: Bench) -> None:
    bench.write(0xFF)
    assert bench.take() == [0xFA, 0xAA]
    bench.write(0xED, 0x05)
    assert bench.take() == [0xFA, 0xFA]
    assert bench.keyboard.state.leds == 5
    bench.write(0xF0, 0x00)
    assert bench.take() == [0xFA, 0xFA, 2]
    bench.write(0xF0, 0x01)
    bench.keyboard.key(KEY_A, False)
    assert bench.take() == [0xFA, 0xFA, 0x9E]
    bench.write(0xF0, 0x03)
    assert bench.take() == [0xFA, 0xFE]
    bench.write(0xF3, 0x20)
    assert bench.take() == [0xFA, 0xFA]
    bench.write(0xF5)
    bench.keyboard.key(KEY_A, True)
    assert bench.take() == [0xFA]
    bench.write(0xF4)
    bench.keyboard.key(KEY_A, True)
    assert bench.take() == [0xFA, 0x1C]
    bench.write(0xFE)
    assert bench.take() == [0x1C]
    bench.write(0x99)
    assert bench.take() == [0xFE]


def test_a_command_in_place_of_a_parameter_is_a_command(bench: Bench) -> None:
    bench.write(0xED)
    bench.take()
    bench.write(0xF2)
    assert bench.take() == [0xFA, 0xAB, 0x83]


def test_mouse_commands(bench: Bench) -> None:
    bench.aux(0xFF)
    assert bench.take() == [0xFA, 0xAA, 0x00]
    bench.aux(0xE8, 0x03, 0xF3, 40, 0xE7, 0xF4, 0xE9)
    assert bench.take()[-4:] == [0xFA, 0x30, 0x03, 40]
    bench.aux(0xF6)
    assert bench.take() == [0xFA]
    bench.aux(0xE9)
    assert bench.take() == [0xFA, 0x00, 0x02, 100]
    answers = []
    for byte in (0xEE, 0x55, 0xEC):
        bench.aux(byte)
        answers += bench.take()
    assert answers == [0xFA, 0x55, 0xFA]
    bench.aux(0x12)
    assert bench.take() == [0xFE]


def test_mouse_packets(bench: Bench) -> None:
    bench.mouse.move(1, 1, 0)
    assert bench.take() == []  # not reporting yet
    bench.aux(0xF4)
    bench.take()
    bench.mouse.move(4, -3, 0x01)
    assert bench.take() == [0x29, 5, 0xFE]
    bench.mouse.move(-300, 300, 0x06)
    assert bench.take() == [0xDE, 0x00, 0xFF]
    bench.aux(0xF0)
    bench.take()
    bench.mouse.move(2, 0, 0)
    assert bench.take() == []
    bench.aux(0xEB)
    assert bench.take() == [0xFA, 0x08, 2, 0]


def test_empty_buffer_reads_its_last_byte_again(bench: Bench) -> None:
    bench.command(0xD2, 0x42)
    assert bench.take() == [0x42]
    assert bench.device.data.read(0, 1) == 0x42


def test_unknown_commands_are_counted(bench: Bench) -> None:
    bench.command(0x10)
    assert bench.take() == []
    assert bench.device.unknown.counts["note", -1] == 1


def test_state_can_be_kept_and_put_back(bench: Bench) -> None:
    bench.command(0xDD)
    bench.write(0xEE)
    kept = copy.deepcopy(bench.device.state)
    bench.device.reset()
    assert bench.a20.level
    assert not bench.irq1.level
    bench.device.state = kept
    bench.device.resume()
    assert not bench.a20.level
    assert bench.irq1.level
    assert bench.take() == [0xEE]

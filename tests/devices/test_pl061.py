# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from vmm.devices import pl061
from vmm.devices.pl061 import Pl061
from vmm.machine.line import Line

KEY = 1 << 3


def make() -> tuple[Line, Line, Pl061]:
    line = Line()
    gpio = Pl061(line)
    return line, gpio.pin(3), gpio


def test_data_shows_only_the_addressed_pins() -> None:
    _, key, gpio = make()
    key.set(True)
    assert gpio.read(0x3FC, 4) == KEY
    assert gpio.read(KEY << 2, 4) == KEY
    assert gpio.read((0xFF & ~KEY) << 2, 4) == 0


def test_rising_edge_interrupts_and_stays_until_cleared() -> None:
    line, key, gpio = make()
    gpio.write(pl061.IEV, 4, KEY)
    gpio.write(pl061.IE, 4, KEY)
    key.pulse()
    assert line.level
    assert gpio.read(pl061.MIS, 4) == KEY
    gpio.write(pl061.IC, 4, KEY)
    assert not line.level


def test_falling_edge_when_the_event_bit_is_clear() -> None:
    line, key, gpio = make()
    gpio.write(pl061.IE, 4, KEY)
    key.set(True)
    assert not line.level
    key.set(False)
    assert line.level


def test_both_edges() -> None:
    line, key, gpio = make()
    gpio.write(pl061.IBE, 4, KEY)
    gpio.write(pl061.IE, 4, KEY)
    for level in (True, False):
        key.set(level)
        assert line.level
        gpio.write(pl061.IC, 4, KEY)
        assert not line.level


def test_level_interrupt_follows_the_pin() -> None:
    line, key, gpio = make()
    gpio.write(pl061.IS, 4, KEY)
    gpio.write(pl061.IEV, 4, KEY)
    gpio.write(pl061.IE, 4, KEY)
    key.set(True)
    gpio.write(pl061.IC, 4, KEY)
    assert line.level
    key.set(False)
    assert not line.level


def test_only_output_pins_are_driven() -> None:
    seen: list[int] = []
    gpio = Pl061(Line(), seen.append)
    gpio.write(pl061.DIR, 4, 0x0F)
    gpio.write(0x3FC, 4, 0xFF)
    assert gpio.read(0x3FC, 4) == 0x0F
    gpio.write(0x01 << 2, 4, 0x00)  # pin 0 alone
    assert gpio.read(0x3FC, 4) == 0x0E
    assert seen == [0x0F, 0x0E]


def test_a_key_held_over_reset_makes_no_edge() -> None:
    line, key, gpio = make()
    key.set(True)
    gpio.reset()
    gpio.write(pl061.IEV, 4, KEY)
    gpio.write(pl061.IE, 4, KEY)
    assert not line.level
    assert gpio.read(0x3FC, 4) == KEY

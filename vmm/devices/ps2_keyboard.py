# SPDX-License-Identifier: GPL-2.0-or-later
"""A PS/2 keyboard, as it answers on its serial line.

IBM PS/2 Hardware Interface Technical Reference, section "Keyboard".  Bytes to
the host wait in a queue of sixteen.  Scan code sets 1 and 2, not 3; there is no
typematic repeat: whoever presses keys repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from vmm.devices.scancodes import SET_1

QUEUE = 16
ACK, RESEND, PASSED, ECHO = 0xFA, 0xFE, 0xAA, 0xEE
IDENTITY = (0xAB, 0x83)
EXTENDED, BREAK = 0xE0, 0xF0
BREAK_SET_1 = 0x80


class Command(IntEnum):
    """Bytes from the host."""

    SET_LEDS = 0xED
    ECHO = 0xEE
    SCAN_SET = 0xF0
    IDENTIFY = 0xF2
    SET_RATE = 0xF3
    ENABLE = 0xF4
    DISABLE = 0xF5
    DEFAULTS = 0xF6
    RESEND = 0xFE
    RESET = 0xFF


@dataclass(slots=True)
class KeyboardState:
    """What a keyboard remembers; ``expects`` is the command whose parameter is due."""

    queue: list[int] = field(default_factory=list)
    expects: int = 0
    last: int = 0
    scanning: bool = True
    scan_set: int = 2
    leds: int = 0
    rate: int = 0x2B


class Ps2Keyboard:
    """``on_data`` is told when there may be something new to `take`."""

    name = "ps2-keyboard"

    def __init__(self, on_data: Callable[[], None] = lambda: None) -> None:
        self.on_data = on_data
        self.state = KeyboardState()

    def reset(self) -> None:
        """Power on.  As QEMU's, it says nothing of its self-test until it is asked to reset."""
        self.state = KeyboardState()

    def take(self) -> int | None:
        """The next byte for the host, or None."""
        if not self.state.queue:
            return None
        self.state.last = self.state.queue.pop(0)
        return self.state.last

    def _send(self, *data: int) -> None:
        self.state.queue.extend(data)
        self.on_data()

    def key(self, code: int, pressed: bool, extended: bool = False) -> None:
        """A key goes down or up: its make code in set 2, ``extended`` if that begins with 0xE0.

        Lost if scanning is off or the queue has no room, as keys then are.
        """
        s = self.state
        data = [EXTENDED] if extended else []
        if s.scan_set == 1:
            data.append(SET_1[code] | (0 if pressed else BREAK_SET_1))
        else:
            data.extend((code,) if pressed else (BREAK, code))
        if s.scanning and len(s.queue) + len(data) <= QUEUE:
            self._send(*data)

    def command(self, value: int) -> None:
        """A byte from the host: a command or the parameter of one."""
        s = self.state
        expected, s.expects = s.expects, 0
        if expected and value < Command.SET_LEDS:
            self._parameter(expected, value)
            return
        if value != Command.RESEND:
            s.queue.clear()
        match value:
            case Command.RESET:
                self.state = KeyboardState()
                self._send(ACK, PASSED)
            case Command.RESEND:
                s.queue.insert(0, s.last)
                self.on_data()
            case Command.DEFAULTS | Command.DISABLE:
                self.state = KeyboardState(scanning=value == Command.DEFAULTS, leds=s.leds)
                self._send(ACK)
            case Command.ENABLE:
                s.scanning = True
                self._send(ACK)
            case Command.IDENTIFY:
                self._send(ACK, *IDENTITY)
            case Command.ECHO:
                self._send(ECHO)
            case Command.SET_RATE | Command.SCAN_SET | Command.SET_LEDS:
                s.expects = value
                self._send(ACK)
            case _:
                self._send(RESEND)

    def _parameter(self, command: int, value: int) -> None:
        s = self.state
        if command == Command.SET_LEDS:
            s.leds = value & 7
        elif command == Command.SET_RATE:
            s.rate = value & 0x7F
        elif value == 0:
            self._send(ACK, s.scan_set)
            return
        elif value in (1, 2):
            s.scan_set = value
        else:
            self._send(RESEND)
            return
        self._send(ACK)

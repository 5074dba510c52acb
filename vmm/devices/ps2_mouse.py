# SPDX-License-Identifier: GPL-2.0-or-later
"""A PS/2 mouse with three buttons, as it answers on its serial line.

IBM PS/2 Hardware Interface Technical Reference, section "Mouse".  Bytes to the
host wait in a queue of sixteen.  Motion that cannot be reported is counted
until it can.  It has no wheel, and resolution, rate and scaling are only kept:
motion arrives in counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

QUEUE = 16
ACK, RESEND, PASSED, IDENTITY = 0xFA, 0xFE, 0xAA, 0x00
STATUS_REMOTE, STATUS_ENABLED, STATUS_SCALE_2 = 0x40, 0x20, 0x10
LEFT, RIGHT, MIDDLE = 0x01, 0x02, 0x04
PACKET_ONE, X_SIGN, Y_SIGN, X_OVERFLOW, Y_OVERFLOW = 0x08, 0x10, 0x20, 0x40, 0x80


class Command(IntEnum):
    """Bytes from the host."""

    SCALE_1 = 0xE6
    SCALE_2 = 0xE7
    RESOLUTION = 0xE8
    STATUS = 0xE9
    STREAM = 0xEA
    READ_DATA = 0xEB
    END_WRAP = 0xEC
    WRAP = 0xEE
    REMOTE = 0xF0
    IDENTIFY = 0xF2
    SET_RATE = 0xF3
    ENABLE = 0xF4
    DISABLE = 0xF5
    DEFAULTS = 0xF6
    RESEND = 0xFE
    RESET = 0xFF


@dataclass(slots=True)
class MouseState:
    """What a mouse remembers; motion is counted until it is reported."""

    queue: list[int] = field(default_factory=list)
    expects: int = 0
    last: int = 0
    reporting: bool = False
    remote: bool = False
    wrap: bool = False
    scale_2: bool = False
    resolution: int = 2
    rate: int = 100
    buttons: int = 0
    x: int = 0
    y: int = 0


class Ps2Mouse:
    """``on_data`` is told when there may be something new to `take`."""

    name = "ps2-mouse"

    def __init__(self, on_data: Callable[[], None] = lambda: None) -> None:
        self.on_data = on_data
        self.state = MouseState()

    def reset(self) -> None:
        """Power on.  As QEMU's, it says nothing of its self-test until it is asked to reset."""
        self.state = MouseState()

    def take(self) -> int | None:
        """The next byte for the host, or None."""
        if not self.state.queue:
            return None
        self.state.last = self.state.queue.pop(0)
        return self.state.last

    def _send(self, *data: int) -> None:
        self.state.queue.extend(data)
        self.on_data()

    def move(self, x: int, y: int, buttons: int) -> None:
        """The mouse moved (right and up are positive); ``buttons`` are those down now."""
        s = self.state
        s.x, s.y, s.buttons = s.x + x, s.y + y, buttons & (LEFT | RIGHT | MIDDLE)
        if s.reporting and not s.remote and len(s.queue) + 3 <= QUEUE:
            self._send(*self._packet())

    def _packet(self) -> tuple[int, int, int]:
        """Movement since the last packet; what does not fit is reported as overflow."""
        s = self.state
        first = PACKET_ONE | s.buttons
        counts = []
        for value, sign, overflow in (
            (s.x, X_SIGN, X_OVERFLOW), (s.y, Y_SIGN, Y_OVERFLOW)
        ):
            if not -256 <= value <= 255:
                first |= overflow
                value = max(-256, min(value, 255))
            if value < 0:
                first |= sign
            counts.append(value & 0xFF)
        s.x = s.y = 0
        return first, counts[0], counts[1]

    def command(self, value: int) -> None:
        """A byte from the host: a command or the parameter of one."""
        s = self.state
        expected, s.expects = s.expects, 0
        if s.wrap and value not in (Command.RESET, Command.END_WRAP):
            self._send(value)
            return
        if expected:
            if expected == Command.SET_RATE:
                s.rate = value
            else:
                s.resolution = value & 3
            self._send(ACK)
            return
        if value != Command.RESEND:
            s.queue.clear()
        match value:
            case Command.RESET:
                self.state = MouseState()
                self._send(ACK, PASSED, IDENTITY)
            case Command.RESEND:
                s.queue.insert(0, s.last)
                self.on_data()
            case Command.DEFAULTS:
                self.state = MouseState(buttons=s.buttons)
                self._send(ACK)
            case Command.ENABLE | Command.DISABLE:
                s.reporting = value == Command.ENABLE
                self._send(ACK)
            case Command.IDENTIFY:
                self._send(ACK, IDENTITY)
            case Command.REMOTE | Command.STREAM:
                s.remote = value == Command.REMOTE
                self._send(ACK)
            case Command.WRAP | Command.END_WRAP:
                s.wrap = value == Command.WRAP
                self._send(ACK)
            case Command.READ_DATA:
                self._send(ACK, *self._packet())
            case Command.STATUS:
                self._send(ACK, self._status(), s.resolution, s.rate)
            case Command.SCALE_2 | Command.SCALE_1:
                s.scale_2 = value == Command.SCALE_2
                self._send(ACK)
            case Command.SET_RATE | Command.RESOLUTION:
                s.expects = value
                self._send(ACK)
            case _:
                self._send(RESEND)

    def _status(self) -> int:
        s = self.state
        buttons = (s.buttons & LEFT) << 2 | (s.buttons & MIDDLE) >> 1 | (s.buttons & RIGHT) >> 1
        return (
            (STATUS_REMOTE if s.remote else 0) | (STATUS_ENABLED if s.reporting else 0)
            | (STATUS_SCALE_2 if s.scale_2 else 0) | buttons
        )

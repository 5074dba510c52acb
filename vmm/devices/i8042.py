# SPDX-License-Identifier: GPL-2.0-or-later
"""The 8042 keyboard controller of the PC, with its auxiliary port.

IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device
Controller"; where that leaves details open, as QEMU: the controller is ready
at once, so IBF is never set, and the interrupts of answers to controller
commands are those of the device they seem to come from.  Only byte 0 of the
controller's RAM exists.  The two devices are whatever answers as
`ps2_keyboard` and `ps2_mouse` do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from vmm.devices.device import Register, Unknown
from vmm.devices.ps2_keyboard import BREAK, Ps2Keyboard
from vmm.devices.ps2_mouse import Ps2Mouse
from vmm.devices.scancodes import SET_1
from vmm.machine.line import Line

STATUS_OBF, STATUS_SYS, STATUS_COMMAND, STATUS_UNLOCKED, STATUS_AUX = 0x01, 0x04, 0x08, 0x10, 0x20
MODE_KBD_IRQ, MODE_AUX_IRQ, MODE_SYS = 0x01, 0x02, 0x04
MODE_KBD_OFF, MODE_AUX_OFF, MODE_TRANSLATE = 0x10, 0x20, 0x40
OUT_RUNS, OUT_A20, OUT_KBD_FULL, OUT_AUX_FULL = 0x01, 0x02, 0x10, 0x20
OUT_LINES = 0xCC  # clock and data of both devices, idle
IN_UNLOCKED = 0x80
SELF_TEST_PASSED, INTERFACE_OK = 0x55, 0x00


class Command(IntEnum):
    """What is written to port 0x64."""

    READ_MODE = 0x20
    WRITE_MODE = 0x60
    AUX_OFF = 0xA7
    AUX_ON = 0xA8
    AUX_TEST = 0xA9
    SELF_TEST = 0xAA
    KBD_TEST = 0xAB
    KBD_OFF = 0xAD
    KBD_ON = 0xAE
    READ_INPUT = 0xC0
    READ_OUTPUT = 0xD0
    WRITE_OUTPUT = 0xD1
    WRITE_KBD_BUFFER = 0xD2
    WRITE_AUX_BUFFER = 0xD3
    WRITE_AUX = 0xD4
    A20_OFF = 0xDD
    A20_ON = 0xDF
    PULSE = 0xF0  # bits 0 to 3 that are 0 pulse the output port: 0xFE resets


WITH_DATA = (
    Command.WRITE_MODE, Command.WRITE_OUTPUT, Command.WRITE_KBD_BUFFER, Command.WRITE_AUX_BUFFER,
    Command.WRITE_AUX,
)


@dataclass(slots=True)
class I8042State:
    """The controller's registers; the devices keep their own."""

    mode: int = MODE_KBD_IRQ | MODE_AUX_IRQ
    output: int = OUT_RUNS | OUT_A20 | OUT_LINES
    tested: bool = False
    after_command: bool = True  # the last write was to port 0x64
    expects: int = 0  # the command whose data byte is due at port 0x60
    buffer: int = 0
    full: bool = False
    from_aux: bool = False
    breaking: bool = False  # 0xF0 was translated: the next code is a break code
    answers: list[tuple[int, bool]] = field(default_factory=list)  # (byte, from the aux port)


class I8042:
    """``data`` is the device at port 0x60, ``control`` the one at 0x64."""

    def __init__(
        self,
        keyboard: Ps2Keyboard,
        mouse: Ps2Mouse,
        kbd_irq: Line,
        aux_irq: Line,
        a20: Line,
        on_reset: Callable[[], None],
    ) -> None:
        self.keyboard, self.mouse = keyboard, mouse
        self.kbd_irq, self.aux_irq, self.a20 = kbd_irq, aux_irq, a20
        self.on_reset = on_reset
        self.state = I8042State()
        self.unknown = Unknown("i8042")
        self.data = DataPort(self)
        self.control = ControlPort(self)
        keyboard.on_data = mouse.on_data = self._advance
        self.a20.set(True)

    def reset(self) -> None:
        self.state = I8042State()
        self.keyboard.reset()
        self.mouse.reset()
        self.resume()

    def resume(self) -> None:
        """After the state was replaced: drive the lines."""
        self.a20.set(bool(self.state.output & OUT_A20))
        self._interrupts()

    # -- the output buffer ----------------------------------------------------------

    def _advance(self) -> None:
        """Fill the output buffer if it is empty: answers first, then keyboard, then mouse."""
        s = self.state
        while not s.full:
            if s.answers:
                s.buffer, s.from_aux = s.answers.pop(0)
                s.full = True
            elif not s.mode & MODE_KBD_OFF and (code := self.keyboard.take()) is not None:
                self._from_keyboard(code)
            elif not s.mode & MODE_AUX_OFF and (byte := self.mouse.take()) is not None:
                s.buffer, s.from_aux, s.full = byte, True, True
            else:
                break
        self._interrupts()

    def _from_keyboard(self, code: int) -> None:
        s = self.state
        if s.mode & MODE_TRANSLATE:
            if code == BREAK:
                s.breaking = True
                return
            code = SET_1[code] | (0x80 if s.breaking else 0)
        s.breaking = False
        s.buffer, s.from_aux, s.full = code, False, True

    def _interrupts(self) -> None:
        s = self.state
        kbd = s.full and not s.from_aux and s.mode & (MODE_KBD_IRQ | MODE_KBD_OFF) == MODE_KBD_IRQ
        self.kbd_irq.set(bool(kbd))
        self.aux_irq.set(bool(s.full and s.from_aux and s.mode & MODE_AUX_IRQ))

    def _answer(self, byte: int, from_aux: bool = False) -> None:
        self.state.answers.append((byte, from_aux))
        self._advance()

    # -- the two ports --------------------------------------------------------------

    def read_data(self) -> int:
        """Port 0x60: the output buffer, which is then empty, or its last byte again."""
        s = self.state
        if s.full:
            s.full = False
            self._interrupts()  # low before the next byte: each is an edge
            value = s.buffer
            self._advance()
            return value
        return s.buffer

    def read_status(self) -> int:
        """Port 0x64."""
        s = self.state
        return (
            (STATUS_OBF if s.full else 0) | (STATUS_AUX if s.full and s.from_aux else 0)
            | (STATUS_SYS if s.tested or s.mode & MODE_SYS else 0)
            | (STATUS_COMMAND if s.after_command else 0) | STATUS_UNLOCKED
        )

    def write_data(self, value: int) -> None:
        """Port 0x60: data of the command before, or a byte for the keyboard."""
        s = self.state
        s.after_command = False
        command, s.expects = s.expects, 0
        match command:
            case 0:
                s.mode &= ~MODE_KBD_OFF
                self.keyboard.command(value)
            case Command.WRITE_MODE:
                s.mode = value
            case Command.WRITE_OUTPUT:
                self._set_output(value)
            case Command.WRITE_KBD_BUFFER:
                self._answer(value)
            case Command.WRITE_AUX_BUFFER:
                self._answer(value, from_aux=True)
            case Command.WRITE_AUX:
                s.mode &= ~MODE_AUX_OFF
                self.mouse.command(value)
        self._advance()

    def write_command(self, value: int) -> None:
        """Port 0x64."""
        s = self.state
        s.after_command = True
        s.expects = 0
        if value >= Command.PULSE:
            if not value & OUT_RUNS:
                self.on_reset()
        elif value in WITH_DATA:
            s.expects = value
        elif value in (Command.A20_OFF, Command.A20_ON):
            self._set_output(s.output & ~OUT_A20 | (OUT_A20 if value == Command.A20_ON else 0))
        elif value in (Command.KBD_OFF, Command.KBD_ON):
            s.mode = s.mode & ~MODE_KBD_OFF | (MODE_KBD_OFF if value == Command.KBD_OFF else 0)
        elif value in (Command.AUX_OFF, Command.AUX_ON):
            s.mode = s.mode & ~MODE_AUX_OFF | (MODE_AUX_OFF if value == Command.AUX_OFF else 0)
        else:
            answer = self._query(value)
            if answer is None:
                self.unknown.note(f"command {value:#x}")
            else:
                s.answers.append((answer, False))
        self._advance()

    def _query(self, value: int) -> int | None:
        """The answer to a command that has one."""
        s = self.state
        match value:
            case Command.READ_MODE:
                return s.mode
            case Command.AUX_TEST | Command.KBD_TEST:
                return INTERFACE_OK
            case Command.SELF_TEST:
                s.tested = True
                return SELF_TEST_PASSED
            case Command.READ_INPUT:
                return IN_UNLOCKED
            case Command.READ_OUTPUT:
                full = (OUT_AUX_FULL if s.from_aux else OUT_KBD_FULL) if s.full else 0
                return s.output | full
        return None

    def _set_output(self, value: int) -> None:
        self.state.output = value & (OUT_RUNS | OUT_A20 | OUT_LINES)
        self.a20.set(bool(value & OUT_A20))
        if not value & OUT_RUNS:
            self.on_reset()


class DataPort:
    """Port 0x60."""

    name = "i8042-data"
    size = 1
    registers = (Register(0, "DATA"),)

    def __init__(self, controller: I8042) -> None:
        self.controller = controller
        self.unknown = controller.unknown

    @property
    def state(self) -> I8042State:
        return self.controller.state

    def reset(self) -> None:
        self.controller.reset()

    def read(self, offset: int, size: int) -> int:
        return self.controller.read_data()

    def write(self, offset: int, size: int, value: int) -> None:
        self.controller.write_data(value)


class ControlPort:
    """Port 0x64."""

    name = "i8042-control"
    size = 1
    registers = (Register(0, "STATUS/COMMAND"),)

    def __init__(self, controller: I8042) -> None:
        self.controller = controller
        self.unknown = controller.unknown

    @property
    def state(self) -> I8042State:
        return self.controller.state

    def reset(self) -> None:
        """With the data port."""

    def read(self, offset: int, size: int) -> int:
        return self.controller.read_status()

    def write(self, offset: int, size: int, value: int) -> None:
        self.controller.write_command(value)

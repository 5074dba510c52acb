# SPDX-License-Identifier: GPL-2.0-or-later
"""The 8259A interrupt controller (Intel data sheet 231468), and the PC's pair.

All of ICW1-4 and OCW1-3: fully nested and special fully nested mode, rotation,
special mask mode, automatic end of interrupt, polling, level triggering by
ICW1 or, as in the chip sets, by ELCR.  A request whose input falls before it
is acknowledged is withdrawn; an acknowledge cycle with nothing requested gives
level 7 and sets no in-service bit.  MCS-80 mode and buffered mode are only
accepted, not acted on.
"""

from __future__ import annotations

import ctypes as C
from dataclasses import dataclass

from vmm.devices.byte_port import read_bytes, write_bytes
from vmm.devices.device import Register, Unknown
from vmm.devices.shared import Shared, SharedState
from vmm.machine.line import Line

ICW1, ICW1_IC4, ICW1_SNGL, ICW1_LTIM = 0x10, 0x01, 0x02, 0x08
ICW4_AEOI, ICW4_SFNM = 0x02, 0x10
OCW3, OCW3_RR, OCW3_RIS, OCW3_POLL, OCW3_SMM, OCW3_ESMM = 0x08, 0x02, 0x01, 0x04, 0x20, 0x40
POLL_REQUEST = 0x80
SPURIOUS = 7
CASCADE = 2


class I8259State(Shared):
    """One chip, `struct vmm_i8259`.  Masks have bit n for level n; the last row are flags."""

    irr: int
    isr: int
    imr: int
    inputs: int  # levels of the IR pins
    elcr: int
    base: int
    lowest: int  # the level of lowest priority
    expects: int  # 2, 3 or 4: the next write to port 1 is that ICW
    icw4_follows: int
    single: int
    level_triggered: int
    auto_eoi: int
    rotate_on_aeoi: int
    fully_nested: int  # special fully nested mode
    special_mask: int
    read_isr: int
    poll: int
    output: int  # the INT pin
    cascade: int  # mask of the pins that slaves drive
    _fields_ = tuple(
        (name, C.c_uint32)
        for name in (
            "irr", "isr", "imr", "inputs", "elcr", "base", "lowest", "expects",
            "icw4_follows", "single", "level_triggered", "auto_eoi", "rotate_on_aeoi",
            "fully_nested", "special_mask", "read_isr", "poll", "output", "cascade",
        )
    )


class PairState(Shared):
    """Both chips of a PC, `struct vmm_i8259_pair`."""

    master: I8259State
    slave: I8259State
    _fields_ = (("master", I8259State), ("slave", I8259State))


class Pin(Line):
    """The wire into one IR pin; its level is the chip's."""

    __slots__ = ("chip", "number")

    def __init__(self, chip: I8259, number: int) -> None:
        self.chip = chip
        self.number = number
        self.name = f"{chip.name}.{number}"
        self.watcher = None

    @property
    def level(self) -> bool:  # type: ignore[override]
        return bool(self.chip.state.inputs >> self.number & 1)

    def drive(self, level: bool) -> None:
        """Tell the chip of a change."""
        if self.watcher is not None:
            self.watcher(level)
        self.chip.drive(self.number, level)


class I8259(SharedState[I8259State]):
    """One controller: ``intr`` is its INT pin, `line` gives its IR pins."""

    size = 2
    registers = (Register(0, "OCW2/OCW3/ICW1"), Register(1, "OCW1/ICW2-4"))

    def __init__(
        self, intr: Line, name: str = "i8259", cascade: int = 0, state: I8259State | None = None
    ) -> None:
        """``cascade`` are the pins that slaves drive; ``state`` is memory to keep the state in."""
        self.name = name
        self.intr = intr
        self.unknown = Unknown(name)
        self.state = I8259State() if state is None else state
        self.state.assign(I8259State(lowest=7, cascade=cascade))
        self._lines = [Pin(self, n) for n in range(8)]

    def line(self, level: int) -> Line:
        """The wire into pin IR ``level`` (0 to 7)."""
        return self._lines[level]

    def reset(self) -> None:
        """Power-on; the pins keep what is driven on them."""
        s = self.state
        self.state = I8259State(inputs=s.inputs, lowest=7, output=s.output, cascade=s.cascade)
        self._update()

    def resume(self) -> None:
        """After the state was replaced: drive INT again."""
        self.state.output = self.requested() is None
        self._update()

    # -- pins ---------------------------------------------------------------

    def drive(self, level: int, high: bool) -> None:
        """Change pin IR ``level``."""
        s = self.state
        bit = 1 << level
        if high:
            if not s.inputs & bit:
                s.irr |= bit
            s.inputs |= bit
        else:
            s.inputs &= ~bit
            s.irr &= ~bit
        self._update()

    def requested(self) -> int | None:
        """The level that would be acknowledged now, or None."""
        s = self.state
        request = self._highest(s.irr & ~s.imr)
        if request is None:
            return None
        service = s.isr
        if s.special_mask:
            service &= ~s.imr
        if s.fully_nested:
            service &= ~s.cascade  # a slave may interrupt its own service
        current = self._highest(service)
        if current is not None and self._rank(request) >= self._rank(current):
            return None
        return request

    def acknowledge_level(self) -> int:
        """The INTA cycles, without the vector: put the level in service."""
        level = self.requested()
        if level is None:
            return SPURIOUS
        s = self.state
        bit = 1 << level
        if s.auto_eoi:
            if s.rotate_on_aeoi:
                s.lowest = level
        else:
            s.isr |= bit
        if not self._levels() & bit:
            s.irr &= ~bit
        self._update()
        return level

    def _levels(self) -> int:
        return 0xFF if self.state.level_triggered else self.state.elcr

    def _rank(self, level: int) -> int:
        return (level - self.state.lowest - 1) & 7

    def _highest(self, mask: int) -> int | None:
        if not mask:
            return None
        return min((n for n in range(8) if mask >> n & 1), key=self._rank)

    def _update(self) -> None:
        s = self.state
        s.irr |= s.inputs & self._levels()
        high = self.requested() is not None
        if high != s.output:
            s.output = high
            self.intr.drive(high)

    # -- registers ----------------------------------------------------------

    def read(self, offset: int, size: int) -> int:
        return read_bytes(self._read, offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        write_bytes(self._write, offset, size, value)

    def _read(self, offset: int) -> int:
        s = self.state
        if offset > 1:
            return self.unknown.read(offset, 1, 0xFF)
        if s.poll:
            s.poll = False
            if self.requested() is None:
                return 0
            return POLL_REQUEST | self.acknowledge_level()
        if offset == 1:
            return s.imr
        return s.isr if s.read_isr else s.irr

    def _write(self, offset: int, value: int) -> None:
        if offset > 1:
            self.unknown.write(offset, 1, value)
        elif offset == 0 and value & ICW1:
            self._initialize(value)
        elif offset == 0 and value & OCW3:
            self._ocw3(value)
        elif offset == 0:
            self._ocw2(value)
        elif self.state.expects:
            self._icw(value)
        else:
            self.state.imr = value
        self._update()

    def _initialize(self, icw1: int) -> None:
        # The pins must rise anew: only levels survive in IRR (by `_update`).
        s = self.state
        self.state = I8259State(
            inputs=s.inputs,
            elcr=s.elcr,
            base=s.base,
            lowest=7,
            output=s.output,
            cascade=s.cascade,
            expects=2,
            icw4_follows=bool(icw1 & ICW1_IC4),
            single=bool(icw1 & ICW1_SNGL),
            level_triggered=bool(icw1 & ICW1_LTIM),
        )

    def _icw(self, value: int) -> None:
        s = self.state
        last = 4 if s.icw4_follows else 0
        if s.expects == 2:
            s.base = value & 0xF8
            s.expects = last if s.single else 3
        elif s.expects == 3:
            s.expects = last
        else:
            s.auto_eoi = bool(value & ICW4_AEOI)
            s.fully_nested = bool(value & ICW4_SFNM)
            s.expects = 0

    def _ocw3(self, value: int) -> None:
        s = self.state
        if value & OCW3_POLL:
            s.poll = True
        if value & OCW3_RR:
            s.read_isr = bool(value & OCW3_RIS)
        if value & OCW3_ESMM:
            s.special_mask = bool(value & OCW3_SMM)

    def _ocw2(self, value: int) -> None:
        s = self.state
        command, level = value >> 5, value & 7
        match command:
            case 0 | 4:
                s.rotate_on_aeoi = command == 4
            case 1 | 5:
                # In special mask mode a masked level stays in service.
                served = self._highest(s.isr & ~s.imr if s.special_mask else s.isr)
                if served is not None:
                    s.isr &= ~(1 << served)
                    if command == 5:
                        s.lowest = served
            case 3 | 7:
                s.isr &= ~(1 << level)
                if command == 7:
                    s.lowest = level
            case 6:
                s.lowest = level


@dataclass(slots=True)
class ElcrState:
    """Nothing of its own: the bits are kept in the states of the two chips."""


class Elcr:
    """The edge/level control registers, ports 0x4D0 and 0x4D1 (Intel PIIX3)."""

    name = "elcr"
    size = 2
    registers = (Register(0, "ELCR1"), Register(1, "ELCR2"))
    fixed_edge = (0x07, 0x21)  # IRQs 0, 1, 2, 8 and 13 have no choice

    def __init__(self, chips: tuple[I8259, I8259]) -> None:
        self.chips = chips
        self.unknown = Unknown(self.name)
        self.state = ElcrState()

    def reset(self) -> None:
        for chip in self.chips:
            chip.state.elcr = 0

    def resume(self) -> None:
        """The chips put themselves back."""

    def read(self, offset: int, size: int) -> int:
        return read_bytes(lambda n: self.chips[n].state.elcr if n < 2 else 0xFF, offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        write_bytes(self._write, offset, size, value)

    def _write(self, offset: int, value: int) -> None:
        if offset > 1:
            self.unknown.write(offset, 1, value)
            return
        chip = self.chips[offset]
        chip.state.elcr = value & ~self.fixed_edge[offset]
        chip.resume()


class I8259Pair:
    """Master at 0x20, slave at 0xA0 on its IR2: the PC's sixteen IRQs."""

    def __init__(self, intr: Line) -> None:
        self.intr = intr
        self.state = PairState()
        self.master = I8259(intr, "i8259-master", 1 << CASCADE, self.state.master)
        self.slave = I8259(self.master.line(CASCADE), "i8259-slave", 0, self.state.slave)
        self.elcr = Elcr((self.master, self.slave))

    def line(self, irq: int) -> Line:
        """The wire of IRQ 0 to 15; IRQ 2 is the cascade and not for devices."""
        return self.master.line(irq) if irq < 8 else self.slave.line(irq - 8)

    def acknowledge(self) -> int:
        """The processor's INTA cycles: the vector of what is served now."""
        level = self.master.requested()
        if level != CASCADE or self.master.state.single:
            return self.master.state.base | self.master.acknowledge_level()
        # The master first: the slave's INT falls when it is acknowledged.
        self.master.acknowledge_level()
        return self.slave.state.base | self.slave.acknowledge_level()

    def resume(self) -> None:
        """After the states were replaced."""
        self.slave.resume()
        self.master.resume()

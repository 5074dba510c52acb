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

from dataclasses import dataclass
from functools import partial

from vmm.devices.byte_port import read_bytes, write_bytes
from vmm.devices.device import Register, Unknown
from vmm.machine.line import Line

ICW1, ICW1_IC4, ICW1_SNGL, ICW1_LTIM = 0x10, 0x01, 0x02, 0x08
ICW4_AEOI, ICW4_SFNM = 0x02, 0x10
OCW3, OCW3_RR, OCW3_RIS, OCW3_POLL, OCW3_SMM, OCW3_ESMM = 0x08, 0x02, 0x01, 0x04, 0x20, 0x40
POLL_REQUEST = 0x80
SPURIOUS = 7
CASCADE = 2


@dataclass(slots=True)
class I8259State:
    """One chip.  Masks have bit n for level n."""

    irr: int = 0
    isr: int = 0
    imr: int = 0
    inputs: int = 0  # levels of the IR pins
    elcr: int = 0
    base: int = 0
    lowest: int = 7  # the level of lowest priority
    expects: int = 0  # 2, 3 or 4: the next write to port 1 is that ICW
    icw4_follows: bool = False
    single: bool = False
    level_triggered: bool = False
    auto_eoi: bool = False
    rotate_on_aeoi: bool = False
    fully_nested: bool = False  # special fully nested mode
    special_mask: bool = False
    read_isr: bool = False
    poll: bool = False


class I8259:
    """One controller: ``intr`` is its INT pin, `line` gives its IR pins."""

    size = 2
    registers = (Register(0, "OCW2/OCW3/ICW1"), Register(1, "OCW1/ICW2-4"))

    def __init__(self, intr: Line, name: str = "i8259", cascade: int = 0) -> None:
        self.name = name
        self.intr = intr
        self.cascade = cascade  # mask of the pins that slaves drive
        self.unknown = Unknown(name)
        self.state = I8259State()
        self._lines = [Line(partial(self.drive, n)) for n in range(8)]

    def line(self, level: int) -> Line:
        """The wire into pin IR ``level`` (0 to 7)."""
        return self._lines[level]

    def reset(self) -> None:
        """Power-on; the pins keep what is driven on them."""
        self.state = I8259State(inputs=self.state.inputs)
        self._update()

    def resume(self) -> None:
        """After the state was replaced: drive INT again."""
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
            service &= ~self.cascade  # a slave may interrupt its own service
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
        self.intr.set(self.requested() is not None)

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
        self.state = I8259State(
            inputs=self.state.inputs,
            elcr=self.state.elcr,
            base=self.state.base,
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
        self.master = I8259(intr, "i8259-master", cascade=1 << CASCADE)
        self.slave = I8259(self.master.line(CASCADE), "i8259-slave")
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

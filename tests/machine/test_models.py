# SPDX-License-Identifier: GPL-2.0-or-later
"""The native models of devices and the Python devices: the same, access for access.

Two machines get one random sequence of accesses, line changes, acknowledges and time that
passes.  In one of them the native layer answers what it can; values, states and the processor's
interrupt requests must stay equal.
"""

from __future__ import annotations

import ctypes as C
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from vmm import boards
from vmm.boards.options import Options
from vmm.cpu.arm.timer import Banked, TimerRegisters
from vmm.machine.machine import Machine
from vmm.native import library as native

NEVER = 1 << 62
GUESTS = Path(__file__).resolve().parents[2] / "build" / "guests"
STEPS = 3000
INTERRUPT_REQUEST, SPARC_INTERRUPT_INDEX = 0x1C, 244
IRQMP, TIMER = 0x80000200, 0x80000300
GICD, GICC, PL011 = 0x08000000, 0x08010000, 0x09000000


def machine(board: str, processors: int = 1, *extensions: str) -> Machine:
    architecture = {"leon3": "sparc", "virt": "arm", "pc": "x86"}[board]
    kernel = GUESTS / architecture / "hello.elf"
    properties = dict.fromkeys(extensions, "on")
    return boards.create(Options(board, properties, kernel=kernel, processors=processors))


class Both:
    """The two machines, and one step for both."""

    def __init__(self, board: str, processors: int = 1, *extensions: str) -> None:
        self.modelled, self.plain = (machine(board, processors, *extensions) for _ in range(2))
        self.plain.bus.hot_reads = False
        self.native = 0  # accesses that a model answered
        self.expired = 0  # times that a model ran its timer

    def read(self, address: int, size: int, port: bool = False) -> int:
        m = self.modelled
        flag, value = native.PORT if port else 0, C.c_uint64()
        if m.engine.library.dll.vmm_model_read(m.engine.pointer, address | flag, size, value):
            self.native += 1
            found = value.value
        else:
            found = m.bus.port_in(address, size) if port else m.bus.read(address, size)
        bus = self.plain.bus
        expected = bus.port_in(address, size) if port else bus.read(address, size)
        assert found == expected, hex(address)
        return found

    def write(self, address: int, size: int, value: int, port: bool = False) -> None:
        m = self.modelled
        flag = native.PORT if port else 0
        if m.engine.library.dll.vmm_model_write(m.engine.pointer, address | flag, size, value):
            self.native += 1
        elif port:
            m.bus.port_out(address, size, value)
        else:
            m.bus.write(address, size, value)
        bus = self.plain.bus
        if port:
            bus.port_out(address, size, value)
        else:
            bus.write(address, size, value)

    def each(self, act: Callable[[Machine], None]) -> None:
        act(self.modelled)
        act(self.plain)

    def acknowledge(self, level: int) -> None:
        m = self.modelled
        found = m.engine.library.dll.vmm_acknowledge(m.engine.pointer, level)
        assert found == self.plain.engine.handlers.acknowledge(level)

    def cycle(self, m: Machine) -> int:
        return m.clock.next_cycle() or m.engine.cycles + 1000

    def sleep(self, cycles: int) -> None:
        """Let time pass, at most to the next event, and run what is due."""
        for m in (self.modelled, self.plain):
            m.engine.native.idle += max(min(cycles, self.cycle(m) - m.engine.cycles), 0)
        m = self.modelled
        m.engine.native.event_cycle = NEVER  # nothing of Python's is due
        m.engine.native.event_at = m.turns.state.end.value if m.turns else NEVER
        if m.engine.library.dll.vmm_timers_run(m.engine.pointer):
            self.expired += 1
        else:
            m.clock.run_due()
        self.plain.clock.run_due()

    def device(self, m: Machine, name: str) -> object:
        spaces = (m.bus.devices, m.bus.ports)
        return next(p.device for space in spaces for p in space if p.device.name == name)

    def compare(self, *names: str) -> None:
        for name in names:
            states = [self.device(m, name).state for m in (self.modelled, self.plain)]  # type: ignore[attr-defined]
            assert states[0] == states[1], name
        clocks = [(m.clock.sequence.value, [(e.cycle, e.name) for e in m.clock.pending()])
                  for m in (self.modelled, self.plain)]
        assert clocks[0] == clocks[1]
        words = [m.engine.words(0, 80) for m in (self.modelled, self.plain)]
        requests = [
            [C.c_uint32.from_address(p.engine.cpu + INTERRUPT_REQUEST).value for p in m.processors]
            for m in (self.modelled, self.plain)
        ]
        assert requests[0] == requests[1]
        ends = [m.turns.state.end.value if m.turns else NEVER
                for m in (self.modelled, self.plain)]
        assert ends[0] == ends[1] >= self.modelled.engine.native.event_at
        if self.plain.name == "leon3":
            index = SPARC_INTERRUPT_INDEX // 4
            assert words[0][index] == words[1][index]


def wide(rng: random.Random) -> int:
    """A value with few or many bits."""
    return rng.choice((0, 1 << rng.randrange(32), rng.getrandbits(32), 0xFFFFFFFF))


@pytest.mark.parametrize("seed", range(3))
def test_irqmp(seed: int) -> None:
    both, rng = Both("leon3"), random.Random(seed)
    for _ in range(STEPS):
        match rng.randrange(5):
            case 0:
                both.read(IRQMP + rng.choice((0, 4, 8, 12, 0x10, 0x14, 0x40, 0x80, 0xC0)), 4)
            case 1 | 2:
                offset = rng.choice((0, 4, 8, 12, 0x14, 0x40, 0x40, 0x80, 0x80, 0x44))
                both.write(IRQMP + offset, rng.choice((4, 4, 4, 2)), wide(rng))
            case 3:
                number, level = rng.randrange(1, 16), rng.random() < 0.5
                both.each(lambda m: both.device(m, "irqmp").line(number).set(level))  # type: ignore[attr-defined] # noqa: B023
            case _:
                both.acknowledge(rng.randrange(1, 16))
        both.compare("irqmp")
    assert both.native > STEPS // 4


def take_turn(m: Machine, number: int) -> None:
    """As `Turns` does it."""
    assert m.turns is not None
    processor = m.processors[number]
    if processor.engine is not m.engine:
        processor.engine.take_turn(m.engine)
    m.turns.state.current, m.turns.state.end.value = number, NEVER
    m.processor, m.engine = processor, processor.engine


@pytest.mark.parametrize(("seed", "processors"), [(0, 1), (1, 1), (2, 1), (3, 2), (4, 3), (5, 8)])
def test_gic(seed: int, processors: int) -> None:
    both, rng = Both("virt", processors), random.Random(seed)
    both.write(GICD, 4, 3)
    both.write(GICC, 4, 3)
    both.write(GICC + 4, 4, 0xF0)
    sets = [base + 4 * word for base in range(0x80, 0x400, 0x80) for word in (0, 1, 2, 8, 9)]
    for _ in range(STEPS // processors):
        match rng.randrange(7):
            case 0:
                both.read(GICC + rng.choice((0, 4, 8, 0xC, 0xC, 0x14, 0x18, 0x20, 0xD0)), 4)
            case 1:
                both.read(GICD + rng.choice((0, 4, *sets)), rng.choice((4, 4, 1)))
            case 2:
                both.write(GICD + rng.choice(sets), 4, wide(rng))
            case 3:
                both.write(GICD + 0x400 + 4 * rng.randrange(24), 4, rng.getrandbits(32))
            case 4:
                targets = rng.choice((1, rng.getrandbits(8)))
                both.write(GICD + 0xF00, 4,
                           rng.randrange(4) << 24 | targets << 16 | rng.randrange(16))
            case 5:
                # (the modelled machine's lines change natively)
                number, level = rng.randrange(48), rng.random() < 0.5
                both.each(lambda m: both.device(m, "gic.distributor").gic.spi(number).set(level))  # type: ignore[attr-defined] # noqa: B023
            case _:
                offset, value = rng.choice((
                    (0x10, rng.randrange(64)), (0x24, rng.randrange(64)), (4, rng.getrandbits(8)),
                    (0x1000, rng.randrange(64)), (0, rng.choice((1, 3, 7, 0xB, 0x203))),
                    (8, rng.randrange(8)), (0xD0, 0),
                ))
                both.write(GICC + offset, 4, value)
        if processors > 1:
            if rng.random() < 0.1:
                number = rng.randrange(processors)
                both.each(lambda m: take_turn(m, number))  # noqa: B023
                both.write(GICC, 4, 3)
            both.write(GICD + 0x800 + rng.randrange(64, 96), 1, rng.getrandbits(8))
            number, level = rng.randrange(processors), rng.random() < 0.5
            both.each(lambda m: both.device(m, "gic.distributor").gic.ppi(number, 9).set(level))  # type: ignore[attr-defined] # noqa: B023
        both.compare("gic.distributor")
    assert both.native > STEPS // processors // 4


APIC, IO_APIC = 0xFEE00000, 0xFEC00000


@pytest.mark.parametrize("seed", range(4))
def test_apics(seed: int) -> None:
    """Registers of both, the timer, and IRQs that come by the I/O APIC and by LINT0."""
    both, rng = Both("pc"), random.Random(seed)
    both.write(0x43, 1, 0x30, port=True)
    both.write(APIC + 0xD0, 4, 0x01000000)

    def vector() -> int:
        return rng.choice((rng.randrange(256), 0x30 + rng.randrange(4) * 0x11))

    def entry() -> int:
        return vector() | rng.choice((0, 0, 0, 0x10000, 0x100, 0x400, 0x700, 0x2000, 0x8000, 0x800))

    for _ in range(STEPS):
        match rng.randrange(8):
            case 0:
                both.read(APIC + 0x10 * rng.randrange(0x40), rng.choice((4, 4, 4, 2)))
            case 1:
                offset, value = rng.choice((
                    (0x80, rng.choice((0, vector()))), (0xF0, rng.choice((0x1FF, 0x1FF, 0xFF))),
                    (0xD0, rng.getrandbits(32)), (0xE0, rng.choice((0, 0xFFFFFFFF))),
                    (0x280, 0), (0x20, rng.choice((0, 0x01000000))), (0x310, wide(rng)),
                    (0x300, entry() | rng.randrange(4) << 18),
                    (0x320 + 0x10 * rng.randrange(6), entry()),
                ))
                both.write(APIC + offset, 4, value)
            case 2:
                offset, value = rng.choice((
                    (0x320, vector() | 0x20000 * rng.randrange(2)), (0x380, rng.randrange(3000)),
                    (0x380, wide(rng)), (0x3E0, rng.getrandbits(4)), (0x390, 5),
                ))
                both.write(APIC + offset, 4, value)
            case 3:
                pin, high = rng.randrange(24), rng.randrange(2)
                both.write(IO_APIC, rng.choice((4, 4, 1)), 0x10 + 2 * pin + high)
                value = rng.choice((0, 0x01000000)) if high else entry()
                both.write(IO_APIC + 0x10, 4, value)
            case 4:
                both.write(IO_APIC, 4, rng.choice((0, 1, 2, 0x10, 0x14, 0x15, 0x3F, 0x40)))
                both.read(IO_APIC + 0x10, 4)
            case 5:
                # The native UART's interrupt, and a device of Python's.
                both.write(0x3F9, 1, rng.choice((0, 2)), port=True)
                level = rng.random() < 0.5
                both.each(lambda m: both.device(m, "i8042-data").controller.kbd_irq.set(level))  # type: ignore[attr-defined] # noqa: B023
            case 6:
                if both.plain.engine.native.intr:
                    both.acknowledge(0)
                both.write(APIC + 0xB0, 4, 0)
            case _:
                both.sleep(rng.choice((1, rng.randrange(2000), rng.randrange(1 << 34))))
        both.compare("local-apic", "io-apic", "i8259-master", "uart16550")
    assert both.native > STEPS // 2
    assert both.expired > 10


@pytest.mark.parametrize("seed", range(3))
def test_pc(seed: int) -> None:
    both, rng = Both("pc"), random.Random(seed)
    for port, value in ((0x20, 0x11), (0x21, 0x20), (0x21, 4), (0x21, 1),
                        (0xA0, 0x11), (0xA1, 0x28), (0xA1, 2), (0xA1, 1)):
        both.write(port, 1, value, port=True)
    for _ in range(STEPS):
        match rng.randrange(6):
            case 0:
                both.read(rng.choice((0x20, 0x21, 0xA0, 0xA1)), rng.choice((1, 1, 1, 2)), port=True)
            case 1:
                chip = rng.choice((0x20, 0xA0))
                value = rng.choice((0x20, 0x60 | rng.randrange(8), 0xA0, 0xC0 | rng.randrange(8),
                                    0x0A, 0x0B, 0x68, 0x48, 0x80, 0x00))
                both.write(chip, 1, value, port=True)
            case 2:
                both.write(rng.choice((0x21, 0xA1)), 1, rng.getrandbits(8), port=True)
            case 3:
                offset = rng.choice((1, 1, 1, 2, 3, 4, 5, 6, 7))
                both.read(0x3F8 + offset, 1, port=True)
            case 4:
                offset, value = rng.choice((
                    (1, rng.randrange(16)), (1, 2), (7, rng.getrandbits(8)),
                    (2, rng.choice((0, 1, 0xC7))), (3, rng.choice((3, 3, 0x83))), (4, 8), (0, 65),
                ))
                both.write(0x3F8 + offset, 1, value, port=True)
            case _:
                if both.plain.engine.native.intr:
                    both.acknowledge(0)
        both.compare("i8259-master", "i8259-slave", "uart16550")
    assert both.native > STEPS // 3


@pytest.mark.parametrize("seed", range(4))
def test_gptimer(seed: int) -> None:
    """Two timers, one-shot and periodic, sometimes chained (then Python has them)."""
    both, rng = Both("leon3"), random.Random(seed)
    both.write(IRQMP + 0x40, 4, 0xFFFE)
    for _ in range(STEPS):
        match rng.randrange(8):
            case 0:
                offset = rng.choice((0, 4, 8, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28, 0x1C, 0x30))
                both.read(TIMER + offset, rng.choice((4, 4, 4, 1)))
            case 1:
                both.write(TIMER + rng.choice((0, 4, 4)), 4, rng.choice((0, 1, 39, wide(rng))))
            case 2:
                register = rng.choice((0, 4, 4, 0xC))
                value = rng.choice((rng.randrange(6), rng.randrange(300), wide(rng)))
                timer = TIMER + 0x10 * rng.randrange(1, 4)
                both.write(timer + register, rng.choice((4, 4, 2)), value)
            case 3 | 4:
                control = rng.randrange(32) | rng.choice((0, 0, 9, 9, 0, 0x20))
                both.write(TIMER + 0x10 * rng.randrange(1, 3) + 8, 4, control)
            case 5:
                both.acknowledge(rng.choice((8, 9)))
            case _:
                both.sleep(rng.choice((1, rng.randrange(500), NEVER)))
        both.compare("irqmp", "gptimer")
    assert both.native > STEPS // 4
    assert both.expired > STEPS // 40


@pytest.mark.parametrize("seed", range(4))
def test_i8254(seed: int) -> None:
    """Counters in all modes; what is not modelled is Python's in between."""
    both, rng = Both("pc"), random.Random(seed)
    both.write(0x61, 1, 1, port=True)  # counter 2's gate
    both.write(0x43, 1, 0x30, port=True)
    for _ in range(STEPS):
        match rng.randrange(6):
            case 0:
                both.read(rng.choice((0x40, 0x40, 0x42, 0x61)), 1, port=True)
            case 1 | 2:
                if rng.random() < 0.05:
                    both.write(0x61, 1, rng.randrange(8), port=True)
                value = rng.choice((1, 2, rng.randrange(256), 0))
                both.write(rng.choice((0x40, 0x40, 0x40, 0x41, 0x42)), 1, value, port=True)
            case 3:
                word = rng.choice((0x10, 0x14, 0x16, 0x30, 0x34, 0x36, 0x3E, 0x20, 0x00, 0x00,
                                   0xC2, 0xE2, 0xD2, 0x18, 0x32, 0x31, 0x74, 0xB0, 0xB4, 0xB6,
                                   0x90, 0xA0))
                if rng.random() < 0.5:
                    both.write(0x43, 1, word, port=True)
            case 4:
                if both.plain.engine.native.intr:
                    both.acknowledge(0)
            case _:
                both.sleep(rng.choice((1, rng.randrange(100_000), NEVER)))
        both.compare("i8254", "i8259-master", "pcspeaker-port")
    assert both.native > STEPS // 4
    assert both.expired > STEPS // 80


CNT_CONTROLS = [14 << 16 | crm << 12 | opc1 << 8 | 1 << 4 for crm, opc1 in ((2, 0), (3, 0), (2, 4))]
CNT_VALUES = [control & ~0x10 for control in CNT_CONTROLS]
CNT_COMPARES = [14 << 12 | opc1 << 8 for opc1 in (2, 3, 6)]
CNT_OFFSET, CNT_SECURE = 14 << 12 | 4 << 8, 1 << 24
PPIS = 0xF << 26


def registers(m: Machine) -> Sequence[TimerRegisters]:
    """Of the generic timers of all processors."""
    owner = m.processors[0].engine.handlers.sysreg.__self__  # type: ignore[attr-defined]
    return owner.registers if isinstance(owner, Banked) else (owner,)


@pytest.mark.parametrize("processors", [1, 3])
def test_generic_timer(processors: int) -> None:
    """All four comparators, with interrupts that the GIC takes, and with CNTVOFF."""
    both, rng = Both("virt", processors, "virtualization", "secure"), random.Random(1)
    access = both.modelled.engine.library.dll.vmm_generic_timer_access
    both.write(GICD, 4, 3)
    both.write(GICC, 4, 3)
    both.write(GICC + 4, 4, 0xF0)
    both.write(GICD + 0x100, 4, PPIS)

    def sysreg(register: int, write: bool, value: int) -> None:
        m, found = both.modelled, C.c_uint64(value)
        secure = bool(register & CNT_SECURE)
        if access(m.engine.pointer, register & ~CNT_SECURE, secure, write, C.byref(found)):
            both.native += 1
        else:
            found.value = m.engine.handlers.sysreg(register, write, value)
        expected = both.plain.engine.handlers.sysreg(register, write, value)
        assert write or found.value == expected, hex(register)

    for _ in range(2 * STEPS):
        if processors > 1 and rng.random() < 0.1:
            number = rng.randrange(processors)
            both.each(lambda m: take_turn(m, number))  # noqa: B023
            both.write(GICC, 4, 3)
            both.write(GICC + 4, 4, 0xF0)
            both.write(GICD + 0x100, 4, PPIS)
        bank = CNT_SECURE * rng.randrange(2)
        match rng.randrange(8):
            case 0:
                register = rng.choice((*CNT_CONTROLS, *CNT_VALUES, *CNT_COMPARES, CNT_OFFSET))
                sysreg(register | (bank if register in (CNT_CONTROLS[0], CNT_VALUES[0]) else 0),
                       False, 0)
            case 1 | 2:
                sysreg(rng.choice((*CNT_CONTROLS, CNT_CONTROLS[0] | CNT_SECURE)), True,
                       rng.choice((1, 1, 1, 0, 3, rng.randrange(8))))
            case 3:
                value = rng.choice((*(rng.randrange(200) for _ in range(3)), 0xFFFFFFFD, wide(rng)))
                sysreg(rng.choice((*CNT_VALUES, CNT_VALUES[0] | CNT_SECURE)), True, value)
            case 4:
                now = both.plain.clock.ticks(62_500_000)
                value = rng.choice((now + rng.randrange(-9, 200), rng.getrandbits(64), 0,
                                    (1 << 64) - 1, 1 << 62)) & (1 << 64) - 1
                sysreg(rng.choice((*CNT_COMPARES, CNT_COMPARES[0] | CNT_SECURE)), True, value)
            case 5:
                if rng.random() < 0.2:
                    value = rng.choice((0, rng.randrange(300), rng.getrandbits(64)))
                    sysreg(CNT_OFFSET, True, value)
                interrupt = both.read(GICC + 0xC, 4)
                both.write(GICC + 0x10, 4, interrupt)
            case _:
                both.sleep(rng.choice((1, rng.randrange(3000), NEVER)))
        timers = [[r.comparators for r in registers(m)] for m in (both.modelled, both.plain)]
        for one, other in zip(*timers, strict=True):
            assert one.state == other.state
            assert [line.level for line in one.lines] == [line.level for line in other.lines]
        both.compare("gic.distributor")
    assert both.native > STEPS // 2
    assert both.expired > STEPS // 20


@pytest.mark.parametrize("architecture", ["sparc", "arm", "x86"])
def test_a_run_with_timers_is_the_same_either_way(architecture: str) -> None:
    """Every trap comes at the same instruction, in one run and in slices."""
    board = {"sparc": "leon3", "arm": "virt", "x86": "pc"}[architecture]
    guest = GUESTS / "bench" / architecture / "timer.elf"
    ledgers: list[list[tuple[int, int, int, int, int]]] = []
    for modelled, slices in ((True, False), (False, False), (True, True)):
        m = boards.create(Options(board, {}, None, None, guest, None, ""))
        m.bus.hot_reads = modelled
        ledger: list[tuple[int, int, int, int, int]] = []
        m.record_ledger(ledger.extend)
        until = 0
        while until < 3_000_000:
            until += 9_973 if slices else 3_000_000
            m.run(until=until)
        assert (m.engine.native.hot_writes > 100) == modelled
        ledgers.append(ledger)
    assert len(ledgers[0]) > 100
    assert ledgers[0] == ledgers[1]
    assert [entry for entry in ledgers[2] if entry[0] <= 3_000_000] == ledgers[0]


@pytest.mark.parametrize(("guest", "processors", "end"), [
    ("arm/smp", 4, 4_000_000), ("bench/arm/sleep", 2, 200_000),
    ("bench/arm/interrupts", 2, 200_000),
])
def test_several_processors_run_the_same_either_way(guest: str, processors: int, end: int) -> None:
    """Turns end, and traps come, at the same instructions."""
    kernel = GUESTS / f"{guest}.elf"
    runs = []
    for modelled, slices in ((True, False), (False, False), (True, True)):
        m = boards.create(Options("virt", kernel=kernel, processors=processors))
        m.bus.hot_reads = modelled
        ledger: list[tuple[int, int, int, int, int]] = []
        m.record_ledger(ledger.extend)
        while (m.outcome is None or m.stopped_at_count) and m.engine.count < end:
            m.run(until=min(m.engine.count + end // 29, end) if slices else end)
        answered = sum(p.engine.native.hot_writes for p in m.processors)
        assert (answered > 50) == modelled
        runs.append((ledger, m.engine.count, m.engine.cycles, m.console.tail))
    assert len(runs[0][0]) > 10
    assert runs[0] == runs[1]
    assert runs[0][1:] == runs[2][1:]
    assert sorted(runs[0][0]) == sorted(runs[2][0])


@pytest.mark.parametrize("seed", range(2))
def test_cells(seed: int) -> None:
    """Registers that are only storage, while they are."""
    rng = random.Random(seed)
    both = Both("virt")
    for _ in range(STEPS // 4):
        offset = rng.choice((0x20, 0x24, 0x28, 0x2C))
        both.write(PL011 + offset, rng.choice((4, 4, 2)), rng.getrandbits(16))
        both.read(PL011 + offset, rng.choice((4, 1)))
        both.compare("pl011")
    assert both.native > STEPS // 16


def test_models_are_left_out_when_every_access_is_to_reach_its_device() -> None:
    """A watcher of accesses hears of all; afterwards the models answer again."""
    both = Both("leon3")
    pointer, dll = both.plain.engine.pointer, both.plain.engine.library.dll
    assert both.plain.engine.native.models_on == 0
    both.plain.bus.hot_reads = True
    assert both.plain.engine.native.models_on == 1
    assert dll.vmm_model_write(pointer, IRQMP + 0x40, 4, 2)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The native models of `virt`'s devices, with one processor and several (see `compared`)."""

from __future__ import annotations

import ctypes as C
import random
from collections.abc import Sequence

import pytest
from compared import GICC, GICD, GUESTS, NEVER, PL011, STEPS, Both, wide

from vmm import boards
from vmm.boards.options import Options
from vmm.cpu.arm.timer import Banked, TimerRegisters
from vmm.machine.machine import Machine


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
        m.ledger.record(ledger.extend)
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

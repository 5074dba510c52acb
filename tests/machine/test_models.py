# SPDX-License-Identifier: GPL-2.0-or-later
"""The native models of devices and the Python devices: the same, access for access."""

from __future__ import annotations

import random

import pytest
from compared import GUESTS, IRQMP, NEVER, STEPS, TIMER, Both, wide

from vmm import boards
from vmm.boards.options import Options


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
        m.ledger.record(ledger.extend)
        until = 0
        while until < 3_000_000:
            until += 9_973 if slices else 3_000_000
            m.run(until=until)
        assert (m.engine.native.hot_writes > 100) == modelled
        ledgers.append(ledger)
    assert len(ledgers[0]) > 100
    assert ledgers[0] == ledgers[1]
    assert [entry for entry in ledgers[2] if entry[0] <= 3_000_000] == ledgers[0]


def test_models_are_left_out_when_every_access_is_to_reach_its_device() -> None:
    """A watcher of accesses hears of all; afterwards the models answer again."""
    both = Both("leon3")
    pointer, dll = both.plain.engine.pointer, both.plain.engine.library.dll
    assert both.plain.engine.native.models_on == 0
    both.plain.bus.hot_reads = True
    assert both.plain.engine.native.models_on == 1
    assert dll.vmm_model_write(pointer, IRQMP + 0x40, 4, 2)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices write over code that is running: sensitive instructions come, change and go."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pytest

from vmm.boards import Options, create
from vmm.cpu.x86.registers import Segment
from vmm.machine.dma import Dma
from vmm.machine.machine import Machine
from vmm.monitor import virtualize
from vmm.monitor.assist import Controls

INSTRUCTIONS, TRANSFERS = 6000, 150


@dataclass(frozen=True)
class Loop:
    """Code of as many slots as fit, each of one of the ``choices``, that goes round for ever."""

    board: str
    address: int
    byteorder: str
    choices: Sequence[int]  # of ``size`` bytes each
    size: int
    end: bytes


SLOTS = 12
LOOPS = {
    # rd %psr, %g1; rd %wim, %g1; rd %tbr, %g1; xor %g2, %g1, %g2; add %g3, 1, %g3; nop;
    # lda [%g0] ASI_MMU, %g1
    "sparc": Loop("leon3", 0x40100000, "big", (
        0x83480000, 0x83500000, 0x83580000, 0x84188001, 0x8600E001, 0x01000000, 0xC2800320), 4,
        bytes.fromhex("10bffff4 01000000")),
    # mrs r0, cpsr; cpsid i; cpsie f; eor r1, r1, r0; mrs r0, spsr; mrc CONTEXTIDR; cpsid if, #SYS;
    # cps #SVC; msr cpsr_f, r1
    "arm": Loop("virt", 0x40100000, "little", (
        0xE10F0000, 0xF10C0080, 0xF1080040, 0xE0211000, 0xE14F0000, 0xEE1D0F30, 0xF10E00DF,
        0xF1020013, 0xE128F001), 4, (0xEA000000 | -SLOTS - 2 & 0xFFFFFF).to_bytes(4, "little")),
    # smsw eax; pushf, pop eax; mov eax, cr0; cli; sti; xor ebx, eax; pushfw, pop ax; pushf with a
    # prefix, pop eax; mov eax, cs: each of four bytes
    "x86": Loop("pc", 0x20000, "little", tuple(
        int.from_bytes(bytes.fromhex(code).ljust(4, b"\x90"), "little") for code in (
            "0f01e0", "9c58", "0f20c0", "fa", "fb", "31c3", "669c6658", "2e9c58", "8cc8")), 4,
        b"\xeb" + bytes((-4 * SLOTS - 2 & 0xFF,))),
}


def as_a_bus_master(dma: Dma, address: int, data: bytes) -> None:
    """The way of virtio devices: into the memory itself."""
    (piece,) = dma.writable(address, len(data)) or ()
    piece[:] = data
    dma.wrote(address, len(data))


def machine(architecture: str, seed: int) -> Machine:
    """About to run the loop, with transfers into it at random times."""
    loop, chosen = LOOPS[architecture], random.Random(seed)
    made = create(Options(loop.board, ram=4 << 20, bare=True))

    def slots(count: int) -> bytes:
        return b"".join(chosen.choice(loop.choices).to_bytes(loop.size, loop.byteorder)
                        for _ in range(count))

    made.load_bytes(loop.address, slots(SLOTS) + loop.end, "loop")
    if architecture == "x86":
        registers = made.processor.registers
        registers["cr0"] = 0x11
        made.processor.load_segment("cs", Segment(8, 0, 0xFFFFFFFF, 0xCF9B00))
        for name in ("ss", "ds", "es"):
            made.processor.load_segment(name, Segment(16, 0, 0xFFFFFFFF, 0xCF9300))
        registers["esp"] = 0x30000
    made.processor.set_pc(loop.address)
    for _ in range(TRANSFERS):
        first = chosen.randrange(SLOTS)
        data = slots(chosen.randrange(1, SLOTS - first + 1))
        write = chosen.choice((made.dma_write, partial(as_a_bus_master, Dma(made.bus))))
        made.clock.at_cycle(chosen.randrange(1, INSTRUCTIONS), partial(
            write, loop.address + first * loop.size, data))
    return made


def seen(made: Machine) -> tuple[int, dict[str, int]]:
    made.run(until=INSTRUCTIONS)
    kept = {name: value for name, value in made.processor.registers.snapshot().items()
            if not name.endswith(("_hyp", "_mon"))}  # a virtual processor has none of these
    return made.engine.count, kept


@pytest.mark.parametrize(("architecture", "technique"), [
    ("sparc", "translate"), ("sparc", "trap_and_emulate"), ("sparc", "assist"),
    ("arm", "translate"), ("arm", "assist"), ("x86", "translate"), ("x86", "assist"),
])
def test_what_runs_is_what_was_written_last(architecture: str, technique: str) -> None:
    finals: set[tuple[tuple[str, int], ...]] = set()
    for seed in range(4):
        bare, guest = machine(architecture, seed), machine(architecture, seed)
        options: dict[str, object] = {}
        if technique == "assist":
            options["controls"] = Controls.everything(architecture, guest.processor.trap_kinds())
        virtualize(guest, technique, **options)
        found = seen(guest)
        assert found == seen(bare)
        finals.add(tuple(sorted(found[1].items())))
    assert found[0] == INSTRUCTIONS and len(finals) > 2

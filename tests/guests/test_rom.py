# SPDX-License-Identifier: GPL-2.0-or-later
"""Stores to a board's ROM change nothing, and the next load reads the ROM."""

from __future__ import annotations

import pytest

from vmm.boards import Options, create

# A store of the second register to where the first points, and a load back into the third.
PROGRAMS = {
    "leon3": (0x40000000, "c4204000 c6004000", "big", ("g1", "g2", "g3"), 0x2000),
    "virt": (0x40000000, "e5812000 e5913000", "little", ("r1", "r2", "r3"), 0x2000),
}


@pytest.mark.parametrize("board", PROGRAMS)
def test_a_store_to_rom_is_lost(board: str) -> None:
    code, words, order, (pointer, stored, loaded), rom = PROGRAMS[board]
    machine = create(Options(board, bare=True))
    text = b"".join(int(word, 16).to_bytes(4, order) for word in words.split())
    machine.load_bytes(code, text, "program")
    machine.load_bytes(rom, b"\x11\x22\x33\x44", "ROM")
    registers = machine.processor.registers
    registers[pointer], registers[stored] = rom, 0xDEADBEEF
    machine.processor.set_pc(code)
    machine.step(2)
    assert machine.bus.read_memory(rom, 4) == b"\x11\x22\x33\x44"
    assert registers[loaded] == int.from_bytes(b"\x11\x22\x33\x44", order)

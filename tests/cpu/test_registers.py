# SPDX-License-Identifier: GPL-2.0-or-later
"""Registers by name: what is written is read, and lands where instructions find it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.sparc.processor import SparcProcessor
from vmm.cpu.x86.models import MODELS as X86_MODELS
from vmm.cpu.x86.processor import X86Processor

MAKERS = {"sparc": SparcProcessor, "arm": ArmProcessor, "x86": X86Processor}


@pytest.mark.parametrize("architecture", MAKERS)
def test_general_and_float_registers_keep_what_is_written(architecture: str) -> None:
    processor = MAKERS[architecture]()
    processor.reset()
    registers = processor.registers
    names = [n for g in ("general", "float") for n in registers.group(g)]
    plain = [n for n in names if n not in ("g0", "pc", "eip", "fsr", "fpscr", "fpexc", "fctrl",
                                           "fstat", "ftag", "mxcsr")]
    values = {}
    for number, name in enumerate(plain, 1):
        width = registers.find(name).bits
        # An 80-bit value is given an exponent that makes it a normal number.
        value = 0x3FFF << 64 | 1 << 63 | number if width == 80 else number * 0x01010101
        registers[name] = values[name] = value & (1 << width) - 1
    assert {name: registers[name] for name in plain} == values


def test_an_unknown_register_is_named_in_the_error() -> None:
    with pytest.raises(KeyError, match="no register 'r99'"):
        ArmProcessor().registers["r99"]


@pytest.mark.parametrize("model", X86_MODELS)
def test_only_models_with_sse_have_xmm_registers(model: str) -> None:
    assert ("xmm0" in X86Processor(model).registers.table) == X86_MODELS[model].sse


def test_a_float_register_is_where_an_instruction_finds_it(tmp_path: Path) -> None:
    # vmov r1, s0 ; b .
    kernel = tmp_path / "vmov.bin"
    kernel.write_bytes(struct.pack("<2I", 0xEE101A10, 0xEAFFFFFE))
    machine = create(Options("virt", kernel=kernel))
    registers = machine.processor.registers
    registers["cpacr"] = 0xF << 20
    registers["fpexc"] = 1 << 30
    registers["d0"] = 0x40490FDB_3F800000
    machine.run(until=200)
    assert registers["r1"] == 0x3F800000


def test_windows_overlap_as_the_manual_says() -> None:
    processor = SparcProcessor()
    processor.reset()
    registers = processor.registers
    for window in range(8):
        registers["psr"] = 0xC0 | window
        registers["o3"] = 0x1000 + window
        registers["l3"] = 0x2000 + window
    for window in range(8):
        registers["psr"] = 0xC0 | window
        above = (window + 1) % 8  # %i of a window are %o of the next
        assert registers["i3"] == 0x1000 + above == registers[f"w{window}.i3"]
        assert registers["l3"] == 0x2000 + window == registers[f"w{window}.l3"]


@pytest.mark.parametrize("name", ["midr", "mpidr", "actlr"])
def test_registers_that_the_engine_has_no_place_for_cannot_be_written(name: str) -> None:
    """What was written to two of these went to r0."""
    registers = create(Options(board="virt", bare=True)).processor.registers
    registers["r0"] = 0x12345678
    with pytest.raises(ValueError, match="read-only"):
        registers[name] = 5
    assert registers["r0"] == 0x12345678

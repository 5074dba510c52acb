# SPDX-License-Identifier: GPL-2.0-or-later
"""Source lines by DWARF: both ways, inlined functions, and files that tell lies."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from stops import GUESTS, TOP

from vmm.debug.explain.source import Line, Sources, located


@pytest.mark.parametrize("architecture", ["sparc", "arm", "x86"])
def test_lines_and_addresses_agree(architecture: str) -> None:
    known = Sources([GUESTS / architecture / "hello.elf"])
    checked = 0
    for start, end, line in known.lines():
        assert known.at(start) == line == known.at(end - 1)
        if line.file.endswith("hello/main.c"):
            inside = known.addresses(f"{architecture}/hello/main.c", line.line)
            assert any(address <= start for address in inside)
            assert all(known.at(address).line == line.line for address in inside)  # type: ignore[union-attr]
            checked += 1
    assert checked > 10


@pytest.mark.parametrize("architecture", ["sparc", "arm", "x86"])
def test_source_text_is_read_where_the_source_is_now(architecture: str) -> None:
    known = Sources([GUESTS / architecture / "hello.elf"])
    line = next(line for _, _, line in known.lines() if line.file.endswith("hello/main.c"))
    assert Path(line.file) == TOP / "guests" / architecture / "hello" / "main.c"
    text = known.text(line)
    assert text is not None
    assert text == Path(line.file).read_text().splitlines()[line.line - 1]


def test_inlined_functions_come_with_their_callers() -> None:
    known = Sources([GUESTS / "arm" / "traps.elf"])
    address = next(start for start, _, line in known.lines()
                   if len(known.functions(start)) > 2 and line.file.endswith("interrupts.c"))
    functions = known.functions(address)
    assert [function.inlined for function in functions[:-1]] == [True] * (len(functions) - 1)
    assert not functions[-1].inlined
    assert functions[0].line == known.at(address)
    assert len({function.line for function in functions}) == len(functions)


def test_address_without_line() -> None:
    known = Sources([GUESTS / "arm" / "hello.elf"])
    assert known.at(0xFFFF0000) is None
    assert known.functions(0xFFFF0000) == []
    assert Sources([]).at(0) is None


def test_missing_and_broken_files_have_no_lines(tmp_path: Path) -> None:
    assert Sources([tmp_path / "none.elf"]).at(0x40200000) is None
    whole = (GUESTS / "sparc" / "hello.elf").read_bytes()
    rng = random.Random(11)
    for number in range(30):
        data = bytearray(whole)
        for _ in range(200):
            data[rng.randrange(0x400, len(data))] = rng.getrandbits(8)
        path = tmp_path / f"{number}.elf"
        path.write_bytes(data[: rng.randrange(64, len(data))] if number % 3 == 0 else data)
        known = Sources([path])
        for address in range(0x40001000, 0x40003000, 0x104):
            line = known.at(address)
            assert line is None or isinstance(line, Line)
            known.functions(address)
        list(known.lines())
        known.addresses("main.c", 10)


def test_file_that_has_moved_is_found_from_the_program(tmp_path: Path) -> None:
    source = tmp_path / "src" / "app" / "main.c"
    source.parent.mkdir(parents=True)
    source.write_text("int main;\n")
    program = tmp_path / "build" / "app.elf"
    assert located("/elsewhere/built/src/app/main.c", program) == str(source)
    assert located("/elsewhere/built/other.c", program) == "/elsewhere/built/other.c"

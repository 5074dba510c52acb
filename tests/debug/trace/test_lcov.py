# SPDX-License-Identifier: GPL-2.0-or-later
"""LCOV tracefiles say exactly which source lines began."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from traced import ARCHITECTURES, boot

from vmm.debug.explain.source import sources
from vmm.debug.trace.feed import Feed
from vmm.debug.trace.files import TraceError, Tracing

TOP = Path(__file__).resolve().parents[3]


@dataclass
class Record:
    lines: dict[int, int] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)


def parse(text: str) -> dict[str, Record]:
    """A tracefile, with its totals checked; what geninfo(1) does not know fails."""
    files: dict[str, Record] = {}
    for section in text.removesuffix("end_of_record\n").split("end_of_record\n"):
        record, declared, totals = Record(), {}, {}
        for line in section.splitlines():
            key, _, value = line.partition(":")
            first, _, second = value.partition(",")
            match key:
                case "TN":
                    assert value == ""
                case "SF":
                    assert value not in files and Path(value).is_file()
                    files[value] = record
                case "FN":
                    assert second not in declared
                    declared[second] = int(first)
                case "FNDA":
                    assert second in declared
                    record.functions[second] = int(first)
                case "DA":
                    assert int(first) > max(record.lines, default=0)
                    record.lines[int(first)] = int(second)
                case "FNF" | "FNH" | "LF" | "LH":
                    totals[key] = int(value)
                case _:
                    raise AssertionError(line)
        assert totals == {
            "FNF": len(declared), "FNH": sum(map(bool, record.functions.values())),
            "LF": len(record.lines), "LH": sum(map(bool, record.lines.values())),
        }
        assert declared.keys() == record.functions.keys()
    return files


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_lines_that_began_and_no_others(guest, architecture, tmp_path) -> None:
    """What single steps find, line by line, is what the file says."""
    machine = boot(guest, architecture, "traps")
    with Tracing(Feed(machine), f"lcov:{tmp_path / 'info'}"):
        machine.run(until=2500)
    files = parse((tmp_path / "info").read_text())
    stepped = boot(guest, architecture, "traps")
    places = sources(stepped.symbols)
    expected: dict[tuple[str, int], dict[int, int]] = {}
    for _ in range(2500):
        place = places.at(stepped.linear_pc)
        if place is not None and place.line > 0:
            counts = expected.setdefault((place.file, place.line), {})
            counts[stepped.linear_pc] = counts.get(stepped.linear_pc, 0) + 1
        stepped.step()
    found = {
        (name, line): count for name, record in files.items()
        for line, count in record.lines.items() if count
    }
    assert found == {place: max(counts.values()) for place, counts in expected.items()}
    assert len(found) > 10


def test_functions_have_the_count_of_their_calls(guest, tmp_path) -> None:
    machine = boot(guest, "sparc", "hello")
    with Tracing(Feed(machine), f"lcov:{tmp_path / 'info'}"):
        machine.run()
    files = parse((tmp_path / "info").read_text())
    functions = files[str(TOP / "guests/sparc/hello/main.c")].functions
    assert functions["main"] == 1
    console = files[str(TOP / "guests/sparc/runtime/console.c")].functions
    assert console["putch"] == machine.console.printed - machine.console.tail.count(b"\r\n")
    assert 0 in console.values()  # a function that hello does not use


def test_a_guest_without_debug_information_is_refused(guest, tmp_path) -> None:
    machine = boot(guest, "sparc", "hello")
    machine.symbols.files.clear()
    with pytest.raises(TraceError, match="compile it with -g"):
        Tracing(Feed(machine), f"lcov:{tmp_path / 'info'}")

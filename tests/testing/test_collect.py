# SPDX-License-Identifier: GPL-2.0-or-later
"""From paths to tests: guests alone, directories, selection."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from vmm.testing import collect
from vmm.testing.case import Case

NOTE = """
.section .note.vmm, "a", %note
.word 4, 9, 1
.asciz "vmm"
.asciz "virt,x=y"
.balign 4
.text
.globl start
start: b start
"""


def test_a_guest_says_its_board(guest) -> None:
    cases = collect.collect([guest(f"{arch}/hello") for arch in ("sparc", "arm", "x86")])
    assert [case.board for case in cases] == ["leon3", "virt", "pc"]
    assert [case.statuses for case in cases] == [{0}, {0}, {0, 1}]


def test_a_note_says_more_than_the_machine(tmp_path: Path, guest) -> None:
    source, program = tmp_path / "noted.S", tmp_path / "noted.elf"
    source.write_text(NOTE)
    subprocess.run(["arm-none-eabi-gcc", "-nostdlib", "-Wl,-e,start", "-o", program, source],
                   check=True)
    (case,) = collect.collect([program])
    assert (case.board, case.properties) == ("virt", {"x": "y"})
    (case,) = collect.collect([program], "virt")
    assert case.properties == {}


def test_directories_are_searched_for_descriptions(tmp_path: Path, guest) -> None:
    for name in ("b", "a/c"):
        elf = tmp_path / f"{name}.elf"
        elf.parent.mkdir(exist_ok=True)
        elf.write_bytes(guest("arm/hello").read_bytes())
        elf.with_suffix(".vmm.toml").write_text("")
    (tmp_path / "board.toml").write_text("no description")
    names = [Path(case.name).name for case in collect.collect([tmp_path])]
    assert names == ["c.vmm.toml", "b.vmm.toml"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.elf", None, "no such file"),
        ("flat.bin", b"\1\2\3\4", "give -M BOARD"),
        ("cut.elf", b"\x7fELF", "the ELF header is cut off"),
        ("folder", b"", r"no \*.vmm.toml in it"),
    ],
)
def test_paths_that_cannot_be_used_are_named(tmp_path, name, content, message) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        collect.collect([path])
    assert str(caught.value).startswith(str(path))


CASES = [Case(name, Path("x"), "virt", tags=frozenset(tags)) for name, tags in (
    ("arm/Timers", {"slow"}), ("arm/hello", {"smoke"}), ("sparc/timers", {"smoke"}))]


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("timers", [0, 2]), ("smoke", [1, 2]), ("low", []),
        ("timers and smoke", [2]), ("slow or smoke", [0, 1, 2]), ("not slow", [1, 2]),
        ("not (slow or hello)", [2]), ("arm and not timers or sparc", [1, 2]),
    ],
)
def test_selection(text, selected) -> None:
    wanted = collect.selection(text)
    assert [number for number, case in enumerate(CASES) if wanted(case)] == selected


@pytest.mark.parametrize("text", ["", "and", "a and", "not", "(a", "a b", "a)", "()"])
def test_a_selection_that_makes_no_sense_is_refused(text) -> None:
    with pytest.raises(ValueError, match="-k "):
        collect.selection(text)

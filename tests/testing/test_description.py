# SPDX-License-Identifier: GPL-2.0-or-later
"""Test descriptions: what they say, and that each mistake is named with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmm.machine.outcome import Ending
from vmm.testing import description
from vmm.testing.case import Limits, Pattern

FULL = """\
description = "says where it runs"
board = "virt,secure=on"
kernel = "guest.elf"
cpu = "cortex-a7"
memory = "64M"
append = "quiet"
processors = 2
tags = ["smoke", "arm"]
status = 3

[console]
expect = ["hello", { regex = 'memory: \\d+' }]
forbid = ["panic"]
ignore = [{ regex = '^id:' }]
output = "console.txt"
input = "help\\n"
script = ['expect "=> "', 'send "x"']

[limits]
virtual = 0.5
instructions = 1000
wall = 5
"""


@pytest.fixture
def write(tmp_path: Path, guest):
    """Write a description beside a guest; returns its file."""
    (tmp_path / "guest.elf").write_bytes(guest("arm/hello").read_bytes())
    (tmp_path / "console.txt").write_text("hello\n")

    def write(text: str, name: str = "guest.vmm.toml") -> Path:
        file = tmp_path / name
        file.write_text(text)
        return file

    return write


def test_every_key_is_read(write, tmp_path) -> None:
    (case,) = description.read(write(FULL))
    assert case.name == str(tmp_path / "guest.vmm.toml")
    assert (case.board, case.properties, case.cpu) == ("virt", {"secure": "on"}, "cortex-a7")
    assert (case.ram, case.append, case.kernel) == (64 << 20, "quiet", tmp_path / "guest.elf")
    assert case.processors == 2
    assert (case.ending, case.statuses) == (Ending.EXIT, {3})
    assert case.expect == (Pattern("hello"), Pattern(r"memory: \d+", True))
    assert (case.forbid, case.ignore) == ((Pattern("panic"),), (Pattern("^id:", True),))
    assert (case.typed, case.output) == (b"help\n", tmp_path / "console.txt")
    assert [(line.verb, line.text) for line in case.script] == [("expect", b"=> "), ("send", b"x")]
    assert case.limits == Limits(0.5, 1000, 5.0)
    assert (case.tags, case.xfail) == ({"smoke", "arm"}, None)


def test_an_empty_description_runs_the_guest_beside_it(write, tmp_path) -> None:
    (case,) = description.read(write(""))
    assert (case.kernel, case.board) == (tmp_path / "guest.elf", "virt")
    assert (case.ending, case.statuses) == (Ending.EXIT, {0})


def test_tests_of_a_file_share_its_top(write) -> None:
    text = """\
        tags = ["all"]
        [limits]
        virtual = 2.0
        [test.good]
        [test.bad]
        ending = "crash"
        tags = ["bad"]
        [test.bad.limits]
        wall = 3.0
        [test.prompt.console]
        until = "=> "
    """
    good, bad, prompt = description.read(write(text))
    assert [case.name.rpartition("::")[2] for case in (good, bad, prompt)] == [
        "good", "bad", "prompt"]
    assert (good.ending, good.tags, good.limits) == (Ending.EXIT, {"all"}, Limits(virtual=2.0))
    assert (bad.ending, bad.statuses, bad.tags) == (Ending.CRASH, None, {"bad"})
    assert bad.limits == Limits(virtual=2.0, wall=3.0)
    assert (prompt.ending, prompt.until, prompt.statuses) == (Ending.STOPPED, "=> ", None)


def test_a_matrix_multiplies(write, tmp_path, guest) -> None:
    for architecture in ("sparc", "x86"):
        (tmp_path / f"{architecture}.elf").write_bytes(guest(f"{architecture}/hello").read_bytes())
    text = """\
        kernel = "{architecture}.elf"
        [matrix]
        board = ["leon3", "pc"]
        memory = ["16M", "32M"]
    """
    cases = description.read(write(text))
    assert [case.name.rpartition("[")[2] for case in cases] == [
        "leon3-16M]", "leon3-32M]", "pc-16M]", "pc-32M]"]
    assert [case.kernel.name for case in cases] == ["sparc.elf"] * 2 + ["x86.elf"] * 2
    assert [case.ram >> 20 for case in cases] == [16, 32, 16, 32]
    assert [case.statuses for case in cases] == [{0}, {0}, {0, 1}, {0, 1}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ", ":1: Invalid value"),
        ("\ncolour = 1", ":2: colour: is not known here"),
        ("board = 1", ":1: board: wants a text, not 1"),
        ('board = "toaster"', ":1: board: unknown board 'toaster'"),
        ('board = "virt,secure"', ":1: board: virt,secure: a property is written key=value, not"),
        ('memory = "lots"', ":1: memory: 'lots': not an amount of memory"),
        ('kernel = "nowhere.elf"', "nowhere.elf: no such file"),
        ('kernel = "{colour}.elf"', ":1: kernel: no value 'colour'; known: board"),
        ("\nstatus = 256", ":2: status: 256 is not from 0 to 255"),
        ('ending = "sleep"', ":1: ending: 'sleep' is not one of: exit, crash"),
        ('ending = "crash"\nstatus = 120', ':2: status: only the ending "exit" has one'),
        ("ending = 'exit'\n[console]\nuntil = 'x'", ":1: ending: is not for a test that ends with"),
        ("[console]\nexpect = 5", ":2: console.expect: wants texts or { regex"),
        ("[console]\nexpect = ['a', '']", ":2: console.expect: wants texts or { regex"),
        ("[console]\nforbid = { regex = '(' }", ":2: console.forbid: regex '(': missing )"),
        ("[console]\nexpext = 'a'", ":2: console.expext: is not known here; known: expect"),
        ("[console]\nscript = ['wait']", ":2: console.script: line:1: unknown command 'wait'"),
        ("[console]\noutput = 'no.txt'", ":2: console.output: "),
        ("[limits]\nvirtual = -1", ":2: limits.virtual: wants a positive number of seconds"),
        ("[limits]\ninstructions = 0", ":2: limits.instructions: 0 is not from 1 to"),
        ("[matrix]\ncpu = []", ":2: matrix.cpu: an empty list"),
        ("[matrix]\nmood = ['good']", ":2: matrix.mood: is not known here"),
        ("[test.a]\nmood = 1", ":2: test.a.mood: is not known here"),
        ("test = 5", ":1: test: wants tables"),
    ],
)
def test_mistakes_are_named_with_file_line_and_key(write, text, message) -> None:
    file = write(text)
    with pytest.raises(ValueError) as caught:
        description.read(file)
    assert str(caught.value).startswith(f"{file}:")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_to_run_is_named(write) -> None:
    with pytest.raises(ValueError, match="nothing to run: kernel or bios is missing"):
        description.read(write("", "other.vmm.toml"))

# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots and sessions in files, and going on from them in another process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shells import BOARDS, Talk

ALL = pytest.mark.parametrize("board", BOARDS)


def state(talk: Talk) -> tuple[object, ...]:
    return (talk.session.position(), talk.machine.processor.registers.snapshot(),
            talk.machine.clock.now())


@ALL
def test_a_session_is_saved_and_goes_on_elsewhere(board, tmp_path) -> None:
    file = tmp_path / "work.session"
    talk = Talk(board, "traps")
    register = {"leon3": "psr", "virt": "cpsr", "pc": "eflags"}[board]
    talk.do("trap")
    talk.do("snapshot take first")
    first = state(talk)
    talk.do("trap")
    second = state(talk)
    for line in ("break main if $count > 10", "tbreak main + 4", "watch main 8", "disable 2",
                 f"watch ${register}"):
        talk.do(line)
    assert talk.do(f"save {file}") == [f"saved in {file}"]
    listed = talk.do("breakpoints")
    talk.do("trap")
    third = state(talk)
    other = Talk(board, "traps")
    other.do("break main")
    other.do(f"load {file}")
    assert state(other) == second
    assert [line.split()[1:] for line in other.do("breakpoints")[1:]] == [
        line.split()[1:] for line in listed[1:]
    ]
    assert other.do("snapshot list")[1].split() == ["first", str(first[0].count)]
    other.do("delete")
    other.do("trap")
    assert state(other) == third
    other.do("rtrap")
    assert state(other) == second
    other.do("snapshot restore first")
    assert state(other) == first
    other.do("trap")
    assert state(other) == second


def test_a_session_that_cannot_be_used_is_one_line(tmp_path) -> None:
    talk = Talk("leon3", "traps")
    talk.do("trap")
    before = state(talk)
    file = tmp_path / "work"
    talk.do(f"save {file}")
    assert "no such file" in talk.error(f"load {tmp_path / 'none'}")
    assert "no such file" in talk.error(f"save {tmp_path / 'none' / 'work'}")
    assert "another machine" in Talk("virt").error(f"load {file}")
    text = json.loads(file.read_text())
    for damage in (
        "", "[1]", "{}", "{", json.dumps({**text, "vmm session": 2}),
        json.dumps({**text, "breakpoints": 5}), json.dumps({**text, "breakpoints": [{}]}),
        json.dumps({**text, "snapshots": {}}), json.dumps({**text, "watches": [7]}),
        json.dumps({**text, "snapshots": {"(saved)": "none"}}),
    ):
        file.write_text(damage)
        talk.error(f"load {file}")
        assert state(talk) == before
        assert talk.do("breakpoints") == ["no breakpoints"]
    assert "save FILE" in talk.error("save") and "load FILE" in talk.error("load")


def test_snapshots_in_files(tmp_path) -> None:
    file = tmp_path / "here.snapshot"
    talk = Talk("leon3", "traps")
    talk.do("trap")
    here = state(talk)
    talk.do("snapshot take here")
    assert talk.do(f"snapshot save here {file}") == [f"snapshot here saved in {file}"]
    other = Talk("leon3", "traps")
    count = here[0].count
    assert other.do(f"snapshot load there {file}") == [f"snapshot there of {count} instructions"]
    other.do("snapshot restore there")
    assert state(other) == here
    file.write_bytes(file.read_bytes()[:-20])
    assert "damaged" in other.error(f"snapshot load there {file}")
    assert "no snapshot" in other.error(f"snapshot save nothing {file}")
    assert "save|load NAME FILE" in other.error("snapshot save there")


def test_vmm_shell_goes_on_from_either_file(vmm_command, guest, tmp_path) -> None:
    kernel = guest("arm/traps")
    session, image = tmp_path / "s", tmp_path / "i.snapshot"
    first = vmm_command(
        "shell", "-M", "virt", "-kernel", kernel, "-serial", "none", "-e", "trap", "-e",
        "break main if 0", "-e", "snapshot take x", "-e", f"snapshot save x {image}",
        "-e", f"save {session}", "-e", "print $count", "-e", "backtrace 1",
    )
    assert (first.returncode, first.stderr) == (0, b"")
    count, frame = first.stdout.splitlines()[-2:]
    for file in (session, image):
        again = vmm_command("shell", file, "-serial", "none", "-e", "print $count", "-e",
                            "backtrace 1", "-e", "breakpoints")
        assert (again.returncode, again.stderr) == (0, b"")
        lines = again.stdout.splitlines()
        assert lines[:2] == [count, frame]
        assert (b"main if 0" in lines[-1]) == (file == session)
    for file, named in ((tmp_path / "none", b"no such file"), (Path(kernel), b"not a snapshot")):
        wrong = vmm_command("shell", file, "-e", "info")
        assert wrong.returncode == 125
        assert wrong.stderr.count(b"\n") == 1 and named in wrong.stderr

# SPDX-License-Identifier: GPL-2.0-or-later
"""Input from the host: given again at the same cycles, it makes the same run."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.debug.session import Session
from vmm.machine.machine import Machine
from vmm.state.inputs import InputError, InputLog, read

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "debug"))
from reverse_points import digest


@pytest.fixture
def make(guest):
    return lambda: create(Options("pc", kernel=guest("x86/timers")))


def typed_on(machine: Machine, log: InputLog) -> str:
    """Run with input typed at three moments."""
    for count, text in ((1000, b"a"), (1500, b"bc" * 40), (4000, b"d")):
        machine.run(until=count)
        machine.console.type(text)
    machine.run(until=20_000)
    return digest(machine)


def test_a_recording_replays(make, tmp_path: Path) -> None:
    machine = make()
    file = io.StringIO()
    log = InputLog(machine)
    log.record(file)
    state = typed_on(machine, log)
    (tmp_path / "record").write_text(file.getvalue())
    entries = read(tmp_path / "record", machine)
    assert [entry.data for entry in entries] == [b"a", b"bc" * 40, b"d"]
    again = make()
    InputLog(again, entries)
    again.run(until=20_000)
    assert digest(again) == state
    without = make()
    without.run(until=20_000)
    assert digest(without) != state


def test_going_back_gives_the_input_again(make) -> None:
    session = Session(make())
    session.run(to_count=2000)
    session.machine.console.type(b"typed")
    session.run(to_count=3000)
    state = digest(session.machine)
    session.to_count(2500)
    session.to_count(1000)
    assert not session.machine.console.waiting_input
    session.run(to_count=3000)
    assert digest(session.machine) == state


def test_typing_in_the_past_begins_another_future(make) -> None:
    session = Session(make())
    session.run(to_count=2000)
    session.machine.console.type(b"first")
    session.run(to_count=3000)
    session.to_count(1000)
    session.machine.console.type(b"second")
    session.run(to_count=3000)
    assert [entry.data for entry in session.history.inputs.entries] == [b"second"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: not a recording"),
        ("hello", ":1: not a recording"),
        ('{"kind": "vmm input", "version": 9}', ":1: not a recording"),
        ('{"kind": "vmm input", "version": 1}\n{"cycle": "x", "console": "a"}', ":2: not an entry"),
        ('{"kind": "vmm input", "version": 1}\n[1]', ":2: not an entry"),
        ('{"kind": "vmm input", "version": 1}\n{"cycle": 9, "console": "a"}\n'
         '{"cycle": 8, "console": "a"}', ":3: earlier"),
        ('{"kind": "vmm input", "version": 1}\n{"cycle": 9, "console": "a"}\n'
         '{"cycle": 9, "net": ""}', ":3: input for 'net'; this machine has console"),
    ],
)
def test_what_is_no_recording_is_refused(make, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "record"
    path.write_text(text)
    with pytest.raises(InputError, match="record" + said):
        read(path, make())


def test_the_command_records_replays_and_keeps(vmm_command, guest, tmp_path: Path) -> None:
    record, kept = tmp_path / "record", tmp_path / "kept"
    options = ("-M", "leon3", "-kernel", guest("sparc/hello"))
    first = vmm_command("run", *options, "--record", record, "--ledger", tmp_path / "one",
                        input=b"typed")
    header = json.loads(record.read_text().splitlines()[0])
    assert header["board"] == "leon3"
    again = vmm_command("run", *options, "--replay", record, "--ledger", tmp_path / "two")
    assert (again.stdout, again.returncode) == (first.stdout, first.returncode)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    part = vmm_command("run", *options, "--timeout", "0.0001", "--save-snapshot", kept)
    assert part.returncode == 124
    rest = vmm_command("run", "--snapshot", kept)
    assert (part.stdout + rest.stdout, rest.returncode) == (first.stdout, 0)


def test_the_command_refuses_in_one_line(vmm_command, guest, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(b"no snapshot")
    for options, status, said in (
        (("--snapshot", bad), 125, "not a snapshot"),
        (("--snapshot", tmp_path / "none"), 125, "no such file"),
        (("--snapshot", bad, "-M", "pc"), 2, "no -M"),
        (("-M", "leon3", "-kernel", guest("sparc/hello"), "--replay", bad), 125, "not a recording"),
        (("-M", "leon3", "-kernel", guest("sparc/hello"), "--save-snapshot", "/nowhere/x"), 125,
         "no such file"),
    ):
        done = vmm_command("run", *options)
        assert done.returncode == status, done.stderr
        assert said in done.stderr.decode().splitlines()[-1]
        assert b"Traceback" not in done.stderr



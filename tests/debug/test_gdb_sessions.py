# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb itself drives a guest of each architecture through a session of 40 commands and more.

A session is a file in `sessions`: lines that begin with ``(gdb)`` are typed,
and what follows each, up to the next, are lines or parts of lines that gdb
must print in this order.  ``^C`` is pressed while the guest runs.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
PROMPT = "(gdb) "
DONE = "%%% done %%%"
COMPLAINTS = re.compile(
    r"warning:|[Pp]rotocol|packet|Reply contains|[Uu]nrecognized|Internal error|Truncated|Quit"
)


@dataclass
class Step:
    """One command and what it must print."""

    number: int  # of its line
    command: str
    expected: list[str] = field(default_factory=list)


def read_session(path: Path) -> list[Step]:
    steps: list[Step] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("(gdb) "):
            steps.append(Step(number, line.removeprefix("(gdb) ")))
        elif line.strip() and not line.startswith("#"):
            steps[-1].expected.append(line.strip())
    return steps


def processor_ticks(process: int) -> int:
    """What a process has run, in clock ticks."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11])


class Gdb:
    """A running gdb whose commands come from us."""

    def __init__(self, machine: int) -> None:
        """``machine`` is the process that runs the guest."""
        self._machine = machine
        self._process = subprocess.Popen(
            ["gdb-multiarch", "-q", "-nx"], cwd=TOP, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "TERM": "dumb", "LC_ALL": "C", "HISTSIZE": "0"},
        )
        for setting in ("pagination off", "confirm off", "width 0", "style enabled off",
                        "debuginfod enabled off", "substitute-path /vmm .",
                        "remotetimeout 60"):  # on a busy host 2 s are not always enough
            self(f"set {setting}")

    def __call__(self, command: str) -> str:
        """Type a command; what it printed.  ``^C`` before it: once it runs, press Ctrl-C."""
        assert self._process.stdin is not None and self._process.stdout is not None
        pressed = command.startswith("^C ")
        self._process.stdin.write(f"{command.removeprefix('^C ')}\necho {DONE}\\n\n")
        self._process.stdin.flush()
        printed = []
        for line in self._process.stdout:
            if DONE in line:
                printed.append(line.partition(DONE)[0])
                break
            printed.append(line)
            if pressed and "Continuing." in line:
                self._wait_until_it_runs()
                os.kill(self._process.pid, signal.SIGINT)
        else:
            pytest.fail(f"gdb ended at {command!r}: {''.join(printed)}")
        return "".join(printed).replace(PROMPT, "")

    def _wait_until_it_runs(self) -> None:
        """Until the guest, which is in an endless loop, has used some processor time."""
        started = processor_ticks(self._machine)
        while processor_ticks(self._machine) < started + 3:
            select.select([self._process.stdout], [], [], 0.01)

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate("quit\n", timeout=20)


def check(step: Step, printed: str) -> None:
    """The expected parts are there, in order, and no complaint is."""
    at = 0
    for part in step.expected:
        found = printed.find(part, at)
        assert found >= 0, f"line {step.number}, {step.command}: no {part!r} in\n{printed}"
        at = found + len(part)
    complaint = COMPLAINTS.search(printed)
    assert complaint is None, f"line {step.number}, {step.command}: complaint in\n{printed}"


def play(board: str, kernel: Path, socket: Path, steps: list[Step], record: bool = False) -> int:
    """Play a session; the exit status of `vmm run`."""
    arguments = ["-M", board, "-kernel", str(kernel), "-gdb", f"unix:{socket}", "-S",
                 "--wall-timeout", "100"]
    with subprocess.Popen(
        [sys.executable, "-m", "vmm", "run", *arguments], cwd=TOP,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as process:
        assert process.stderr is not None
        assert "target remote" in process.stderr.readline()
        gdb = Gdb(process.pid)
        try:
            gdb(f"file {kernel}")
            for step in steps:
                printed = gdb(step.command.replace("SOCKET", str(socket)))
                if record:
                    print(f"(gdb) {step.command}\n{printed}", end="", flush=True)
                else:
                    check(step, printed)
        except BaseException:
            process.kill()
            raise
        finally:
            gdb.close()
        return process.wait(60)


@pytest.mark.parametrize(
    ("board", "architecture"), [("leon3", "sparc"), ("virt", "arm"), ("pc", "x86")]
)
def test_session(guest, tmp_path, board, architecture) -> None:
    steps = read_session(HERE / "sessions" / f"{architecture}.gdb")
    assert len(steps) >= 40
    play(board, guest(f"{architecture}/traps"), tmp_path / "gdb", steps)


if __name__ == "__main__":  # print a session as it goes, to write one: ARCHITECTURE SOCKET
    name = sys.argv[1]
    boards = {"sparc": "leon3", "arm": "virt", "x86": "pc"}
    print("status", play(
        boards[name], TOP / "build" / "guests" / name / "traps.elf", Path(sys.argv[2]),
        read_session(HERE / "sessions" / f"{name}.gdb"), record=True,
    ))

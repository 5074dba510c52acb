# SPDX-License-Identifier: GPL-2.0-or-later
"""The shell on a terminal: prompt, completion, Ctrl-C, and the way in from `vmm run`."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time

import pytest

PROMPT = b"(vmm)"


class Terminal:
    """The command on a pseudo-terminal of its own."""

    def __init__(self, state, *arguments: object) -> None:
        self.ours, theirs = os.openpty()
        environment = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1",
                       "XDG_STATE_HOME": str(state), "COLUMNS": "200"}
        self.process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, "-m", "vmm", *map(str, arguments)],
            stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
        )
        os.close(theirs)
        self._rest = b""  # printed behind what was waited for

    def until(self, text: bytes, seconds: float = 30) -> bytes:
        """What is printed up to ``text``."""
        seen, self._rest = self._rest, b""
        limit = time.monotonic() + seconds
        while text not in seen:
            left = limit - time.monotonic()
            assert left > 0 and self.process.poll() is None, seen[-2000:]
            if select.select([self.ours], [], [], left)[0]:
                seen += os.read(self.ours, 65536)
        end = seen.index(text) + len(text)
        self._rest = seen[end:]
        return seen[:end]

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def ask(self, line: str) -> bytes:
        """The answer to a line."""
        self.type(f"{line}\r")
        return self.until(b"\n") + self.until(PROMPT)

    def ends(self) -> int:
        """Wait for the end, taking what is printed; returns the status."""
        while self.process.poll() is None:
            if select.select([self.ours], [], [], 0.1)[0]:
                try:
                    os.read(self.ours, 65536)
                except OSError:
                    break
        return self.process.wait(60)


@pytest.fixture
def terminal(tmp_path):
    opened = []

    def start(*arguments: object) -> Terminal:
        opened.append(Terminal(tmp_path, *arguments))
        return opened[-1]

    yield start
    for one in opened:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        os.close(one.ours)


def test_prompt_completion_history_and_ctrl_c(terminal, guest, tmp_path) -> None:
    flood = guest("hostile/sparc/flood")
    t = terminal("shell", "-M", "leon3", "-kernel", flood)
    t.until(PROMPT)
    assert b"2 = 0x2" in t.ask("print 1 + 1")
    t.type("disas\t")
    t.until(b"semble")
    assert b"=>" in t.ask("")
    assert b"no command" in t.ask("frobnicate")
    t.type("run\r")
    t.until(b"xxx")
    t.type("\x03")
    assert b"interrupted" in t.until(PROMPT)
    assert b"1 = 0x1" in t.ask("print $count > 100")
    t.type("print 99\x03")  # Ctrl-C at the prompt drops the line
    t.until(PROMPT)
    t.type("quit 5\r")
    assert t.ends() == 5
    assert "print 1 + 1" in (tmp_path / "vmm" / "shell-history").read_text()


def test_ctrl_a_c_opens_the_shell_and_attach_goes_back(terminal, guest) -> None:
    t = terminal("run", "-M", "leon3", "-kernel", guest("hostile/sparc/flood"))
    t.until(b"xxx")
    t.type("\x01c")
    assert b"Ctrl-A c" in t.until(PROMPT)
    assert b"4 = 0x4" in t.ask("print 2 + 2")
    t.type("attach\r")
    t.until(b"xxx")
    t.type("\x01c")
    assert b"interrupted" in t.until(PROMPT)
    t.type("quit\r")
    assert t.ends() == 130


def test_break_opens_the_shell(terminal, guest) -> None:
    t = terminal("run", "-M", "virt", "-kernel", guest("arm/hello"), "--break", "main")
    assert b"breakpoint at" in t.until(PROMPT)
    assert b"1 = 0x1" in t.ask("print $pc == main")
    t.type("quit 3\r")
    assert t.ends() == 3


def test_a_crash_opens_the_shell_and_keeps_its_status(terminal, guest) -> None:
    t = terminal("run", "-M", "leon3", "-kernel", guest("hostile/sparc/error_mode"))
    assert b"error mode" in t.until(PROMPT)
    assert b"error mode" in t.ask("run")
    t.type("\x04")
    assert t.ends() == 120


def test_ctrl_d_leaves(terminal, guest) -> None:
    t = terminal("shell", "-M", "pc", "-kernel", guest("x86/hello"))
    t.until(PROMPT)
    t.type("\x04")
    assert t.ends() == 0

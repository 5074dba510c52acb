# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that cannot be kept, because it writes to a disk image, is debugged without a past."""

from __future__ import annotations

from pathlib import Path

import pytest
from shells import GUESTS

from vmm.boards import Options, create
from vmm.boards.attachments import drive
from vmm.debug.session import Session
from vmm.debug.shell.command import CommandError
from vmm.debug.shell.screen import PlainScreen
from vmm.debug.shell.shell import Shell


def test_the_shell_moves_forwards_and_says_why_not_back(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(512))
    answer: list[str] = []
    machine = create(Options(
        "virt", kernel=GUESTS / "arm" / "hello.elf", drives=(drive(f"file={image}", 0),)
    ))
    shell = Shell(Session(machine), PlainScreen(answer.append))
    shell.execute("step 5")
    assert "5 instructions" in answer[0]
    for line in ("rstep", "rcontinue", "rrun to 1", "snapshot take here"):
        with pytest.raises(CommandError, match=r"disk\.img: a snapshot cannot keep a disk"):
            shell.execute(line)
    shell.execute("step")
    assert machine.engine.count == 6

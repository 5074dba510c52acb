# SPDX-License-Identifier: GPL-2.0-or-later
"""What a key after Ctrl-A does, and lines with the time before them."""

from __future__ import annotations

import os
from pathlib import Path

from vmm.cli.terminal import Input, Output


def test_commands_after_ctrl_a() -> None:
    ours, theirs = os.openpty()
    typed, done = bytearray(), []
    keys = Input(
        theirs, typed.extend, lambda: done.append("quit"), lambda: done.append("shell"),
        {"b": lambda: done.append("break"), "t": lambda: done.append("time")},
    )
    with keys.raw():
        os.write(ours, b"a\x01b\x01Bb\x01\x01\x01a\x01T\x01x\x01c\x01zq")
        while typed != b"ab\x01\x01q":
            keys.poll(10)
    assert done == ["break", "break", "time", "quit", "shell"]
    os.close(ours)
    os.close(theirs)


def test_a_stamp_before_each_line(tmp_path: Path) -> None:
    file = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    output = Output(file)
    times = iter("123456")
    output.stamp = lambda: f"[{next(times)}] "
    for text in (b"one\n", b"two\nthree\n\n", b"fo"):
        output.put(text)
    output.flush()
    output.put(b"ur\r\nfive\n")
    assert (tmp_path / "out").read_bytes() == (
        b"[1] one\n[2] two\n[2] three\n[2] \n[3] four\r\n[4] five\n"
    )
    os.close(file)

# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm switch` as a process."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

from vmm.network.cable import greeting

VMM = (sys.executable, "-m", "vmm", "switch")


def test_it_switches_until_it_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "lan"
    process = subprocess.Popen([*VMM, str(path)], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == f"vmm: switching at {path}\n"
        ends = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)]
        for number, end in enumerate(ends):
            end.settimeout(20)
            end.connect(str(path))
            end.send(greeting(f"net{number}", False))
        # Each hears the other once both are plugged in.
        frame = b"\xff" * 6 + bytes([2, 0, 0, 0, 0, 1]) + b"\x88\xb5" + bytes(46)
        ends[1].send(frame)
        assert ends[0].recv(2000) == frame
        for end in ends:
            end.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0 and not path.exists()
    finally:
        process.kill()
        process.wait()


def test_a_place_that_cannot_be() -> None:
    done = subprocess.run([*VMM, "/nowhere/lan"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 125
    assert done.stderr == "vmm: /nowhere/lan: no such file or directory\n"

# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm run -s -S -gdb`: who may attach where, and what a run with a server does by itself."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vmm.debug.gdb.framing import Reader, encode


@contextmanager
def served(*arguments: object) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`vmm run ARGUMENTS` as a process, and where it serves gdb."""
    process = subprocess.Popen(
        [sys.executable, "-m", "vmm", "run", *map(str, arguments), "--wall-timeout", "60"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        found = re.match(rb"vmm: gdb: target remote (.+)\n", process.stderr.readline())
        assert found
        yield process, found[1].decode()
        assert process.stdout is not None
    finally:
        process.kill()
        process.communicate()


class Client:
    """The other end: sends packets, returns replies."""

    def __init__(self, place: str) -> None:
        if place.startswith("/"):
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(place)
        else:
            host, _, port = place.rpartition(":")
            self._socket = socket.create_connection((host, int(port)))
        self._socket.settimeout(60)
        self._reader = Reader()
        self._waiting: list[bytes] = []

    def __call__(self, packet: bytes) -> bytes:
        self._socket.sendall(encode(packet))
        return self.reply()

    def reply(self) -> bytes:
        while not self._waiting:
            data = self._socket.recv(65536)
            assert data, "the server hung up"
            self._waiting += [item for item in self._reader.feed(data) if isinstance(item, bytes)]
            self._socket.sendall(b"+")
        return self._waiting.pop(0)

    def interrupt(self) -> bytes:
        self._socket.sendall(b"\x03")
        return self.reply()

    def close(self) -> None:
        self._socket.close()


@pytest.mark.parametrize(("options", "text"), [
    (["-S"], "-S waits for gdb, which needs -s or -gdb WHERE"),
    (["-s", "-gdb", "tcp::1"], "-s and -gdb both say where gdb is served: give one of them"),
    (["-gdb", "1234"], "-gdb 1234: written tcp::PORT, tcp:HOST:PORT or unix:PATH"),
    (["-gdb", "tcp::99999"], "-gdb tcp::99999: '99999' is not a port (0 to 65535)"),
])
def test_options_that_make_no_sense(vmm_command, guest, options, text) -> None:
    done = vmm_command("run", "-M", "leon3", "-kernel", guest("sparc/hello"), *options)
    assert done.returncode == 2
    assert text.encode() in done.stderr and done.stderr.count(b"\n") <= 2


def test_a_port_in_use_is_one_line(vmm_command, guest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = vmm_command("run", "-M", "leon3", "-kernel", guest("sparc/hello"),
                           "-gdb", f"tcp::{port}")
    assert done.returncode == 125
    assert done.stdout == b""
    assert done.stderr.decode() == (
        f"vmm: -gdb tcp::{port}: 127.0.0.1:{port}: address already in use\n")


def test_without_a_debugger_the_guest_runs_as_ever(vmm_command, guest) -> None:
    arguments = ("run", "-M", "pc", "-kernel", guest("x86/hello"))
    plain = vmm_command(*arguments)
    served_run = vmm_command(*arguments, "-gdb", "tcp::0")
    assert served_run.stdout == plain.stdout
    assert served_run.returncode == plain.returncode == 1
    assert served_run.stderr.startswith(b"vmm: gdb: target remote 127.0.0.1:")


def test_nothing_runs_before_the_debugger_says_so(guest) -> None:
    with served("-M", "virt", "-kernel", guest("arm/hello"), "-gdb", "tcp::0", "-S") as (run, at):
        client = Client(at)
        assert b"virt" in bytes.fromhex(client(b"qThreadExtraInfo,1").decode())
        assert client(b"p f") == b"E01"
        assert client(b"pf") == b"00000000"  # the pc, at reset
        client.close()  # it runs on
        assert run.wait(60) == 0


def test_attach_stop_detach_and_attach_again(guest, tmp_path) -> None:
    path = tmp_path / "gdb"
    spin = guest("hostile/arm/spin")
    with served("-M", "virt", "-kernel", spin, "-gdb", f"unix:{path}") as (run, at):
        assert at == str(path)
        for _ in range(2):
            client = Client(at)
            assert client(b"?").startswith(b"T05")
            assert client(b"Z0,40200000,4") == b"OK"
            assert client(b"z0,40200000,4") == b"OK"
            client._socket.sendall(encode(b"vCont;c"))
            assert client.interrupt().startswith(b"T02")
            assert client(b"D") == b"OK"
            client.close()
        client = Client(at)
        client._socket.sendall(encode(b"k"))
        assert run.wait(60) == 0


def test_one_debugger_at_a_time(guest) -> None:
    spin = guest("hostile/arm/spin")
    with served("-M", "virt", "-kernel", spin, "-gdb", "tcp::0", "-S") as (_, at):
        first = Client(at)
        assert first(b"?").startswith(b"T05")
        host, _, port = at.rpartition(":")
        with socket.create_connection((host, int(port))) as second:
            second.settimeout(30)
            assert second.recv(100) == b""
        assert first(b"qC") == b"QC1"


def test_a_debugger_that_dies_while_the_guest_runs_leaves_it_running(guest) -> None:
    spin = guest("hostile/arm/spin")
    with served("-M", "virt", "-kernel", spin, "-gdb", "tcp::0", "-S") as (run, at):
        client = Client(at)
        client._socket.sendall(encode(b"c"))
        client.close()
        again = Client(at)
        assert again(b"?").startswith(b"T05")
        assert run.poll() is None


def test_ctrl_c_of_the_user_ends_a_machine_that_stands(guest) -> None:
    with served("-M", "virt", "-kernel", guest("arm/hello"), "-gdb", "tcp::0", "-S") as (run, at):
        client = Client(at)
        assert client(b"qC") == b"QC1"
        os.kill(run.pid, 2)
        assert run.wait(60) == 130


def test_the_path_of_a_unix_socket(vmm_command, guest, tmp_path: Path) -> None:
    done = vmm_command("run", "-M", "leon3", "-kernel", guest("sparc/hello"),
                       "-gdb", f"unix:{tmp_path / 'no' / 'gdb'}")
    assert done.returncode == 125
    assert done.stderr.count(b"\n") == 1 and b"no such file" in done.stderr

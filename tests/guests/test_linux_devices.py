# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux' own drivers use our virtio devices, and what they did is looked at from both sides."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import random
import re
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from linux_guest import ARM, I386, Board, ask

from vmm import Instructions
from vmm.state.inputs import InputLog

MIB = 1 << 20
BOARDS = pytest.mark.parametrize("board", [ARM, I386], ids=lambda board: board.name)


def content(seed: int, mebibytes: int) -> bytes:
    return random.Random(seed).randbytes(mebibytes * MIB)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def count(interrupts: str, device: str) -> int:
    """How many interrupts a device had, of /proc/interrupts."""
    return sum(int(n) for n in re.findall(rf"^ *\d+: +(\d+).*\b{device}", interrupts, re.M))


@contextlib.contextmanager
def serving(files: dict[str, bytes]) -> Iterator[int]:
    """A web server on this host's loopback; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = files[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *what: object) -> None:
            """Nothing is said."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tool(name: str) -> str:
    """A program of e2fsprogs, which may be where only root looks."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin") or name


@BOARDS
def test_a_disk_a_file_system_and_entropy(board: Board, tmp_path: Path) -> None:
    data = content(1, 64)
    first, second = tmp_path / "first.img", tmp_path / "second.img"
    first.write_bytes(data)
    second.write_bytes(bytes(32 * MIB))
    drives = [f"file={first},format=raw,readonly=on,serial=one",
              f"file={second},format=raw,serial=two"]
    with board.machine(drives=drives, devices=[board.device("rng", "seed=1")]) as m:
        assert "virtio" in ask(m, "cat /sys/class/misc/hw_random/rng_current")
        sums = ask(m, "for n in 1 2; do head -c 64 /dev/hwrng | md5sum; done").splitlines()
        assert len(set(sums)) == 2
        # Which is vda depends on the order in which the kernel looks at the transport's slots.
        serials = ask(m, "for d in a b; do cat /sys/block/vd$d/serial; echo; done").split()
        one, two = (f"/dev/vd{'ab'[serials.index(name)]}" for name in ("one", "two"))
        before = count(ask(m, "cat /proc/interrupts"), "virtio")
        assert ask(m, f"sha256sum {one}").split()[0] == digest(data)
        assert count(ask(m, "cat /proc/interrupts"), "virtio") > before
        assert "not permitted" in ask(m, f"dd if=/dev/zero of={one} count=1 2>&1")
        assert ask(m, f"mkfs.ext4 -q {two} && mount -t ext4 {two} /mnt && echo made") == "made"
        ask(m, f"mkdir /mnt/d; dd if={one} of=/mnt/d/f bs=1M count=16 2>/dev/null; umount /mnt")
        statistics = m.statistics()["devices"]
        assert statistics["virtio-blk0"]["writes"] == 0
        assert statistics["virtio-blk1"]["flushes"] > 0
    checked = subprocess.run(
        [tool("e2fsck"), "-fn", second], capture_output=True, text=True, timeout=60, check=False
    )
    assert checked.returncode == 0, checked.stdout
    copied = subprocess.run(
        [tool("debugfs"), "-R", "cat /d/f", second], capture_output=True, timeout=60, check=True
    ).stdout
    assert copied == data[: 16 * MIB]


@BOARDS
def test_files_pass_the_network_both_ways(board: Board) -> None:
    data = content(2, 16)
    port = free_port()
    netdev = f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:80"
    with (
        serving({"/file": data}) as server,
        board.machine(devices=[board.device("net", "netdev=n")], netdevs=[netdev]) as m,
    ):
        assert "lease of 10.0.2.15" in ask(m, "udhcpc -i eth0 -q 2>&1")
        ask(m, f"wget -q -O /tmp/file http://10.0.2.2:{server}/file")
        assert ask(m, "sha256sum /tmp/file").split()[0] == digest(data)
        ask(m, "httpd -p 80 -h /tmp")
        fetched: list[bytes] = []

        def fetch() -> None:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/file", timeout=60) as answer:
                fetched.append(answer.read())
            m.type("\n")

        thread = threading.Thread(target=fetch)
        thread.start()
        m.type("read line; echo 'fetc'hed\n")
        m.expect("fetched\r\n", timeout=600)
        thread.join()
        assert fetched == [data]


def test_a_recording_brings_the_network_again() -> None:
    fetch = "udhcpc -i eth0 -q 2>&1; wget -q -O - http://10.0.2.2:{}/file | sha256sum"
    data = content(3, 1)
    network = {"devices": ["virtio-net-device,netdev=n"], "netdevs": ["user,id=n"]}
    with serving({"/file": data}) as server, ARM.machine(**network) as m:
        log, start = InputLog(m.machine), m.count
        shown = ask(m, fetch.format(server))
        count = m.count
    assert digest(data) in shown
    with ARM.machine(**network) as again:
        again.machine.ports[0].muted = True  # the network is plugged in and hears nothing
        assert again.count == start
        InputLog(again.machine, log.entries)
        again.run(until=Instructions(count))
        assert again.output.replace("\r", "").count(shown) == 1

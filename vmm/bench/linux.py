# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's Linux here and on QEMU: booting to userland, reading a disk, receiving from the network.

The images are those of `make linux`, the same files on both sides.  `boot` is a whole run, from
the start of the process to the guest's power-off at the first command of userland.  `disk` and
`net` do one more thing in the same run, so the cost of `boot` on the same side is taken off; what
they move divided by that is throughput, in bytes a second of processor time.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

from vmm.bench import figures
from vmm.bench.figures import Figure, Ratio
from vmm.bench.process import measure
from vmm.bench.rows import BenchError

OURS, QEMU = "vmm", "qemu"
LIMIT = 300.0  # seconds: far more than any run takes
MIB = 1 << 20
MOVED = 64 * MIB  # bytes, of disk and net
IMAGES = Path(__file__).resolve().parent.parent.parent / "build" / "linux"
GATEWAY = "10.0.2.2"  # the host, as user networks have it


@dataclass(frozen=True)
class Platform:
    """One board with the images for it."""

    name: str
    ours: tuple[str, ...]
    qemu: tuple[str, ...]
    console: str
    options: str  # the kernel's
    end: str  # the command that ends the run
    bus: str  # of its virtio devices, as their names end

    @property
    def folder(self) -> Path:
        """Where its images are."""
        return IMAGES / self.name


PLATFORMS = (
    Platform(
        "arm", ("-M", "virt,highmem=off"),
        ("qemu-system-arm", "-M", "virt,highmem=off", "-cpu", "cortex-a15",
         "-global", "virtio-mmio.force-legacy=false"),
        "ttyAMA0", "", "poweroff -f", "device"),
    Platform(
        "i386", ("-M", "pc"), ("qemu-system-i386", "-M", "pc", "-cpu", "qemu32", "-no-reboot"),
        "ttyS0", "acpi=off noapic", "reboot -f", "pci"),
)


@dataclass(frozen=True)
class Work:
    """What is done after booting; {port} is the host server's."""

    name: str
    command: str
    proof: str  # what the guest prints if it was done
    moved: int = 0  # bytes


WORKS = (
    Work("boot", "", "userland:"),
    Work("disk", "dd if=/dev/vda of=/dev/null bs=1M", f"{MOVED // MIB}+0 records out", MOVED),
    Work("net", f"udhcpc -q -i eth0 && wget -q -O - http://{GATEWAY}:{{port}}/ | wc -c",
         f"{MOVED}", MOVED),
)


@dataclass
class Result:
    """The repetitions of one work on one board."""

    platform: Platform
    work: Work
    seconds: dict[str, list[float]] = field(default_factory=dict)
    boot: dict[str, list[float]] = field(default_factory=dict)  # taken off
    problem: str | None = None  # why the figures mean nothing

    @property
    def name(self) -> str:
        """As in ``--rows``."""
        return f"{self.platform.name}/{self.work.name}"

    def _boot(self, side: str) -> list[float]:
        return self.boot.get(side) or [0.0]

    def figure(self, side: str) -> Figure | None:
        """Net seconds of one side."""
        if self.problem or side not in self.seconds:
            return None
        return figures.figure(self.seconds[side], self._boot(side))

    def ratio(self) -> Ratio | None:
        """QEMU's time divided by ours."""
        if self.problem or not {OURS, QEMU} <= self.seconds.keys():
            return None
        return figures.ratio(
            self.seconds[OURS], self._boot(OURS), self.seconds[QEMU], self._boot(QEMU))

    def throughput(self, side: str) -> float | None:
        """MiB in a second of processor time."""
        figure = self.figure(side)
        if not self.work.moved or figure is None or not figure.sure:
            return None
        return self.work.moved / MIB / figure.median


def select(patterns: Sequence[str]) -> list[Result]:
    """The rows that the patterns name, none measured yet; BenchError for one that names none."""
    rows = [Result(platform, work) for platform in PLATFORMS for work in WORKS]
    if not patterns:
        return rows
    chosen: list[Result] = []
    for pattern in patterns:
        found = [row for row in rows if fnmatch(row.name, pattern)
                 or pattern in (row.platform.name, row.work.name)]
        if not found:
            names = ", ".join(row.name for row in rows)
            raise BenchError(f"{pattern}: no such row; there are {names}")
        chosen += [row for row in found if row not in chosen]
    return [row for row in rows if row in chosen]


def command(row: Result, side: str, disk: Path, port: int) -> list[str]:
    """The command line of one run."""
    platform, work = row.platform, row.work
    task = work.command.format(port=port)
    text = "; ".join(part for part in (task, platform.end) if part)
    append = f'console={platform.console} {platform.options} quiet run="{text}"'
    start = ([sys.executable, "-m", "vmm", "run", *platform.ours] if side == OURS
             else [*platform.qemu, "-nographic"])
    devices: list[str] = []
    if work.name == "disk":
        devices = ["-drive", f"file={disk},format=raw,if=none,id=disk,readonly=on",
                   "-device", f"virtio-blk-{platform.bus},drive=disk"]
    elif work.name == "net":
        devices = ["-netdev", "user,id=net", "-device", f"virtio-net-{platform.bus},netdev=net"]
    if side == QEMU and work.name != "net":
        devices += ["-net", "none"]
    return [*start, "-m", "256M", "-kernel", str(platform.folder / "vmlinuz"),
            "-initrd", str(platform.folder / "initrd"), "-append", append, *devices]


def _run_row(row: Result, sides: Sequence[str], repeat: int, disk: Path, port: int,
             progress: Callable[[str, str, int], None]) -> None:
    for repetition in range(repeat):
        for side in sides:
            progress(row.name, side, repetition)
            sample = measure(command(row, side, disk, port), LIMIT)
            if sample.timed_out or sample.status or row.work.proof.encode() not in sample.output:
                lines = (sample.errors or sample.output).decode(errors="replace").strip()
                last = (lines.splitlines() or [""])[-1]
                row.problem = f"{side}: status {sample.status}: {last}"
                return
            row.seconds.setdefault(side, []).append(sample.cpu)


def run(rows: list[Result], sides: Sequence[str], repeat: int,
        progress: Callable[[str, str, int], None]) -> list[Result]:
    """Measure the rows, and `boot` of each board that has another; the rows, filled in."""
    for platform in {row.platform for row in rows}:
        if not (platform.folder / "initrd").exists():
            raise BenchError("Linux is not there: run `make linux`")
        if QEMU in sides and shutil.which(platform.qemu[0]) is None:
            raise BenchError(f"{platform.qemu[0]} is not installed (`make tools-all`, or --alone)")
    content = Random(1).randbytes(MOVED)
    with tempfile.NamedTemporaryFile(prefix="vmm-bench-") as disk, _server(content) as port:
        disk.write(content)
        disk.flush()
        boots: dict[str, Result] = {}
        for row in rows:
            boot = boots.get(row.platform.name)
            if boot is None:
                boot = row if row.work.name == "boot" else Result(row.platform, WORKS[0])
                boots[row.platform.name] = boot
                _run_row(boot, sides, repeat, Path(disk.name), port, progress)
            if row is not boot:
                row.problem = boot.problem
                row.boot = boot.seconds
                if not row.problem:
                    _run_row(row, sides, repeat, Path(disk.name), port, progress)
    return rows


@contextmanager
def _server(content: bytes) -> Iterator[int]:
    """A server on this host's loopback that gives ``content`` to whoever asks; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

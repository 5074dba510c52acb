# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshot files: a machine made from one goes on alike, and a bad file is refused in one line."""

from __future__ import annotations

import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.debug.trace.feed import Feed
from vmm.state import file
from vmm.state.snapshot import Snapshot, SnapshotError, build, load, restore, save, take

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "debug"))
from reverse_points import MACHINES, digest


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_from_a_file_goes_on_alike(name: str, tmp_path: Path) -> None:
    machine = MACHINES[name]()
    ledger: list[tuple[int, int, int, int, int]] = []
    machine.ledger.record(ledger.extend)
    machine.run(until=400_000)
    save(take(machine), tmp_path / "snapshot")
    ledger.clear()
    again = build(load(tmp_path / "snapshot"))
    repeated: list[tuple[int, int, int, int, int]] = []
    again.ledger.record(repeated.extend)
    assert machine.run(until=900_000) == again.run(until=900_000)
    assert repeated == ledger
    assert again.console.tail == machine.console.tail
    assert digest(again) == digest(machine)


@pytest.mark.parametrize("processors", [1, 2])
def test_a_timer_that_was_set_is_set_in_a_machine_from_a_file(
    guest, tmp_path: Path, processors: int
) -> None:
    """Whether the native layer has it or, with several processors, Python."""
    machine = create(Options("virt", kernel=guest("arm/timers"), processors=processors))
    while not machine.clock.pending():
        machine.run(until=machine.engine.count + 499)
    save(take(machine), tmp_path / "snapshot")
    again = build(load(tmp_path / "snapshot"))
    assert machine.run() == again.run()
    assert digest(again) == digest(machine)


@pytest.fixture
def snapshot(guest) -> Iterator[Snapshot]:
    machine = create(Options("leon3", kernel=guest("sparc/hello"), ram=8 << 20))
    machine.run(until=1000)
    yield take(machine)
    del machine  # a snapshot does not keep its machine


def test_neither_kernel_nor_the_machine_is_needed(guest, tmp_path: Path) -> None:
    kernel = tmp_path / "hello.elf"
    kernel.write_bytes(guest("sparc/hello").read_bytes())
    machine = create(Options("leon3", kernel=kernel))
    machine.run(until=1000)
    save(take(machine), tmp_path / "snapshot")
    kernel.unlink()
    again = build(load(tmp_path / "snapshot"))
    assert again.symbols.find("main") == machine.symbols.find("main") is not None
    again.run()
    machine.run()
    assert again.console.tail == machine.console.tail != b""


def refused(path: Path) -> str:
    with pytest.raises(SnapshotError) as caught:
        build(load(path))
    text = str(caught.value)
    assert "\n" not in text
    return text


def host_ranges() -> list[range]:
    """Where this process has memory, above what a guest of 32 bits can name."""
    found = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        first, last = (int(one, 16) for one in line.split()[0].split("-"))
        if first >> 32:
            found.append(range(first, last))
    return found


@pytest.mark.parametrize("name", ["sparc", "arm", "x86"])
def test_no_address_of_this_process_is_kept(name: str) -> None:
    """The process that reads the file has other memory there."""
    machine = MACHINES[name]()
    machine.run(until=20_000)
    (held,) = take(machine).processors
    words = struct.unpack(f"<{len(held.env) // 8}Q", held.env)
    ranges = host_ranges()
    assert not [
        hex(8 * at) for at, word in enumerate(words) if any(word in one for one in ranges)
    ]


def test_a_machine_whose_lines_are_watched_is_kept(guest, tmp_path: Path) -> None:
    """Whoever watches is no part of the machine."""
    machine = create(Options("virt", kernel=guest("arm/timers")))
    changes: list[tuple[int, bool]] = []
    feed = Feed(machine)
    feed.on_lines(lambda cycle, named, level: changes.append((cycle, level)))
    machine.run(until=20_000)
    before = take(machine)
    save(before, tmp_path / "snapshot")
    machine.run(until=40_000)
    seen = list(changes)
    restore(machine, before)
    assert seen and changes == seen
    assert digest(machine) == digest(build(load(tmp_path / "snapshot")))
    feed.close()


def test_a_damaged_file_is_refused(snapshot: Snapshot, tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    save(snapshot, path)
    whole = path.read_bytes()
    choose = random.Random(3)
    for _ in range(40):
        at = choose.randrange(len(whole))
        flipped = bytearray(whole)
        flipped[at] ^= 1 << choose.randrange(8)
        path.write_bytes(flipped)
        if not 12 <= at < 16:  # reserved bytes
            assert str(path) in refused(path)
        path.write_bytes(whole[:at])
        refused(path)
    path.write_bytes(whole + b"\0")
    assert "length" in refused(path)


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"", b"\x7fELF" + bytes(100), b"hello"):
        path.write_bytes(content)
        assert "not a snapshot" in refused(path)
    assert "no such file" in refused(tmp_path / "none")
    assert "directory" in refused(tmp_path)


def test_another_version_is_refused(snapshot: Snapshot, tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    save(snapshot, path)
    data = bytearray(path.read_bytes())
    data[8] = 9
    path.write_bytes(data)
    assert "version 9" in refused(path)


def test_content_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    for text in ({}, {"about": 1}, {"about": {"options": {"board": "leon3"}}}):
        file.write(path, text, [])
        assert "damaged" in refused(path)


def test_another_board_is_refused(snapshot: Snapshot, guest) -> None:
    other = create(Options("virt", kernel=guest("arm/hello")))
    with pytest.raises(SnapshotError, match="another machine"):
        restore(other, snapshot)
    larger = create(Options("leon3", kernel=guest("sparc/hello"), ram=16 << 20))
    with pytest.raises(SnapshotError, match="memory"):
        restore(larger, snapshot)


def test_a_snapshot_goes_into_another_machine_of_its_kind(snapshot: Snapshot, guest) -> None:
    other = create(Options("leon3", kernel=guest("sparc/traps"), ram=8 << 20))
    other.run(until=50_000)
    restore(other, snapshot)
    assert snapshot.machine is not None
    machine = snapshot.machine()
    assert machine is not None
    assert digest(other) == digest(machine)
    other.run()
    assert b"ello" in other.console.tail


SAVER = """
import sys
from pathlib import Path
from vmm.boards import Options, create
from vmm.state.snapshot import save, take
machine = create(Options("leon3", kernel=Path(sys.argv[1]), ram=8 << 20))
machine.run(until=1000)
number = 0
while True:
    machine.bus.write_memory(0x40400000, number.to_bytes(4, "big") * 65536)
    save(take(machine), sys.argv[2])
    number += 1
    print(number, flush=True)
"""


def test_a_kill_while_saving_never_loses_the_previous_one(guest, tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    choose = random.Random(5)
    for _ in range(6):
        saver = subprocess.Popen(
            [sys.executable, "-c", SAVER, str(guest("sparc/hello")), str(path)],
            stdout=subprocess.PIPE,
        )
        assert saver.stdout is not None
        saved = int(saver.stdout.readline())
        for _ in range(choose.randrange(4)):
            saved = int(saver.stdout.readline())
        until = time.perf_counter() + choose.random() * 0.02
        while time.perf_counter() < until:
            pass
        saver.send_signal(signal.SIGKILL)
        saved = max([saved, *(int(line) for line in saver.stdout.read().split())])
        saver.wait()
        saver.stdout.close()
        machine = build(load(path))
        data = machine.bus.read_memory(0x40400000, 4 * 65536)
        assert data is not None
        number = int.from_bytes(data[:4], "big")
        assert data == data[:4] * 65536
        assert saved - 1 <= number <= saved

# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux' own drivers of virtio's console ports and balloon, looked at from both sides."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from linux_guest import ARM, I386, Board, ask

from vmm import Machine
from vmm.state import snapshot

MIB = 1 << 20
BALLOON = 96 * MIB // 4096  # pages


@pytest.mark.parametrize("board", [ARM, I386], ids=lambda board: board.name)
def test_ports_a_balloon_and_a_snapshot_of_it_all(board: Board, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(4 * MIB))
    devices = [
        board.device("serial"), "virtconsole,chardev=tty",
        "virtserialport,chardev=stream,name=org.example.stream", board.device("balloon"),
    ]
    with board.machine(
        devices=[*devices, board.device("rng"), board.device("net", "netdev=n")],
        drives=[f"file={image},format=raw,snapshot=on"],
    ) as machine:
        check_ports(machine)
        check_balloon(machine)
        if board is ARM:
            check_snapshot(machine, tmp_path / "all.snap")


def check_ports(machine: Machine) -> None:
    consoles = machine.machine.consoles
    assert ask(machine, "cat /sys/class/virtio-ports/vport*p1/name") == "org.example.stream"
    ask(machine, "port=$(echo /dev/vport*p1); echo to the host > $port")
    assert bytes(consoles["stream"].tail) == b"to the host\n"
    consoles["stream"].type(b"to the guest\n")
    assert ask(machine, "head -n 1 $port") == "to the guest"
    ask(machine, "echo terminal > /dev/hvc0")
    assert bytes(consoles["tty"].tail) == b"terminal\r\n"
    machine.type("read line < /dev/hvc0; echo it was: $line\n")
    consoles["tty"].type(b"a key\r")
    machine.expect("it was: a key", timeout=10)
    machine.expect("# ", timeout=10)


def check_balloon(machine: Machine) -> None:
    channels = {channel.name: channel for channel in machine.machine.channels}
    balloon, counters = (
        channels["virtio-balloon0"], machine.machine.device_counters["virtio-balloon0"]
    )
    ask(machine, "dd if=/dev/zero of=/tmp/fill bs=1M count=110; rm /tmp/fill")
    free, used = free_memory(machine), host_memory(machine)
    balloon.arrive(str(BALLOON).encode())
    ask(machine, "sleep 1")
    assert counters()["actual_pages"] == counters()["released_pages"] == BALLOON
    assert free - free_memory(machine) > 90 * MIB
    assert used - host_memory(machine) > 64 * MIB
    balloon.arrive(b"stats")
    ask(machine, "true")
    assert abs(counters()["free_memory"] - free_memory(machine)) < 4 * MIB
    balloon.arrive(b"0")
    ask(machine, "sleep 1")
    assert counters()["actual_pages"] == 0 and counters()["returned_pages"] == BALLOON
    assert abs(free - free_memory(machine)) < 8 * MIB


def check_snapshot(machine: Machine, file: Path) -> None:
    """Another machine, made from a file, goes on as this one does."""
    ask(machine, "mkfs.ext4 -q /dev/vda; mount -t ext4 /dev/vda /mnt; echo kept > /mnt/a; sync")
    snapshot.save(machine.snapshot().state, file)

    def go_on(one: Machine) -> tuple[str, int]:
        one.machine.consoles["stream"].type(b"typed\n")
        shown = ask(one, "cat /mnt/a; umount /mnt; md5sum /dev/vda; head -n 1 $port;"
                         " head -c 16 /dev/hwrng | md5sum; dmesg | tail -n 3")
        return shown, one.count

    first = go_on(machine)
    with Machine.reopen(file) as other:
        assert go_on(other) == first
    assert first[0].startswith("kept\n") and "typed" in first[0]


def free_memory(machine: Machine) -> int:
    """Bytes that are free, as the guest has it."""
    found = re.search(r"MemFree: +(\d+) kB", ask(machine, "cat /proc/meminfo"))
    assert found is not None
    return int(found[1]) << 10


def host_memory(machine: Machine) -> int:
    """Bytes of the host's memory that the guest's RAM takes."""
    frames = max((one.frames for one in machine.machine.bus.memory), key=lambda one: one.size)
    return os.fstat(frames.descriptor).st_blocks * 512

# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's entropy enters by a channel: a recording of it is the run again."""

from __future__ import annotations

from pathlib import Path

from vmm.boards import Options, attachments, create
from vmm.machine.machine import Machine
from vmm.state.inputs import InputLog

SLOT, QUEUE, DATA = 0x0A003E00, 0x40100000, 0x40200000
# The guest sleeps for ever; the test is its driver.
SLEEP = bytes.fromhex("03f020e3 fdffffea")


def board(tmp_path: Path) -> Machine:
    kernel = tmp_path / "sleep.bin"
    kernel.write_bytes(SLEEP)
    given = attachments.options(
        (), ["virtio-rng-device,rng=r"], ["rng-random,id=r,filename=/dev/urandom"]
    )
    return create(Options("virt", kernel=kernel, **given))


def ask(machine: Machine) -> None:
    """Set the queue up and have 32 bytes wanted."""
    bus = machine.bus
    for offset, value in ((0x70, 3), (0x24, 1), (0x20, 1), (0x70, 11), (0x38, 8),
                          (0x80, QUEUE), (0x90, QUEUE + 0x400), (0xA0, QUEUE + 0x800),
                          (0x44, 1), (0x70, 15)):
        bus.write(SLOT + offset, 4, value)
    bus.write_memory(QUEUE, DATA.to_bytes(8, "little") + b"\x20\0\0\0\2\0\0\0")
    bus.write_memory(QUEUE + 0x400, bytes((0, 0, 1, 0, 0, 0)))
    bus.write(SLOT + 0x50, 4, 0)


def test_the_same_bytes_at_the_same_time(tmp_path: Path) -> None:
    first = board(tmp_path)
    log = InputLog(first)
    first.step(2)
    ask(first)
    assert first.bus.read_memory(DATA, 32) == bytes(32)  # it comes a cycle later
    first.step(2)
    given = first.bus.read_memory(DATA, 32)
    assert given != bytes(32) and len(log.entries) == 1

    again = board(tmp_path)
    again.outside.recorded = True
    InputLog(again, log.entries)
    again.step(2)
    ask(again)
    again.step(2)
    assert again.bus.read_memory(DATA, 32) == given

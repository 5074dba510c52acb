# SPDX-License-Identifier: GPL-2.0-or-later
"""States reached backwards beside the same states reached forwards.

    python tests/debug/reverse_points.py [-n POINTS] [GUEST ...]

runs each guest forwards to random instruction counts, then goes to the same counts
backwards and in random order, and compares every register, all memory and all devices.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from vmm.boards import Options, create
from vmm.debug.session import Session
from vmm.machine.clock import Event
from vmm.machine.console import parse_script
from vmm.machine.machine import Machine
from vmm.memory.frames import PAGE
from vmm.native import library as native
from vmm.state.graph import Graph
from vmm.state.memory import ZERO, all_frames

GUESTS = Path(__file__).resolve().parents[2] / "build" / "guests"
UBOOT_SCRIPT = r"""
expect "=> "
send "version\n"
expect "U-Boot 20"
expect "=> "
send "poweroff\n"
"""


def _guest(board: str, name: str) -> Callable[[], Machine]:
    return lambda: create(Options(board, kernel=GUESTS / f"{name}.elf"))


def _uboot() -> Machine:
    machine = create(Options("virt", bios=Path("/usr/lib/u-boot/qemu_arm/u-boot.bin")))
    machine.console.play(parse_script(UBOOT_SCRIPT, "script"))
    return machine


def _seabios() -> Machine:
    machine = create(Options("pc", bios=Path("/usr/share/seabios/bios-256k.bin")))
    machine.limit_time(2.0, None)
    return machine


MACHINES: dict[str, Callable[[], Machine]] = {
    "sparc": _guest("leon3", "sparc/traps"),
    "arm": _guest("virt", "arm/traps"),
    "x86": _guest("pc", "x86/traps"),
    "uboot": _uboot,
    "seabios": _seabios,
}


def digest(machine: Machine) -> str:
    """A hash over registers, memory, devices and what is counted."""
    sha = hashlib.sha256(repr(sorted(machine.processor.registers.snapshot().items())).encode())
    for frames in all_frames(machine):
        for numbers in frames.populated():
            for number in numbers:
                page = bytes(frames.view[number * PAGE : (number + 1) * PAGE])
                if page != ZERO:
                    sha.update(f"{number}".encode() + page)
    n = machine.engine.native
    sha.update(repr((machine.engine.count, n.idle, n.recent_count, bytes(n.traps))).encode())
    sha.update(repr(devices(machine)).encode())
    return sha.hexdigest()


def devices(machine: Machine) -> list[tuple[str, str]]:
    """What every device holds, as text without identities."""
    plain = (bool, int, float, str, bytes, type(None))
    found = []
    for node in Graph(machine).nodes:
        held = node.content
        if node.value is machine.clock.sequence:
            continue  # only the order of events counts
        if isinstance(node.value, native.Timer):
            held = int(node.value.cycle)
        if isinstance(held, dict):
            held = {key: value for key, value in held.items() if isinstance(value, plain)}
        elif isinstance(held, list):
            held = [value for value in held if isinstance(value, plain)]
        if isinstance(node.value, Event) and node.value.host:
            continue  # a time limit
        if not node.path.startswith(("processor", "bus.unanswered")):
            found.append((node.path, repr(held)))
    return sorted(found)


def compare(name: str, points: int, seed: int = 1) -> tuple[int, float]:
    """How many of ``points`` states differ, and the mean seconds a motion took."""
    make = MACHINES[name]
    forward = make()
    forward.run()
    choose = random.Random(seed)
    counts = sorted(choose.sample(range(1, forward.engine.count), points))
    forward = make()
    wanted = []
    for count in counts:
        forward.run(until=count)
        wanted.append((count, digest(forward)))
    session = Session(make())
    session.run()
    choose.shuffle(wanted)
    different, spent = 0, 0.0
    for count, state in wanted:
        started = time.perf_counter()
        session.to_count(count)
        spent += time.perf_counter() - started
        different += digest(session.machine) != state
    return different, spent / points


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("-n", type=int, default=1000, dest="points")
    parser.add_argument("guests", nargs="*", default=list(MACHINES), metavar="GUEST")
    options = parser.parse_args()
    failed = 0
    for name in options.guests:
        different, seconds = compare(name, options.points)
        print(f"{name}: {options.points} points, {different} differ, {seconds * 1000:.0f} ms each",
              flush=True)
        failed += different
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-2.0-or-later
"""What single things cost: a trap delivered, a trap handled in Python, a hypercall.

A probe boots a bench guest in a process of its own, lets it become warm, and
measures processor time over stretches of a fixed number of instructions.  A
figure is that time divided by the traps (or calls) of the stretch, so the few
instructions between two of them are in it.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from vmm.bench.rows import PLATFORMS, BenchError, Platform, Row

if TYPE_CHECKING:
    from vmm.machine.machine import Machine

MASK = 0xFFFFFFFF
STRETCH = 200_000  # instructions
WARM = 100_000
HYPERCALL_PORT = 0xE8
TRAP = {"sparc": 0x81, "arm": 2, "x86": 256 + 0x30}  # ta 1, SVC, INT 0x30
ARGUMENT = {"sparc": "o0", "arm": "r0", "x86": "eax"}
ARM_HVC = 11


@dataclass(frozen=True, slots=True)
class Probe:
    """One way to run a guest, and what it tells."""

    name: str
    description: str
    aim: float | None  # microseconds


PROBES = (
    Probe("native", "trap, delivered by the engine", 0.6),
    Probe("traced", "trap, delivered by the engine, written as a JSON line", 5.0),
    Probe("intercepted", "trap, seen by Python, delivered by the engine", 3.0),
    Probe("python_entry", "trap, entered by the readable Python entry", None),
    Probe("handled", "trap, handled in Python", 3.0),
    Probe("hypercall", "hypercall: HVC PSCI VERSION, x86 port, SPARC ta", 2.0),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Microseconds of a probe on one processor, one for each stretch."""

    probe: Probe
    platform: Platform
    microseconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.microseconds)


class _CallPort:
    """A device in Python behind one port: counts what is written."""

    name, size = "bench-call", 1

    def __init__(self) -> None:
        self.calls = 0

    def read(self, offset: int, size: int) -> int:
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        self.calls += 1


def _answer(architecture: str, machine: Machine) -> Callable[[int], int]:
    """A handler that does in Python what the guest's own does: v + 1, then resume."""
    from vmm.native.library import HANDLED

    registers = machine.processor.registers

    def sparc(kind: int) -> int:
        registers["o0"] = (registers["o0"] + 1) & MASK
        following = registers["npc"]
        registers["pc"] = following
        registers["npc"] = following + 4
        return HANDLED

    def arm(kind: int) -> int:  # the pc is behind the SVC already
        registers["r0"] = (registers["r0"] + 1) & MASK
        return HANDLED

    def x86(kind: int) -> int:
        registers["eax"] = (registers["eax"] + 1) & MASK
        registers["eip"] = registers["eip"] + 2
        return HANDLED

    return {"sparc": sparc, "arm": arm, "x86": x86}[architecture]


def _arrange(machine: Machine, architecture: str, probe: str) -> Callable[[], int]:
    """Prepare a machine for a probe; returns what counts the calls so far."""
    from vmm.debug.trace.feed import Feed
    from vmm.debug.trace.jsonl import JsonLines
    from vmm.debug.trace.output import text_file

    native = machine.engine.native
    kind = TRAP[architecture]
    if probe == "hypercall" and architecture == "arm":
        kind = ARM_HVC
    elif probe == "hypercall" and architecture == "x86":
        port = _CallPort()
        machine.bus.ports.place(HYPERCALL_PORT, port)
        return lambda: port.calls
    elif probe in ("handled", "hypercall"):
        machine.traps.serve(kind, _answer(architecture, machine))
    elif probe == "intercepted":
        machine.traps.intercept({kind})
    elif probe == "traced":
        nowhere = text_file(Path(os.devnull), ExitStack())  # open as long as the process lives
        JsonLines(Feed(machine), nowhere, ("traps",))
    elif probe == "python_entry":
        machine.traps.set_delivery("python")
    return lambda: int(native.traps[kind])


def run_probe(architecture: str, probe: str, kernel: Path, repeat: int) -> list[float]:
    """Microseconds for each call; runs in a process of its own."""
    from vmm.boards import Options, create
    from vmm.machine.outcome import Ending

    machine = create(Options(PLATFORMS[architecture].board, kernel=kernel))
    calls = _arrange(machine, architecture, probe)

    def goes_on(instructions: int) -> bool:
        return machine.step(instructions).ending is Ending.STOPPED

    while not calls():  # firmware, then the runtime's start
        if not goes_on(WARM) or machine.engine.count > 100 * WARM:
            raise BenchError(f"{architecture}, {probe}: the guest makes no calls")
    figures: list[float] = []
    for _ in range(repeat):
        before, started = calls(), time.process_time()
        if not goes_on(STRETCH):
            break  # the guest is at its end
        figures.append((time.process_time() - started) * 1e6 / (calls() - before))
    if not figures:
        raise BenchError(f"{architecture}, {probe}: the guest ended too soon")
    if probe != "hypercall":
        answer = machine.processor.registers[ARGUMENT[architecture]]
        if abs(answer - calls()) > 1:
            raise BenchError(f"{architecture}, {probe}: {calls()} calls, answer {answer}")
    return figures


def measure(
    platforms: list[Platform], repeat: int, progress: Callable[[str], None] = lambda text: None
) -> list[Measured]:
    """Every probe on each platform."""
    context = multiprocessing.get_context("spawn")
    measured = []
    for platform in platforms:
        for probe in PROBES:
            progress(f"{platform.architecture} {probe.name}")
            own = probe.name == "hypercall" and platform.architecture != "sparc"
            kernel = Row(platform, "hypercall" if own else "traps").kernel
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                job = pool.submit(run_probe, platform.architecture, probe.name, kernel, repeat)
                measured.append(Measured(probe, platform, tuple(job.result())))
    return measured

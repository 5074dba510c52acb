# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile LEON3 kernels (guests/hostile/sparc): as on the bare machine, or stopped by name.

Each mixes all that it sees into its exit status: its own code, its tables by
two names, devices under its stack, every privileged register in every bit.
"""

from __future__ import annotations

import zlib

import pytest
from runs import GUESTS, Seen, watch

from vmm.boards import Options, create
from vmm.machine.outcome import Ending
from vmm.monitor import virtualize
from vmm.monitor.assist import Controls

KERNELS = ("own_code", "tables", "aliases", "device_stack", "every_field")
RAM = 4 << 20  # all that they use is below 3 MiB


def run(kernel: str, technique: str | None, policy: str | None) -> tuple[Seen, int]:
    """What a kernel showed, and what it left in memory."""
    machine = create(Options(
        board="leon3", kernel=GUESTS / "hostile" / "sparc" / f"{kernel}.elf", ram=RAM))
    kinds, options = machine.processor.trap_kinds(), {}
    if technique == "assist":
        options["controls"] = Controls.everything("sparc", kinds)
    if technique is not None:
        virtualize(machine, technique, policy, **options)
    seen = watch(machine, 1.0)
    return seen, zlib.crc32(machine.bus.read_memory(0x40000000, RAM) or b"")


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_hostile_kernel_sees_and_leaves_what_it_does_on_the_bare_machine(kernel: str) -> None:
    bare = run(kernel, None, None)
    for technique in ("trap_and_emulate", "translate"):
        for policy in ("lazy", "strict", "nested"):
            assert run(kernel, technique, policy) == bare, f"{technique}, {policy}"


@pytest.mark.parametrize(
    ("kernel", "ending"),
    [("own_code", Ending.EXIT), ("tables", Ending.EXIT), ("aliases", Ending.EXIT),
     ("every_field", Ending.EXIT),
     ("device_stack", Ending.CRASH)],  # its last stack is not aligned
)
def test_a_hostile_kernel_gets_to_its_end(kernel: str, ending: Ending) -> None:
    seen, _ = run(kernel, None, None)
    assert seen.outcome.ending is ending
    assert seen.traps > (0 if kernel == "own_code" else 8)


@pytest.mark.parametrize("technique", ["trap_and_emulate", "translate"])
def test_with_exposed_tables_they_do_what_they_do_bare(technique: str) -> None:
    for kernel in KERNELS:
        assert run(kernel, technique, "exposed") == run(kernel, None, None)


def test_with_every_control_on_they_do_what_they_do_bare() -> None:
    for kernel in KERNELS:
        assert run(kernel, "assist", None) == run(kernel, None, None)

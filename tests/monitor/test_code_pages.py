# SPDX-License-Identifier: GPL-2.0-or-later
"""Shadow code pages and the translation cache: what is executed, and that nobody can tell."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.machine import artifacts
from vmm.machine.machine import Machine
from vmm.monitor import code, virtualize

GUESTS = {
    "arm": ("virt", "guests/arm/nucleus-boot.elf"),
    "x86": ("pc", "guests/x86/nucleus-boot.elf"),
}


def guest(board: str, path: str) -> Machine:
    kernel = artifacts.find(path)
    assert kernel is not None
    return create(Options(board, kernel=Path(kernel)))


@pytest.mark.parametrize("architecture", GUESTS)
def test_sites_are_in_the_cache_or_calls_and_capstone_agrees(architecture: str) -> None:
    machine = guest(*GUESTS[architecture])
    virtualize(machine, "translate")
    machine.run()
    counts = code.counts(machine.engine)
    assert counts is not None
    kinds = Counter(site.kind for site in code.sites(machine))
    assert kinds["cache"] == counts.cached > 20 and kinds["call"] > 20
    assert kinds.total() == counts.sites
    assert counts.confirmed == counts.sites and not counts.disputed


@pytest.mark.parametrize("architecture", GUESTS)
def test_the_guest_reads_its_own_bytes(architecture: str) -> None:
    machine = guest(*GUESTS[architecture])
    virtualize(machine, "translate")
    machine.run()
    for site in code.sites(machine):
        assert machine.bus.read_memory(site.address, len(site.guest)) == site.guest
        assert site.shadow != site.guest


def test_a_leon3_kernel_has_sites_of_calls() -> None:
    machine = guest("leon3", "guests/sparc/nucleus-boot.elf")
    virtualize(machine, "translate")
    machine.run()
    counts = code.counts(machine.engine)
    assert counts is not None and counts.sites > 50
    for site in code.sites(machine):
        assert site.kind == "call"
        assert machine.bus.read_memory(site.address, 4) == site.guest

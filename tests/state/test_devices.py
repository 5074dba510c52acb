# SPDX-License-Identifier: GPL-2.0-or-later
"""Every device of every board: what a run changed, restoring changes back."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.state.snapshot import build, load, restore, save, take

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "debug"))
from reverse_points import devices, digest

EXAMPLES = sorted(Path(__file__).resolve().parents[2].glob("docs/examples/*/board.toml"))
BOARDS = {
    "leon3": ("sparc/timers", {}),
    "virt": ("arm/timers", {}),
    "virt-hyp": ("arm/hyp", {"virtualization": "on"}),
    "virt-secure": ("arm/monitor", {"secure": "on"}),
    "pc": ("x86/chipset", {}),
}


@pytest.fixture(params=BOARDS)
def machine(request, guest) -> Machine:
    kernel, properties = BOARDS[request.param]
    return create(Options(request.param.split("-")[0], properties, kernel=guest(kernel)))


def scramble(machine: Machine, seed: int) -> None:
    """Write to every device, as a guest would: time and lines move, events come and go."""
    choose = random.Random(seed)
    bus = machine.bus
    for placed in list(bus.devices):
        for _ in range(8):
            offset = 4 * choose.randrange(max(1, min(placed.size, 0x200) // 4))
            bus.write(placed.base + offset, 4, choose.getrandbits(32))
    for placed in list(bus.ports):
        if placed.device.name not in ("port92", "debug-exit"):
            for _ in range(8):
                bus.port_out(placed.base + choose.randrange(placed.size), 1, choose.getrandbits(8))
    machine.console.type(b"some input that does not fit a FIFO" * 4)


def test_what_is_done_to_devices_is_undone(machine: Machine, tmp_path: Path) -> None:
    machine.run(until=20_000)
    round_trips(machine, tmp_path)


@pytest.mark.parametrize("name", [path.parent.name for path in EXAMPLES])
def test_boards_of_the_users_own_are_no_exception(name: str, tmp_path: Path) -> None:
    board = next(path for path in EXAMPLES if path.parent.name == name)
    round_trips(create(Options(str(board), bare=True)), tmp_path)


def round_trips(machine: Machine, tmp_path: Path) -> None:
    for seed in range(3):
        before = take(machine)
        held, state = devices(machine), digest(machine)
        scramble(machine, seed)
        machine.clock.run_due()
        assert devices(machine) != held
        restore(machine, before)
        assert devices(machine) == held
        assert digest(machine) == state
        scramble(machine, seed)
        machine.outcome = None
        scrambled = take(machine)
        save(scrambled, tmp_path / "snapshot")
        assert devices(build(load(tmp_path / "snapshot"))) == devices(machine)

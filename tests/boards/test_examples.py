# SPDX-License-Identifier: GPL-2.0-or-later
"""The invented boards of docs/examples: built by the command they name, run, and found alike."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from vmm import At, Ending, Machine

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
EXPECTED = {
    "beacon": (9, b"the beacon has flashed\n" * 3, {"interrupt_level_5": 3}),
    "summer": (55, b"the sum has come\n", {}),
    "doorbell": (1, b"the bell has rung\n" * 3, {"irq_25": 3}),
}


def test_every_example_is_tested() -> None:
    assert {path.parent.name for path in EXAMPLES.glob("*/board.toml")} == EXPECTED.keys()


@pytest.fixture
def example(tmp_path: Path):
    """A copy of an example's folder with its guest built."""

    def build(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
        command = (folder / "guest.S").read_text().splitlines()[2][2:]
        done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return folder

    return build


@pytest.mark.parametrize("name", EXPECTED)
def test_example_runs(example, vmm_command, name) -> None:
    folder = example(name)
    done = vmm_command("run", "-M", folder / "board.toml", "-kernel", folder / "guest.elf",
                       "--timeout", 1)
    assert (done.returncode, done.stdout, done.stderr) == (*EXPECTED[name][:2], b"")


@pytest.mark.parametrize("name", EXPECTED)
def test_example_from_the_library(example, name) -> None:
    folder = example(name)
    with Machine(folder / "board.toml", kernel=folder / "guest.elf") as m:
        outcome = m.run(timeout=1)
        status, output, traps = EXPECTED[name]
        assert (outcome.ending, outcome.status) == (Ending.EXIT, status)
        assert m.output.encode() == output
        assert m.statistics()["traps"] == traps


def test_events_come_at_the_times_of_the_board(example) -> None:
    folder = example("doorbell")
    times = []
    with Machine(folder / "board.toml", kernel=folder / "guest.elf") as m:
        m.on_trap("irq_25")(lambda trap: times.append(m.seconds))
        m.run(timeout=1)
    assert times == pytest.approx([300e-6, 500e-6, 700e-6], abs=100e-9)


def test_a_guest_that_gives_a_device_bad_addresses_gets_an_error_status(example) -> None:
    folder = example("summer")
    with Machine(folder / "board.toml", kernel=folder / "guest.elf") as m:
        m.run(until=At("wait"))
        bus = m.machine.bus
        bus.write(0x10030000, 4, 0xFFFFFFF0)  # ADDRESS
        bus.write(0x10030004, 4, 0x10)  # WORDS: more than there are
        assert m.run(timeout=1).status == 0  # no sum
        assert bus.read(0x1003000C, 4) == 6  # STATUS: done, and in error

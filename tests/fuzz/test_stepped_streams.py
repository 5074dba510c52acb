# SPDX-License-Identifier: GPL-2.0-or-later
"""Random instruction streams end alike, run in long blocks and one instruction at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stream_machine import MODES, StreamMachine


class Stepped(int):
    """The index of a stream that is single-stepped, as every sixteenth is."""

    def __mod__(self, other: int) -> int:
        return 0 if other == 16 else int(self) % other


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("arch", "seed"), [("sparc", 101), ("arm", 101), ("arm", 127)])
def test_streams_stepped_and_run_are_the_same(arch: str, seed: int, mode: str) -> None:
    """Seed 101 of ARM has system registers read in IT blocks."""
    run, stepped = (StreamMachine(arch, mode, seed) for _ in range(2))
    run.setting = replace(run.setting, watched="")
    stepped.setting = replace(run.setting, watched="steps")
    counts = [0, 0]
    for index in range(300):
        endings = run.run(index), stepped.run(Stepped(index))
        registers = [m.machine.processor.registers.snapshot() for m in (run, stepped)]
        assert endings[0] == endings[1], index
        assert registers[0] == registers[1], index
        counts = [m.machine.engine.count for m in (run, stepped)]
        assert counts[0] == counts[1], index
    assert counts[0] > 5000

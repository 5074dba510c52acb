# SPDX-License-Identifier: GPL-2.0-or-later
"""Random instruction streams with every sensitive instruction intercepted end as without."""

from __future__ import annotations

import pytest
from stream_machine import BOARDS, MODES, StreamMachine

from vmm.cpu.intercept import InstructionIntercepts
from vmm.monitor.assist.classes import CLASSES
from vmm.native import library as native

STREAMS = 80
SEED = 103


def _trace(streams: StreamMachine) -> list[tuple]:
    engine, registers = streams.machine.engine, streams.machine.processor.registers
    return [
        (streams.run(index), engine.count, sum(engine.native.traps), registers.snapshot())
        for index in range(STREAMS)
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("arch", BOARDS)
def test_streams_run_as_if_nobody_looked(arch: str, mode: str) -> None:
    intercepted, exits = StreamMachine(arch, mode, SEED), 0

    def met(pattern: int) -> int:
        nonlocal exits
        exits += 1
        return native.NATIVE

    patterns = [one for found in CLASSES[arch].values() for one in found]
    InstructionIntercepts(intercepted.machine.engine, patterns, met)
    assert _trace(intercepted) == _trace(StreamMachine(arch, mode, SEED))
    assert exits > 10

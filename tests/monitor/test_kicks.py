# SPDX-License-Identifier: GPL-2.0-or-later
"""An event asked for in the middle of anything changes nothing that the guest can see.

The command's tick does so from a signal handler, which runs inside any callback.
"""

from __future__ import annotations

import pytest
from runs import GUESTS, watch

from vmm.boards import Options, create
from vmm.monitor import virtualize

CASES = (
    ("leon3", "sparc", "trap_and_emulate"),
    ("virt", "arm", "translate"),
    ("pc", "x86", "translate"),
)


@pytest.mark.parametrize("policy", ["lazy", "strict"])
@pytest.mark.parametrize(("board", "architecture", "technique"), CASES)
def test_a_look_asked_for_in_every_fill(
    board: str, architecture: str, technique: str, policy: str,
) -> None:
    options = Options(board, kernel=GUESTS / architecture / "nucleus-quick.elf")
    bare = watch(create(options))
    machine = create(options)
    monitor = virtualize(machine, technique, policy)
    assert monitor.engine.virtual is not None
    handlers = monitor.engine.virtual.handlers
    fill = handlers.fill

    def kicking(address: int, access: int) -> int:
        machine.engine.set_event(0)
        return fill(address, access)

    handlers.fill = kicking
    assert watch(machine) == bare

# SPDX-License-Identifier: GPL-2.0-or-later
"""Two processors of one machine: whose turn it is, stops, snapshots, what is refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from vmm import At, Instructions, Machine
from vmm.machine.turns import TURN
from vmm.monitor import MonitorError, virtualize
from vmm.state import snapshot
from vmm.state.snapshot import SnapshotError

TOP = Path(__file__).resolve().parent.parent.parent
GUEST = TOP / "build" / "guests" / "arm" / "smp.elf"


def board(processors: int = 2) -> Machine:
    return Machine("virt", kernel=GUEST, processors=processors, ledger=True)


def test_a_breakpoint_is_met_by_whichever_processor_comes_there() -> None:
    with board() as m:
        m.run(until=At("second"))
        assert m.machine.current() == 1
        assert m.registers["r0"] == 42  # the context that CPU_ON was given
        assert m.registers["mpidr"] == 0x80000001
        m.run(until=At("psci"))
        assert m.machine.current() == 0
        assert m.registers["mpidr"] == 0x80000000


def test_no_turn_is_longer_than_it_may_be_while_the_other_can_run() -> None:
    with board() as m:
        m.run(until=At("second"))
        turns = m.machine.turns
        assert turns is not None
        taken, take = [(m.count, m.machine.current())], turns._take

        def note(index: int) -> None:
            taken.append((m.count, index))
            take(index)

        turns._take = note  # type: ignore[method-assign]
        m.run(until=Instructions(m.count + 20 * TURN))
        lengths = [after - before for (before, _), (after, _) in pairwise(taken)]
        assert max(lengths) == TURN
        assert [index for _, index in taken] == [1, 0] * (len(taken) // 2) + [1] * (len(taken) % 2)


def test_the_second_processor_goes_on_from_a_snapshot(tmp_path: Path) -> None:
    with board() as m:
        m.run()
        whole, count, ledger = m.output, m.count, m.ledger.hash()
    with board() as m:
        for at in (200_000, 1_234_567):
            m.run(until=Instructions(at))
            file = tmp_path / str(at)
            snapshot.save(snapshot.take(m.machine), file)
            before = len(m.output)
            with Machine.reopen(file) as again:
                assert again.machine.current() == m.machine.current()
                again.run()
                assert (again.output, again.count) == (whole[before:], count)
        m.run()
        assert (m.output, m.count, m.ledger.hash()) == (whole, count, ledger)


def test_what_does_not_fit_several_processors_is_refused() -> None:
    for number, text in ((0, "virt has 1 to 8 processors, not 0"), (9, "processors, not 9")):
        with pytest.raises(ValueError, match=text):
            board(number)
    with pytest.raises(ValueError, match="board pc has one processor, not 2"):
        Machine("pc", kernel=GUEST, processors=2)
    with board() as m, pytest.raises(MonitorError, match="one processor can be virtualized"):
        virtualize(m.machine, "trap_and_emulate")
    with board() as m, board(1) as alone:
        taken = snapshot.take(m.machine)
        with pytest.raises(SnapshotError, match="2 processors, not 1"):
            snapshot.restore(alone.machine, taken)

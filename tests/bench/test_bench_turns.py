# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m vmm.bench.turns`."""

from __future__ import annotations

import pytest

from vmm.bench import turns
from vmm.bench.rows import BenchError


@pytest.mark.parametrize("arguments", [[], ["nope"], ["boot", "0"], ["boot", "x"]])
def test_wrong_arguments_are_one_line(arguments: list[str]) -> None:
    with pytest.raises(BenchError, match="which workload") as raised:
        turns.main(arguments)
    assert "\n" not in str(raised.value)


def test_each_way_of_each_processor_has_a_figure(capsys: pytest.CaptureFixture[str]) -> None:
    turns.main(["boot", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| sparc", "| arm", "| x86"]
    assert all(line.count("(") == len(turns.WAYS) and "(1.00)" in line for line in lines[2:])

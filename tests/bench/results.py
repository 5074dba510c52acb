# SPDX-License-Identifier: GPL-2.0-or-later
"""Results with known times, for the tests of what is made of them."""

from __future__ import annotations

from vmm.bench.rows import PLATFORMS, Row
from vmm.bench.run import ICOUNT, OURS, QEMU, Result

ARM = PLATFORMS["arm"]


def result(workload: str = "compute", ours: float = 0.5, qemu: float | None = 1.0) -> Result:
    """A result as two runs on each side would give it, with 0.1 s for starting."""
    sides = (OURS,) if qemu is None else (OURS, QEMU, ICOUNT)
    times = {OURS: ours, QEMU: qemu or 0, ICOUNT: 2 * (qemu or 0)}
    return Result(
        Row(ARM, workload), sides,
        seconds={side: [times[side] + 0.1] * 2 for side in sides},
        null={side: [0.1, 0.1] for side in sides},
        instructions=1_000_000, rounds=3,
    )

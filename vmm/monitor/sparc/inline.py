# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands in the shadow code pages of a LEON3 kernel, by name: there are no templates.

Sensitive instructions are there as they are, or as others, and call helpers that are the
monitor's (vmm/native/src/sparc_sites.c).
"""

from __future__ import annotations

from collections.abc import Mapping

from vmm.cpu.engine import Engine
from vmm.monitor.sparc.decode import ALTERNATE, STATE, STDFQ

STATE_OP, ALTERNATE_OP, OP_SHIFT = 2, 3, 6
OPERATION_NAMES = (
    {STATE_OP << OP_SHIFT | op3: name for op3, name in STATE.items()}
    | {ALTERNATE_OP << OP_SHIFT | op3: row[0] for op3, row in ALTERNATE.items()}
    | {ALTERNATE_OP << OP_SHIFT | STDFQ: "std %fq"}
)


def words(engine: Engine, vcpu: int, page: int) -> Mapping[str, int]:
    """There are no templates that could name any."""
    return {}

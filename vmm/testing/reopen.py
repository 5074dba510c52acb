# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeping a machine as it is when its test has failed, for `vmm shell` to reopen."""

from __future__ import annotations

import re
from pathlib import Path

from vmm.machine.machine import Machine
from vmm.state import snapshot
from vmm.state.snapshot import SnapshotError


def file_name(test: str) -> str:
    """A test's name as the name of a file."""
    return re.sub(r"[^\w.=-]+", "_", test).strip("_")[-200:]


def keep(machine: Machine, path: Path) -> str:
    """Save a snapshot; one line says how it is reopened, or why there is none."""
    try:
        snapshot.save(snapshot.take(machine), path)
    except SnapshotError as error:
        return f"no snapshot: {error}"
    return f"to reopen the machine as it is now: vmm shell --snapshot {path}"

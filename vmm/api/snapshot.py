# SPDX-License-Identifier: GPL-2.0-or-later
"""A moment of a machine, as the library keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from vmm.state import snapshot as state


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment of one machine."""

    state: state.Snapshot
    unmatched: bytes  # what the guest had printed and nobody had expected yet

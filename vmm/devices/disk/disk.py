# SPDX-License-Identifier: GPL-2.0-or-later
"""What a block device needs of its back end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

SECTOR = 512  # bytes


class DiskError(Exception):
    """The host could not do what was asked of a disk: one line."""


class Disk(Protocol):
    """``size`` bytes, whole sectors.  Offsets are within it: the caller has looked."""

    name: str
    size: int
    read_only: bool

    def read(self, offset: int, views: Sequence[memoryview]) -> None:
        """Fill ``views``, one after the other; DiskError if not all could be read."""

    def write(self, offset: int, views: Sequence[memoryview]) -> None:
        """Write all of ``views``; DiskError if that failed."""

    def flush(self) -> None:
        """What was written is where it outlives the host; DiskError if that failed."""

    def discard(self, offset: int, size: int) -> None:
        """The content of a range is not needed any more; it may read as zeros."""

    def write_zeroes(self, offset: int, size: int, unmap: bool) -> None:
        """A range reads as zeros from now on; with ``unmap`` its room may be given back."""

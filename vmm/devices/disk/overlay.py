# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk over another that is never written to: `-snapshot`.

What is written is kept in clusters of 64 KiB in this process's memory, and is
part of the machine's state: a snapshot of the machine has it, and going back
takes it back.  When the run ends it is gone, unless it has been committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmm.devices.disk.raw import RawDisk

CLUSTER = 1 << 16  # bytes
ZERO_CLUSTER = bytes(CLUSTER)


class Overlay:
    """Reads what was written here, else what ``base`` has."""

    read_only = False

    def __init__(self, base: RawDisk) -> None:
        self.name = base.name
        self.size = base.size
        self.base = base
        self.clusters: dict[int, bytes] = {}

    def read(self, offset: int, views: Sequence[memoryview]) -> None:
        self.base.read(offset, views)
        if self.clusters:
            for number, start, piece in _pieces(offset, views):
                held = self.clusters.get(number)
                if held is not None:
                    piece[:] = held[start : start + len(piece)]

    def write(self, offset: int, views: Sequence[memoryview]) -> None:
        for number, start, piece in _pieces(offset, views):
            if len(piece) == CLUSTER:
                self.clusters[number] = bytes(piece)
            else:
                self._change(number, start, piece)

    def _change(self, number: int, start: int, piece: memoryview | bytes) -> None:
        """Change a part of a cluster."""
        held = bytearray(self._cluster(number))
        held[start : start + len(piece)] = piece
        self.clusters[number] = bytes(held)

    def _cluster(self, number: int) -> bytes:
        held = self.clusters.get(number)
        if held is not None:
            return held
        data = bytearray(CLUSTER)
        at = number * CLUSTER
        self.base.read(at, [memoryview(data)[: self.size - at]])
        return bytes(data)

    def flush(self) -> None:
        """Nothing outlives this process."""

    def commit(self) -> int:
        """Write what was written here into the base's file; how many bytes.  DiskError.

        Nothing changes for the guest.  Older snapshots of the machine no longer fit the file.
        """
        pieces = [
            (number * CLUSTER, data[: self.size - number * CLUSTER])
            for number, data in sorted(self.clusters.items())
        ]
        self.base.overwrite(pieces)
        return sum(len(data) for _, data in pieces)

    def discard(self, offset: int, size: int) -> None:
        self.write_zeroes(offset, size, unmap=True)

    def write_zeroes(self, offset: int, size: int, unmap: bool) -> None:
        end = offset + size
        while offset < end:
            number, start = divmod(offset, CLUSTER)
            length = min(CLUSTER - start, end - offset)
            if length == CLUSTER:
                self.clusters[number] = ZERO_CLUSTER
            else:
                self._change(number, start, ZERO_CLUSTER[:length])
            offset += length


def _pieces(offset: int, views: Sequence[memoryview]) -> Iterator[tuple[int, int, memoryview]]:
    """Cut at cluster borders: number, start in the cluster, bytes."""
    for view in views:
        done = 0
        while done < len(view):
            number, start = divmod(offset, CLUSTER)
            piece = view[done : done + CLUSTER - start]
            yield number, start, piece
            done += len(piece)
            offset += len(piece)

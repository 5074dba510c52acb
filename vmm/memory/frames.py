"""Host memory that backs guest RAM: a memfd, mapped shared.

The same frames can be mapped into several engines, kept read-only, or cloned
copy-on-write, because they have a file descriptor of their own.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import weakref
from typing import ClassVar

PAGE = 4096  # bytes: the unit of copying and tracking
LABEL = 60  # characters of a name that are kept
DROPPED = 32  # so many frames may be left over before it is looked for those that nobody holds


class Frames:
    """``size`` bytes of zeroed host memory (rounded up to whole pages)."""

    _open: ClassVar[weakref.WeakSet[Frames]] = weakref.WeakSet()
    _collect_at: ClassVar[int] = DROPPED

    def __init__(self, size: int, name: str = "guest-ram") -> None:
        if size <= 0:
            raise ValueError(f"memory size must be positive, not {size}")
        self._collect_dropped()
        self.size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        label = "".join(c if c.isalnum() else "-" for c in name)[:LABEL]  # for /proc/PID/maps
        self.descriptor = os.memfd_create(label, os.MFD_CLOEXEC)
        weakref.finalize(self, os.close, self.descriptor)
        os.ftruncate(self.descriptor, self.size)
        self.map = mmap.mmap(self.descriptor, self.size)
        self.view = memoryview(self.map)
        self._anchor = ctypes.c_char.from_buffer(self.map)
        self.address = ctypes.addressof(self._anchor)
        self.touched: set[int] | None = None  # pages the host wrote to, while somebody tracks
        self.writes = 0  # of the host
        self._open.add(self)

    @classmethod
    def _collect_dropped(cls) -> None:
        """A machine that nobody holds is a circle of objects.  Python looks for those when it has
        made many others, and knows nothing of the files and the memory that these keep."""
        if len(cls._open) >= cls._collect_at:
            gc.collect()
            cls._collect_at = len(cls._open) + max(DROPPED, len(cls._open))

    def wrote(self, start: int, size: int) -> None:
        """The host has written bytes ``start`` to ``start + size``."""
        self.writes += 1
        if self.touched is not None and size:
            self.touched.update(range(start // PAGE, (start + size - 1) // PAGE + 1))

    def populated(self) -> list[range]:
        """The pages that have ever been written to, as ranges; all others hold zeros."""
        ranges, at = [], 0
        while at < self.size:
            try:
                start = os.lseek(self.descriptor, at, os.SEEK_DATA)
            except OSError:  # ENXIO: a hole to the end
                break
            at = os.lseek(self.descriptor, start, os.SEEK_HOLE)
            ranges.append(range(start // PAGE, -(-at // PAGE)))
        return ranges

    def clear(self, offset: int, size: int) -> None:
        """Zero a stretch; whole pages of it go back to the host."""
        self.wrote(offset, size)
        start, end = -(-offset // mmap.PAGESIZE) * mmap.PAGESIZE, (offset + size) & -mmap.PAGESIZE
        if start >= end:
            self.view[offset : offset + size] = bytes(size)
            return
        self.map.madvise(mmap.MADV_REMOVE, start, end - start)
        self.view[offset:start] = bytes(start - offset)
        self.view[end : offset + size] = bytes(offset + size - end)


class Contents:
    """The bytes of a stretch of frames, for a device that changes them: a flash memory."""

    def __init__(self, frames: Frames, start: int, size: int) -> None:
        self._frames, self._start, self._size = frames, start, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, where: slice) -> bytes:
        start, stop, _ = where.indices(self._size)
        return bytes(self._frames.view[self._start + start : self._start + stop])

    def __setitem__(self, where: slice, data: bytes) -> None:
        start, stop, _ = where.indices(self._size)
        self._frames.view[self._start + start : self._start + stop] = data
        self._frames.wrote(self._start + start, stop - start)

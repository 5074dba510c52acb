"""Host memory that backs guest RAM: a memfd, mapped shared.

The same frames can be mapped into several engines, kept read-only, or cloned
copy-on-write, because they have a file descriptor of their own.
"""

from __future__ import annotations

import ctypes
import mmap
import os

LABEL = 60  # characters of a name that are kept


class Frames:
    """``size`` bytes of zeroed host memory (rounded up to whole pages)."""

    def __init__(self, size: int, name: str = "guest-ram") -> None:
        if size <= 0:
            raise ValueError(f"memory size must be positive, not {size}")
        self.size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        label = "".join(c if c.isalnum() else "-" for c in name)[:LABEL]  # for /proc/PID/maps
        self.descriptor = os.memfd_create(label, os.MFD_CLOEXEC)
        os.ftruncate(self.descriptor, self.size)
        self.map = mmap.mmap(self.descriptor, self.size)
        self.view = memoryview(self.map)
        self._anchor = ctypes.c_char.from_buffer(self.map)
        self.address = ctypes.addressof(self._anchor)

    def clear(self, offset: int, size: int) -> None:
        """Zero a stretch; whole pages of it go back to the host."""
        start, end = -(-offset // mmap.PAGESIZE) * mmap.PAGESIZE, (offset + size) & -mmap.PAGESIZE
        if start >= end:
            self.view[offset : offset + size] = bytes(size)
            return
        self.map.madvise(mmap.MADV_REMOVE, start, end - start)
        self.view[offset:start] = bytes(start - offset)
        self.view[end : offset + size] = bytes(offset + size - end)

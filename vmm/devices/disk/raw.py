# SPDX-License-Identifier: GPL-2.0-or-later
"""Raw disk images: a file whose bytes are the disk's.

A file that does not end with a sector is as long as if it did: what is missing
reads as zeros, and a write there makes the file longer.  An image is locked
while it is used: for writing by one, for reading by any number.
"""

from __future__ import annotations

import ctypes as C
import errno
import fcntl
import os
import stat
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path

from vmm.devices.disk.disk import SECTOR, DiskError
from vmm.machine.system_error import reason

IOV_MAX = 1024  # buffers in one system call
FORMATS = (  # magic number, where it is, what has it
    (b"QFI\xfb", 0, "qcow2"), (b"KDMV", 0, "VMDK"), (b"conectix", 0, "VHD"),
    (b"vhdxfile", 0, "VHDX"), (b"QED\0", 0, "QED"), (b"\x7f\x10\xda\xbe", 64, "VDI"),
)
PUNCH, ZERO, KEEP_SIZE = 0x02, 0x10, 0x01  # FALLOC_FL_*
ZEROS = memoryview(bytes(1 << 20))
UNSUPPORTED = (errno.EOPNOTSUPP, errno.ENOSYS, errno.ENODEV)


class ImageError(ValueError):
    """A disk image that cannot be used: one line with the file."""


def _fallocate(descriptor: int, mode: int, offset: int, size: int) -> bool:
    """Change the allocation of a range; False if this file cannot have it changed."""
    libc = C.CDLL(None, use_errno=True)
    libc.fallocate.argtypes = [C.c_int, C.c_int, C.c_int64, C.c_int64]
    if libc.fallocate(descriptor, mode, offset, size) == 0:
        return True
    code = C.get_errno()
    if code in UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code))


class RawDisk:
    """A raw image file (or block device)."""

    def __init__(self, path: Path, read_only: bool, probe: bool = False) -> None:
        """``probe`` refuses files that look like another format.  ImageError."""
        self.name = str(path)
        self.read_only = read_only
        try:
            flags = os.O_RDONLY if read_only else os.O_RDWR
            self.descriptor = os.open(path, flags | os.O_CLOEXEC)
        except OSError as error:
            writable = error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS)
            what = "" if read_only or writable else " (readonly=on or snapshot=on only reads it)"
            raise ImageError(f"{path}: {reason(error)}{what}") from error
        close = weakref.finalize(self, os.close, self.descriptor)
        try:
            self._check(path, probe)
        except OSError as error:
            close()
            raise ImageError(f"{path}: {reason(error)}") from error
        except ImageError:
            close()
            raise

    def _check(self, path: Path, probe: bool) -> None:
        mode = os.fstat(self.descriptor).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
            raise ImageError(f"{path}: neither a file nor a block device")
        self._lock(path)
        self.file_size = os.lseek(self.descriptor, 0, os.SEEK_END)
        if not self.file_size:
            raise ImageError(f"{path}: an empty disk image")
        self.size = -(-self.file_size // SECTOR) * SECTOR
        if probe:
            head = os.pread(self.descriptor, 128, 0)
            for magic, at, name in FORMATS:
                if head[at : at + len(magic)] == magic:
                    raise ImageError(
                        f"{path}: looks like a {name} image, and only raw images can be used; "
                        "format=raw takes it as it is"
                    )

    def _lock(self, path: Path) -> None:
        kind = fcntl.LOCK_SH if self.read_only else fcntl.LOCK_EX
        try:
            fcntl.flock(self.descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ImageError(f"{path}: in use by another machine") from error

    def overwrite(self, pieces: Iterable[tuple[int, bytes]]) -> None:
        """Change the file (offset, bytes) though this disk only reads it; DiskError.

        Nobody else may have it open meanwhile.  It is written when this returns.
        """
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with open(self.name, "r+b", buffering=0) as file:
                for offset, data in pieces:
                    view = memoryview(data)
                    while view:
                        done = os.pwrite(file.fileno(), view, offset)
                        view, offset = view[done:], offset + done
                os.fdatasync(file.fileno())
        except BlockingIOError as error:
            raise DiskError(f"{self.name}: in use by another machine") from error
        except OSError as error:
            raise DiskError(f"{self.name}: {reason(error)}") from error
        finally:
            fcntl.flock(self.descriptor, fcntl.LOCK_SH)

    # -- transfers --------------------------------------------------------------

    def read(self, offset: int, views: Sequence[memoryview]) -> None:
        try:
            done = self._all(os.preadv, offset, views)
        except OSError as error:
            raise DiskError(f"{self.name}: {reason(error)}") from error
        wanted = sum(map(len, views))
        if done == wanted:
            return
        if offset + done < self.file_size:
            raise DiskError(f"{self.name}: ends at byte {offset + done} of {self.file_size}")
        skip = done  # the rest of a short last sector
        for view in views:
            if skip < len(view):
                view[skip:] = bytes(len(view) - skip)
            skip = max(0, skip - len(view))

    def write(self, offset: int, views: Sequence[memoryview]) -> None:
        try:
            done = self._all(os.pwritev, offset, views)
        except OSError as error:
            raise DiskError(f"{self.name}: {reason(error)}") from error
        if done != sum(map(len, views)):
            raise DiskError(f"{self.name}: no room for what is written")
        self.file_size = max(self.file_size, offset + done)

    def _all(self, call, offset: int, views: Sequence[memoryview]) -> int:  # type: ignore[no-untyped-def]
        """Call preadv or pwritev until all is done or nothing more is; bytes done."""
        done = 0
        left = list(views)
        while left:
            moved = call(self.descriptor, left[:IOV_MAX], offset + done)
            if moved <= 0:
                break
            done += moved
            while left and moved >= len(left[0]):
                moved -= len(left.pop(0))
            if left and moved:
                left[0] = left[0][moved:]
        return done

    def flush(self) -> None:
        if self.read_only:
            return
        try:
            os.fdatasync(self.descriptor)
        except OSError as error:
            raise DiskError(f"{self.name}: {reason(error)}") from error

    def discard(self, offset: int, size: int) -> None:
        self._change(PUNCH | KEEP_SIZE, offset, size)

    def write_zeroes(self, offset: int, size: int, unmap: bool) -> None:
        if self._change((PUNCH if unmap else ZERO) | KEEP_SIZE, offset, size):
            return
        end = offset + size
        while offset < end:
            piece = ZEROS[: end - offset]
            self.write(offset, [piece])
            offset += len(piece)

    def _change(self, mode: int, offset: int, size: int) -> bool:
        try:
            return _fallocate(self.descriptor, mode, offset, size)
        except OSError as error:
            raise DiskError(f"{self.name}: {reason(error)}") from error

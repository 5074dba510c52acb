# SPDX-License-Identifier: GPL-2.0-or-later
"""A cpio archive of the "newc" format, as Linux unpacks into its first root file system.

Format: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.  Owner is root, all
times are 0 and inode numbers count up, so the same content is always the same archive; making one
needs no rights.
"""

from __future__ import annotations

from pathlib import PurePosixPath

DIRECTORY, FILE, LINK, CHARACTER_DEVICE = 0o040000, 0o100000, 0o120000, 0o020000


class Archive:
    """Files in the order in which they are added, their folders before them."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._paths: set[str] = set()

    def directory(self, path: str) -> None:
        """An empty folder, and those above it."""
        for part in [*reversed(PurePosixPath(path).parents), PurePosixPath(path)]:
            if str(part) not in (".", *self._paths):
                self._entry(str(part), DIRECTORY | 0o755)

    def file(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """A file; ``mode`` holds its permission bits."""
        self._below(path)
        self._entry(path, FILE | mode, content)

    def link(self, path: str, target: str) -> None:
        """A symbolic link."""
        self._below(path)
        self._entry(path, LINK | 0o777, target.encode())

    def character_device(self, path: str, major: int, minor: int) -> None:
        """A character device that all may use."""
        self._below(path)
        self._entry(path, CHARACTER_DEVICE | 0o666, device=(major, minor))

    def finish(self) -> bytes:
        """The whole archive, with its trailer."""
        self._entry("TRAILER!!!", 0)
        return bytes(self._data)

    def _below(self, path: str) -> None:
        self.directory(str(PurePosixPath(path).parent))

    def _entry(
        self, path: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)
    ) -> None:
        if path in self._paths:
            raise ValueError(f"{path} is in the archive already")
        self._paths.add(path)
        name = path.encode() + b"\0"
        links = 2 if mode & 0o170000 == DIRECTORY else 1
        inode, owner, group, time, checksum = len(self._paths), 0, 0, 0, 0
        fields = (inode, mode, owner, group, links, time, len(content), 0, 0, *device, len(name),
                  checksum)
        self._data += b"070701" + b"".join(b"%08X" % field for field in fields)
        for part in (name, content):
            self._data += part
            self._data += bytes(-len(self._data) % 4)

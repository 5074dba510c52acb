# SPDX-License-Identifier: GPL-2.0-or-later
"""A snapshot's file: a fixed header, then JSON and pages of memory, compressed.

The header has a magic number, the version, and the length and SHA-256 of what
follows, which is one zstandard frame: the length of the JSON text (4 bytes,
little-endian), the text, and the pages it lists.  A file is written beside its
place and renamed when it is safely on the disk: there is always a whole one.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import zstandard

from vmm.memory.frames import PAGE

MAGIC, VERSION = b"vmmSNAP\x1a", 2
HEADER = struct.Struct("<8sIIQ32s")  # magic, version, reserved, length, SHA-256
TEXT_MAX = 256 << 20  # bytes of JSON
LEVEL = 3


class FileError(ValueError):
    """A file that is no snapshot, or a damaged one: what is wrong with it."""


def write(path: Path, text: dict[str, Any], pages: Iterable[bytes]) -> None:
    """Write a file, or leave what was there; OSError if it cannot be written."""
    with replacing(path) as file:
        _write(file, text, pages)


def place(path: Path) -> Path:
    """Where a file of that name is to be written, links followed; OSError if it cannot be."""
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    if not os.access(path.parent, os.W_OK):
        code = errno.EACCES if path.parent.is_dir() else errno.ENOENT
        raise OSError(code, os.strerror(code), str(path))
    return path


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of ``path`` once it is written, or leaves what was there.

    A link stays one, and what is no regular file is refused: OSError.
    """
    path = place(path)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write(file: IO[bytes], text: dict[str, Any], pages: Iterable[bytes]) -> None:
    data = json.dumps(text, separators=(",", ":")).encode()
    file.write(bytes(HEADER.size))
    with zstandard.ZstdCompressor(level=LEVEL).stream_writer(file, closefd=False) as packed:
        packed.write(struct.pack("<I", len(data)))
        packed.write(data)
        for page in pages:
            packed.write(page)
    length = file.tell() - HEADER.size
    file.seek(HEADER.size)
    digest = _digest(file)
    file.seek(0)
    file.write(HEADER.pack(MAGIC, VERSION, 0, length, digest))


def _digest(file: IO[bytes]) -> bytes:
    sha = hashlib.sha256()
    while block := file.read(1 << 20):
        sha.update(block)
    return sha.digest()


def read(path: Path) -> tuple[dict[str, Any], IO[bytes], Any]:
    """The JSON of a file that is whole, the open file, and a reader that is at its pages."""
    file = path.open("rb")
    try:
        head = file.read(HEADER.size)
        if head[:8] != MAGIC:
            raise FileError("not a snapshot")
        if len(head) < HEADER.size:
            raise FileError("a damaged snapshot: it is cut off")
        _, version, _, length, digest = HEADER.unpack(head)
        if version != VERSION:
            raise FileError(f"a snapshot of version {version}; this vmm reads version {VERSION}")
        if os.fstat(file.fileno()).st_size != HEADER.size + length:
            raise FileError("a damaged snapshot: its length is wrong")
        if _digest(file) != digest:
            raise FileError("a damaged snapshot: its checksum is wrong")
        file.seek(HEADER.size)
        reader = zstandard.ZstdDecompressor().stream_reader(file)
        (size,) = struct.unpack("<I", exactly(reader, 4))
        if size > TEXT_MAX:
            raise FileError("a damaged snapshot: its description is too long")
        text = json.loads(exactly(reader, size))
        if not isinstance(text, dict):
            raise FileError("a damaged snapshot: its description is none")
    except (zstandard.ZstdError, ValueError, RecursionError) as error:
        file.close()
        if isinstance(error, FileError):
            raise
        raise FileError("a damaged snapshot: its content cannot be read") from error
    except BaseException:
        file.close()
        raise
    return text, file, reader


def exactly(reader: Any, size: int) -> bytes:
    """``size`` bytes of what a file holds."""
    data = bytearray()
    while len(data) < size:
        block = reader.read(size - len(data))
        if not block:
            raise FileError("a damaged snapshot: it is cut off")
        data += block
    return bytes(data)


def read_page(reader: Any) -> bytes:
    """The next page."""
    return exactly(reader, PAGE)

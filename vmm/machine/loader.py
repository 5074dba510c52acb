"""Loading guest programs: ELF files and flat images.

A bad file gets one line that names the file and what is wrong with it
(`LoadError`); nothing is half loaded.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from vmm.machine.elf import ET_DYN, ET_EXEC, MAGIC, ElfError, ElfFile, identity
from vmm.machine.symbols import Symbol
from vmm.machine.system_error import reason

# e_machine values and what we call them (ELF specification; 18 is V8 code for a V9 ABI)
MACHINES = {2: "sparc", 18: "sparc", 40: "arm", 3: "x86", 6: "x86"}
KINDS = {8: "MIPS", 20: "PowerPC", 43: "SPARC V9", 62: "x86-64", 183: "AArch64", 243: "RISC-V"}
TYPES = {0: "of no type", 1: "an object file", 4: "a core dump"}
LARGEST = 1 << 30  # bytes of a file


class LoadError(ValueError):
    """A guest file that cannot be loaded: which file, and why."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes for a physical address; ``size`` beyond the data is zeroed."""

    address: int
    data: bytes | memoryview
    size: int


@dataclass(frozen=True, slots=True)
class Image:
    """A program read from a file."""

    path: Path
    architecture: str | None  # None: a flat image says nothing
    entry: int
    segments: tuple[Segment, ...]
    symbols: tuple[Symbol, ...]
    byteorder: str | None = None


def read(path: Path) -> bytes:
    """A file's bytes; LoadError if it cannot be read, is empty or is no file of this world."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            is_device, size = stat.S_ISCHR(found.st_mode), found.st_size
            # Some devices never end.
            data = b"" if is_device or size > LARGEST else file.read(LARGEST + 1)
    except OSError as error:
        raise LoadError(f"{path}: {reason(error)}") from error
    except ValueError as error:  # a NUL in the name
        raise LoadError(f"{path}: {error}") from error
    if is_device:
        raise LoadError(f"{path}: a device, not a file")
    if max(size, len(data)) > LARGEST:
        raise LoadError(f"{path}: larger than {LARGEST >> 20} MiB")
    if not data:
        raise LoadError(f"{path}: the file is empty")
    return data


def is_elf(data: bytes) -> bool:
    """Whether the bytes begin as an ELF file."""
    return data[:4] == MAGIC


def elf(path: Path, data: bytes) -> Image:
    """Read an ELF executable."""
    try:
        return _elf(path, data)
    except ElfError as error:
        raise LoadError(f"{path}: {error}") from error


def _elf(path: Path, data: bytes) -> Image:
    says = identity(data)
    if says.machine not in MACHINES:
        kind = KINDS.get(says.machine, f"machine {says.machine}")
        raise LoadError(f"{path}: an ELF file for {kind}, which vmm does not run")
    if says.bits != 32:
        raise LoadError(f"{path}: a {says.bits}-bit ELF file; vmm runs 32-bit guests")
    if says.kind not in (ET_EXEC, ET_DYN):
        kind = TYPES.get(says.kind, f"of type {says.kind}")
        raise LoadError(f"{path}: not an executable ELF file ({kind}); link it first")
    file = ElfFile(data)
    segments = tuple(Segment(s.physical, s.data, s.size) for s in file.segments())
    try:
        symbols = file.symbols()
    except ElfError:
        symbols = ()  # a damaged symbol table costs names, not the run
    return Image(path, MACHINES[says.machine], file.entry, segments, symbols, says.byteorder)


def flat(path: Path, data: bytes, address: int) -> Image:
    """A flat image that is loaded and entered at ``address``."""
    return Image(path, None, address, (Segment(address, data, len(data)),), ())

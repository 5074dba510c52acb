"""Loading guest programs: ELF files and flat images.

A bad file gets one line that names the file and what is wrong with it
(`LoadError`); nothing is half loaded.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from vmm.machine.symbols import Symbol

# e_machine values and what we call them (ELF specification; SPARC32PLUS is V8 code for a V9 ABI)
MACHINES = {
    "EM_SPARC": "sparc",
    "EM_SPARC32PLUS": "sparc",
    "EM_ARM": "arm",
    "EM_386": "x86",
    "EM_486": "x86",
}
KINDS = {
    "EM_X86_64": "x86-64",
    "EM_AARCH64": "AArch64",
    "EM_SPARCV9": "SPARC V9",
    "EM_RISCV": "RISC-V",
    "EM_PPC": "PowerPC",
    "EM_MIPS": "MIPS",
}


# What pyelftools raises when a file lies about itself
BROKEN = (
    ELFError, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError,
    MemoryError,
)


class LoadError(ValueError):
    """A guest file that cannot be loaded: which file, and why."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes for a physical address; ``size`` beyond the data is zeroed."""

    address: int
    data: bytes
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
    """A file's bytes; LoadError if it cannot be read or is empty."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LoadError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    if not data:
        raise LoadError(f"{path}: the file is empty")
    return data


def is_elf(data: bytes) -> bool:
    """Whether the bytes begin as an ELF file."""
    return data[:4] == b"\x7fELF"


def elf(path: Path, data: bytes) -> Image:
    """Read an ELF executable."""
    try:
        return _elf(path, data)
    except LoadError:
        raise
    except BROKEN as error:
        reason = str(error) or type(error).__name__
        raise LoadError(f"{path}: broken ELF file: {reason}") from error


def _elf(path: Path, data: bytes) -> Image:
    file = ELFFile(io.BytesIO(data))
    machine = file["e_machine"]
    if machine not in MACHINES:
        kind = KINDS.get(machine, machine)
        raise LoadError(f"{path}: an ELF file for {kind}, which vmm does not run")
    if file.elfclass != 32:
        raise LoadError(f"{path}: a {file.elfclass}-bit ELF file; vmm runs 32-bit guests")
    if file["e_type"] not in ("ET_EXEC", "ET_DYN"):
        raise LoadError(f"{path}: not an executable ELF file ({file['e_type']}); link it first")
    segments = []
    for segment in file.iter_segments("PT_LOAD"):
        offset, size, memory = segment["p_offset"], segment["p_filesz"], segment["p_memsz"]
        if memory == 0:
            continue
        if offset + size > len(data):
            raise LoadError(
                f"{path}: truncated: a segment of {size} bytes at offset {offset:#x} "
                f"ends beyond the file's {len(data)} bytes"
            )
        if memory < size or segment["p_paddr"] + memory > 1 << 32:
            raise LoadError(f"{path}: broken ELF file: a segment of {memory} bytes holding {size}")
        segments.append(Segment(segment["p_paddr"], data[offset : offset + size], memory))
    if not segments:
        raise LoadError(f"{path}: an ELF file with nothing to load")
    symbols = []
    try:
        for section in file.iter_sections():
            if isinstance(section, SymbolTableSection):
                for symbol in section.iter_symbols():
                    kind = symbol["st_info"]["type"]
                    if symbol.name and kind in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE") and (
                        symbol["st_shndx"] not in ("SHN_UNDEF", "SHN_ABS")
                    ) and not symbol.name.startswith("$"):
                        symbols.append(Symbol(symbol["st_value"], symbol["st_size"], symbol.name))
    except BROKEN:
        symbols = []  # a stripped or damaged symbol table costs names, not the run
    return Image(
        path, MACHINES[machine], file["e_entry"], tuple(segments), tuple(symbols),
        "little" if file.little_endian else "big",
    )


def flat(path: Path, data: bytes, address: int) -> Image:
    """A flat image that is loaded and entered at ``address``."""
    return Image(path, None, address, (Segment(address, data, len(data)),), ())

# SPDX-License-Identifier: GPL-2.0-or-later
"""Which board an ELF file is for: what its note says, else what its machine tells.

A guest names its board in a note (ELF specification, "Note Section") of owner
``vmm`` and type 1, whose descriptor is what `-M` takes: ``virt,secure=on``.
"""

from __future__ import annotations

import io
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import NoteSection

from vmm.boards import BOARDS
from vmm.machine import loader

OWNER, BOARD = "vmm", 1


def board(path: Path) -> str:
    """The board, with properties; "" if it is no ELF file.  LoadError if it cannot be read."""
    data = loader.read(path)
    if not loader.is_elf(data):
        return ""
    try:
        file = ELFFile(io.BytesIO(data))
        architecture = loader.MACHINES.get(file["e_machine"])
        for section in file.iter_sections():
            if isinstance(section, NoteSection):
                for note in section.iter_notes():
                    if note["n_name"] == OWNER and note["n_type"] in (BOARD, "NT_GNU_ABI_TAG"):
                        return _text(note["n_descdata"])
    except loader.BROKEN as error:
        raise loader.LoadError(f"{path}: broken ELF file: {error}") from error
    for info in BOARDS.values():
        if info.architecture == architecture:
            return info.name
    raise loader.LoadError(
        f"{path}: an ELF file for {loader.KINDS.get(file['e_machine'], file['e_machine'])}, "
        "which vmm does not run"
    )


def _text(data: bytes) -> str:
    return data.split(b"\0")[0].decode(errors="replace")

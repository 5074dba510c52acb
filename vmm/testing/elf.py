# SPDX-License-Identifier: GPL-2.0-or-later
"""Which board an ELF file is for: what its note says, else what its machine tells.

A guest names its board in a note (ELF specification, "Note Section") of owner
``vmm`` and type 1, whose descriptor is what `-M` takes: ``virt,secure=on``.
"""

from __future__ import annotations

from pathlib import Path

from vmm.boards import BOARDS
from vmm.machine import elf, loader

OWNER, BOARD = b"vmm\0", 1


def board(path: Path) -> str:
    """The board, with properties; "" if it is no ELF file.  LoadError if it cannot be read."""
    data = loader.read(path)
    if not loader.is_elf(data):
        return ""
    try:
        machine = elf.identity(data).machine
        architecture = loader.MACHINES.get(machine)
        if architecture is not None:
            for owner, kind, text in elf.ElfFile(data).notes():
                if (owner, kind) == (OWNER, BOARD):
                    return text.rstrip(b"\0").decode(errors="replace")
    except elf.ElfError as error:
        raise loader.LoadError(f"{path}: {error}") from error
    for info in BOARDS.values():
        if info.architecture == architecture:
            return info.name
    kind_name = loader.KINDS.get(machine, f"machine {machine}")
    raise loader.LoadError(f"{path}: an ELF file for {kind_name}, which vmm does not run")

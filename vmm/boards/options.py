"""What a user can choose when a machine is built, as QEMU's options spell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


class BoardError(ValueError):
    """A choice that does not fit: one line that says what and what would."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options that shape a machine; None takes the board's default."""

    board: str  # -M NAME, without its properties
    properties: dict[str, str] = field(default_factory=dict)  # -M NAME,key=value
    cpu: str | None = None
    ram: int | None = None  # bytes
    kernel: Path | None = None
    bios: Path | None = None
    append: str = ""
    boot_menu: bool = False  # -boot menu=on: firmware offers to choose what to boot
    debugcon: bool = False  # somebody listens to the firmware's debug port
    semihosting: bool = True
    bare: bool = False  # nothing is loaded: a snapshot fills the memory

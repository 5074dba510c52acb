"""What a user can choose when a machine is built, as QEMU's options spell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from vmm.boards.attachments import Attachment, Drive


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
    initrd: Path | None = None  # Linux' initial RAM disk; a multiboot kernel's module
    processors: int = 1  # -smp
    boot_menu: bool = False  # -boot menu=on: firmware offers to choose what to boot
    debugcon: bool = False  # somebody listens to the firmware's debug port
    semihosting: bool = True
    drives: tuple[Drive, ...] = ()  # -drive
    devices: tuple[Attachment, ...] = ()  # -device
    objects: tuple[Attachment, ...] = ()  # -object
    reboots: bool = False  # -action reboot=reset
    bare: bool = False  # nothing is loaded: a snapshot fills the memory


def board_and_properties(text: str) -> tuple[str, dict[str, str]]:
    """``virt,secure=on`` as a name and its properties; BoardError for what is not written so."""
    name, *words = text.split(",")
    properties = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise BoardError(f"{text}: a property is written key=value, not {word!r}")
        properties[key] = value
    return name, properties

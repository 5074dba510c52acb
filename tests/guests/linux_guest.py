# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's Linux as a guest with a shell, on the boards that boot it; `make linux` fetches it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmm import Machine

IMAGES = Path(__file__).resolve().parent.parent.parent / "build" / "linux"
PROMPT = "/root # "


@dataclass(frozen=True)
class Board:
    """One board with its kernel, and what virtio devices are called there."""

    name: str
    images: Path
    console: str
    transport: str

    def machine(self, append: str = "", **options: object) -> Machine:
        """A machine at the prompt of its shell."""
        settings: dict[str, Any] = {
            "kernel": self.images / "vmlinuz", "initrd": self.images / "initrd", "ram": "256M",
            "append": f"console={self.console} quiet {append}", **options,
        }
        m = Machine(self.name, **settings)
        m.expect(PROMPT, timeout=60)
        m.type("stty cols 999\n")  # the shell breaks what it echoes at the end of a line
        m.expect(PROMPT, timeout=10)
        return m

    def device(self, kind: str, *properties: str) -> str:
        """A ``-device``."""
        return ",".join((f"virtio-{kind}-{self.transport}", *properties))


ARM = Board("virt", IMAGES / "arm", "ttyAMA0", "device")
I386 = Board("pc", IMAGES / "i386", "ttyS0", "pci")


def ask(m: Machine, command: str, timeout: float = 60) -> str:
    """What a command prints in the guest's shell, without carriage returns."""
    m.type(f"{command}; echo '<'done'>'\n")
    before = len(m.output)
    m.expect("<done>\r\n", timeout=timeout)
    shown = m.output[before:].replace("\r", "")
    m.expect(PROMPT, timeout=10)
    return shown[shown.index("'>'\n") + 4 : shown.rindex("<done>")].rstrip("\n")

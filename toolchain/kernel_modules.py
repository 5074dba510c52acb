# SPDX-License-Identifier: GPL-2.0-or-later
"""The modules of a Linux kernel package: which need which, and by which names they are asked for.

A module says so itself, in its `.modinfo` section (Linux, include/linux/moduleinfo.h): NUL-ended
texts `depends=NAME,NAME`, `alias=PATTERN`, `softdep=pre: NAME`.  Debian's packages leave reading
them to `depmod` on the machine where they are installed.
"""

from __future__ import annotations

from pathlib import Path

from elftools.elf.elffile import ELFFile


class Modules:
    """The modules below ``lib/modules/RELEASE`` of an unpacked kernel package."""

    def __init__(self, root: Path) -> None:
        (self.folder,) = sorted((root / "lib" / "modules").iterdir())
        self.release = self.folder.name
        self._files = {_name(file.stem): file for file in self.folder.rglob("*.ko")}
        built_in = (self.folder / "modules.builtin").read_text().split()
        self._built_in = {_name(Path(path).stem) for path in built_in}

    def path(self, name: str) -> str:
        """Where a module is, relative to the folder of all."""
        return str(self._files[name].relative_to(self.folder))

    def content(self, name: str) -> bytes:
        """A module's file."""
        return self._files[name].read_bytes()

    def closure(self, names: list[str]) -> list[str]:
        """These modules and all that they need, what is needed first; without those built in."""
        order: list[str] = []
        for name in names:
            self._add(_name(name), order)
        return order

    def _add(self, name: str, order: list[str]) -> None:
        if name in self._built_in or name in order:
            return
        if name not in self._files:
            raise ValueError(f"Linux {self.release} has no module {name}")
        for needed in self.needs(name):
            self._add(needed, order)
        order.append(name)

    def needs(self, name: str) -> list[str]:
        """What a module needs directly, modules built in among it."""
        listed = [text.split(",") for text in self._said(name, "depends")]
        return [_name(needed) for names in listed for needed in names if needed]

    def dependencies(self, names: list[str]) -> str:
        """`modules.dep`: each module's path, and those of all it needs, the nearest first."""
        lines = []
        for name in names:
            needed = self.closure([name])[-2::-1]
            lines.append(f"{self.path(name)}:" + "".join(f" {self.path(each)}" for each in needed))
        return "\n".join(lines) + "\n"

    def aliases(self, names: list[str]) -> str:
        """`modules.alias`: by which patterns the kernel asks for each module."""
        return "".join(
            f"alias {alias} {name}\n" for name in names for alias in self._said(name, "alias"))

    def _said(self, name: str, key: str) -> list[str]:
        with self._files[name].open("rb") as file:
            section = ELFFile(file).get_section_by_name(".modinfo")
            texts = section.data().decode().split("\0")
        start = f"{key}="
        return [text[len(start):] for text in texts if text.startswith(start)]


def _name(text: str) -> str:
    return text.replace("-", "_")

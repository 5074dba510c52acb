# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes docs/board-BOARD.md from the boards themselves: what is where, wired to what, modelled how.

`python docs/board_pages.py` (or `make board-pages`), from the top of the checkout.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from vmm import boards
from vmm.boards import BoardInfo, Options, virtio
from vmm.devices.pci import ConfigMechanism
from vmm.machine.bus import AddressSpace, Placed
from vmm.machine.line import Line, Source
from vmm.machine.machine import Machine

TOP = Path(__file__).resolve().parent.parent
# Their wires go to the processor, or are other devices' (a speaker looks at the timer).
CONTROLLERS = {
    f"vmm.devices.{name}" for name in ("i8259", "local_apic", "io_apic", "pcspeaker_port")
}
DEEP = 3  # how far inside a device its wires are looked for
MIB = 1 << 20


def text_of(module: str) -> str:
    """What a module says of itself, as Markdown."""
    text = importlib.import_module(module).__doc__ or ""
    return re.sub(r"``([^`]*)``", r"`\1`", text).strip()


def size(number: int) -> str:
    """Bytes in the largest unit that fits."""
    for unit, name in ((MIB, "MiB"), (1 << 10, "KiB")):
        if number % unit == 0 and number:
            return f"{number // unit} {name}"
    return f"{number} B"


def wires(value: Any, depth: int = DEEP) -> Iterator[str]:
    """The ends of the wires that a device drives."""
    if isinstance(value, Source):
        yield value.shared.name
    elif isinstance(value, Line):
        yield value.name
    elif depth and isinstance(value, list | tuple):
        for item in value:
            yield from wires(item, depth - 1)
    elif depth and type(value).__module__.startswith("vmm.devices"):
        names = [*getattr(value, "__dict__", {}), *getattr(type(value), "__slots__", ())]
        for name in names:
            yield from wires(getattr(value, name, None), depth - 1)


def kind(device: Any) -> str:
    """The module that a device is described in."""
    return type(device).__module__


def families(space: AddressSpace) -> list[list[Placed]]:
    """What is placed, those of one kind that follow each other together."""
    def family(placed: Placed) -> tuple[str, str]:
        return kind(placed.device), re.sub(r"\d+$", "", placed.device.name)

    return [list(group) for _, group in groupby(space, family)]


def _map(rows: list[tuple[int, int, str]], head: str) -> Iterator[str]:
    yield f"| {head} | to | what |"
    yield "|---|---|---|"
    digits = 8 if head == "from" else 4
    for start, end, what in sorted(rows):
        yield f"| `{start:0{digits}x}` | `{end - 1:0{digits}x}` | {what} |"
    yield ""


def named(group: list[Placed]) -> str:
    """One device or a row of them."""
    first, last = group[0].device.name, group[-1].device.name
    name = f"`{first}`" if len(group) == 1 else f"`{first}` to `{last}`"
    each = "" if len(group) == 1 else f", {size(group[0].size)} each"
    return f"{name}{each}"


def maps(machine: Machine) -> Iterator[str]:
    """Physical memory, and ports."""
    rows = [
        (m.base, m.end, f"{m.name}{', read only' if m.rom else ''}"
         f"{', secure state only' if m.secure else ''} ({size(m.size)})")
        for m in machine.bus.memory
    ]
    rows += [(g[0].base, g[-1].end, named(g)) for g in families(machine.bus.devices)]
    yield "## Memory map\n"
    yield from _map(rows, "from")
    ports = [(g[0].base, g[-1].end, named(g)) for g in families(machine.bus.ports)]
    if ports:
        yield "## I/O ports\n"
        yield from _map(ports, "port")


def interrupts(machine: Machine) -> Iterator[str]:
    """Which device drives which wire."""
    yield "## Interrupts\n"
    yield "| device | wire |"
    yield "|---|---|"
    for space in (machine.bus.devices, machine.bus.ports):
        for group in families(space):
            names = sorted({n for placed in group for n in wires(placed.device) if n}, key=_number)
            if names and kind(group[0].device) not in CONTROLLERS:
                yield f"| {named(group)} | {_listed(names)} |"
    yield ""


def functions(machine: Machine) -> Iterator[str]:
    """What is on the PCI bus, if there is one."""
    for placed in machine.bus.ports:
        if isinstance(placed.device, ConfigMechanism):
            yield "## PCI\n"
            yield "| device.function | what | vendor:device | class |"
            yield "|---|---|---|---|"
            for (device, function), space in sorted(placed.device.bus.functions.items()):
                words = [int.from_bytes(space.state.space[at : at + 4], "little") for at in (0, 8)]
                yield (f"| {device}.{function} | `{space.name}` | `{words[0] & 0xFFFF:04x}:"
                       f"{words[0] >> 16:04x}` | `{words[1] >> 8:06x}` |")
            yield ""


def _number(name: str) -> tuple[str, int]:
    digits = re.search(r"\d+$", name)
    return name[: digits.start()] if digits else name, int(digits.group()) if digits else 0


def _listed(names: list[str]) -> str:
    if len(names) > 4:
        return f"`{names[0]}` to `{names[-1]}`"
    return ", ".join(f"`{name}`" for name in names)


def devices(machine: Machine) -> Iterator[str]:
    """Each kind of device: what its module says, and its registers."""
    yield "## Devices\n"
    seen: set[str] = set()
    for space in (machine.bus.devices, machine.bus.ports):
        for group in families(space):
            device = group[0].device
            module = kind(device)
            if module not in seen:
                seen.add(module)
                path = module.replace(".", "/")
                yield f"### {device.name}\n"
                yield f"[{path}.py](../{path}.py)\n"
                yield text_of(module) + "\n"
            registers = getattr(device, "registers", ())
            if registers:
                yield f"| `{device.name}` offset | register | access | reset |"
                yield "|---|---|---|---|"
                for r in registers:
                    yield f"| `{r.offset:02x}` | {r.name} | {r.access} | `{r.reset:x}` |"
                yield ""


def additions(board: BoardInfo) -> Iterator[str]:
    """What `-device` and `-drive` add."""
    transport = virtio.PCI if board.name == "pc" else virtio.MMIO
    yield "## Devices that can be added\n"
    yield "virtio 1.2 ([vmm/devices/virtio](../vmm/devices/virtio)), by `-device` and `-drive`:\n"
    for name, make in virtio.KINDS.items():
        takes = (make.__doc__ or "").split(": ", 1)[1].strip().rstrip(".")
        yield f"* `{name}-{transport}`: {takes}"
    yield ""


def differences(board: BoardInfo) -> Iterator[str]:
    """The rows of docs/differences.md that are about a board."""
    document = (TOP / "docs" / "differences.md").read_text(encoding="utf-8")
    section = document.partition("## What a guest can see")[2].partition("\n## ")[0]
    yield "## What differs from QEMU\n"
    yield "Of all boards, and more: [differences.md](differences.md).\n"
    yield "| what | here | QEMU 7.2 | why |"
    yield "|---|---|---|---|"
    for line in section.splitlines():
        cells = line.split("|")
        if len(cells) > 2 and cells[1].strip() == f"`{board.name}`":
            yield "|" + "|".join(cells[2:])
    yield ""


def page(board: BoardInfo) -> str:
    """The whole page."""
    machine = boards.create(Options(board.name, bare=True))
    models = importlib.import_module(f"vmm.cpu.{board.architecture}.models").MODELS
    lines = [
        f"# Board `{board.name}`\n",
        "Made by `make board-pages` from the board itself.\n",
        f"{board.description}. {text_of(board.module)}\n",
        f"Processor `{board.default_cpu}` (`-cpu`: {', '.join(f'`{name}`' for name in models)}), "
        f"{size(board.default_ram)} of RAM (`-m`), {machine.clock.hz // 1_000_000} million "
        "instructions in a virtual second.\n",
        *maps(machine), *interrupts(machine), *functions(machine), *devices(machine),
        *additions(board), *differences(board),
    ]
    return "\n".join(lines).rstrip() + "\n"


def document(board: BoardInfo) -> Path:
    """Where the page is."""
    return TOP / "docs" / f"board-{board.name}.md"


def main() -> int:
    """Write all pages."""
    for board in boards.BOARDS.values():
        document(board).write_text(page(board), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

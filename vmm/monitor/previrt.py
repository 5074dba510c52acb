# SPDX-License-Identifier: GPL-2.0-or-later
"""Pre-virtualization, or soft layering: the guest's build has recorded where its monitor is needed.

After LeVasseur, Uhlig, Chapman, Chubb, Leslie and Heiser, "Pre-virtualization:
Slashing the Cost of Virtualization" (2005).  The afterburner (`toolchain/afterburn`)
left a note of each sensitive instruction; the same file runs on a bare machine,
where the notes mean nothing.  Here, at load,

* every site of the notes is held against the code (`vmm.monitor.verify`): one
  that is wrong, and the guest is refused;
* sites whose work is only on the VCPU page are patched, in the guest's memory, to
  jump into the guest's *wedge*, where an assembled template does it inline and
  jumps back (`vmm.monitor.ARCH.templates`);
* the others keep their instructions, and the native layer does those directly
  where they stand: a call out of the translated code, with no exit;
* stores that a trap profile marked may change the guest's page tables with no
  exit; the memory policy follows before it is next asked.

Nothing scans the kernel.  What no note names traps if it is privileged, and else
is the guest's risk, as it is with every kernel that is not afterburned whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vmm.machine.elf import ElfFile
from vmm.machine.loader import LoadError, read
from vmm.machine.machine import Machine
from vmm.machine.sensitive import STORE
from vmm.machine.sites import Site
from vmm.monitor.base import Monitor, MonitorError
from vmm.monitor.counters import ScanCost
from vmm.monitor.noted import follow_noted
from vmm.monitor.verify import ElfError, SiteError, physical_address, verified_sites
from vmm.monitor.wedge import Wedge
from vmm.monitor.x86 import templates as x86_templates


class Template(Protocol):
    """Code for the wedge; ``original``: offset of an instruction to be done natively."""

    @property
    def code(self) -> bytes: ...
    @property
    def original(self) -> int | None: ...


class Templates(Protocol):
    """An architecture's module of templates."""

    JUMP: int  # bytes
    FILLER: bytes

    def template(self, kind: str, code: bytes, page: int) -> Template | None: ...
    def jump(self, source: int, target: int) -> bytes: ...


TEMPLATES: dict[str, Templates] = {"x86": x86_templates}


@dataclass(frozen=True, slots=True)
class Annotated:
    """A guest's file with notes, held against its code and against what is loaded."""

    path: Path
    data: bytes
    sites: tuple[Site, ...]

    def physical(self, address: int) -> int:
        """Where the loader put a linked address."""
        return physical_address(self.data, address)

    def wedge(self, machine: Machine) -> Wedge | None:
        """The guest's wedge, if it has one that lies as its code does."""
        start = machine.symbols.find("wedge_start")
        if start is None:
            return None
        distances = {self.physical(address) - address
                     for address in (start.address, *(site.address for site in self.sites))}
        return Wedge(machine, distances.pop()) if len(distances) == 1 else None

    def unscanned(self, calls: frozenset[int]) -> Callable[[int], bool]:
        """Whether an instruction at an address is looked at when it is translated.

        In the annotated file those of ``calls``; elsewhere (firmware) all.
        """
        ranges = [(part.virtual, part.virtual + part.size)
                  for part in ElfFile(self.data).segments()]

        def looked_at(address: int) -> bool:
            return address in calls or not any(low <= address < high for low, high in ranges)

        return looked_at


def annotated(machine: Machine) -> Annotated:
    """The guest's annotated file; MonitorError if there is none or its notes are wrong."""
    architecture = machine.processor.architecture
    for path in machine.symbols.files:
        try:
            found = Annotated(path, data := read(path), verified_sites(data, architecture))
        except (ElfError, LoadError, SiteError) as error:
            raise MonitorError(f"{path}: {error}") from None
        if found.sites:
            _check_loaded(machine, found)
            return found
    raise MonitorError(
        "the guest has no note of its sensitive instructions; build it with toolchain/afterburn")


def _check_loaded(machine: Machine, found: Annotated) -> None:
    for site in found.sites:
        place = found.physical(site.address)
        loaded = machine.bus.read_memory(place, site.padded)
        if loaded is None or not loaded.endswith(site.code):
            raise MonitorError(
                f"{found.path}: site {site.address:#x}: not what is in memory at {place:#x}")


class Technique:
    """Patches what the notes record; with ``inline`` off all sites are done natively."""

    name = "previrt"

    def __init__(self, inline: bool = True) -> None:
        self._annotated: Annotated | None = None
        self._inline = inline
        self.cost = ScanCost()
        self.wedge: Wedge | None = None
        self.patched: Counter[str] = Counter()  # sites that jump into the wedge, by kind
        self.direct: Counter[str] = Counter()  # sites that the native layer does

    def refusal(self, machine: Machine) -> str | None:
        """That the guest has no notes, or which is wrong."""
        try:
            self._annotated = annotated(machine)
        except MonitorError as error:
            return str(error)
        return None

    def attach(self, monitor: Monitor) -> None:
        """Patch the guest."""
        assert self._annotated is not None
        templates = TEMPLATES.get(monitor.machine.processor.architecture)
        calls: set[int] = set()
        stores: list[int] = []  # by address, as sites are
        if templates is not None and self._inline:
            wedge = self._annotated.wedge(monitor.machine)
            if wedge is not None:
                self.wedge = wedge
                wedge.share_vcpu_page(monitor.machine)
        for index, site in enumerate(self._annotated.sites):
            following = self._annotated.sites[index + 1 : index + 2]
            if site.kind == STORE:
                stores.append(site.address)
                self.direct[site.kind] += 1
                continue
            place = self._patch(site, following, templates, calls)
            (self.patched if place else self.direct)[site.kind] += 1
            if not place:
                calls.add(site.address)
        monitor.replace_sensitive(self.cost, self._annotated.unscanned(frozenset(calls)))
        if stores:
            assert monitor.engine.virtual is not None
            monitor.engine.virtual.annotate(stores)
            follow_noted(monitor)

    def _patch(
        self, site: Site, following: Sequence[Site], templates: Templates | None, calls: set[int]
    ) -> bool:
        """Have a site do its work in the wedge, if there is a template and room for it."""
        if self.wedge is None or templates is None or site.real_mode:
            return False
        if site.kind == "sti" and following and following[0].address == site.end:
            return False  # with what follows (HLT) it lets no interrupt in between
        made = templates.template(site.kind, site.code, self.wedge.vcpu_page)
        if made is None or not self.wedge.fits(len(made.code) + templates.JUMP):
            return False
        start = self.wedge.next
        leave = start + len(made.code)
        self.wedge.add(made.code + templates.jump(leave, site.end))
        patch = templates.jump(site.address, start)
        self.wedge.write(site.address, patch + templates.FILLER * (site.padded - len(patch)))
        if made.original is not None:
            calls.add(start + made.original)
        return True

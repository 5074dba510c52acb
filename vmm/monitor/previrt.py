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

from dataclasses import dataclass
from pathlib import Path

from vmm.machine.loader import LoadError, read
from vmm.machine.machine import Machine
from vmm.machine.sites import Site
from vmm.monitor.base import Monitor, MonitorError
from vmm.monitor.verify import ElfError, SiteError, physical_address, verified_sites


@dataclass(frozen=True, slots=True)
class Annotated:
    """A guest's file with notes, held against its code and against what is loaded."""

    path: Path
    data: bytes
    sites: tuple[Site, ...]

    def physical(self, address: int) -> int:
        """Where the loader put a linked address."""
        return physical_address(self.data, address)


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
    """Patches what the notes record."""

    name = "previrt"

    def __init__(self) -> None:
        self._annotated: Annotated | None = None
        self.patched: dict[str, int] = {}  # sites that work in the wedge, by kind
        self.direct: dict[str, int] = {}  # sites that the native layer does

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
        for site in self._annotated.sites:
            self.direct[site.kind] = self.direct.get(site.kind, 0) + 1
        monitor.translate_kernel()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Shadow code pages and the translation cache, as Python sees them.

The native layer makes them (vmm/native/src/code_pages.c, code_cache.c); here is what is in
them, and Capstone's opinion of what they were made from: each instruction that our own decoders
find sensitive is decoded by it as well, once for each encoding, when somebody asks for counters.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import capstone

from vmm.cpu.engine import Engine
from vmm.devices.shared import Shared
from vmm.machine.machine import Machine
from vmm.native.code_pages import (
    NativeTemplate,
    SecondOpinion,
    SiteReport,
    TemplateCode,
    WordGuard,
)


class CodeCounts(Shared):
    """What there is, and what became of it (`struct vmm_code_counts`)."""

    pages: int  # shadow pages
    sites: int  # sensitive instructions found
    in_place: int  # of them: replaced by an instruction as long
    cached: int  # ... by a jump into the translation cache; the others by a call of the monitor
    invalidated: int  # sites that went, as the guest had changed their bytes
    emptied: int  # times that all pages went, to make room
    confirmed: int  # sites that Capstone takes for as long
    disputed: int  # ... and for shorter or longer; the others it does not know
    _fields_ = tuple(
        (name, C.c_uint64) for name in (
            "pages", "sites", "in_place", "cached", "invalidated", "emptied", "confirmed",
            "disputed")
    )


@dataclass(frozen=True, slots=True)
class Site:
    """One sensitive instruction as it is executed."""

    address: int  # physical
    form: int
    operation: int
    guest: bytes  # as the guest reads it
    shadow: bytes  # as the shadow page has it
    template: NativeTemplate | None  # its copy in the cache; None: the monitor is called

    @property
    def steps(self) -> list[TemplateCode]:
        """The instructions of the template, in order."""
        return [] if self.template is None else list(self.template.code[: self.template.count])

    @property
    def guards(self) -> list[WordGuard]:
        """What must hold, or the monitor does the instruction."""
        return [] if self.template is None else list(self.template.guard[: self.template.guards])

    @property
    def cached(self) -> bytes:
        """What is executed instead; empty: the monitor is called."""
        return b"".join(bytes(step.code[: step.length]) for step in self.steps)

    @property
    def kind(self) -> str:
        """``in place``, ``cache`` or ``call``."""
        if not self.cached:
            return "call"
        return "in place" if self.cached == self.shadow else "cache"


def counts(engine: Engine) -> CodeCounts | None:
    """None: shadow pages are not kept."""
    if not engine.native.code_pages:
        return None
    address = engine.library.dll.vmm_code_counted(engine.pointer)
    return CodeCounts.from_address(address).clone()


def word_names(
    engine: Engine, words: Callable[[Engine, int, int], Mapping[str, int]]
) -> dict[int, str]:
    """By their addresses, the names that an architecture's templates have for ``words``.

    Shadow pages must be kept already.
    """
    assert engine.virtual is not None
    page = engine.library.dll.vmm_keep_code_pages(engine.pointer)
    places = words(engine, C.addressof(engine.virtual.vcpu), page)
    return {address: name for name, address in places.items()}


def _physical(machine: Machine, host: int) -> int | None:
    for memory in machine.bus.memory:
        at = memory.frames.address + memory.offset
        if at <= host < at + memory.size:
            return memory.base + host - at
    return None


def sites(machine: Machine) -> list[Site]:
    """All sites there are, by their addresses."""
    return sorted(_sites(machine), key=lambda site: (site.address, site.form))


def _sites(machine: Machine) -> Iterator[Site]:
    """In the order of the native layer's table, which host addresses decide."""
    engine, report = machine.engine, SiteReport()
    if not engine.native.code_pages:
        return
    next_site = engine.library.dll.vmm_report_site
    page = 0
    while True:
        index = next_site(engine.pointer, page, 0, C.byref(report))
        if index < 0:
            return
        while index > 0:
            base = _physical(machine, report.host)
            if base is not None:
                yield Site(
                    base + report.offset, report.form, report.operation,
                    bytes(report.guest)[: report.length], bytes(report.shadow)[: report.length],
                    NativeTemplate.from_buffer_copy(report.cached) if report.cached.count else None)
            index = next_site(engine.pointer, page, index, C.byref(report))
        page += 1


class Opinion:
    """Has Capstone decode what is found to be sensitive; ``modes`` of it by form."""

    def __init__(self, engine: Engine, architecture: int, modes: Mapping[int, int]) -> None:
        self._decoders = {mode: capstone.Cs(architecture, mode) for mode in set(modes.values())}
        for decoder in self._decoders.values():  # its tables are made when it is first asked
            list(decoder.disasm_lite(bytes(4), 0, 1))
        self._found = capstone._cs_insn()
        self._opinion = SecondOpinion(
            C.cast(capstone._cs.cs_disasm_iter, C.c_void_p).value, C.addressof(self._found),
            capstone._cs_insn.size.offset)
        for form, mode in modes.items():
            self._opinion.decoders[form] = self._decoders[mode].csh.value
        engine.library.dll.vmm_set_second_opinion(engine.pointer, C.byref(self._opinion))

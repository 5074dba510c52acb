# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest code as it is executed under technique translate.

Below each sensitive instruction stands what is executed in its place: another instruction *in
place*, a template of the translation *cache* with its guards, or a *call* of the monitor
(vmm/monitor/code.py, docs/techniques.md).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

import capstone

from vmm.cpu.x86.state import FLAG_VM
from vmm.debug.explain import code as guest_code
from vmm.debug.explain.view import PAGE, View
from vmm.machine.machine import Machine
from vmm.monitor.arm import decode as arm_decode
from vmm.monitor.code import Site, counts, sites, word_names
from vmm.monitor.sparc import decode as sparc_decode
from vmm.monitor.x86 import decode as x86_decode

SPARC_OWN = ("rd %wim", "rd %tbr", "wr %wim", "wr %tbr")  # right as they are, and no sites
KINDS = ("in place", "cache", "call")


class NotTranslated(ValueError):
    """The guest has no shadow code pages: one line says why."""


def _inline(machine: Machine) -> ModuleType:
    """The templates of the machine's architecture; NotTranslated if its guest has no use for them.
    """
    if not machine.engine.native.code_pages:
        raise NotTranslated("the guest has no shadow code pages: --technique translate")
    return import_module(f"vmm.monitor.{machine.processor.architecture}.inline")


class Executed:
    """What is executed in place of the sensitive instructions that ``machine`` has met so far.

    NotTranslated if its guest runs under another technique, or none.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._inline = _inline(machine)
        self._words = word_names(machine.engine, self._inline.words)
        self.sites = sites(machine)
        self._at: dict[int, list[Site]] = defaultdict(list)
        for site in self.sites:
            self._at[site.address].append(site)

    def lines(self, address: int, count: int) -> list[str]:
        """A listing of ``count`` instructions from a virtual (x86: linear) address."""
        view = View(self._machine)
        found = guest_code.disassemble(self._machine, address, count, view)
        notes = {one.address: self._notes(view, one) for one in found}
        return guest_code.lines(found, self._machine.linear_pc, notes=notes)

    def summary(self) -> list[str]:
        """Lines with the counters of the shadow pages."""
        counted = counts(self._machine.engine)
        assert counted is not None
        called = counted.sites - counted.in_place - counted.cached
        return [
            f"{counted.pages} shadow pages; all were dropped {counted.emptied} times to make room",
            f"{counted.sites} sites: {counted.in_place} in place, {counted.cached} in the cache,"
            f" {called} calls; {counted.invalidated} went as the guest changed their bytes",
            f"Capstone agrees about {counted.confirmed} and differs about {counted.disputed}",
        ]

    def operations(self) -> list[tuple[str, ...]]:
        """Rows of name, and sites in place, in the cache and calls, of what there is now."""
        found = Counter(
            (self._inline.OPERATION_NAMES[site.operation], site.kind) for site in self.sites)
        return [
            (name, *(str(found[name, kind]) for kind in KINDS))
            for name in sorted({name for name, _ in found})
        ]

    # -- one instruction ---------------------------------------------------------

    def _notes(self, view: View, one: guest_code.Instruction) -> Sequence[str]:
        physical = view.physical(one.address)
        here = [
            site for site in self._at.get(-1 if physical is None else physical, ())
            if site.guest == one.data and self._reads_as(view, site)
        ]
        texts = {site.form: self._site(site) for site in here}
        if len({tuple(text) for text in texts.values()}) > 1:
            return [
                line for form, text in sorted(texts.items())
                for line in (f"{self._inline.form_name(form)}:", *text)
            ]
        if texts:
            return next(iter(texts.values()))
        return self._without_site(view, one)

    def _reads_as(self, view: View, site: Site) -> bool:
        if view.architecture == "arm":
            return bool(site.form == self._inline.T32) == view.thumb
        return view.architecture == "sparc" or (
            bool(site.form & self._inline.WIDE) == view.wide_code)

    def _without_site(self, view: View, one: guest_code.Instruction) -> Sequence[str]:
        if view.architecture == "arm":
            found = arm_decode.decode(one.data, view.thumb)
            name = None if found is None else arm_decode.NAMES[found.kind]
            store = one.text.startswith(("st", "push"))
        elif view.architecture == "sparc":
            privileged = sparc_decode.decode(int.from_bytes(one.data, "big"))
            own = privileged is None or privileged.name in SPARC_OWN
            name = None if own or privileged is None else privileged.name
            store = one.text.startswith("st")
        else:
            flat = bool(view.registers["cr0"] & 1) and not view.registers["eflags"] & FLAG_VM
            mode = x86_decode.Mode(view.wide_code, flat)
            decoded = x86_decode.decode(one.data, mode)
            name = None if decoded is None else decoded.name
            store = x86_decode.decode_store(one.data, mode) is not None
        if name is not None:
            crosses = one.address % PAGE + len(one.data) > PAGE
            elsewhere = f"call  {name}: it goes on in the next page"
            return [elsewhere if crosses else "not translated yet"]
        engine = self._machine.engine
        if store and engine.library.dll.vmm_is_rewritten(engine.pointer, one.address):
            return ["call  store: it has trapped often"]
        return ()

    def _site(self, site: Site) -> list[str]:
        """What is executed in place of one site."""
        if site.template is None:
            return [f"call  {self._inline.OPERATION_NAMES[site.operation]}"]
        steps = self._steps(site)
        for guard in reversed(site.guards):
            masked = "" if guard.mask == 0xFFFFFFFF else f" & {guard.mask:#x}"
            condition = f"{self._words[guard.word]}{masked} == {guard.value}"
            steps.insert(guard.before, f"unless {condition}: call")
        head = f"{site.kind}  "
        return [f"{head if i == 0 else '':{len(head)}}{step}" for i, step in enumerate(steps)]

    def _steps(self, site: Site) -> list[str]:
        decoder = capstone.Cs(
            self._inline.CAPSTONE_ARCHITECTURE, self._inline.CAPSTONE_MODES[site.form])
        texts = []
        for step in site.steps:
            data = bytes(step.code[: step.length])
            text = " ".join(
                f"{one.mnemonic} {one.op_str}".strip() for one in decoder.disasm(data, 0))
            load, store = (
                word and self._words.get(word, "register") for word in (step.load, step.store))
            if self._inline.PLACE in text:
                text = text.replace(self._inline.PLACE, f"[{load or store}]")
            elif load:
                text = f"{text}  (from [{load}])"
            elif store:
                text = f"{text}  (to [{store}])"
            texts.append(text)
        return texts

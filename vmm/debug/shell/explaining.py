# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that explain: traps, translations, windows (all of it is vmm.debug.explain's work)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from vmm.cpu.walk import Access
from vmm.debug.explain import explain, tables_x86
from vmm.debug.explain.backtrace import LIMIT, backtrace
from vmm.debug.explain.backtrace import lines as backtrace_lines
from vmm.debug.explain.view import UNLIMITED, View
from vmm.debug.explain.walks import page_lines, pages, walk_lines
from vmm.debug.explain.windows import window_lines
from vmm.debug.shell.command import Command, CommandError, nothing, number
from vmm.debug.shell.expression import parse_first
from vmm.debug.shell.filters import addresses
from vmm.debug.shell.registers import with_fields
from vmm.debug.shell.shell import Shell

KINDS: dict[str, Literal["load", "store", "execute"]] = {
    "load": "load", "read": "load", "store": "store", "write": "store", "execute": "execute",
    "fetch": "execute",
}


class Explain(Command):
    names = ("explain", "why")
    group = "Looking"
    help = (
        "Tell all about the trap at which the run has stopped: its cause, what the processor did,"
        " the page-table walk, gate, window or bank that it went through, and every register that"
        " it changed."
    )

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "explain")
        stop = shell.session.last
        if stop.trap is None:
            raise CommandError("the run has not stopped at a trap: trap goes to the next one")
        shell.lines(explain(shell.machine, stop.trap).lines())


class Walk(Command):
    names = ("walk",)
    group = "Looking"
    usage = ("ADDRESS [load|store|execute] [user|supervisor]",)
    help = (
        "Walk the page tables for a virtual address, entry by entry, with the bits of each; with an"
        " access, whether it is allowed."
    )

    def run(self, shell: Shell, text: str) -> None:
        if not text:
            raise CommandError("walk ADDRESS [load|store|execute] [user|supervisor]")
        machine = shell.machine
        expression, rest = parse_first(text, machine)
        address = expression(machine) & 0xFFFFFFFF
        architecture = machine.processor.architecture
        walk = View(machine).walk(address, access(rest))
        if not walk.steps and walk.physical is not None and not walk.through:
            shell.line(f"translation is off: {address:08x} is the physical address")
        else:
            shell.lines(walk_lines(architecture, walk))

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return (*KINDS, "user", "supervisor", *shell.symbol_names())


def access(text: str) -> Access:
    """The access that words describe; permissions are not asked if there are none."""
    if not text:
        return UNLIMITED
    kind: Literal["load", "store", "execute"] = "load"
    user = False
    for word in text.split():
        if word in KINDS:
            kind = KINDS[word]
        elif word in ("user", "supervisor"):
            user = word == "user"
        else:
            raise CommandError(f"an access is load, store or execute, user or supervisor: {word!r}")
    return Access(kind, user)


class PageTable(Command):
    names = ("pagetable", "pt")
    group = "Looking"
    usage = ("[FROM..TO]",)
    help = "List what the page tables map, of all addresses or of some, with the rights."

    def run(self, shell: Shell, text: str) -> None:
        view = View(shell.machine)
        if not text:
            shell.lines(page_lines(pages(view)))
            return
        if ".." not in text:
            raise CommandError("pagetable FROM..TO; walk ADDRESS shows one translation")
        wanted = addresses(shell.machine, text)
        shell.lines(page_lines(pages(view, wanted.start, wanted.stop)))


class Windows(Command):
    names = ("windows",)
    group = "Looking"
    help = "Show the register windows: current, invalid, their stacks and callers."
    architectures = ("sparc",)

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "windows")
        machine = shell.machine
        shell.lines(window_lines(machine, machine.processor.registers.snapshot()))


class Mmu(Command):
    names = ("mmu",)
    group = "Looking"
    help = "Show the registers of the SRMMU with the meaning of their fields."
    architectures = ("sparc",)

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "mmu")
        decoded(shell, "mmu")


class Cp15(Command):
    names = ("cp15",)
    group = "Looking"
    usage = ("[REGISTER ...]",)
    help = "Show the system registers of coprocessor 15 with the meaning of their fields."
    architectures = ("arm",)

    def run(self, shell: Shell, text: str) -> None:
        if not text:
            decoded(shell, "system")
            return
        for word in text.replace(",", " ").split():
            shell.lines(with_fields(shell, word))

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return shell.machine.processor.registers.group("system")


class Backtrace(Command):
    names = ("backtrace", "bt", "where")
    group = "Looking"
    usage = ("[FRAMES]",)
    help = (
        "Show the functions on the stack, innermost first, with inlined ones and with traps that"
        " interrupted another function: by debug information, frame chains and register windows."
    )

    def run(self, shell: Shell, text: str) -> None:
        most = number(text, "a number of frames", 1) if text else LIMIT
        frames = backtrace(shell.machine, most)
        if not frames:
            raise CommandError("there is no stack yet")
        shell.lines(backtrace_lines(shell.machine, frames))


class Idt(Command):
    names = ("idt",)
    group = "Looking"
    help = "Show the interrupt descriptor table (in real mode the vectors): the gates and handlers."
    architectures = ("x86",)

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "idt")
        shell.lines(list(tables_x86.idt(shell.machine).lines))


class Gdt(Command):
    names = ("gdt",)
    group = "Looking"
    usage = ("[gdt|ldt]",)
    help = "Show the segment descriptors of the GDT, or with `gdt ldt` of the LDT."
    architectures = ("x86",)

    def run(self, shell: Shell, text: str) -> None:
        if text not in ("", "gdt", "ldt"):
            raise CommandError(f"gdt [gdt|ldt], not {text!r}")
        shell.lines(list(tables_x86.segments(shell.machine, text or "gdt").lines))


class Tss(Command):
    names = ("tss",)
    group = "Looking"
    help = "Show the task state segment that TR names: stacks, and the state it keeps."
    architectures = ("x86",)

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "tss")
        shell.lines(list(tables_x86.tss(shell.machine).lines))


def decoded(shell: Shell, group: str) -> None:
    """All registers of a group, with their fields."""
    for name in shell.machine.processor.registers.group(group):
        shell.lines(with_fields(shell, name))


COMMANDS = (Explain, Backtrace, Walk, PageTable, Windows, Mmu, Cp15, Idt, Gdt, Tss)

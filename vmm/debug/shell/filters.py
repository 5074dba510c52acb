# SPDX-License-Identifier: GPL-2.0-or-later
"""Traps as users name them: kinds, where they came from, addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Literal

from vmm.debug.shell.command import CommandError
from vmm.debug.shell.expression import evaluate
from vmm.debug.stops import TrapFilter
from vmm.machine.ledger import TrapRecord
from vmm.machine.machine import Machine

PRIVILEGES = ("user", "supervisor")
ADDRESSES = 1 << 32


def trap_kinds(machine: Machine, word: str) -> set[int]:
    """The kinds that a name, a pattern (``irq_*``), an unambiguous beginning or a number means."""
    kinds = machine.processor.trap_kinds()
    try:
        number = int(word, 0)
    except ValueError:
        pass
    else:
        if number not in kinds:
            raise CommandError(f"no trap {word}; intercept help lists them")
        return {number}
    wanted = word.lower()
    exact = {kind for kind, name in kinds.items() if name.lower().lstrip("#") == wanted.lstrip("#")}
    if exact:
        return exact
    if "*" in word or "?" in word:
        fitting = {kind for kind, name in kinds.items() if fnmatchcase(name.lower(), wanted)}
    else:
        fitting = {kind for kind, name in kinds.items() if name.lower().startswith(wanted)}
        if len(fitting) > 1:
            names = sorted(kinds[kind] for kind in fitting)
            shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
            raise CommandError(f"trap {word!r} is ambiguous: {shown} ({word}* means all)")
    if not fitting:
        raise CommandError(f"no trap {word!r}; intercept help lists them")
    return fitting


def addresses(machine: Machine, text: str) -> range:
    """``main``, or ``FROM..TO`` with the end left out; a symbol with a size is all of it."""
    first, dots, last = text.partition("..")
    start = evaluate(first, machine) & ADDRESSES - 1
    if dots:
        end = evaluate(last, machine)
        if not start < end <= ADDRESSES:
            raise CommandError(f"{text}: no addresses from {start:#x} to {end:#x}")
        return range(start, end)
    symbol = machine.symbols.find(first.strip())
    return range(start, start + max(symbol.size if symbol is not None else 1, 1))


def parse(machine: Machine, text: str) -> TrapFilter | None:
    """``[KIND ...] [user|supervisor] [at PLACE]`` as a filter; None if nothing is asked for."""
    before, at, place = f" {text} ".partition(" at ")
    if at and not place.strip():
        raise CommandError("at wants an address, a symbol or FROM..TO")
    kinds: set[int] = set()
    privilege: Literal["user", "supervisor"] | None = None
    for word in before.replace(",", " ").split():
        if word == "user":
            privilege = "user"
        elif word == "supervisor":
            privilege = "supervisor"
        else:
            kinds |= trap_kinds(machine, word)
    if not text.strip():
        return None
    return TrapFilter(
        kinds=frozenset(kinds) or None, privilege=privilege,
        addresses=addresses(machine, place.strip()) if at else None,
    )


def recorded(machine: Machine, text: str) -> Callable[[TrapRecord], bool]:
    """The same filter for traps of the past, of which only the ledger's record is left."""
    wanted = parse(machine, text)
    architecture = machine.processor.architecture
    if wanted is not None and wanted.privilege is not None and architecture == "x86":
        raise CommandError("the ledger does not say from which privilege an x86 trap came")

    def keep(record: TrapRecord) -> bool:
        return wanted is None or wanted.matches(machine, record)

    return keep


def words(machine: Machine) -> Iterable[str]:
    """What completion offers for a filter."""
    yield from PRIVILEGES
    yield "at"
    yield from machine.processor.trap_kinds().values()

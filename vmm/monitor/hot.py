# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a guest's exits come from, and what would spare them.

Rows of a monitor's profile, with symbol and instruction, for people and as
JSON.  The afterburner reads the JSON and annotates the places that are hot
(toolchain/afterburn --hot).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from vmm.machine import diagnosis
from vmm.monitor import code
from vmm.monitor.base import Monitor
from vmm.monitor.counters import Site
from vmm.native import library as native

EXITS = {
    native.KIND_VIRTUAL_INTERRUPT: "interrupt",
    native.KIND_SITE: "replaced instruction",
    native.KIND_TABLE_STORE: "store to a page table",
    native.KIND_HYPERCALL: "hypercall",
}
REMEDIES = {
    native.KIND_VIRTUAL_INTERRUPT: "none: a device asked for it",
    native.KIND_SITE: "assist; para, in batches",  # no technique that rewrites does it alone
    native.KIND_TABLE_STORE: "lazy tables; previrt, annotated; para, in batches",
    native.KIND_HYPERCALL: "none: the kernel asks for it",
}
CONTROLLED = "narrower --assist-controls"
EMULATED = "translate, previrt"  # the instruction done without an exit
REFLECTED = "assist: the processor enters the guest's handler by itself"


@dataclass(frozen=True, slots=True)
class Row:
    """One place of a guest, as a profile shows it."""

    pc: int
    count: int
    nanoseconds: int  # of the host, all together
    symbol: str  # name and offset, or the address if there is no symbol
    instruction: str  # as the processor's disassembler has it; empty if it cannot be read
    exit: str  # what its last exit was
    remedy: str  # which technique would spare most of them


def exit_name(monitor: Monitor, kind: int) -> str:
    """What an exit of this kind is called."""
    known = EXITS.get(kind) or monitor.exit_names.get(kind)
    return known or monitor.machine.processor.trap_name(kind)


def remedy(monitor: Monitor, site: Site) -> str:
    """Which technique would spare most of a site's exits."""
    if monitor.technique.name == "assist":
        return CONTROLLED
    if site.kind in REMEDIES:
        return REMEDIES[site.kind]
    return REFLECTED if 2 * site.reflected > site.exits else EMULATED


def rows(monitor: Monitor, limit: int | None = None) -> list[Row]:
    """The places with the most exits, most first; ValueError if no profile was kept."""
    if monitor.profile is None:
        raise ValueError("this monitor keeps no profile")
    machine = monitor.machine
    found = []
    for pc, site in monitor.profile.hottest(limit or len(monitor.profile.sites)):
        code = machine.processor.disassemble(pc, 1)
        found.append(Row(
            pc, site.exits, site.nanoseconds, diagnosis.place(machine, pc),
            code[0][2] if code else "", exit_name(monitor, site.kind), remedy(monitor, site),
        ))
    return found


def as_json(monitor: Monitor) -> dict[str, Any]:
    """The whole profile for tools: technique, policy and ``sites``, most exits first."""
    return {
        "machine": monitor.machine.name,
        "technique": monitor.technique.name,
        "policy": monitor.memory.name,
        "instructions": monitor.engine.count,
        "sites": [asdict(row) for row in rows(monitor)],
    }


def table(monitor: Monitor, limit: int = 20) -> list[str]:
    """Lines for people: the hottest places and what would spare them."""
    lines = [f"{'exits':>10} {'us':>9}  {'what':<24} {'where':<40} instruction; what spares it"]
    lines += [
        f"{row.count:>10} {row.nanoseconds / 1000:>9.0f}  {row.exit:<24.24} {row.symbol:<40.40}"
        f" {row.instruction}; {row.remedy}"
        for row in rows(monitor, limit)
    ]
    return lines


def summary(monitor: Monitor) -> dict[str, Any]:
    """A monitor's counters, as `--stats` writes them."""
    counters, memory = monitor.counters, monitor.memory
    processor = monitor.machine.processor
    cost = getattr(monitor.technique, "cost", None)
    code_counts = code.counts(monitor.engine)
    return {
        "technique": monitor.technique.name,
        "policy": memory.name,
        "exits": {exit_name(monitor, kind): n for kind, n in sorted(counters.exits.items())},
        "emulated": dict(sorted(counters.emulated.items())),
        "emulated natively": dict(sorted(monitor.native_counts().items())),
        "reflected": {
            processor.trap_name(kind): n for kind, n in sorted(counters.reflected.items())
        },
        "scan": None if cost is None else cost.as_dict(),
        "code": None if code_counts is None else code_counts.as_dict(),
        "memory": memory.counters.as_dict(),
    }

# SPDX-License-Identifier: GPL-2.0-or-later
"""`-d TOPICS`: what the user wants to hear about while the guest runs.

The topics have QEMU's names.  Lines go to stderr, or to the file of `-D`.
"""

from __future__ import annotations

from collections.abc import Callable

from vmm.cli.report import UsageError
from vmm.machine.machine import Machine
from vmm.native.library import HOLE

TOPICS = {
    "guest_errors": "what a guest gets wrong: unknown device registers, reserved values",
    "int": "every trap and interrupt as it is entered (in batches)",
    "unimp": "accesses to addresses and ports that nothing answers",
}

Sink = Callable[[str], None]
TrapRecord = tuple[int, int, int, int, int]


def parse(text: str | None) -> frozenset[str]:
    """The topics of a comma list; UsageError names an unknown one."""
    topics = frozenset(word for word in (text or "").split(",") if word)
    for topic in sorted(topics - TOPICS.keys()):
        raise UsageError(f"-d {topic}: no such topic; known: {', '.join(TOPICS)}")
    return topics


def table() -> str:
    """The answer to ``-d help``."""
    return "\n".join(f"{name:<13} {text}" for name, text in TOPICS.items())


def listen(machine: Machine, topics: frozenset[str], sink: Sink) -> None:
    """Send the device topics' lines to ``sink``; `int` is a ledger (see `trap_line`)."""
    if "guest_errors" in topics:
        for placed in (*machine.bus.devices, *machine.bus.ports):
            unknown = getattr(placed.device, "unknown", None)
            if unknown is not None:
                unknown.sink = sink
    if "unimp" in topics:

        def nobody(what: str, address: int, size: int, value: int) -> None:
            if address >= HOLE:  # the engine keeps one page for all that nobody answers
                address = machine.engine.native.last_unmapped
            written = f" of {value:#x}" if what in ("write", "out") else ""
            sink(f"unimp: {what}{written} ({size} bytes) at {address:#x}: nothing answers there")

        machine.bus.on_unanswered = nobody


def trap_line(machine: Machine, record: TrapRecord) -> str:
    """One line of the trap ledger: ``count name(number) pc status``."""
    count, kind, pc, status, _ = record
    return f"{count} {machine.processor.trap_name(kind)}({kind:#x}) {pc:08x} {status:08x}"

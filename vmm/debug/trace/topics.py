# SPDX-License-Identifier: GPL-2.0-or-later
"""Traces as text: QEMU's `-d` topics, and a few of ours."""

from __future__ import annotations

from collections.abc import Callable

from vmm.debug.trace.feed import Access, Feed
from vmm.debug.trace.lines import NamedLine
from vmm.machine.machine import Machine, TrapRecord
from vmm.native.library import HOLE

TOPICS = {
    "access": "every device access of the processor",
    "guest_errors": "what a guest gets wrong: unknown device registers, reserved values",
    "halt": "every stretch of time in which the processor slept",
    "int": "every trap and interrupt as it is entered (in batches)",
    "irq": "every change of an interrupt line",
    "unimp": "accesses to addresses and ports that nothing answers",
}

Sink = Callable[[str], None]


class UnknownTopic(ValueError):
    """A topic that does not exist: one line."""


def parse(text: str | None) -> frozenset[str]:
    """The topics of a comma list; UnknownTopic names one that does not exist."""
    topics = frozenset(word for word in (text or "").split(",") if word)
    for topic in sorted(topics - TOPICS.keys()):
        raise UnknownTopic(f"{topic}: no such topic; known: {', '.join(TOPICS)}")
    return topics


def table() -> str:
    """The answer to ``-d help``."""
    return "\n".join(f"{name:<13} {text}" for name, text in TOPICS.items())


def trap_line(machine: Machine, record: TrapRecord) -> str:
    """One line of the trap ledger: ``count name(number) pc status``."""
    count, kind, pc, status, _ = record
    return f"{count} {machine.processor.trap_name(kind)}({kind:#x}) {pc:08x} {status:08x}"


def listen(feed: Feed, topics: frozenset[str], sink: Sink) -> None:
    """Send the lines of these topics to ``sink``."""
    Text(feed, sink).listen(topics)


class Text:
    """One line of text for each event."""

    def __init__(self, feed: Feed, sink: Sink) -> None:
        self._feed = feed
        self._machine = feed.machine
        self._sink = sink

    def listen(self, topics: frozenset[str]) -> None:
        """Subscribe to what the topics need."""
        feed = self._feed
        if "access" in topics:
            feed.on_accesses(self._access)
        if "guest_errors" in topics:
            self._hear_devices()
        if "halt" in topics:
            feed.on_sleeps(self._sleep)
        if "int" in topics:
            feed.on_traps(self._traps)
        if "irq" in topics:
            feed.on_lines(self._line)
        if "unimp" in topics:
            self._machine.bus.on_unanswered = self._nobody

    def _hear_devices(self) -> None:
        for placed in (*self._machine.bus.devices, *self._machine.bus.ports):
            unknown = getattr(placed.device, "unknown", None)
            if unknown is not None:
                unknown.sink = self._sink

    def _nobody(self, what: str, address: int, size: int, value: int) -> None:
        if address >= HOLE:  # the engine keeps one page for all that nobody answers
            address = self._machine.engine.native.last_unmapped
        written = f" of {value:#x}" if what in ("write", "out") else ""
        self._sink(f"unimp: {what}{written} ({size} bytes) at {address:#x}: nothing answers there")

    def _traps(self, records: list[TrapRecord], idle: int) -> None:
        for record in records:
            self._sink(f"int: {trap_line(self._machine, record)}")

    def _access(self, access: Access) -> None:
        verb = ("out" if access.write else "in") if access.port else (
            "write" if access.write else "read")
        self._sink(
            f"access: {access.cycle} {access.device or 'nobody'} {verb} {access.address:#x}"
            f" ({access.size} bytes) {access.value:#x}"
        )

    def _line(self, cycle: int, named: NamedLine, level: bool) -> None:
        self._sink(f"irq: {cycle} {named.device} {named.name} {int(level)}")

    def _sleep(self, start: int, end: int) -> None:
        self._sink(f"halt: {start} for {end - start} cycles")

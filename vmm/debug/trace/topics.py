# SPDX-License-Identifier: GPL-2.0-or-later
"""Traces as text: QEMU's `-d` topics, and a few of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from vmm.cpu.execution import Blocks
from vmm.debug.trace.feed import Access, Feed
from vmm.debug.trace.lines import NamedLine
from vmm.machine import diagnosis
from vmm.machine.ledger import TrapRecord
from vmm.machine.machine import Machine
from vmm.native.library import HOLE

if TYPE_CHECKING:
    from vmm.cpu.arm.processor import ArmProcessor

TOPICS = {
    "access": "every device access of the processor",
    "cpu": "the registers before each block of code",
    "exec": "each block of code as it begins",
    "guest_errors": "what a guest gets wrong: unknown device registers, reserved values",
    "halt": "every stretch of time in which the processor slept",
    "in_asm": "the instructions of each block of code when it is translated",
    "int": "every trap and interrupt as it is entered (in batches)",
    "irq": "every change of an interrupt line",
    "mmu": "every page fault, with the address and the fault's status",
    "unimp": "accesses to addresses and ports that nothing answers",
}

# Traps that a translation of an address raises, by architecture.
PAGE_FAULTS = {"sparc": (0x01, 0x09, 0x2C, 0x3C), "arm": (3, 4), "x86": (14,)}
INSTRUCTION_FAULTS = (0x01, 0x3C)  # of SPARC: the address is the pc

Sink = Callable[[str], None]


NUMBER = "0[xX][0-9a-fA-F]+|[0-9]+"
RANGE = re.compile(rf"(?P<first>{NUMBER})(?P<between>\.\.|\+|-)(?P<second>{NUMBER})")


class UnknownTopic(ValueError):
    """A topic, or a range of addresses, that does not exist: one line."""


def parse(text: str | None) -> frozenset[str]:
    """The topics of a comma list; UnknownTopic names one that does not exist."""
    topics = frozenset(word for word in (text or "").split(",") if word)
    for topic in sorted(topics - TOPICS.keys()):
        raise UnknownTopic(f"{topic}: no such topic; known: {', '.join(TOPICS)}")
    return topics


def parse_filter(text: str | None) -> tuple[range, ...]:
    """Address ranges as ``-dfilter`` has them: ``FIRST..LAST``, ``FIRST+SIZE``, ``LAST-SIZE``."""
    return tuple(_parse_range(word) for word in text.split(",")) if text else ()


def _parse_range(word: str) -> range:
    found = RANGE.fullmatch(word)
    if found is None:
        raise UnknownTopic(f"{word}: not FIRST..LAST, FIRST+SIZE or LAST-SIZE")
    first, second = int(found["first"], 0), int(found["second"], 0)
    if found["between"] == "..":
        chosen = range(first, second + 1)
    elif found["between"] == "+":
        chosen = range(first, first + second)
    else:
        chosen = range(first - second + 1, first + 1)
    if not 0 <= chosen.start < chosen.stop <= 1 << 32:
        raise UnknownTopic(f"{word}: no range of addresses below 4 GiB")
    return chosen


def table() -> str:
    """The answer to ``-d help``."""
    return "\n".join(f"{name:<13} {text}" for name, text in TOPICS.items())


def trap_line(machine: Machine, record: TrapRecord) -> str:
    """One line of the trap ledger: ``count name(number) pc status``."""
    count, kind, pc, status, _ = record
    return f"{count} {machine.processor.trap_name(kind)}({kind:#x}) {pc:08x} {status:08x}"


def listen(
    feed: Feed, topics: frozenset[str], sink: Sink, ranges: Sequence[range] = ()
) -> None:
    """Send the lines of these topics to ``sink``; ``ranges`` limit `cpu`, `exec` and `in_asm`."""
    text = Text(feed, sink)
    text.listen(topics)
    text.listen_to_blocks(topics, ranges)


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
        if "mmu" in topics:
            self._watch_page_faults()
        if "unimp" in topics:
            self._machine.bus.on_unanswered = self._nobody

    def listen_to_blocks(self, topics: frozenset[str], ranges: Sequence[range]) -> None:
        """Subscribe to what `cpu`, `exec` and `in_asm` need."""
        translated = self._translated if "in_asm" in topics else None
        begun = self._begun if topics & {"cpu", "exec"} else None
        if translated or begun:
            self._with_registers, self._with_place = "cpu" in topics, "exec" in topics
            blocks = Blocks(self._machine.engine, translated, begun, ranges)
            self._feed.when_closed(blocks.close)

    def _translated(self, pc: int, length: int) -> None:
        self._sink(f"in_asm: {length} instructions at {diagnosis.place(self._machine, pc)}")
        for address, _, text in self._machine.processor.disassemble(pc, length):
            self._sink(f"in_asm: {address:08x}  {text}")

    def _begun(self, pc: int, length: int) -> None:
        machine = self._machine
        if self._with_place:
            count = machine.engine.count - length  # the whole block is counted when it begins
            self._sink(f"exec: {count} {diagnosis.place(machine, pc)}")
        if self._with_registers:
            for line in diagnosis.registers(machine.processor):
                self._sink(f"cpu: {line}")

    def _hear_devices(self) -> None:
        for placed in (*self._machine.bus.devices, *self._machine.bus.ports):
            unknown = getattr(placed.device, "unknown", None)
            if unknown is not None:
                unknown.sink = self._sink

    def _watch_page_faults(self) -> None:
        machine = self._machine
        kinds = PAGE_FAULTS[machine.processor.architecture]
        machine.traps.watch_kinds(kinds, self._page_fault)
        self._feed.when_closed(lambda: machine.traps.watch_kinds(kinds, None))

    def _page_fault(self, kind: int) -> None:
        machine = self._machine
        count, _, pc, _, info = machine.engine.recent_traps()[-1]
        address, status = self._fault(kind, pc, info)
        self._sink(
            f"mmu: {count} {machine.processor.trap_name(kind)} at {diagnosis.place(machine, pc)}"
            f" for {address:08x}, {status}"
        )

    def _fault(self, kind: int, pc: int, info: int) -> tuple[int, str]:
        """The address of a page fault that is about to be taken, and its status."""
        processor = self._machine.processor
        if processor.architecture == "arm":
            syndrome = cast("ArmProcessor", processor).syndrome()
            return syndrome.address, f"status {syndrome.fsr:#x}"
        if processor.architecture == "x86":
            return processor.registers["cr2"], f"error code {info:#x}"
        status = f"MMU FSR {processor.registers['mmu.fsr']:#x}"
        return (pc if kind in INSTRUCTION_FAULTS else processor.registers["mmu.far"]), status

    def _nobody(self, what: str, address: int, size: int, value: int) -> None:
        if address >= HOLE:  # the engine keeps one page for all that nobody answers
            address = self._machine.engine.native.last_unmapped
        written = f" of {value:#x}" if what in ("write", "out") else ""
        self._sink(f"unimp: {what}{written} ({size} bytes) at {address:#x}: nothing answers there")

    def _traps(self, records: list[TrapRecord], idle: int) -> None:
        for record in records:
            self._sink(f"int: {trap_line(self._machine, record)}")

    def _access(self, access: Access) -> None:
        self._sink(
            f"access: {access.cycle} {access.device or 'nobody'} {access.verb} {access.address:#x}"
            f" ({access.size} bytes) {access.value:#x}"
        )

    def _line(self, cycle: int, named: NamedLine, level: bool) -> None:
        self._sink(f"irq: {cycle} {named.device} {named.name} {int(level)}")

    def _sleep(self, start: int, end: int) -> None:
        self._sink(f"halt: {start} for {end - start} cycles")

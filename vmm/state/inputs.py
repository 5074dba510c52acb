# SPDX-License-Identifier: GPL-2.0-or-later
"""Input from the host, with the moment at which it entered: what a run cannot repeat by itself.

What somebody types, or a network delivers, enters the machine one cycle later,
before everything else that is due then.  So the moment is exact, and a run
that is given the same input at the same cycles is the same run.  A log is
kept in memory (for going back) and may be written to a file as it grows, a
JSON line for each entry.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from vmm.machine.channel import Channel
from vmm.machine.clock import Event
from vmm.machine.machine import Machine
from vmm.machine.system_error import reason

KIND, VERSION = "vmm input", 1
CONSOLE = "console"


class InputError(ValueError):
    """A recording that cannot be read: file, line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Entered:
    """Bytes that enter by a channel, and the cycle at which they do."""

    cycle: int
    data: bytes
    channel: str = CONSOLE


class TextFile(Protocol):
    """What a recording is written to."""

    def write(self, data: str, /) -> object: ...
    def flush(self) -> object: ...


class InputLog:
    """All input of one machine; from its making on, input passes here.

    Each of ``entries`` is for a channel of the machine, as `read` sees to.
    """

    def __init__(self, machine: Machine, entries: Iterable[Entered] = ()) -> None:
        self.machine = machine
        self.entries = list(entries)
        self.file: TextFile | None = None
        self._events: list[Event] = []
        self._channels = {channel.name: channel for channel in machine.channels}
        for channel in machine.channels:
            channel.on_arrive = self._arrived
        self.resume()

    def record(self, file: TextFile) -> None:
        """Write what enters from now on to a file."""
        self.file = file
        header = {"kind": KIND, "version": VERSION, "board": self.machine.name}
        file.write(json.dumps(header) + "\n")
        file.flush()

    def _arrived(self, channel: Channel, data: bytes) -> None:
        now = self.machine.engine.cycles
        self.forget_after(now)
        entry = Entered(now + 1, bytes(data), channel.name)
        self.entries.append(entry)
        self._schedule(entry)
        if self.file is not None:
            line = {"cycle": entry.cycle, channel.name: _text(entry)}
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()

    def _schedule(self, entry: Entered) -> None:
        enter = self._channels[entry.channel].enter
        self._events.append(self.machine.clock.at_cycle(
            entry.cycle, partial(enter, entry.data), "input", host=True, first=True
        ))

    def forget_after(self, cycle: int) -> None:
        """Input in the future is of another future (what enters at the next cycle is of now)."""
        if not self.entries or self.entries[-1].cycle <= cycle + 1:
            return
        self.entries = [entry for entry in self.entries if entry.cycle <= cycle + 1]
        self.resume()

    def resume(self) -> None:
        """Have the input of the future enter, and no other: time may have been put back."""
        for event in self._events:
            self.machine.clock.cancel(event)
        self._events = []
        now = self.machine.engine.cycles
        for entry in self.entries:
            if entry.cycle > now:
                self._schedule(entry)


def log_of(machine: Machine) -> InputLog:
    """The machine's log, a new one if it has none."""
    log = getattr(machine.console.channel.on_arrive, "__self__", None)
    return log if isinstance(log, InputLog) else InputLog(machine)


def _text(entry: Entered) -> str:
    """Keys as the text they are, anything else in base64."""
    if entry.channel == CONSOLE:
        return entry.data.decode("latin-1")
    return base64.b64encode(entry.data).decode()


def _entry(held: dict[str, Any]) -> Entered:
    """An entry from its line; ValueError, KeyError or TypeError if it is none."""
    cycle = held.pop("cycle")
    ((channel, text),) = held.items()
    if not isinstance(cycle, int) or isinstance(cycle, bool):
        raise ValueError
    if channel == CONSOLE:
        return Entered(cycle, text.encode("latin-1"))
    return Entered(cycle, base64.b64decode(text, validate=True), channel)


def read(path: Path, machine: Machine) -> list[Entered]:
    """The entries of a recording; InputError with file and line if it is none for this machine."""
    known = [channel.name for channel in machine.channels]
    entries: list[Entered] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {reason(error)}") from error
    for number, line in enumerate(lines or [""], 1):
        try:
            held = json.loads(line)
            if number == 1:
                if held["kind"] != KIND or held["version"] != VERSION:
                    raise ValueError
                continue
            entry = _entry(held)
            if entry.cycle < (entries[-1].cycle if entries else 0):
                raise InputError(f"{path}:{number}: earlier than the line before")
            if entry.channel not in known:
                raise InputError(
                    f"{path}:{number}: input for {entry.channel!r}; this machine has"
                    f" {', '.join(known)}"
                )
        except InputError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            what = "not a recording of input" if number == 1 else "not an entry of a recording"
            raise InputError(f"{path}:{number}: {what}") from error
        entries.append(entry)
    return entries

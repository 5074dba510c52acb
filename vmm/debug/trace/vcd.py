# SPDX-License-Identifier: GPL-2.0-or-later
"""Interrupt lines as a value change dump (IEEE 1364, clause 18), as GTKWave reads it.

One time unit is a virtual nanosecond.  A pulse goes up and down at one
instant; it is drawn one unit wide, or nobody would see it.
"""

from __future__ import annotations

import re

from vmm.debug.trace.feed import Feed
from vmm.debug.trace.lines import NamedLine
from vmm.debug.trace.output import Output

FIRST, LAST = 33, 126  # the characters that identifiers are made of


class Vcd:
    """Writes the lines of a feed to a text file; `finish` writes what is pending."""

    def __init__(self, feed: Feed, file: Output[str]) -> None:
        self._feed = feed
        self._write = file.write
        self._changes: dict[str, list[bool]] = {}  # of this instant, in order
        self._later: dict[str, bool] = {}  # ends of pulses, one unit later
        feed.on_lines(self._line)
        self._codes = {id(named): code(number) for number, named in enumerate(feed.lines)}
        self._levels = {self._codes[id(named)]: named.line.level for named in feed.lines}
        self._time = feed.nanoseconds(feed.machine.engine.cycles)
        self._stamped = -1
        self._header()

    def _header(self) -> None:
        write = self._write
        write("$timescale 1 ns $end\n")
        write(f"$scope module {word(self._feed.machine.name)} $end\n")
        for device in dict.fromkeys(named.device for named in self._feed.lines):
            write(f"$scope module {word(device)} $end\n")
            for named in self._feed.lines:
                if named.device == device:
                    write(f"$var wire 1 {self._codes[id(named)]} {word(named.name)} $end\n")
            write("$upscope $end\n")
        write("$upscope $end\n$enddefinitions $end\n")
        self._stamp()
        write("$dumpvars\n")
        for identifier, level in self._levels.items():
            write(f"{level:d}{identifier}\n")
        write("$end\n")

    def _stamp(self) -> None:
        """Begin the changes of this instant, unless they have begun."""
        if self._time != self._stamped:
            self._stamped = self._time
            self._write(f"#{self._time}\n")

    def _line(self, cycle: int, named: NamedLine, level: bool) -> None:
        time = self._feed.nanoseconds(cycle)
        if time != self._time:
            self._advance(time)
        self._changes.setdefault(self._codes[id(named)], []).append(level)

    def _advance(self, time: int) -> None:
        """Write the changes of this instant, and go to a later one."""
        while self._changes or self._later:
            pulses = {}
            lines = []
            for identifier, level in self._later.items():
                self._changes.setdefault(identifier, []).insert(0, level)
            for identifier, levels in self._changes.items():
                before, after = self._levels[identifier], levels[-1]
                if before == after and any(level != before for level in levels):
                    pulses[identifier] = after
                    after = not after
                if before != after:
                    lines.append(f"{after:d}{identifier}\n")
                    self._levels[identifier] = after
            if lines:
                self._stamp()
                self._write("".join(lines))
            self._changes, self._later = {}, pulses
            if self._time + 1 >= time:
                break
            self._time += 1
        self._time = time

    def finish(self) -> None:
        """Write what is pending and the time of the end."""
        end = self._feed.nanoseconds(self._feed.machine.engine.cycles)
        self._advance(max(end, self._time + 2))
        self._stamp()


def code(number: int) -> str:
    """The identifier of the line with this number."""
    digits = LAST - FIRST + 1
    text = chr(FIRST + number % digits)
    while number >= digits:
        number = number // digits - 1
        text += chr(FIRST + number % digits)
    return text


def word(name: str) -> str:
    """A name without white space, which separates words."""
    return re.sub(r"\s+", "_", name) or "_"

# SPDX-License-Identifier: GPL-2.0-or-later
"""Trace files by name: ``FORMAT[,KEY=VALUE...]:FILE`` as `--trace` has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from vmm.debug.trace.feed import Feed
from vmm.debug.trace.jsonl import EVENTS, JsonLines
from vmm.debug.trace.output import binary_file, text_file
from vmm.machine.system_error import reason

EVERY = 10_007  # instructions between samples; a prime, so that no loop keeps step with it


class TraceError(ValueError):
    """A trace that cannot be made as asked: one line."""


class TraceFileError(TraceError):
    """A trace that this file, or this guest, does not allow."""


@dataclass(frozen=True, slots=True)
class Format:
    """A trace format: what it is, its keys with their meaning, and what starts it.

    ``start`` subscribes to the feed and opens the file; what it puts on the
    stack finishes the file when the trace ends.
    """

    name: str
    text: str
    keys: Mapping[str, str]
    start: Callable[[Feed, Path, Mapping[str, str], ExitStack], None]


@dataclass(frozen=True, slots=True)
class Request:
    """One trace that is wanted."""

    format: Format
    path: Path
    keys: Mapping[str, str]


def _jsonl(feed: Feed, path: Path, keys: Mapping[str, str], stack: ExitStack) -> None:
    events = tuple(keys["events"].split("+")) if "events" in keys else EVENTS
    for event in events:
        if event not in EVENTS:
            raise TraceError(f"jsonl: no events {event!r}; known: {', '.join(EVENTS)}")
    file = text_file(path, stack)
    JsonLines(feed, file, events)


def _perfetto(feed: Feed, path: Path, keys: Mapping[str, str], stack: ExitStack) -> None:
    from vmm.debug.trace.perfetto import Perfetto

    stack.callback(Perfetto(feed, binary_file(path, stack)).finish)


def _vcd(feed: Feed, path: Path, keys: Mapping[str, str], stack: ExitStack) -> None:
    from vmm.debug.trace.vcd import Vcd

    stack.callback(Vcd(feed, text_file(path, stack)).finish)


def _lcov(feed: Feed, path: Path, keys: Mapping[str, str], stack: ExitStack) -> None:
    from vmm.debug.trace.lcov import Lcov, NoDebugInformation  # reads DWARF: not for every run

    try:
        stack.callback(Lcov(feed, text_file(path, stack)).finish)
    except NoDebugInformation as error:
        raise TraceFileError(f"lcov: {error}") from error


def _folded(feed: Feed, path: Path, keys: Mapping[str, str], stack: ExitStack) -> None:
    from vmm.debug.trace.folded import Folded  # its backtraces read DWARF

    every = keys.get("every", str(EVERY))
    if not every.isdecimal() or not 0 < int(every) < 1 << 40:
        raise TraceError(f"folded: every={every}: a number of instructions")
    file = text_file(path, stack)
    stack.callback(Folded(feed, file, int(every)).finish)


FORMATS = {
    one.name: one
    for one in (
        Format("jsonl", "one JSON object for each event",
               {"events": f"which, joined by +: {' '.join(EVENTS)} (all)"}, _jsonl),
        Format("perfetto", "tracks for https://ui.perfetto.dev: processor, traps, lines, devices",
               {}, _perfetto),
        Format("vcd", "interrupt lines for GTKWave", {}, _vcd),
        Format("lcov", "coverage of the guest's source lines, for genhtml", {}, _lcov),
        Format("folded", "stacks for flame graphs, sampled",
               {"every": f"instructions between samples ({EVERY})"}, _folded),
    )
}


def table() -> str:
    """The formats and their keys, as text."""
    lines = []
    for one in FORMATS.values():
        lines.append(f"{one.name:<10} {one.text}")
        lines += [f"{'':<10}   {key}={text}" for key, text in one.keys.items()]
    return "\n".join(lines)


def parse(text: str) -> Request:
    """A request as ``FORMAT[,KEY=VALUE...]:FILE``; TraceError says what is wrong with it."""
    head, colon, path = text.partition(":")
    name, *words = head.split(",")
    if name not in FORMATS:
        raise TraceError(f"{text}: no format {name!r}; known: {', '.join(FORMATS)}")
    if not colon or not path:
        raise TraceError(f"{text}: no file; write {name}:FILE")
    keys = {}
    for word in words:
        key, equals, value = word.partition("=")
        if key not in FORMATS[name].keys or not equals or not value:
            known = ", ".join(FORMATS[name].keys) or "none"
            raise TraceError(f"{text}: {word!r} is no KEY=VALUE of {name}; its keys: {known}")
        keys[key] = value
    return Request(FORMATS[name], Path(path), keys)


def start(feed: Feed, request: Request, stack: ExitStack) -> None:
    """Begin one trace, which ends with the stack; TraceError if its file cannot be written."""
    try:
        request.format.start(feed, request.path, request.keys, stack)
    except OSError as error:
        raise TraceFileError(f"{request.path}: {reason(error)}") from error


class Tracing:
    """Traces of one machine, written until they are closed.

    ``requests`` are as `--trace` has them.  TraceError says what cannot be written.
    """

    def __init__(self, feed: Feed, *requests: str) -> None:
        self._feed = feed
        mark = feed.mark()
        with ExitStack() as stack:
            for request in map(parse, requests):
                start(feed, request, stack)
            self._files = stack.pop_all()
        self._subscriptions = feed.take(mark)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what is left, and finish the files.  Only between runs."""
        self._feed.flush()
        while self._subscriptions:
            self._subscriptions.pop()()
        self._files.close()

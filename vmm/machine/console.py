"""The guest's console: what it prints, what is typed, and scripts of both.

Output goes to any number of sinks.  Input is queued here and handed to the
serial device as its FIFO has room, so it enters the guest at a virtual time
that depends on the guest alone.  A script waits for text and sends text.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vmm.machine.channel import Channel
from vmm.machine.system_error import reason


class Receiver(Protocol):
    """The input side of a serial device."""

    def room(self) -> int: ...
    def receive(self, data: bytes) -> int: ...
    def receive_break(self) -> None: ...


class ScriptError(ValueError):
    """A console script that cannot be read: file, line and what is wrong."""


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """``expect "TEXT"`` or ``send "TEXT"``."""

    number: int
    verb: str
    text: bytes


def parse_script(text: str, name: str) -> list[ScriptLine]:
    r"""Read a script: one command a line, text in double quotes with \n \r \t \xNN escapes.

    Empty lines and lines that begin with ``#`` are skipped.
    """
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        verb, _, rest = line.partition(" ")
        rest = rest.strip()
        if verb not in ("expect", "send"):
            raise ScriptError(
                f'{name}:{number}: unknown command {verb!r}: use expect "TEXT" or send "TEXT"'
            )
        try:
            value = ast.literal_eval(rest)
        except (SyntaxError, ValueError):
            value = None
        if not isinstance(value, str) or not rest.startswith('"'):
            raise ScriptError(f'{name}:{number}: {verb} wants its text in double quotes')
        if not value:
            raise ScriptError(f"{name}:{number}: {verb} of nothing")
        lines.append(ScriptLine(number, verb, value.encode("latin-1", "replace")))
    return lines


def read_script(path: Path) -> list[ScriptLine]:
    """Read a script file; ScriptError with file and line if it is wrong."""
    try:
        return parse_script(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"{path}: {reason(error)}") from error


class Console:
    """One serial line between a guest and the world."""

    KEEP = 1 << 16  # bytes of output kept for diagnoses and tests

    def __init__(self, name: str = "console") -> None:
        self.sinks: list[Callable[[bytes], None]] = []
        self.receiver: Receiver | None = None
        self.printed = 0  # bytes in all
        self.tail = bytearray()
        self.on_script_end: Callable[[], None] | None = None
        self.channel = Channel(name, self.enter)
        self.breaks = Channel(f"{name}-break", self._break)  # what is in a piece does not matter
        self._input: deque[int] = deque()
        self._script: deque[ScriptLine] = deque()
        self._unmatched = bytearray()

    # -- the guest prints -------------------------------------------------------

    def put(self, data: bytes) -> None:
        """Bytes from the serial device."""
        self.printed += len(data)
        self.tail += data
        if len(self.tail) > 2 * self.KEEP:
            del self.tail[: -self.KEEP]
        for sink in self.sinks:
            sink(data)
        if self._script:
            self._unmatched += data
            self._run_script()

    # -- somebody types ---------------------------------------------------------

    def type(self, data: bytes) -> None:
        """Input from the host, for the guest."""
        self.channel.arrive(data)

    def enter(self, data: bytes) -> None:
        """Queue input for the guest now."""
        self._input.extend(data)
        self.feed()

    def send_break(self) -> None:
        """Send a break, as a terminal's key of that name does."""
        self.breaks.arrive(b"")

    def _break(self, data: bytes) -> None:
        if self.receiver is not None:
            self.receiver.receive_break()

    def feed(self) -> None:
        """Hand over what the device has room for (the device calls this too)."""
        receiver = self.receiver
        while self._input and receiver is not None and (room := receiver.room()) > 0:
            data = bytes(self._input[i] for i in range(min(room, len(self._input))))
            taken = receiver.receive(data)
            if taken <= 0:
                break
            for _ in range(taken):
                self._input.popleft()

    @property
    def waiting_input(self) -> bool:
        """Whether input is still queued."""
        return bool(self._input)

    # -- scripts ----------------------------------------------------------------

    def play(self, lines: list[ScriptLine]) -> None:
        """Start a script."""
        self._script.extend(lines)
        self._run_script()

    @property
    def expecting(self) -> ScriptLine | None:
        """The script line that has not happened yet."""
        return self._script[0] if self._script else None

    def _run_script(self) -> None:
        while self._script:
            line = self._script[0]
            if line.verb == "expect":
                at = self._unmatched.find(line.text)
                if at < 0:
                    # Keep only what a later byte could still complete.
                    del self._unmatched[: max(0, len(self._unmatched) - len(line.text) + 1)]
                    return
                del self._unmatched[: at + len(line.text)]
                self._script.popleft()
            else:
                self._script.popleft()
                self.enter(line.text)
        if self.on_script_end is not None:
            self.on_script_end()

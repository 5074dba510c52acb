# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's end of the guest's console: standard output and standard input.

Output is raw bytes.  Guests print a byte at a time, so bytes are gathered and
written at line ends, when 4 KiB are together, and whenever the machine looks
outside.  Input is polled at the same moments; the descriptor stays blocking
because a terminal shares its flags with standard output and the shell.

On a terminal input is raw, as with `qemu -nographic`: every key goes to the
guest, and a key after Ctrl-A is a command (`HELP`).
"""

from __future__ import annotations

import os
import select
import stat
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import FileIO

from vmm.machine.system_error import reason

GATHER = 4096
NOBODY_READS = "nobody reads the console any more"
ESCAPE = 0x01  # Ctrl-A
HELP = """\
Ctrl-A h    this help
Ctrl-A x    end the run
Ctrl-A c    open the trap shell
Ctrl-A b    send a break (Linux: the key of magic SysRq)
Ctrl-A s    write what -snapshot has kept into the image files
Ctrl-A t    virtual time before each line, or no more
Ctrl-A a    type one Ctrl-A, as Ctrl-A Ctrl-A does
"""


class Output:
    """A sink of console bytes that ends in a file descriptor."""

    def __init__(self, descriptor: int, name: str = "standard output") -> None:
        self.descriptor = descriptor
        self.name = name
        self.before: Callable[[], None] = lambda: None  # whoever draws there clears away
        self.at_line_start = True
        self.stamp: Callable[[], str] | None = None  # what is written before each line
        self.failure = ""  # why it takes no more, in one line
        self._gathered = bytearray()

    def put(self, data: bytes) -> None:
        """Bytes that the guest prints."""
        self._gathered += data
        if b"\n" in data or len(self._gathered) >= GATHER:
            self.flush()

    def flush(self) -> None:
        """Write what has been gathered; sets `failure` if it cannot be."""
        data, self._gathered = self._gathered, bytearray()
        if not data or self.failure:
            return
        self.before()
        if self.stamp is not None:
            data = self._stamped(data, self.stamp().encode())
        self.at_line_start = data.endswith(b"\n")
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self.descriptor, view) :]
        except BrokenPipeError:
            self.failure = NOBODY_READS
        except OSError as error:
            self.failure = f"{self.name}: {reason(error)}"

    def _stamped(self, data: bytearray, stamp: bytes) -> bytearray:
        first = stamp if self.at_line_start else b""
        return bytearray(first) + data[:-1].replace(b"\n", b"\n" + stamp) + data[-1:]


class Input:
    """What the user types, for the guest's console."""

    def __init__(
        self,
        descriptor: int,
        deliver: Callable[[bytes], None],
        quit_run: Callable[[], None],
        open_shell: Callable[[], None],
        keys: Mapping[str, Callable[[], None]] | None = None,
    ) -> None:
        """``keys`` are more commands after Ctrl-A, by their letter."""
        self.descriptor = descriptor
        self.deliver = deliver
        self.commands = {"x": quit_run, "c": open_shell, **(keys or {})}
        self.open = True
        self.terminal = os.isatty(descriptor)
        self._escaped = False

    def poll(self, seconds: float = 0) -> bool:
        """Deliver what is there, waiting at most ``seconds`` for it; whether more may come."""
        if not self.open:
            return False
        ready, _, _ = select.select([self.descriptor], [], [], seconds)
        if ready:
            try:
                data = os.read(self.descriptor, GATHER)
            except OSError:  # a terminal that hung up
                data = b""
            if not data:
                self.open = False
            elif data := self._keys(data) if self.terminal else data:
                self.deliver(data)
        return self.open

    # As a source of a machine's outside (`vmm.machine.outside`):

    expects = False  # a guest that sleeps does not wait for keys

    def descriptors(self) -> list[tuple[int, int]]:
        """What is waited for."""
        return [(self.descriptor, select.POLLIN)] if self.open else []

    def take(self, found: Sequence[int]) -> None:
        """Deliver what is there, if something is."""
        if found[0]:
            self.poll()

    def _keys(self, data: bytes) -> bytes:
        typed = bytearray()
        for byte in data:
            if self._escaped:
                self._escaped = False
                if byte in b"aA\x01":
                    typed.append(ESCAPE)
                elif (command := self.commands.get(chr(byte).lower())) is not None:
                    command()
            elif byte == ESCAPE:
                self._escaped = True
            else:
                typed.append(byte)
        return bytes(typed)

    @contextmanager
    def raw(self) -> Iterator[None]:
        """The terminal in raw mode for a while; nothing happens if it is not one."""
        if not self.terminal:
            yield
            return
        before = termios.tcgetattr(self.descriptor)
        mode = termios.tcgetattr(self.descriptor)
        mode[0] &= ~(termios.IGNBRK | termios.BRKINT | termios.ISTRIP | termios.INLCR
                     | termios.IGNCR | termios.ICRNL | termios.IXON)
        mode[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self.descriptor, termios.TCSANOW, mode)
        try:
            yield
        finally:
            with suppress(termios.error):
                termios.tcsetattr(self.descriptor, termios.TCSADRAIN, before)


def usable_input(descriptor: int) -> bool:
    """Whether standard input is something a user or program may type into."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return (
        os.isatty(descriptor) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISREG(mode)
    )


def file_output(path: str) -> Output:
    """An `Output` into a new file."""
    file = FileIO(path, "w")
    output = Output(file.fileno(), path)
    output.file = file  # type: ignore[attr-defined]  # closed with the output
    return output

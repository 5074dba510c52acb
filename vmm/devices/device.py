"""What every device is: a register table, behaviour, and a state dataclass.

A device sees nothing but its interrupt lines, the clock and its back end, so
it runs in a unit test with no processor.  The bus calls `read` and `write`
with an offset from the device's base, a size of 1, 2, 4 or 8 bytes, and
values as the guest's processor sees them.  A register that is not in the
table reads as the hardware would read (mostly zero), is counted in
``unknown``, and never raises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Register:
    """One row of a device's register table."""

    offset: int
    name: str
    access: str = "rw"  # "rw", "ro" or "wo"
    reset: int = 0


class Device(Protocol):
    """The interface the bus, the debugger and snapshots use."""

    name: str
    size: int  # bytes of address space (or I/O ports)
    registers: tuple[Register, ...]
    state: Any  # a dataclass: everything that a snapshot must keep
    unknown: Unknown

    def reset(self) -> None: ...
    def read(self, offset: int, size: int) -> int: ...
    def write(self, offset: int, size: int, value: int) -> None: ...


class Unknown:
    """Counts accesses that no register of a device answers (`-d guest_errors`)."""

    def __init__(self, device: str, sink: Callable[[str], None] | None = None) -> None:
        self.device = device
        self.sink = sink
        self.counts: Counter[tuple[str, int]] = Counter()

    def read(self, offset: int, size: int, value: int = 0) -> int:
        """Count a read nobody answers and return what the hardware would."""
        self.counts["read", offset] += 1
        if self.sink is not None:
            self.sink(f"{self.device}: read of {size} bytes at unknown offset {offset:#x}")
        return value

    def write(self, offset: int, size: int, value: int) -> None:
        """Count a write nobody takes."""
        self.counts["write", offset] += 1
        if self.sink is not None:
            self.sink(
                f"{self.device}: write of {value:#x} ({size} bytes) at unknown offset {offset:#x}"
            )

    def note(self, text: str) -> None:
        """Report another guest mistake, such as a reserved value in a known register."""
        self.counts["note", -1] += 1
        if self.sink is not None:
            self.sink(f"{self.device}: {text}")


class Stable(Protocol):
    """What a device may add: registers whose reads the native layer may answer.

    ``stable`` says of a read just made whether it had no side effect and would
    give the same value again until a device is written, read with side
    effects, or has an event.  Time-dependent registers are never stable.
    """

    def stable(self, offset: int, size: int, value: int) -> bool: ...


class CharSink(Protocol):
    """Where a serial device sends what the guest prints."""

    def __call__(self, data: bytes) -> None: ...

"""What the machine asks of a processor, whatever its architecture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from vmm.cpu.engine import Engine
from vmm.cpu.registers import RegisterFile

ReadPhysical = Callable[[int, int], bytes | None]  # (address, size); None: nobody answers


class UnknownModel(ValueError):
    """A processor model that this architecture does not have."""


class Processor(Protocol):
    """An engine made architecturally complete."""

    model: str
    architecture: str
    byteorder: Literal["big", "little"]
    engine: Engine
    registers: RegisterFile
    read_physical: ReadPhysical

    def reset(self) -> None:
        """The architecture's reset state."""
        ...

    @property
    def pc(self) -> int:
        """Address of the instruction that runs next."""
        ...

    def set_pc(self, address: int) -> None:
        """Continue at ``address``."""
        ...

    def run(self) -> int:
        """Run until something stops the engine; a REASON_ value."""
        ...

    def wakes(self) -> bool:
        """Whether a line is up that ends the processor's sleep."""
        ...

    def can_wake(self) -> bool:
        """Whether any interrupt could end the sleep: not with interrupts disabled for good."""
        ...

    def trap_kinds(self) -> dict[int, str]:
        """Number and short name of every kind of trap (as in `--intercept`)."""
        ...

    def trap_name(self, kind: int) -> str:
        """Short name of one kind of trap."""
        ...

    def deliver(self, kind: int) -> None:
        """Enter the trap as the architecture manual says: the readable twin of native delivery."""
        ...

    def translate(self, address: int) -> int | None:
        """Physical address of a virtual one as the current mode reads it, or None."""
        ...

    def disassemble(self, address: int, count: int) -> list[tuple[int, bytes, str]]:
        """Up to ``count`` instructions from a virtual address: (address, bytes, text)."""
        ...

    def crash_reason(self, reason: int) -> str:
        """One line on why the engine stopped by itself (error mode, shutdown, ...)."""
        ...

# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine that a Python test gets: the library's, with limits for the whole test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vmm.api import Machine, Outcome
from vmm.api.until import Until
from vmm.boards.options import board_and_properties
from vmm.testing import elf, origin, report
from vmm.testing.case import Limits


class GuestMachine(Machine):
    """A machine whose every run ends at the test's limits, and that keeps its ledger.

    ``limits`` count from reset, but for the limit of real time, which is for each run.
    """

    def __init__(
        self, board: str | Path | None, *, limits: Limits, kernel: Path | None = None,
        properties: Mapping[str, str] | None = None, ledger: bool = True, coverage: bool = False,
        bios: Path | None = None, initrd: Path | None = None, cpu: str | None = None,
        ram: int | str | None = None, append: str = "", boot_menu: bool = False,
        debugcon: bool = False, processors: int = 1,
    ) -> None:
        """As `Machine`; without a board it is the one that the kernel's ELF file names."""
        named = str(board or (elf.board(kernel) if kernel else ""))
        if not named:
            raise ValueError("which board? the kernel does not say it")
        name, given = board_and_properties(named)
        super().__init__(
            name, kernel=kernel, bios=bios, initrd=initrd, cpu=cpu, ram=ram, append=append,
            ledger=ledger, coverage=coverage, boot_menu=boot_menu, debugcon=debugcon,
            processors=processors, properties={**given, **(properties or {})},
        )
        self.limits = limits
        self.title = f"{name}, {(kernel or bios or Path()).name}"

    def run(
        self, until: Until | list[Until] | tuple[Until, ...] | None = None, *,
        timeout: float | None = None, instructions: int | None = None,
        wall_timeout: float | None = None,
    ) -> Outcome:
        """As `Machine.run`; a limit of the test that comes first ends the run."""
        limits = self.limits
        if limits.virtual is not None:
            left = max(0.0, limits.virtual - self.seconds)
            timeout = left if timeout is None else min(timeout, left)
        if limits.instructions is not None:
            rest = max(0, limits.instructions - self.count)
            instructions = rest if instructions is None else min(instructions, rest)
        return super().run(
            until, timeout=timeout, instructions=instructions,
            wall_timeout=limits.wall if wall_timeout is None else wall_timeout,
        )

    def failure(self) -> list[str]:
        """What a test's report shows of this machine."""
        ended = "has not run" if self.outcome is None else self.outcome.text
        return [
            f"the last run: {ended}; {self.count} instructions, {self.seconds:.6f} virtual s",
            *report.tail(bytes(self.machine.console.tail)), *self.report(),
            *origin.source_lines(self.machine),
        ]

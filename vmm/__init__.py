# SPDX-License-Identifier: GPL-2.0-or-later
"""vmm: a virtual machine monitor whose physical processors are Unicorn engines.

It boots guest binaries for SPARC (LEON3), ARM and x86 on complete boards.
Start reading in docs/architecture.md; the command is `vmm` (docs/command.md),
the library is what this package exports (docs/library.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = [
    "Access", "At", "Coverage", "Ending", "Instructions", "Ledger", "Line", "Machine", "Memory",
    "NotMemory", "Outcome", "Seconds", "Text", "Trap", "Unexpected", "Virtualization",
    "demo_guest",
]

if TYPE_CHECKING:
    from vmm.api import (
        Access,
        At,
        Coverage,
        Ending,
        Instructions,
        Ledger,
        Line,
        Machine,
        Memory,
        NotMemory,
        Outcome,
        Seconds,
        Text,
        Trap,
        Unexpected,
        Virtualization,
        demo_guest,
    )


def __getattr__(name: str) -> object:
    """Load the library when it is first asked for: the package also builds what it needs."""
    if name not in __all__:
        raise AttributeError(f"module 'vmm' has no attribute {name!r}")
    from vmm import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

# SPDX-License-Identifier: GPL-2.0-or-later
"""The library: machines for programs and tests.  `from vmm import Machine`; docs/library.md."""

from vmm.api.coverage import Coverage
from vmm.api.demo import demo_guest
from vmm.api.hooks import Trap
from vmm.api.ledger import Ledger
from vmm.api.machine import Machine
from vmm.api.printed import Unexpected
from vmm.api.until import At, Instructions, Line, Seconds, Text
from vmm.api.virtualization import Virtualization
from vmm.debug.trace.feed import Access
from vmm.machine.guest_memory import Memory, NotMemory
from vmm.machine.outcome import Ending, Outcome

__all__ = [
    "Access", "At", "Coverage", "Ending", "Instructions", "Ledger", "Line", "Machine", "Memory",
    "NotMemory", "Outcome", "Seconds", "Text", "Trap", "Unexpected", "Virtualization",
    "demo_guest",
]

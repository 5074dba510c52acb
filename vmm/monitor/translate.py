# SPDX-License-Identifier: GPL-2.0-or-later
"""Translate: the guest's kernel runs in user mode, its sensitive instructions replaced.

Adams and Agesen, "A Comparison of Software and Hardware Techniques for x86
Virtualization" (2006).  The kernel is executed from shadow code pages, whose
blocks are scanned when they are first executed.  A sensitive instruction is
replaced in place, by a jump into a translation cache, or by a call of the
monitor; what the guest reads, as data, stays what it wrote.  Such code is chained
and kept like any other, and forgotten when the guest stores into what it was
made from.

It adapts: a store that page protection has refused a few times (one to a page
table, under strict shadowing) is translated anew, as a call too.

How code is scanned is the architecture's: its monitor's `replace_sensitive`.
"""

from __future__ import annotations

from vmm.machine.machine import Machine
from vmm.monitor.base import Monitor
from vmm.monitor.counters import ScanCost


class Technique:
    """``cost`` is what scanning has taken so far."""

    name = "translate"

    def __init__(self) -> None:
        self.cost = ScanCost()

    def refusal(self, machine: Machine) -> str | None:
        return None

    def attach(self, monitor: Monitor) -> None:
        monitor.replace_sensitive(self.cost)

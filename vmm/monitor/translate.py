# SPDX-License-Identifier: GPL-2.0-or-later
"""Translate: the guest's kernel runs in user mode, its sensitive instructions replaced.

Adams and Agesen, "A Comparison of Software and Hardware Techniques for x86
Virtualization" (2006).  The kernel is executed from shadow code pages, whose
blocks are scanned when they are first executed.  A sensitive instruction is
replaced in place, by a jump into a translation cache, or by a call of the
monitor; one that has a long template is called first, and gets it when it has been
called often enough.  What the guest reads, as data, stays what it wrote.  Such code is chained
and kept like any other, and forgotten when the guest stores into what it was
made from.

It adapts: a store that page protection has refused a few times (one to a page
table, under strict shadowing) is translated anew, as a call too.

How code is scanned is the architecture's: its monitor's `replace_sensitive`.
"""

from __future__ import annotations

from vmm.machine.machine import Machine
from vmm.monitor.base import Monitor, MonitorError
from vmm.monitor.counters import ScanCost

COLD_CALLS_MOST = 0xFFFF  # vmm/native/src/code_cache.c: a counter has 16 bits


class Technique:
    """``cost`` is what scanning has taken so far.

    ``cold_calls`` says how often the monitor is called for a site before its long template
    is translated: 0 to 65535; None: as often as that takes about as long as the calls.
    """

    name = "translate"

    def __init__(self, cold_calls: int | None = None) -> None:
        if cold_calls is not None and not 0 <= cold_calls <= COLD_CALLS_MOST:
            raise MonitorError(f"cold_calls is from 0 to {COLD_CALLS_MOST}, not {cold_calls}")
        self.cost = ScanCost()
        self._cold_calls = cold_calls

    def refusal(self, machine: Machine) -> str | None:
        return None

    def attach(self, monitor: Monitor) -> None:
        monitor.replace_sensitive(self.cost)
        if self._cold_calls is not None:
            monitor.engine.library.dll.vmm_set_cold_calls(
                monitor.engine.pointer, self._cold_calls)

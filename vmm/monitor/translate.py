# SPDX-License-Identifier: GPL-2.0-or-later
"""Translate: the guest's kernel runs in user mode, its sensitive instructions replaced.

Adams and Agesen, "A Comparison of Software and Hardware Techniques for x86
Virtualization" (2006); Sugerman and others, "Virtualizing I/O Devices on
VMware Workstation's Hosted Virtual Machine Monitor" (2001).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from vmm.machine.machine import Machine
from vmm.monitor.base import Monitor


@dataclass(slots=True)
class Statistics:
    """What scanning cost, once for each instruction that was looked at."""

    looked_at: int = 0
    replaced: int = 0
    nanoseconds: int = 0


class Technique:
    name = "translate"

    def __init__(self) -> None:
        self.statistics = Statistics()

    def refusal(self, machine: Machine) -> str | None:
        return None

    def attach(self, monitor: Monitor) -> None:
        self._translate = monitor.translate
        monitor.virtual.handlers.decode = self._decode

    def _decode(self, address: int, code: bytes) -> int:
        started = time.perf_counter_ns()
        number = self._translate(address, code)
        s = self.statistics
        s.looked_at += 1
        s.replaced += number != 0
        s.nanoseconds += time.perf_counter_ns() - started
        return number

# SPDX-License-Identifier: GPL-2.0-or-later
"""What a machine's network devices are plugged into."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

from vmm.machine.machine import Machine


def plug(machine: Machine, netdevs: Iterable[str]) -> ExitStack:
    """Plug in what texts as after ``-netdev`` name, until the stack is closed; ValueError."""
    with ExitStack() as plugged:
        for text in netdevs:
            from vmm.network import netdev  # few machines have one

            netdev.plug(machine, netdev.parse(text), plugged)
        return plugged.pop_all()

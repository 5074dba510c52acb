# SPDX-License-Identifier: GPL-2.0-or-later
"""What a monitor asks of the policy that translates its guest's addresses.

A policy answers *fills*: the processor, always in user mode, has met an
address that it has no translation for.  Either the guest's own tables allow
the access, and the policy puts a translation in (a *hidden* fault: the guest
learns nothing of it), or they do not, and the guest gets the fault that its
hardware would raise.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from vmm.devices.shared import Shared

if TYPE_CHECKING:
    from vmm.monitor.base import Monitor

PAGE = 0x1000
LOAD, STORE, FETCH = range(3)  # kinds of access, as the native layer numbers them


class PolicyError(ValueError):
    """A policy cannot serve this machine; one line says why."""


class MemoryCounters(Shared):
    """What translating took (`struct vmm_memory_counters` of vmm/native/src/shadow.h)."""

    faults: int  # that the guest took, of those that the policy found
    hidden_faults: int  # that it did not see: its translation was not in the shadow yet
    updates: int  # of the guest's tables that were trapped, told or noticed
    walks: int  # of the guest's tables
    flushes: int  # by the guest
    switches: int  # of the address space or of what governs it
    _fields_ = tuple(
        (name, C.c_uint64)
        for name in ("faults", "hidden_faults", "updates", "walks", "flushes", "switches")
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """A refused access, in the terms of the guest's architecture.

    ``status`` is the complete status word: on x86 the page fault's error code, on ARM
    DFSR (IFSR for a fetch) in the format of the tables in use, on SPARC the SRMMU's FSR
    without OW and EBE.
    """

    address: int  # CR2; DFAR or IFAR; the SRMMU's FAR
    access: int  # LOAD, STORE or FETCH
    user: bool  # with the rights of virtual user mode
    status: int


class MemoryPolicy(Protocol):
    """Translates a guest's virtual addresses; guest-physical ones are the machine's own."""

    name: str

    @property
    def counters(self) -> MemoryCounters:
        """Since the machine was virtualized."""
        ...

    def attach(self, monitor: Monitor) -> None:
        """The machine has been taken over and has not run yet.

        The policy answers the fills of ``monitor.engine`` from here on.  PolicyError if
        it cannot serve this machine.
        """
        ...

    def context_changed(self) -> None:
        """A register that governs translation has been written on the virtual processor.

        x86: CR0 (PG, WP), CR3, CR4 (PSE, PAE), EFER.NXE, the A20 gate.  ARM: SCTLR, TTBCR,
        the TTBRs, DACR, CONTEXTIDR, or the security state.  SPARC: the SRMMU's control,
        context table pointer and context.  Also said when a register is written with the
        value that it has, where the hardware flushes then (CR3).
        """
        ...

    def flush(self, address: int | None) -> None:
        """The guest flushed the translations of a page, or all of them."""
        ...

    def fill(self, address: int, access: int) -> int:
        """A translation is needed for a load (0), store (1) or fetch (2).

        0: it is there now.  Else the number of the exception that the access raises, as
        `Monitor.refuse` has it.
        """
        ...

    def physical(self, address: int) -> int | None:
        """Where the virtual kernel finds an address of its own; None: nowhere.

        No flag is set and no fault raised: it is the monitor that looks.
        """
        ...

    def stored(self) -> None:
        """The store that was let through to a page of the guest's tables has been made."""
        ...

    def wrote(self, address: int, size: int) -> None:
        """Guest-physical memory has been written by other than the guest's instructions."""
        ...

    def update(self, entries: Sequence[tuple[int, int]]) -> bool:
        """The guest asks for entries of its tables to be set: (physical address, value) each.

        In this order; False if one was refused, which ends it.
        """
        ...

    def forget(self) -> None:
        """State was put back from outside: derive everything anew."""
        ...

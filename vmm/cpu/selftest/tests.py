# SPDX-License-Identifier: GPL-2.0-or-later
"""Self-tests: does the engine behave as `src/offsets.h` and the thunks assume?

The build id says that the engine is the file we know; these tests say that
what we know of it is true, by behaviour.  Each runs a few instructions on a
scratch engine of its own and compares what happened with what the
architecture's manual (or the engine's public interface) says.  `vmm doctor`
and the tests run them; all together take about a third of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmm.cpu.selftest.counting import breakpoints_are_exact, budget_is_exact
from vmm.cpu.selftest.endings import ends_are_caught, handlers_may_fail
from vmm.cpu.selftest.memory import devices_are_exact, stores_are_fast_and_seen
from vmm.cpu.selftest.registers import registers_agree
from vmm.cpu.selftest.sparc_blocks import blocks_are_their_instructions
from vmm.cpu.selftest.traps import (
    faults_are_described,
    interrupts_obey_masks,
    sparc_trap_place,
    traps_pass_the_gate,
)
from vmm.cpu.selftest.virtual import arm_instructions_are_replaced, views_are_apart
from vmm.cpu.selftest.virtual_time import sleep_is_noticed, time_is_virtual
from vmm.cpu.selftest.watchpoints import watchpoints_are_exact
from vmm.cpu.selftest.x86_blocks import x86_blocks_are_their_instructions


@dataclass(frozen=True, slots=True)
class SelfTest:
    """One test; ``run`` returns a few words, or raises `Mismatch`."""

    name: str
    run: Callable[[], str]


TESTS = (
    SelfTest("register files", registers_agree),
    SelfTest("instruction budget", budget_is_exact),
    SelfTest("breakpoints", breakpoints_are_exact),
    SelfTest("watchpoints", watchpoints_are_exact),
    SelfTest("device accesses", devices_are_exact),
    SelfTest("trap gate", traps_pass_the_gate),
    SelfTest("SPARC trap pc", sparc_trap_place),
    SelfTest("SPARC blocks", blocks_are_their_instructions),
    SelfTest("x86 blocks", x86_blocks_are_their_instructions),
    SelfTest("faults", faults_are_described),
    SelfTest("translation fill", stores_are_fast_and_seen),
    SelfTest("interrupts", interrupts_obey_masks),
    SelfTest("views", views_are_apart),
    SelfTest("sensitive ARM instructions", arm_instructions_are_replaced),
    SelfTest("sleep", sleep_is_noticed),
    SelfTest("virtual time", time_is_virtual),
    SelfTest("ends", ends_are_caught),
    SelfTest("errors in handlers", handlers_may_fail),
)

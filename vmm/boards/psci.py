# SPDX-License-Identifier: GPL-2.0-or-later
"""PSCI, the power interface of ARM firmware, as the board's own services.

Arm DEN 0022 (PSCI 1.1) for the functions, DEN 0028 (SMC Calling Convention)
for what unknown functions return.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmm.cpu.arm.processor import ArmProcessor

if TYPE_CHECKING:
    from vmm.machine.machine import Machine

VERSION, CPU_SUSPEND, CPU_OFF, CPU_ON, AFFINITY_INFO = (0x84000000 + n for n in range(5))
MIGRATE, MIGRATE_INFO_TYPE = 0x84000005, 0x84000006
SYSTEM_OFF, SYSTEM_RESET, FEATURES = 0x84000008, 0x84000009, 0x8400000A

PSCI_1_1 = 0x10001
SUCCESS, NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, ALREADY_ON = 0, -1, -2, -3, -4
IS_ON, IS_OFF = 0, 1  # AFFINITY_INFO
NO_MIGRATION = 2
AFFINITY = 0xFFFFFF  # bits of MPIDR that name a processor
KNOWN = {VERSION, CPU_SUSPEND, CPU_OFF, CPU_ON, AFFINITY_INFO, MIGRATE_INFO_TYPE, SYSTEM_OFF,
         SYSTEM_RESET, FEATURES}


class Psci:
    """Answers calls of the processor whose turn it is."""

    def __init__(
        self, machine: Machine, off: Callable[[], None], reset: Callable[[], None]
    ) -> None:
        self.machine = machine
        self.off, self.reset = off, reset

    def call(self) -> None:
        """One call: function in r0, arguments in r1 to r3, result in r0."""
        registers = self.machine.processor.registers
        registers["r0"] = self._answer(registers["r0"]) & 0xFFFFFFFF

    def _argument(self, number: int) -> int:
        return self.machine.processor.registers[f"r{number}"]

    def _answer(self, function: int) -> int:
        if function == VERSION:
            return PSCI_1_1
        if function == FEATURES:
            return SUCCESS if self._argument(1) in KNOWN else NOT_SUPPORTED
        if function == AFFINITY_INFO:
            return self._affinity_info(self._argument(1))
        if function == CPU_ON:
            return self._switch_on(*map(self._argument, (1, 2, 3)))
        if function == CPU_OFF:
            return self._switch_off()
        if function == MIGRATE_INFO_TYPE:
            return NO_MIGRATION
        if function == CPU_SUSPEND:
            return SUCCESS  # woken at once, which a standby state may be
        if function == SYSTEM_OFF:
            self.off()
            return SUCCESS
        if function == SYSTEM_RESET:
            self.reset()
            return SUCCESS
        return NOT_SUPPORTED

    # -- processors ---------------------------------------------------------------

    def _number(self, affinity: int) -> int | None:
        number = affinity & AFFINITY
        return number if number < len(self.machine.processors) else None

    def _is_on(self, number: int) -> bool:
        turns = self.machine.turns
        return turns is None or turns.state.on[number]

    def _affinity_info(self, affinity: int) -> int:
        number = self._number(affinity)
        if number is None:
            return INVALID_PARAMETERS
        return IS_ON if self._is_on(number) else IS_OFF

    def _switch_on(self, affinity: int, entry: int, context: int) -> int:
        number = self._number(affinity)
        if number is None:
            return INVALID_PARAMETERS
        turns = self.machine.turns
        if turns is None or turns.state.on[number]:
            return ALREADY_ON
        processor = turns.processors[number]
        assert isinstance(processor, ArmProcessor)
        processor.switch_on(entry, context)
        turns.switch_on(number)
        return SUCCESS

    def _switch_off(self) -> int:
        turns = self.machine.turns
        if turns is None or sum(turns.state.on) == 1:
            return DENIED
        turns.switch_off()
        return SUCCESS

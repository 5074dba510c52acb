"""PSCI, the power interface of ARM firmware, as the board's own services.

Arm DEN 0022 (PSCI 1.1) for the functions, DEN 0028 (SMC Calling Convention)
for what unknown functions return.  One processor: there is nobody to switch on.
"""

from __future__ import annotations

from collections.abc import Callable

from vmm.cpu.arm.processor import ArmProcessor

VERSION, CPU_SUSPEND, CPU_OFF, CPU_ON, AFFINITY_INFO = (0x84000000 + n for n in range(5))
MIGRATE, MIGRATE_INFO_TYPE = 0x84000005, 0x84000006
SYSTEM_OFF, SYSTEM_RESET, FEATURES = 0x84000008, 0x84000009, 0x8400000A

PSCI_1_1 = 0x10001
SUCCESS, NOT_SUPPORTED, INVALID_PARAMETERS, ALREADY_ON = 0, -1, -2, -4
NO_MIGRATION = 2
KNOWN = {VERSION, CPU_SUSPEND, CPU_OFF, CPU_ON, AFFINITY_INFO, MIGRATE_INFO_TYPE, SYSTEM_OFF,
         SYSTEM_RESET, FEATURES}


class Psci:
    """Answers calls of one processor."""

    def __init__(
        self, processor: ArmProcessor, off: Callable[[], None], reset: Callable[[], None],
        halt: Callable[[], None],
    ) -> None:
        self.processor = processor
        self.off, self.reset, self.halt = off, reset, halt

    def call(self) -> None:
        """One call: function in r0, arguments in r1 to r3, result in r0."""
        registers = self.processor.registers
        result = self._answer(registers["r0"], registers["r1"])
        registers["r0"] = result & 0xFFFFFFFF

    def _answer(self, function: int, argument: int) -> int:
        if function == VERSION:
            return PSCI_1_1
        if function == FEATURES:
            return SUCCESS if argument in KNOWN else NOT_SUPPORTED
        if function == AFFINITY_INFO:
            return 0 if argument & 0xFFFFFF == 0 else INVALID_PARAMETERS
        if function == CPU_ON:
            return ALREADY_ON if argument & 0xFFFFFF == 0 else INVALID_PARAMETERS
        if function == MIGRATE_INFO_TYPE:
            return NO_MIGRATION
        if function in (CPU_SUSPEND, CPU_OFF):
            # Suspending the only processor is waiting for an interrupt.
            self.halt()
            return SUCCESS
        if function == SYSTEM_OFF:
            self.off()
            return SUCCESS
        if function == SYSTEM_RESET:
            self.reset()
            return SUCCESS
        return NOT_SUPPORTED

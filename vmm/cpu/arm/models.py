"""ARM processor models."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """One processor: the engine's name for it and which extensions it has."""

    name: str
    engine: str  # attribute of unicorn.arm_const
    description: str
    generic_timer: bool
    virtualization: bool
    security: bool
    doubles: int  # d registers: 32 with Advanced SIMD, 16 with VFPv2
    page_size: int  # the engine's TLB granule: ARMv5 has 1 KiB tiny pages


V7VE = "ARMv7-A with LPAE and Virtualization Extensions"
MODELS = {
    model.name: model
    for model in (
        Model("cortex-a15", "UC_CPU_ARM_CORTEX_A15", V7VE, True, True, True, 32, 4096),
        Model("cortex-a7", "UC_CPU_ARM_CORTEX_A7", V7VE, True, True, True, 32, 4096),
        Model("cortex-a9", "UC_CPU_ARM_CORTEX_A9", "ARMv7-A", False, False, True, 32, 4096),
        Model("arm926", "UC_CPU_ARM_926", "ARMv5TEJ (ARM926EJ-S)", False, False, False, 16, 1024),
    )
}

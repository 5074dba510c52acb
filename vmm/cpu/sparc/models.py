"""SPARC V8 processor models and their reset state."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """One processor: the engine's name for it and what reset leaves in PSR."""

    name: str
    engine: str  # attribute of unicorn.sparc_const
    description: str


MODELS = {
    "leon3": Model("leon3", "UC_CPU_SPARC32_LEON3", "Gaisler LEON3: SRMMU, MUL/DIV, CASA, ASR17"),
}
DEFAULT = "leon3"

# LEON3 after reset: S=1, ET=0, PC=0, nPC=4; caches and MMU off (GRLIB IP manual, LEON3 "Reset").
RESET_PSR = 0x000000C0

"""x86 traps: names, and delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm.native.library import KIND_INTERRUPT, KIND_SOFTWARE

if TYPE_CHECKING:
    from vmm.cpu.x86.processor import X86Processor

EXCEPTIONS = {
    0: "de", 1: "db", 2: "nmi", 3: "bp", 4: "of", 5: "br", 6: "ud", 7: "nm", 8: "df", 9: "cso",
    10: "ts", 11: "np", 12: "ss", 13: "gp", 14: "pf", 16: "mf", 17: "ac", 18: "mc", 19: "xm",
}
NAMES = {vector: f"#{name.upper()}" for vector, name in EXCEPTIONS.items()}
NAMES |= {KIND_SOFTWARE + vector: f"int_{vector:02x}" for vector in range(256)}
NAMES |= {KIND_INTERRUPT + vector: f"irq_{vector:02x}" for vector in range(256)}


def name(kind: int) -> str:
    """``#GP``, ``int_80`` (software) or ``irq_08`` (hardware)."""
    return NAMES.get(kind, f"vector_{kind & 0xFF:02x}")


def deliver(processor: X86Processor, kind: int) -> None:
    """Not here yet."""
    raise NotImplementedError

"""x86 processor models, i386-class to i686-class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """One processor: the engine's name for it and its CPUID signature at reset."""

    name: str
    engine: str  # attribute of unicorn.x86_const
    description: str
    signature: int  # EDX after reset: family, model, stepping
    sse: bool
    apic: bool = True  # a local APIC


MODELS = {
    model.name: model
    for model in (
        Model("qemu32", "UC_CPU_X86_QEMU32", "QEMU's generic 32-bit processor", 0x663, True),
        Model("kvm32", "UC_CPU_X86_KVM32", "KVM's generic 32-bit processor", 0xF61, True),
        Model("486", "UC_CPU_X86_486", "Intel 486", 0x480, False, apic=False),
        Model("pentium", "UC_CPU_X86_PENTIUM", "Intel Pentium", 0x543, False),
        Model("pentium2", "UC_CPU_X86_PENTIUM2", "Intel Pentium II", 0x652, False),
        Model("pentium3", "UC_CPU_X86_PENTIUM3", "Intel Pentium III", 0x673, True),
        Model("coreduo", "UC_CPU_X86_COREDUO", "Intel Core Duo", 0x6E8, True),
        Model("n270", "UC_CPU_X86_N270", "Intel Atom N270", 0x6C2, True),
        Model("athlon", "UC_CPU_X86_ATHLON", "AMD Athlon", 0x623, False),
    )
}

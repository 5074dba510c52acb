# SPDX-License-Identifier: GPL-2.0-or-later
"""Self-test of the register files: where the engine keeps which register."""

from __future__ import annotations

from vmm.cpu.engine import constants
from vmm.cpu.selftest.scratch import (
    arm,
    expect,
    sparc,
    x86,
)


def registers_agree() -> str:
    """Our views of the register files against the engine's public register interface."""
    checked = 0
    plans = (
        (sparc(), "sparc_const", "UC_SPARC_REG_",
         [f"{b}{i}" for b in "goli" for i in range(8) if (b, i) != ("g", 0)]),
        (arm(), "arm_const", "UC_ARM_REG_", [f"r{i}" for i in range(15)]),
        (x86(), "x86_const", "UC_X86_REG_",
         ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp"]),
    )
    for scratch, module, prefix, names in plans:
        numbers = constants(f"unicorn.{module}")
        registers, uc = scratch.processor.registers, scratch.engine.uc
        keys = {name: getattr(numbers, prefix + name.upper()) for name in names}
        for index, name in enumerate(names):
            registers[name] = 0x5A000001 + index * 0x01010101
        for index, (name, key) in enumerate(keys.items()):
            expect(f"{name} as the engine sees it", uc.reg_read(key) & 0xFFFFFFFF,
                   0x5A000001 + index * 0x01010101)
            uc.reg_write(key, 0xA5000003 + index)
        for index, name in enumerate(names):
            expect(f"{name} as we see it", registers[name], 0xA5000003 + index)
            checked += 1
    special = x86()
    names = constants("unicorn.x86_const")
    for name in ("cr0", "cr2", "cr3", "cr4", "eflags", "cs", "ss", "dr7"):
        found = special.engine.uc.reg_read(getattr(names, f"UC_X86_REG_{name.upper()}"))
        expect(name, special.processor.registers[name], found & 0xFFFFFFFF)
        checked += 1
    return f"{checked} registers"

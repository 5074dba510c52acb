# SPDX-License-Identifier: GPL-2.0-or-later
"""What a patched x86 site does in the wedge: emulation on the VCPU page, inline.

A site becomes a jump to its own few instructions, which end in a jump back.
They change no register, no flag and no memory that the original would not,
but for dwords below the stack pointer, and they may be interrupted anywhere.

Where the VCPU page is not enough (an interrupt waits to be let in, IOPL or TF
would change) they execute an instruction that the monitor emulates like any
other: STI, which traps, or the original POPF at a place of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import keystone

from vmm.monitor.wedge import CONTROL, FLAGS, INTERRUPTS, PENDING

JUMP = 5  # bytes of a jump with a 32-bit displacement
FILLER = b"\x90"  # behind a jump
CONTROL_REGISTERS = {0: 0, 2: 4, 3: 8, 4: 12}  # where in CONTROL
REGISTERS = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")

# {interrupts} and its like are addresses.  The real processor's IF is always set and its
# IOPL and NT are 0, so PUSHF adds what the VCPU has of them; LEA leaves the flags alone.
SOURCES = {
    "cli": "mov dword ptr [{interrupts}], 0",
    "sti": """
        mov dword ptr [{interrupts}], 1
        push ecx
        mov ecx, dword ptr [{pending}]
        jecxz nothing
        pop ecx
        sti
        jmp end
    nothing:
        pop ecx
    end:
    """,
    "pushf": """
        pushfd
        push eax
        push ecx
        mov eax, dword ptr [esp + 8]
        mov ecx, dword ptr [{interrupts}]
        lea ecx, [ecx * 8]
        lea ecx, [ecx * 8]
        lea ecx, [ecx * 8]
        lea eax, [eax + ecx - 0x200]
        mov ecx, dword ptr [{flags}]
        lea eax, [eax + ecx]
        mov dword ptr [esp + 8], eax
        pop ecx
        pop eax
    """,
    "popf": """
        push eax
        mov eax, dword ptr [esp + 4]
        and eax, 0x7100
        cmp eax, dword ptr [{flags}]
        jne other
        mov eax, dword ptr [esp + 4]
        and eax, 0x200
        shr eax, 9
        mov dword ptr [{interrupts}], eax
        jz closed
        cmp dword ptr [{pending}], 0
        je closed
        pop eax
        popfd
        sti
        jmp end
    other:
        pop eax
        nop
        jmp end
    closed:
        pop eax
        popfd
    end:
    """,
    "read_cr": "mov {register}, dword ptr [{control}]",
}
PLACE = b"\x58\x90\xeb"  # in popf: pop eax, and a place for the original


@dataclass(frozen=True, slots=True)
class Template:
    """Code for the wedge; ``original``: offset of a one-byte instruction to be emulated."""

    code: bytes
    original: int | None = None


@cache
def assemble(text: str) -> bytes:
    """Intel syntax to bytes that may be placed anywhere."""
    code, _ = keystone.Ks(keystone.KS_ARCH_X86, keystone.KS_MODE_32).asm(text)
    return bytes(code)


def template(kind: str, code: bytes, page: int) -> Template | None:
    """Code that does what a site's instruction does, with the VCPU page at ``page``.

    None: the instruction is not emulated inline.
    """
    places = {"interrupts": page + INTERRUPTS, "pending": page + PENDING, "flags": page + FLAGS}
    if kind == "read_cr":
        number, register = code[-1] >> 3 & 7, REGISTERS[code[-1] & 7]
        if len(code) != 3 or number not in CONTROL_REGISTERS:
            return None
        control = page + CONTROL + CONTROL_REGISTERS[number]
        return Template(assemble(SOURCES[kind].format(register=register, control=control)))
    if kind not in SOURCES or len(code) != 1:  # with a prefix it is another
        return None
    made = assemble(SOURCES[kind].format(**places))
    if kind != "popf":
        return Template(made)
    at = made.index(PLACE) + 1
    return Template(made[:at] + code + made[at + 1 :], at)


def jump(source: int, target: int) -> bytes:
    """A jump at ``source``."""
    return b"\xe9" + (target - source - JUMP & 0xFFFFFFFF).to_bytes(4, "little")

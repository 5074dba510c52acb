# SPDX-License-Identifier: GPL-2.0-or-later
"""What is written in place of a sensitive instruction: padding, and directives for its note.

Everything stands on the instruction's own line, so line numbers in the
assembler's messages and in debug information stay what they were.  Padding costs
no instruction where the architecture allows it:

* x86: a site takes five bytes, a jump.  Segment prefixes that name the segment
  which is used anyway, or that the instruction ignores, go in front of it.
* Thumb: a site takes four bytes, a wide branch.  CPS, WFI and the like have wide
  forms (DDI 0406C, A6.3.4); SETEND has none and gets a NOP.
* ARM, SPARC: a branch is as long as every instruction.

Numeric labels keep macros right, whose bodies are assembled many times.
"""

from __future__ import annotations

import re

from vmm.machine.sensitive import KINDS, arm_name, split_operands
from vmm.machine.sites import OWNER, PREFIXED, REAL_MODE, SECTION, SITE, STORE, THUMB

JUMP = 5  # bytes of an x86 jump to a 32-bit displacement
DS, SS = 0x3E, 0x36
_SEGMENTS = {"es": 0x26, "cs": 0x2E, "ss": 0x36, "ds": 0x3E, "fs": 0x64, "gs": 0x65}
_OVERRIDE = re.compile(r"%([cdefgs]s)\s*:")
_WIDE = re.compile(r"(cps|cpsid|cpsie|wfi|wfe)$")
# Labels of one site; numbers that no program of note uses.
START, END, NOTE, NOTE_END, HERE, AFTER = range(77701, 77707)
_OWNER = ",".join(str(byte) for byte in OWNER)


def _note(kind: int, descriptor: str) -> str:
    """Directives that put one note into the section of sites."""
    return (
        f'.pushsection {SECTION},"",%note; .balign 4; '
        f".long {len(OWNER)},{NOTE_END}f-{NOTE}f,{kind}; .byte {_OWNER}; "
        f"{NOTE}: {descriptor}; {NOTE_END}: .balign 4; .popsection"
    )


def store_note(unit: int, statement: int) -> str:
    """Directives in front of a store: where it is, told for profiles."""
    return f"{HERE}: {_note(STORE, f'.long {HERE}b,{unit},{statement}')}; "


def x86_site(instruction: str, kind: str, operands: str, real_mode: bool) -> str:
    """A site of x86 code; at least five bytes long, but for 16-bit code."""
    flags = REAL_MODE if real_mode else PREFIXED
    note = _note(SITE, (
        f".long {HERE}f; .byte {END}f-{START}f,{AFTER}f-{HERE}f,"
        f"{KINDS['x86'].index(kind)},{flags}; {START}: {instruction}; {END}:"))
    if real_mode:
        return f"{note}; {HERE}: {instruction}; {AFTER}:"
    length = f"({END}b-{START}b)"  # a true comparison is -1
    padding = f".org {HERE}b-({length}<{JUMP})*({JUMP}-{length}),{_x86_prefix(operands)}"
    return f"{note}; {HERE}: {padding}; {instruction}; {AFTER}:"


def _x86_prefix(operands: str) -> int:
    """A segment prefix that changes nothing in front of an instruction with these operands."""
    if override := _OVERRIDE.search(operands):
        return _SEGMENTS[override[1]]
    for operand in split_operands(operands):
        base = operand.partition("(")[2].partition(",")[0].strip(" )")
        if base in ("%esp", "%ebp", "%sp", "%bp"):
            return SS
    return DS


def arm_site(instruction: str, kind: str, thumb: bool, unified: bool) -> str:
    """A site of ARM or Thumb code, at least four bytes long."""
    mnemonic, _, rest = instruction.partition(" ")
    base, condition, width = arm_name(mnemonic.lower())
    number, flags = KINDS["arm"].index(kind), THUMB if thumb else 0
    if thumb and condition:
        # Its IT block may hold no more; nor does a copy elsewhere have one.
        note = _note(SITE, f".long {HERE}f; .byte {AFTER}f-{HERE}f,{AFTER}f-{HERE}f,"
                           f"{number},{flags}")
        return f"{note}; {HERE}: {instruction}; {AFTER}:"
    short = thumb and not width and (base == "setend" or bool(_WIDE.match(base)))
    if short and base != "setend" and unified:
        instruction, short = f"{mnemonic}.w {rest}".rstrip(), False
    note = _note(SITE, (
        f".long {HERE}f; .byte {END}f-{START}f,{AFTER}f-{HERE}f,{number},{flags}; "
        f"{START}: {instruction}; {END}:"))
    return f"{note}; {HERE}: {instruction}{'; nop' if short else ''}; {AFTER}:"


def sparc_site(instruction: str, kind: str) -> str:
    """A site of SPARC code: also a delay slot can be one, as nothing is added."""
    note = _note(SITE, (
        f".long {HERE}f; .byte 4,4,{KINDS['sparc'].index(kind)},0; {instruction}"))
    return f"{note}; {HERE}: {instruction}"

# SPDX-License-Identifier: GPL-2.0-or-later
"""SPARC V8 traps explained (manual chapter 7 and appendix H; GRLIB IP manual for LEON3)."""

from __future__ import annotations

from vmm.cpu.sparc import decode, traps
from vmm.cpu.sparc.mmu import FAULTS, PRIVILEGE, PROTECTION
from vmm.cpu.sparc.registers import WINDOWS
from vmm.cpu.walk import Access, AccessKind, Walk
from vmm.debug.explain import changes, interrupts, walks
from vmm.debug.explain.explanation import Context, Explanation, Section
from vmm.debug.explain.fields import fields
from vmm.debug.explain.windows import window_lines

MEANING = {
    0x00: "Reset.",
    0x02: "The instruction does not exist on this processor, or is UNIMP.",
    0x03: "A privileged instruction in user mode (PSR.S is 0).",
    0x04: "A floating-point instruction while PSR.EF is 0 or there is no FPU.",
    0x08: "The FPU reports an exception of an earlier instruction; FSR says which.",
    0x0A: "TADDccTV or TSUBccTV found tag bits set, or overflowed.",
    0x0B: "An address matched a watchpoint of %asr24 to %asr31.",
    0x20: "Error in a read of a register.",
    0x24: "A coprocessor instruction; there is no coprocessor, or PSR.EC is 0.",
    0x25: "FLUSH is not implemented.",
    0x28: "The coprocessor reports an exception.",
    0x2A: "An integer division by zero.",
}
ACCESS_TRAPS = {0x01, 0x09, 0x21, 0x29, 0x2B}
HALFWORDS = ("lduh", "ldsh", "sth")
DOUBLES = ("ldd", "std")
# Names for registers of the current window: after a trap they are other registers, not changed.
WINDOWED = tuple(f"{bank}{i}" for bank in "oli" for i in range(8))


def explain(context: Context) -> Explanation:
    """Any trap; its number tt is the trap's kind."""
    trap = context.trap
    tt = trap.kind & 0xFF
    one = context.instruction(trap.pc)
    summary, sections = _what(context, tt)
    slot = _delay_slot(context)
    if slot:
        summary.append(slot)
    sections += [_entry(context, tt), changes.section(context, WINDOWED)]
    title = context.title(f"{traps.name(tt)} (tt {tt:#04x})")
    return Explanation(title, tuple(summary), one, tuple(sections))


def _what(context: Context, tt: int) -> tuple[list[str], list[Section]]:
    """The trap's own story: sentences and sections."""
    if tt in ACCESS_TRAPS:
        return _access(context, tt)
    if tt in (0x05, 0x06):
        return _window(context, tt)
    if tt == 0x07:
        return _unaligned(context), []
    if 0x11 <= tt <= 0x1F:
        return _interrupt(context, tt & 15)
    if tt >= 0x80:
        return _software(context, tt), []
    summary = [MEANING.get(tt, "A trap that is not defined.")]
    sections = []
    if tt == 0x08:
        sections.append(Section("Cause", tuple(context.register("fsr", context.before["fsr"]))))
    if tt in (0x03, 0x04, 0x24):
        sections.append(Section("Cause", tuple(
            context.register("psr", context.before["psr"], "PSR before"))))
    return summary, sections


def _delay_slot(context: Context) -> str:
    pc, npc = context.before["pc"], context.before["npc"]
    if npc == pc + 4 & 0xFFFFFFFF:
        return ""
    return f"It is in the delay slot of a control transfer to {context.place(npc)}."


# -- memory ---------------------------------------------------------------------------


def effective_address(context: Context) -> int | None:
    """What the load, store or jump at the trap's pc addresses."""
    word = context.then.number(context.trap.pc)
    if word is None or word >> 30 not in (2, 3):
        return None
    registers = context.before
    base = registers[_name(word >> 14 & 31)]
    casa = word >> 30 == 3 and word >> 19 & 0x3F == decode.CASA
    if casa:
        second = 0
    elif word >> 13 & 1:
        second = (word & 0x1FFF ^ 0x1000) - 0x1000
    else:
        second = registers[_name(word & 31)]
    return base + second & 0xFFFFFFFF


def _name(number: int) -> str:
    return f"{'goli'[number >> 3]}{number & 7}"


def access_of(context: Context, tt: int) -> tuple[int, Access]:
    """The address and access of a memory trap: the instruction's own, told by its encoding."""
    supervisor = bool(context.before["psr"] & traps.PSR_S)
    if tt in (0x01, 0x21):
        return context.trap.pc, Access("execute", not supervisor)
    word = context.then.number(context.trap.pc) or 0
    op3 = word >> 19 & 0x3F
    space = decode.asi(word)
    user = not supervisor if space not in (0x08, 0x0A) else True
    address = effective_address(context)
    kind: AccessKind = "store" if op3 & 4 or op3 in (0x0D, 0x0F, 0x1D, 0x1F, 0x3C) else "load"
    if address is None:
        address = context.before["mmu.far"]
    return address, Access(kind, user)


def _access(context: Context, tt: int) -> tuple[list[str], list[Section]]:
    """The MMU refused, or nobody answered on the bus."""
    registers = context.before
    address, access = access_of(context, tt)
    walk = context.then.walk(address, access)
    if walk.physical is not None and access.kind == "store" and tt == 0x09:
        # An atomic access may have failed as a load.
        again = context.then.walk(address, Access("load", access.user))
        walk = again if again.physical is None else walk
    place = f"{access} of {context.place(address)}"
    if walk.physical is None:
        wrong = FAULTS[walk.status or 0]
        summary = [f"The MMU refused the {place}: {wrong} in the {_level(walk)}."]
        cause = [
            *context.register("mmu.fsr", registers["mmu.fsr"], "fault status register"),
            f"fault address register = {context.place(registers['mmu.far'])}, the page",
        ]
        if walk.level != registers["mmu.fsr"] >> 8 & 3 and walk.status in (PROTECTION, PRIVILEGE):
            cause.append("L stays 0 for protection and privilege errors; the walk tells the level")
        sections = [Section("Cause", tuple(cause), fields("sparc", "mmu.fsr",
                                                           registers["mmu.fsr"]))]
    else:
        summary = [
            f"The {place} reached physical address {walk.physical:08x}, where nobody answers: "
            "the AHB bus gave an error response."
        ]
        sections = []
    return summary, [*sections, _walk_section(context, walk, access)]


def _walk_section(context: Context, walk: Walk, access: Access) -> Section:
    section = walks.section("sparc", walk, access)
    if not walk.steps:
        return section
    number = context.before["mmu.context"]
    table = (context.before["mmu.ctxtbl"] << 4) & 0xFFFFFFFF0
    first = f"{section.lines[0]}, context {number}, context table at {table:08x}"
    return Section("Walk", (first, *section.lines[1:]), walk)


def _level(walk: Walk) -> str:
    return walk.steps[-1].table if walk.steps else "tables"


def _unaligned(context: Context) -> list[str]:
    address = effective_address(context)
    word = context.then.number(context.trap.pc) or 0
    if address is None:
        return ["An address was not a multiple of its size."]
    if word >> 30 == 2:
        return [f"The target {address:08x} of the jump is not a multiple of 4."]
    name = decode.text(word).split()[0].removesuffix("a")
    size = 8 if name in DOUBLES else 2 if name in HALFWORDS else 4
    return [f"The address {context.place(address)} is not a multiple of {size}."]


# -- windows ---------------------------------------------------------------------------


def _window(context: Context, tt: int) -> tuple[list[str], list[Section]]:
    psr, wim = context.before["psr"], context.before["wim"]
    current = psr & traps.PSR_CWP
    wanted = (current + (1 if tt == 0x06 else -1)) % WINDOWS
    one = context.then.number(context.trap.pc) or 0
    rett = one >> 30 == 2 and one >> 19 & 0x3F == 0x39
    name = "RETT" if rett else ("RESTORE" if tt == 0x06 else "SAVE")
    first = "spilled to the stack first" if tt == 0x05 else "filled from the stack first"
    summary = [
        f"{name} would go from window {current} to window {wanted}, which WIM marks invalid "
        f"(bit {wanted} is {wim >> wanted & 1}): its registers must be {first}."
    ]
    lines = window_lines(context.machine, context.before)
    return summary, [Section("Windows", tuple(lines), (current, wanted, wim))]


# -- the others ---------------------------------------------------------------------------


def _software(context: Context, tt: int) -> list[str]:
    word = context.then.number(context.trap.pc) or 0
    condition = decode.CONDITIONS[word >> 25 & 15]
    number = tt - 0x80
    return [
        f"T{condition} with software trap number {number:#x} "
        f"({number}): tt is 128 plus the number."
    ]


def _interrupt(context: Context, level: int) -> tuple[list[str], list[Section]]:
    pil = context.before["psr"] >> 8 & 15
    why = "level 15 cannot be masked by PIL" if level == 15 else f"{level} is above PIL = {pil}"
    summary = [
        f"Interrupt request level {level} was taken: ET is 1 and {why}. The acknowledge has "
        "cleared its force bit, or else its pending bit."
    ]
    return summary, [interrupts.section(context.machine, level)]


# -- entry ---------------------------------------------------------------------------------


def _entry(context: Context, tt: int) -> Section:
    """What the processor did, in the order of section 7.1.  Data: the handler's address."""
    before, after = context.before, context.after
    old, new = before["psr"], after["psr"]
    if after["tbr"] >> 4 & 0xFF != tt:
        seen = after["tbr"] >> 4 & 0xFF
        return Section("Entry", (
            f"the machine has gone on: TBR.tt is now {seen:#04x} ({traps.name(seen)})",
        ), None)
    handler = after["tbr"] & 0xFFFFFFF0
    lines = [
        f"PSR.ET {old >> 5 & 1} -> 0: traps are disabled",
        f"PSR.PS = {new >> 6 & 1}: the trap came from "
        f"{'supervisor' if old & traps.PSR_S else 'user'} mode",
        "PSR.S = 1: supervisor mode",
        f"PSR.CWP {old & 31} -> {new & 31}: a new window, whatever WIM says "
        f"(WIM = {after['wim']:02x})",
        f"%l1 = {context.place(after['l1'])} (PC)",
        f"%l2 = {context.place(after['l2'])} (nPC)",
        f"TBR = {after['tbr']:08x}: TBA {after['tbr'] >> 12:05x}, tt {tt:02x}",
        f"PC = {context.place(handler)}",
    ]
    return Section("Entry", tuple(lines), handler)

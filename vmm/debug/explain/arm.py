# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM exceptions explained (DDI 0406C, B1.8 to B1.10 and B3.13).

Aborts and Hyp syndromes have their causes in arm_causes.py; here are the
other exceptions and the entry: bank, vector, masks and routing.
"""

from __future__ import annotations

from vmm.cpu.arm import traps
from vmm.cpu.arm import walk as arm_walk
from vmm.cpu.arm.registers import FIQ, HYP, MODE_NAMES, MON
from vmm.debug.explain import changes, interrupts
from vmm.debug.explain.arm_causes import abort, undefined
from vmm.debug.explain.code import Instruction
from vmm.debug.explain.explanation import Context, Explanation, Section
from vmm.debug.explain.fields import brief, decode
from vmm.debug.explain.fields_arm import EXCEPTION_CLASS, MODES, SYNDROMES
from vmm.devices.gicv2 import GicV2
from vmm.devices.gicv2_state import SPURIOUS

NAMES = {
    traps.UNDEFINED: "Undefined Instruction", traps.SWI: "Supervisor Call",
    traps.PREFETCH_ABORT: "Prefetch Abort", traps.DATA_ABORT: "Data Abort",
    traps.INTERRUPT: "IRQ", traps.FAST: "FIQ", traps.BKPT: "Prefetch Abort by BKPT",
    traps.HVC: "Hypervisor Call", traps.HYP_TRAP: "Hyp Trap", traps.SMC: "Secure Monitor Call",
    traps.VIRQ: "Virtual IRQ", traps.VFIQ: "Virtual FIQ",
    traps.SEMIHOSTING: "semihosting call",
}
# Table B1-7: how a handler returns to the preferred return address.
RETURNS = {
    traps.UNDEFINED: "MOVS PC, LR (LR - 4 or LR - 2 to run it again)", traps.SWI: "MOVS PC, LR",
    traps.PREFETCH_ABORT: "SUBS PC, LR, #4", traps.BKPT: "SUBS PC, LR, #4",
    traps.DATA_ABORT: "SUBS PC, LR, #8", traps.INTERRUPT: "SUBS PC, LR, #4",
    traps.VIRQ: "SUBS PC, LR, #4", traps.FAST: "SUBS PC, LR, #4", traps.VFIQ: "SUBS PC, LR, #4",
    traps.SMC: "MOVS PC, LR",
}
CALLS = (traps.SWI, traps.HVC, traps.SMC)
INTERRUPTS = (traps.INTERRUPT, traps.FAST, traps.VIRQ, traps.VFIQ)


def explain(context: Context) -> Explanation:
    """Any exception; the trap's kind is the engine's number of it (vmm/cpu/arm/traps.py)."""
    kind = context.trap.kind
    one = context.instruction(_address(context))
    summary, sections = _what(context, kind, one)
    entry = _entry(context, kind)
    title = _title(context, kind, one)
    hidden = tuple(f"r{i}" for i in range(8, 16)) + ("spsr",)
    shown = changes.section(context, tuple(
        name for name in hidden if name in context.after or name == "spsr"
    )) if entry.data is not None else changes.section(context)
    return Explanation(title, tuple(summary), one, (*sections, entry, shown))


def _address(context: Context) -> int:
    """Where the instruction is: SVC, HVC and SMC report the one after them."""
    pc = context.trap.pc
    if context.trap.kind not in CALLS:
        return pc
    short = context.then.thumb and context.trap.kind == traps.SWI
    return pc - (2 if short else 4) & 0xFFFFFFFF


def _title(context: Context, kind: int, one: Instruction | None) -> str:
    where = context.place(one.address if one is not None else context.trap.pc)
    what = NAMES.get(kind, context.trap.name)
    return f"{what} ({context.trap.name}) at {where}, after {context.trap.count} instructions"


def mode_name(psr: int) -> str:
    """``Abort mode``; an undefined mode by its number."""
    mode = psr & 0x1F
    return f"{MODES[mode]} mode" if mode in MODES else f"the undefined mode {mode:#04x}"


def _what(
    context: Context, kind: int, one: Instruction | None
) -> tuple[list[str], list[Section]]:
    if kind in (traps.PREFETCH_ABORT, traps.DATA_ABORT, traps.BKPT):
        return abort(context, kind, one)
    if kind in INTERRUPTS:
        return _interrupt(context, kind)
    if kind in CALLS:
        return _call(context, kind, one)
    summary, sections = (
        undefined(context, one) if kind == traps.UNDEFINED else ([], [])
    )
    if context.after["cpsr"] & 0x1F == HYP:
        summary, sections = _hyp(context)
    return summary, sections


def _hyp(context: Context) -> tuple[list[str], list[Section]]:
    """An exception taken to Hyp mode: HSR tells what it was (B3.13.6)."""
    hsr = context.after["hsr"]
    name = EXCEPTION_CLASS.get(hsr >> 26, "a reserved exception class")
    syndrome = brief(decode(SYNDROMES.get(hsr >> 26, ()), hsr))
    detail = f" ({syndrome})" if syndrome else ""
    from_mode = mode_name(context.before["cpsr"])
    summary = [f"Taken to Hyp mode from {from_mode}: {name}{detail}."]
    return summary, [Section("Cause", tuple(context.register("hsr", hsr)), hsr)]


def _call(
    context: Context, kind: int, one: Instruction | None
) -> tuple[list[str], list[Section]]:
    number = (one.text.rpartition("#")[2] if one is not None and "#" in one.text else "0")
    name = {traps.SWI: "SVC", traps.HVC: "HVC", traps.SMC: "SMC"}[kind]
    mode = mode_name(context.before["cpsr"])
    summary = [f"{name} with number {number} from {mode}; r7 = {context.before['r7']:#x}, "
               f"r0 = {context.before['r0']:#x}."]
    if kind in context.machine.traps.services and not _taken(context):
        summary.append("The board's own firmware answered it: no exception was taken.")
        return summary, []
    if context.after["cpsr"] & 0x1F == HYP:
        more, sections = _hyp(context)
        return summary + more, sections
    return summary, []


def _taken(context: Context) -> bool:
    """Whether the processor stands at a vector."""
    return context.after["pc"] != context.trap.pc


def _interrupt(context: Context, kind: int) -> tuple[list[str], list[Section]]:
    if kind in (traps.VIRQ, traps.VFIQ):
        bit, name = (7, "VI") if kind == traps.VIRQ else (6, "VF")
        hcr = context.before.get("hcr", 0)
        text = f"HCR.{name} = {hcr >> bit & 1}: the hypervisor has a virtual interrupt pending."
        return [text], [Section("Cause", tuple(context.register("hcr", hcr)), hcr)]
    fast = kind == traps.FAST
    mask = "F" if fast else "I"
    masked = context.before["cpsr"] >> (6 if fast else 7) & 1
    summary = [
        f"The {NAMES[kind]} input is asserted and CPSR.{mask} was {masked}."
        if not masked else
        f"The {NAMES[kind]} input is asserted; it is routed past CPSR.{mask}, which was 1."
    ]
    number = _pending(context)
    if number is not None:
        summary.append(f"The GIC signals INTID {number}; a read of GICC_IAR acknowledges it.")
    return summary, [interrupts.section(context.machine, number)]


def _pending(context: Context) -> int | None:
    for controller in interrupts.controllers(context.machine):
        if isinstance(controller, GicV2):
            intid, _ = controller.highest_pending(0)
            return None if intid == SPURIOUS else intid
    return None


# -- entry -----------------------------------------------------------------------------


def vector(context: Context, kind: int) -> tuple[int, str] | None:
    """Where the handler must be, and why there (B1.8.1); None if no exception was taken."""
    after, mode = context.after, context.after["cpsr"] & 0x1F
    if mode == HYP:
        offset = traps.HYP_VECTORS.get(kind)
        if offset is None:
            return None
        from_hyp = context.before["cpsr"] & 0x1F == HYP
        if not from_hyp and offset < traps.HYP_TRAP_VECTOR:
            offset = traps.HYP_TRAP_VECTOR
        return after["hvbar"] + offset, f"HVBAR {after['hvbar']:08x} + {offset:#04x}"
    entry = traps.ENTRIES.get(kind)
    if entry is None:
        return None
    if mode == MON:
        return after["mvbar"] + entry.vector, f"MVBAR {after['mvbar']:08x} + {entry.vector:#04x}"
    name = arm_walk.instance(context.before, "sctlr")
    if after[name] & traps.SCTLR_V:
        return traps.HIGH_VECTORS + entry.vector, (
            f"SCTLR.V is 1: high vectors, ffff0000 + {entry.vector:#04x}")
    base = after.get(arm_walk.instance(context.before, "vbar"), 0)
    where = f"SCTLR.V is 0: VBAR {base:08x} + {entry.vector:#04x}" if "vbar" in after else (
        f"SCTLR.V is 0: 00000000 + {entry.vector:#04x}")
    return base + entry.vector, where


def _entry(context: Context, kind: int) -> Section:
    """What the processor did.  Data: the handler's address, None if it went elsewhere."""
    before, after = context.before, context.after
    found = vector(context, kind)
    if found is None or found[0] != after["pc"]:
        return Section("Entry", (f"no exception entry: PC = {context.place(after['pc'])}",), None)
    old, new = before["cpsr"], after["cpsr"]
    bank = MODE_NAMES.get(new & 0x1F, "?")
    lines = [
        f"{mode_name(old)} -> {mode_name(new)}{_route(context, kind)}",
        f"SPSR_{bank} = {context.marked('cpsr', after['spsr'])}: the old CPSR",
    ]
    if new & 0x1F == HYP:
        lines.append(f"ELR_hyp = {context.place(after['elr_hyp'])}: return with ERET")
    else:
        lines.append(f"LR_{bank} = {context.place(after['r14'])}: return with {RETURNS[kind]}")
    lines.append(f"SP_{bank} = {after['r13']:08x}")
    if new & 0x1F == FIQ:
        lines.append("r8 to r12 are FIQ mode's own: " + " ".join(
            f"{after[f'r{i}_fiq']:08x}" for i in range(8, 13)))
    lines += [
        f"CPSR = {context.marked('cpsr', new)}: {_masks(new)}, "
        f"{'Thumb' if new & traps.CPSR_T else 'ARM'} state by SCTLR.TE, "
        f"{'big' if new & traps.CPSR_E else 'little'}-endian by SCTLR.EE",
        f"PC = {context.place(found[0])}: {found[1]}",
    ]
    return Section("Entry", tuple(lines), found[0])


def _masks(psr: int) -> str:
    named = (("asynchronous aborts", 8), ("IRQ", 7), ("FIQ", 6))
    masked = [name for name, bit in named if psr >> bit & 1]
    return f"{', '.join(masked)} masked" if masked else "nothing masked"


def _route(context: Context, kind: int) -> str:
    """Why the exception is taken to the mode it is, where a control bit decides."""
    mode = context.after["cpsr"] & 0x1F
    scr, hcr = context.before.get("scr", 0), context.before.get("hcr", 0)
    if mode == MON and kind in (traps.INTERRUPT, traps.FAST):
        return f", by SCR.{'IRQ' if kind == traps.INTERRUPT else 'FIQ'} = 1"
    if mode == MON and kind in (traps.DATA_ABORT, traps.PREFETCH_ABORT) and scr & traps.SCR_EA:
        return ", by SCR.EA = 1"
    if mode == HYP and kind in (traps.INTERRUPT, traps.FAST):
        return f", by HCR.{'IMO' if kind == traps.INTERRUPT else 'FMO'} = 1"
    if mode == HYP and hcr >> 27 & 1 and context.before["cpsr"] & 0x1F == 0x10:
        return ", by HCR.TGE = 1"
    return ""

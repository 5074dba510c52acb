# SPDX-License-Identifier: GPL-2.0-or-later
"""Why an ARM processor aborted an access, or found an instruction undefined."""

from __future__ import annotations

import re

from vmm.cpu.arm import traps
from vmm.cpu.arm import walk as arm_walk
from vmm.cpu.arm.registers import HYP, USR
from vmm.cpu.walk import Access, AccessKind, Walk
from vmm.debug.explain import walks
from vmm.debug.explain.code import Instruction
from vmm.debug.explain.explanation import Context, Section
from vmm.debug.explain.fields_arm import EXCEPTION_CLASS, LONG_STATUS, short_status, status_text

UNPRIVILEGED = re.compile(r"(ldr|str)(sb|sh|b|h)?t(?!e?x)(\w\w)?(\.w)? ")
HSR_WNR, DFSR_WNR, LPAE = 1 << 6, 1 << 11, 1 << 9


def abort(
    context: Context, kind: int, one: Instruction | None
) -> tuple[list[str], list[Section]]:
    """A prefetch or data abort: status, address, and the walk."""
    to_hyp = context.after["cpsr"] & 0x1F == HYP
    fetch = kind != traps.DATA_ABORT
    address, status, write, cause = _recorded(context, fetch, to_hyp)
    if kind == traps.BKPT:
        number = one.text.rpartition("#")[2] if one is not None and "#" in one.text else "0"
        return [f"BKPT with number {number}: a debug event, taken as a prefetch abort because no "
                "debugger has enabled debug."], [cause]
    access = access_of(context, fetch, write, one)
    walk = context.then.walk(address, access)
    place = f"{access} of {context.place(address)}"
    if status.startswith("Alignment"):  # comes before the tables
        why = "SCTLR.A is 1" if _alignment_checked(context) else (
            "this instruction, or Device memory, needs it")
        summary = [f"The {place} is not aligned, and {why}."]
    elif walk.physical is None:
        summary = [f"The MMU refused the {place}: {walk.fault}."]
    elif "external abort" in status:
        summary = [f"The {place} reached physical address {walk.physical:08x}, where nobody "
                   "answers: an external abort."]
    else:
        summary = [f"The {place} aborted: {status}."]
    if to_hyp:
        ec = EXCEPTION_CLASS.get(context.after["hsr"] >> 26, "")
        summary.append(f"It was taken to Hyp mode: {ec}.")
    return summary, [cause, _walk(context, walk, access)]


def _recorded(
    context: Context, fetch: bool, to_hyp: bool
) -> tuple[int, str, bool, Section]:
    """Address, status in words, whether a write, and the registers that say so."""
    after = context.after
    letter = "i" if fetch else "d"
    if to_hyp:
        hsr = after["hsr"]
        address = after["hifar" if fetch else "hdfar"]
        lines = [*context.register("hsr", hsr), f"h{letter}far = {context.place(address)}"]
        if after.get("hcr", 0) & 1:
            lines.append(f"hpfar = {after['hpfar']:08x}: intermediate physical page "
                         f"{after['hpfar'] >> 4 << 12:09x}")
        status = LONG_STATUS.get(hsr & 0x3F, "reserved status")
        return address, status, bool(hsr & HSR_WNR), Section("Cause", tuple(lines), hsr)
    name = arm_walk.instance(context.before, f"{letter}fsr")
    fsr = after[name]
    lines = context.register(name, fsr)
    if not fsr & LPAE:
        lines.append(f"  FS = {short_status(fsr):#04x}: {status_text(fsr)}")
    far = arm_walk.instance(context.before, f"{letter}far")
    address = after.get(far, context.trap.pc)
    if far in after and context.trap.kind != traps.BKPT:
        lines.append(f"{far} = {context.place(address)}")
    write = not fetch and _writes(context, fsr)
    return address, status_text(fsr), write, Section("Cause", tuple(lines), fsr)


def _writes(context: Context, fsr: int) -> bool:
    """DFSR.WnR; ARMv5 has no such bit, but the instruction tells."""
    if "vbar" in context.after or fsr & DFSR_WNR:
        return bool(fsr & DFSR_WNR)
    one = context.instruction(context.trap.pc)
    return one is not None and one.text.startswith(("st", "swp", "push"))


def access_of(context: Context, fetch: bool, write: bool, one: Instruction | None) -> Access:
    """The access that aborted, with the privilege it had."""
    user = context.before["cpsr"] & 0x1F == USR
    if not fetch and one is not None and UNPRIVILEGED.match(one.text):
        user = True  # LDRT and its like have User mode's rights
    kind: AccessKind = "execute" if fetch else "store" if write else "load"
    return Access(kind, user, privileged="privileged")


def _alignment_checked(context: Context) -> bool:
    return bool(context.before[arm_walk.instance(context.before, "sctlr")] & 2)


def _walk(context: Context, walk: Walk, access: Access) -> Section:
    """The walk, after the registers it begins with."""
    section = walks.section("arm", walk, access)
    if not walk.steps:
        return section
    before = context.before
    if before["cpsr"] & 0x1F == HYP:
        head = f"HTTBR {before['httbr']:016x}, HTCR {before['htcr']:08x}"
    else:
        suffix = "_s" if arm_walk.is_secure(before) else ""

        def of(name: str) -> int:
            return before.get(name + suffix, before.get(name, 0))

        ttbcr = of("ttbcr")
        if ttbcr & arm_walk.TTBCR_EAE:
            head = (f"long descriptors: TTBCR {ttbcr:08x}, TTBR0 {of('ttbr0_64'):016x}, "
                    f"TTBR1 {of('ttbr1_64'):016x}")
        else:
            head = (f"short descriptors: TTBCR {ttbcr:08x}, TTBR0 {of('ttbr0'):08x}, "
                    f"TTBR1 {of('ttbr1'):08x}, DACR {of('dacr'):08x}")
    return Section("Walk", (section.lines[0], head, *section.lines[1:]), walk)


def undefined(context: Context, one: Instruction | None) -> tuple[list[str], list[Section]]:
    """What may make an instruction undefined, by the registers that decide it."""
    before = context.before
    mode_is_user = before["cpsr"] & 0x1F == USR
    if one is None:
        return ["The instruction cannot be read."], []
    name = one.text.split()[0]
    if name.startswith("udf"):
        return ["UDF is permanently undefined."], []
    if name.startswith("v") or re.match(r"(mrc|mcr|ldc|stc|cdp)\w* p1[01],", one.text):
        enabled = before.get("fpexc", 0) >> 30 & 1
        access = before.get("cpacr", 0) >> 20 & 0xF
        lines = [f"cpacr = {context.marked('cpacr', before.get('cpacr', 0))}",
                 f"fpexc = {context.marked('fpexc', before.get('fpexc', 0))}"]
        why = "CPACR denies access to cp10 and cp11" if not access or (
            mode_is_user and access != 0xF) else (
            "FPEXC.EN is 0" if not enabled else "the model has no such instruction")
        return [f"A VFP or Advanced SIMD instruction, and {why}."], [Section("Cause", tuple(lines))]
    if re.match(r"(mrc|mcr|mrrc|mcrr|ldc|stc|cdp)", name):
        who = " from User mode" if mode_is_user else ""
        return [f"A coprocessor access{who} that is not allowed, or to nothing that exists."], []
    if name.startswith("hvc"):
        why = "from User mode" if mode_is_user else "and there is no Hyp mode, or SCR.HCE is 0"
        return [f"HVC {why}."], []
    if name.startswith("smc"):
        why = "from User mode" if mode_is_user else "and there is no Monitor mode, or SCR.SCD is 1"
        return [f"SMC {why}."], []
    if name.startswith((".word", ".short")):
        return ["There is no such instruction."], []
    who = "in User mode" if mode_is_user else "in this mode, or on this model"
    return [f"The instruction is undefined {who}."], []

# SPDX-License-Identifier: GPL-2.0-or-later
"""The sensitive instructions of each architecture, recognised in assembly text.

Sensitive, after Popek and Goldberg (CACM 17(7), 1974): what reads or changes
privileged state, trapping in user mode or not.  The afterburner reads
compiler output with these tables and the monitor reads a disassembly of the
loaded code with the same ones, so what a note claims and what is found there
are compared in the same words.

x86 is AT&T syntax, ARM the unified syntax and the one before it, SPARC what `vmm.cpu.sparc.decode`
prints and its assemblers' `mov` forms.  A *kind* is one of `KINDS`; its index
is its number in an ELF note (`vmm.machine.sites`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

STORE = "store"  # not sensitive by itself: a profile showed that it traps often

KINDS: dict[str, tuple[str, ...]] = {
    "x86": (
        STORE, "cli", "sti", "pushf", "popf", "iret", "hlt", "read_cr", "write_cr", "read_dr",
        "write_dr", "lgdt", "lidt", "lldt", "ltr", "lmsw", "sgdt", "sidt", "sldt", "str", "smsw",
        "clts", "invlpg", "wbinvd", "invd", "rdmsr", "wrmsr", "rdtsc", "rdpmc", "in", "out", "ins",
        "outs", "push_segment", "pop_segment", "read_segment", "write_segment", "load_far", "lar",
        "lsl", "verr", "verw", "ljmp", "lcall", "lret", "sysexit",
    ),
    "arm": (
        STORE, "cps", "read_psr", "write_psr", "wfi", "read_coprocessor", "write_coprocessor",
        "load_multiple_user", "store_multiple_user", "exception_return", "rfe", "srs", "setend",
        "load_unprivileged", "store_unprivileged", "read_fp_system", "write_fp_system", "smc",
        "hvc",
    ),
    "sparc": (
        STORE, "read_psr", "read_wim", "read_tbr", "write_psr", "write_wim", "write_tbr", "rett",
        "load_alternate", "store_alternate", "swap_alternate", "write_asr", "store_fq",
    ),
}

Classifier = Callable[[str, str], str | None]  # (mnemonic, operands) -> kind


def _of(table: dict[str, str]) -> dict[str, str]:
    """Mnemonic to kind, from lines of mnemonics per kind."""
    return {name: kind for kind, names in table.items() for name in names.split()}


# -- x86 ------------------------------------------------------------------------------------

X86_PREFIXES = frozenset({"rep", "repe", "repz", "repne", "repnz", "lock", "data16", "addr16"})
_X86 = _of({
    "cli": "cli", "sti": "sti", "hlt": "hlt", "clts": "clts", "invlpg": "invlpg invlpgl",
    "pushf": "pushf pushfl pushfd pushfw", "popf": "popf popfl popfd popfw",
    "iret": "iret iretl iretd iretw", "wbinvd": "wbinvd", "invd": "invd",
    "lgdt": "lgdt lgdtl lgdtd lgdtw", "lidt": "lidt lidtl lidtd lidtw",
    "sgdt": "sgdt sgdtl sgdtd sgdtw", "sidt": "sidt sidtl sidtd sidtw",
    "lldt": "lldt lldtw", "ltr": "ltr ltrw", "sldt": "sldt sldtw sldtl", "str": "str strw strl",
    "lmsw": "lmsw lmsww", "smsw": "smsw smsww smswl", "rdmsr": "rdmsr", "wrmsr": "wrmsr",
    "rdtsc": "rdtsc", "rdpmc": "rdpmc", "sysexit": "sysexit sysexitl",
    "in": "in inb inw inl", "out": "out outb outw outl", "ins": "ins insb insw insl insd",
    "outs": "outs outsb outsw outsl outsd", "load_far": "lds les lss lfs lgs ldsl lesl lssl lfsl "
    "lgsl ldsw lesw lssw lfsw lgsw", "lar": "lar larl larw", "lsl": "lsl lsll lslw",
    "verr": "verr verrw", "verw": "verw verww", "ljmp": "ljmp ljmpl ljmpw",
    "lcall": "lcall lcalll lcallw", "lret": "lret lretl lretw retf",
})
_X86_SEGMENT = re.compile(r"%[cdefgs]s$")
_X86_SPECIAL = re.compile(r"%(cr|dr|db)\d+$")
_X86_STORES = frozenset(
    name + suffix
    for name in ("mov", "xchg", "add", "sub", "and", "or", "xor", "inc", "dec", "not", "neg",
                 "bts", "btr", "btc", "cmpxchg", "xadd", "stos", "movs")
    for suffix in ("", "b", "w", "l", "d")
)


def split_operands(operands: str) -> list[str]:
    """Operands, split at the commas that no bracket encloses."""
    found, depth, start = [], 0, 0
    for index, character in enumerate(operands):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            found.append(operands[start:index].strip())
            start = index + 1
    last = operands[start:].strip()
    return [*found, last] if last or found else []


def _x86_move(operands: list[str]) -> str | None:
    if len(operands) != 2:
        return None
    for operand, way in zip(operands, ("read", "write"), strict=True):
        if special := _X86_SPECIAL.match(operand):
            return f"{way}_cr" if special[1] == "cr" else f"{way}_dr"
        if _X86_SEGMENT.match(operand):
            return f"{way}_segment"
    return None


def x86(mnemonic: str, operands: str) -> str | None:
    """The kind of a sensitive x86 instruction, or None."""
    if mnemonic in ("mov", "movl", "movw"):
        return _x86_move(split_operands(operands.lower()))
    for stack in ("push", "pop"):
        if mnemonic in (stack, stack + "l", stack + "w"):
            return f"{stack}_segment" if _X86_SEGMENT.match(operands.strip().lower()) else None
    return _X86.get(mnemonic)


def x86_store(mnemonic: str, operands: str) -> bool:
    """Whether an x86 instruction stores to memory that its last operand names."""
    if mnemonic not in _X86_STORES:
        return False
    if mnemonic.startswith(("stos", "movs")):
        return True
    last = (split_operands(operands) or [""])[-1]
    return bool(last) and (last[0] not in "%$\\" or ":" in last)


# -- ARM ------------------------------------------------------------------------------------

CONDITIONS = "eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al"
_ARM_NAME = re.compile(
    rf"(?P<base>[a-z]\w*?)(?P<condition>{CONDITIONS})?(?P<width>\.[wn])?$")
_ARM = _of({
    "cps": "cps cpsid cpsie", "wfi": "wfi", "setend": "setend", "smc": "smc smi", "hvc": "hvc",
    "read_coprocessor": "mrc mrc2 mrrc mrrc2 stc stc2", "write_coprocessor": "mcr mcr2 mcrr mcrr2 "
    "ldc ldc2", "rfe": "rfe rfeia rfeib rfeda rfedb rfefd rfeed rfefa rfeea",
    "srs": "srs srsia srsib srsda srsdb srsfd srsed srsfa srsea", "exception_return": "eret",
    "load_unprivileged": "ldrt ldrbt ldrht ldrsbt ldrsht",
    "store_unprivileged": "strt strbt strht",
})
# The syntax before the unified one has conditions in the middle: subeqs, ldmeqfd.
_ARM_MULTIPLE = re.compile(rf"(ldm|stm|push|pop)({CONDITIONS})?(ia|ib|da|db|fd|ed|fa|ea)?$")
_ARM_RETURNS = re.compile(
    rf"(mov|mvn|sub|add|and|orr|eor|bic|rsb|rsc|sbc|adc)({CONDITIONS})?s$")
_ARM_FP = re.compile(r"\b(fpexc|fpsid|mvfr\d|fpinst2?)\b")
_ARM_STORES = re.compile(
    rf"str({CONDITIONS})?(b|h|d|ex|exb|exh|exd)?$|stm({CONDITIONS})?(ia|ib|da|db|fd|ed|fa|ea)?$")


def arm_name(mnemonic: str) -> tuple[str, str, str]:
    """Base, condition and width (``.w``, ``.n``) of an ARM mnemonic."""
    if mnemonic in _ARM or _ARM_RETURNS.match(mnemonic) or _ARM_STORES.match(mnemonic):
        return mnemonic, "", ""
    if parts := _ARM_NAME.match(mnemonic):
        return parts["base"], parts["condition"] or "", parts["width"] or ""
    return mnemonic, "", ""


def _arm_status_write(where: str) -> str | None:
    """MSR: the flags alone, and what user mode may write, are not sensitive."""
    register, _, fields = where.partition("_")
    if register == "apsr" or (register == "cpsr" and fields and set(fields) <= set("fs")):
        return None
    return "write_psr"


def arm(mnemonic: str, operands: str) -> str | None:
    """The kind of a sensitive ARM or Thumb instruction, or None."""
    base, _, _ = arm_name(mnemonic)
    parts = split_operands(operands.lower())
    if base == "mrs":
        return "read_psr"
    if base == "msr" and parts:
        return _arm_status_write(parts[0])
    if multiple := _ARM_MULTIPLE.match(base):
        if not operands.rstrip().endswith("^"):
            return None
        loads = multiple[1] in ("ldm", "pop")
        if loads and re.search(r"\b(pc|r15)\b", operands.lower()):
            return "exception_return"
        return "load_multiple_user" if loads else "store_multiple_user"
    if _ARM_RETURNS.match(base):
        return "exception_return" if parts and parts[0] in ("pc", "r15") else None
    if base in ("vmrs", "vmsr", "fmrx", "fmxr"):
        if not _ARM_FP.search(operands.lower()):
            return None
        return "read_fp_system" if base in ("vmrs", "fmrx") else "write_fp_system"
    kind = _ARM.get(base)
    if kind in ("read_coprocessor", "write_coprocessor") and parts:
        return kind if parts[0] in ("p14", "p15", "14", "15") else None
    return kind


def arm_store(mnemonic: str, operands: str) -> bool:
    """Whether an ARM instruction stores to memory (operands do not matter)."""
    return bool(_ARM_STORES.match(arm_name(mnemonic)[0]))


# -- SPARC ----------------------------------------------------------------------------------

_SPARC_ALTERNATE = _of({
    "load_alternate": "lda lduba lduha ldda ldsba ldsha ldfa lddfa",
    "store_alternate": "sta stba stha stda stfa stdfa",
    "swap_alternate": "ldstuba swapa casa cas",
})
_SPARC_STATE = ("psr", "wim", "tbr")
_SPARC_STORES = frozenset({"st", "stb", "sth", "std", "ldstub", "swap", "clr", "clrb", "clrh",
                           "stub", "stuh", "stw"})
_SPARC_PRIVILEGED_ASR = range(18, 32)  # LEON3: 17 may be read by anybody; GRLIB IP manual


def sparc(mnemonic: str, operands: str) -> str | None:
    """The kind of a sensitive SPARC V8 or LEON3 instruction, or None."""
    parts = [part.split("!")[0].strip() for part in split_operands(operands.lower())]
    if mnemonic == "rett":
        return "rett"
    if mnemonic in _SPARC_ALTERNATE:
        return _SPARC_ALTERNATE[mnemonic]
    if mnemonic == "std" and parts and parts[0] == "%fq":
        return "store_fq"
    if mnemonic not in ("rd", "wr", "mov") or len(parts) < 2:
        return None
    if mnemonic != "wr" and parts[0][1:] in _SPARC_STATE:
        return f"read_{parts[0][1:]}"
    if mnemonic != "rd":
        if parts[-1][1:] in _SPARC_STATE:
            return f"write_{parts[-1][1:]}"
        number = parts[-1].removeprefix("%asr")
        if number.isdecimal() and int(number) in _SPARC_PRIVILEGED_ASR:
            return "write_asr"
    return None


def sparc_store(mnemonic: str, operands: str) -> bool:
    """Whether a SPARC instruction stores to memory of the current address space."""
    return mnemonic in _SPARC_STORES and "[" in operands


CLASSIFIERS: dict[str, Classifier] = {"x86": x86, "arm": arm, "sparc": sparc}
STORES: dict[str, Callable[[str, str], bool]] = {
    "x86": x86_store, "arm": arm_store, "sparc": sparc_store,
}

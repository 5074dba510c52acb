# SPDX-License-Identifier: GPL-2.0-or-later
"""The sensitive instructions of AArch32, in A32 and T32.

Encodings after the ARM Architecture Reference Manual ARMv7-A (DDI 0406C),
chapters A5, A6, A8 and B9.  *Sensitive* is what does something else in user
mode than in a privileged mode, whether or not it traps there (Popek and
Goldberg): CPS, MRS and MSR of the CPSR and LDRT and its like are silent, the
others are undefined in user mode.  SETEND, the hints and the supervisor call
are not in the list: they are the same in both.

Every sensitive T32 instruction has a twin in A32.  `decode` gives the twin's
encoding, so that whoever emulates knows one form only; the exception is
LDRT with its like, whose T32 form adds the offset first and keeps the base.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

ALWAYS = 0xE0000000  # the condition of an A32 instruction that has none


class Kind(IntEnum):
    """What a sensitive instruction is (vmm/native/src/monitor_arm.c has the same numbers)."""

    CPS = 1
    MRS = 2  # of CPSR or SPSR
    MSR = 3  # to CPSR or SPSR, from a register or an immediate
    MRS_BANKED = 4
    MSR_BANKED = 5
    EXCEPTION_RETURN = 6  # SUBS and MOVS to the pc, ERET
    LDM_RETURN = 7
    LDM_USER = 8
    STM_USER = 9
    RFE = 10
    SRS = 11
    UNPRIVILEGED = 12  # LDRT and its like
    UNPRIVILEGED_OFFSET = 13  # their T32 form, of which code is the original
    SYSTEM = 14  # MCR, MRC
    SYSTEM_WIDE = 15  # MCRR, MRRC
    FLOAT_SYSTEM = 16  # VMRS, VMSR of a register that is not FPSCR
    HVC = 17
    SMC = 18
    STORE = 19  # these two are not sensitive: stores that changed page tables too often
    STORE_DOUBLE = 20


NAMES: dict[int, str] = {
    Kind.CPS: "cps", Kind.MRS: "mrs", Kind.MSR: "msr", Kind.MRS_BANKED: "mrs (banked)",
    Kind.MSR_BANKED: "msr (banked)", Kind.EXCEPTION_RETURN: "subs pc", Kind.LDM_RETURN: "ldm ^, pc",
    Kind.LDM_USER: "ldm ^", Kind.STM_USER: "stm ^", Kind.RFE: "rfe", Kind.SRS: "srs",
    Kind.UNPRIVILEGED: "ldrt, strt", Kind.UNPRIVILEGED_OFFSET: "ldrt, strt",
    Kind.SYSTEM: "mcr, mrc",
    Kind.SYSTEM_WIDE: "mcrr, mrrc", Kind.FLOAT_SYSTEM: "vmsr, vmrs", Kind.HVC: "hvc",
    Kind.SMC: "smc", Kind.STORE: "str", Kind.STORE_DOUBLE: "str",
}


@dataclass(frozen=True, slots=True)
class Sensitive:
    """One sensitive instruction: its kind, its A32 encoding, and its length in bytes."""

    kind: Kind
    code: int
    length: int


@dataclass(frozen=True, slots=True)
class _Row:
    mask: int
    value: int
    kind: Kind
    twin: Callable[[int], int] | None = None  # T32: from its code to that of A32


def _field(code: int, low: int, bits: int) -> int:
    return code >> low & (1 << bits) - 1


# -- A32 ----------------------------------------------------------------------------------

# With a condition (bits 31 to 28), which the masks leave out.
_CONDITIONAL = (
    _Row(0x0FBF0FFF, 0x010F0000, Kind.MRS),
    _Row(0x0FB0FFF0, 0x0120F000, Kind.MSR),
    _Row(0x0FB0F000, 0x0320F000, Kind.MSR),
    _Row(0x0FB00EFF, 0x01000200, Kind.MRS_BANKED),
    _Row(0x0FB0FEF0, 0x0120F200, Kind.MSR_BANKED),
    _Row(0x0FFFFFFF, 0x0160006E, Kind.EXCEPTION_RETURN),
    _Row(0x0FF000F0, 0x01400070, Kind.HVC),
    _Row(0x0FF000F0, 0x01600070, Kind.SMC),
    _Row(0x0E508000, 0x08508000, Kind.LDM_RETURN),
    _Row(0x0E508000, 0x08500000, Kind.LDM_USER),
    _Row(0x0E500000, 0x08400000, Kind.STM_USER),
    _Row(0x0E10F000, 0x0210F000, Kind.EXCEPTION_RETURN),  # immediate
    _Row(0x0E10F010, 0x0010F000, Kind.EXCEPTION_RETURN),  # register, shifted by an immediate
    _Row(0x0F2000F0, 0x002000B0, Kind.UNPRIVILEGED),  # LDRHT, STRHT
    _Row(0x0F3000D0, 0x003000D0, Kind.UNPRIVILEGED),  # LDRSBT, LDRSHT
    _Row(0x0F200000, 0x04200000, Kind.UNPRIVILEGED),  # LDRT, STRT, LDRBT, STRBT
    _Row(0x0F200010, 0x06200000, Kind.UNPRIVILEGED),
    _Row(0x0F000E10, 0x0E000E10, Kind.SYSTEM),
    _Row(0x0FE00E00, 0x0C400E00, Kind.SYSTEM_WIDE),
    _Row(0x0FE00FFF, 0x0EE00A10, Kind.FLOAT_SYSTEM),
)
_UNCONDITIONAL = (
    _Row(0xFFF1FE20, 0xF1000000, Kind.CPS),
    _Row(0xFE50FFFF, 0xF8100A00, Kind.RFE),
    _Row(0xFE5FFFE0, 0xF84D0500, Kind.SRS),
)
# SUB and MOV.  By the manual (B9.3.20) every operation that writes the pc and sets flags returns
# from an exception; the engine takes the others for jumps, in user mode as in any other.
_RETURNS = SUB, MOV = 2, 13


def _by_opcode(rows: tuple[_Row, ...]) -> tuple[tuple[_Row, ...], ...]:
    """For each value of bits 27 to 20 the rows that can match."""
    def can(row: _Row, opcode: int) -> bool:
        return (opcode << 20 ^ row.value) & row.mask & 0x0FF00000 == 0

    return tuple(tuple(row for row in rows if can(row, opcode)) for opcode in range(256))


_A32 = _by_opcode(_CONDITIONAL)
_A32_UNCONDITIONAL = _by_opcode(_UNCONDITIONAL)
FPSCR = 1


def _is_innocuous(kind: Kind, code: int) -> bool:
    """What a row's mask cannot say: the encodings of a kind that are not sensitive.

    With a bit that should be zero some are UNPREDICTABLE, and undefined to the engine.
    """
    match kind:
        case Kind.MSR:
            return code & 0x024F0000 == 0x02000000  # no field of the CPSR: a hint
        case Kind.EXCEPTION_RETURN:
            operation = _field(code, 21, 4)
            other = operation not in _RETURNS or (operation == MOV and _field(code, 16, 4) != 0)
            return other and code & 0x0FFFFFFF != 0x0160006E
        case Kind.UNPRIVILEGED:  # LDRHT and its like, by a register
            return not code & 0x0E400000 and _field(code, 8, 4) != 0
        case Kind.FLOAT_SYSTEM:
            return _field(code, 16, 4) == FPSCR
    return False


def decode_a32(code: int) -> Sensitive | None:
    """The sensitive instruction that this word is, or None."""
    unconditional = code >> 28 == 15
    table = _A32_UNCONDITIONAL if unconditional else _A32
    for row in table[code >> 20 & 0xFF]:
        if code & row.mask == row.value and not _is_innocuous(row.kind, code):
            return Sensitive(row.kind, code, 4)
    return None


# -- T32 ----------------------------------------------------------------------------------


def _same(code: int) -> int:
    return code


def _cps(code: int) -> int:
    """F3AF 8xxx: imod in bits 10 and 9, M in 8, AIF in 7 to 5, mode."""
    imod, m = _field(code, 9, 2), _field(code, 8, 1)
    return 0xF1000000 | imod << 18 | m << 17 | _field(code, 5, 3) << 6 | code & 0x1F


def _mrs(code: int) -> int:
    return 0xE10F0000 | _field(code, 20, 1) << 22 | _field(code, 8, 4) << 12


def _msr(code: int) -> int:
    return (0xE120F000 | _field(code, 20, 1) << 22 | _field(code, 8, 4) << 16
            | _field(code, 16, 4))


def _mrs_banked(code: int) -> int:
    return (0xE1000200 | _field(code, 20, 1) << 22 | _field(code, 16, 4) << 16
            | _field(code, 8, 4) << 12 | _field(code, 4, 1) << 8)


def _msr_banked(code: int) -> int:
    return (0xE120F200 | _field(code, 20, 1) << 22 | _field(code, 8, 4) << 16
            | _field(code, 4, 1) << 8 | _field(code, 16, 4))


def _subs_pc_lr(code: int) -> int:
    return 0xE25EF000 | code & 0xFF


def _rfe(code: int) -> int:
    before = 0 if code & 1 << 24 else 1  # DB or IA
    return 0xF8100A00 | before << 24 | (1 - before) << 23 | code & 0x002F0000


def _srs(code: int) -> int:
    before = 0 if code & 1 << 24 else 1
    return 0xF84D0500 | before << 24 | (1 - before) << 23 | code & 0x00200000 | code & 0x1F


def _hvc(code: int) -> int:
    number = _field(code, 16, 4) << 12 | code & 0xFFF
    return 0xE1400070 | number >> 4 << 8 | number & 15


def _smc(code: int) -> int:
    return 0xE1600070 | _field(code, 16, 4)


_T32 = (
    _Row(0xFFFFF800, 0xF3AF8000, Kind.CPS, _cps),
    _Row(0xFFEFF0FF, 0xF3EF8000, Kind.MRS, _mrs),
    _Row(0xFFE0F0FF, 0xF3808000, Kind.MSR, _msr),
    _Row(0xFFE0F0EF, 0xF3E08020, Kind.MRS_BANKED, _mrs_banked),
    _Row(0xFFE0F0EF, 0xF3808020, Kind.MSR_BANKED, _msr_banked),
    _Row(0xFFFFFF00, 0xF3DE8F00, Kind.EXCEPTION_RETURN, _subs_pc_lr),
    _Row(0xFFD0FFFF, 0xE810C000, Kind.RFE, _rfe),
    _Row(0xFFD0FFFF, 0xE990C000, Kind.RFE, _rfe),
    _Row(0xFFDFFFE0, 0xE80DC000, Kind.SRS, _srs),
    _Row(0xFFDFFFE0, 0xE98DC000, Kind.SRS, _srs),
    _Row(0xFEE00F00, 0xF8000E00, Kind.UNPRIVILEGED_OFFSET, _same),  # STRBT, LDRBT, LDRSBT, ...
    _Row(0xFEE00F00, 0xF8200E00, Kind.UNPRIVILEGED_OFFSET, _same),
    _Row(0xFFE00F00, 0xF8400E00, Kind.UNPRIVILEGED_OFFSET, _same),
    _Row(0xFF000E10, 0xEE000E10, Kind.SYSTEM, _same),
    _Row(0xFFE00E00, 0xEC400E00, Kind.SYSTEM_WIDE, _same),
    _Row(0xFFE00FFF, 0xEEE00A10, Kind.FLOAT_SYSTEM, _same),
    _Row(0xFFF0F000, 0xF7E08000, Kind.HVC, _hvc),
    _Row(0xFFF0F000, 0xF7F08000, Kind.SMC, _smc),
)
_T32_GROUPS = tuple(
    tuple(row for row in _T32 if (opcode << 24 ^ row.value) & row.mask & 0xFF000000 == 0)
    for opcode in range(256)
)


def is_wide(first: int) -> bool:
    """Whether a T32 instruction with this first halfword has a second one (A6.1)."""
    return first >> 11 >= 0x1D


def decode_t16(code: int) -> Sensitive | None:
    """The sensitive instruction that this halfword is, or None: only CPS."""
    if code & 0xFFE8 != 0xB660:
        return None
    disable = code >> 4 & 1
    return Sensitive(Kind.CPS, 0xF1080000 | disable << 18 | (code & 7) << 6, 2)


def decode_t32(code: int) -> Sensitive | None:
    """The sensitive instruction that these two halfwords are, the first one high, or None."""
    for row in _T32_GROUPS[code >> 24]:
        if code & row.mask != row.value or _is_innocuous_t32(row.kind, code):
            continue
        assert row.twin is not None
        return Sensitive(row.kind, row.twin(code), 4)
    return None


def _is_innocuous_t32(kind: Kind, code: int) -> bool:
    match kind:
        case Kind.CPS:
            return code & 0x700 == 0  # a hint
        case Kind.FLOAT_SYSTEM:
            return _field(code, 16, 4) == FPSCR
        case Kind.UNPRIVILEGED_OFFSET:
            literal, signed_store = _field(code, 16, 4) == 15, code & 0x01100000 == 0x01000000
            return literal or signed_store
    return False


def decode(code: bytes, thumb: bool) -> Sensitive | None:
    """The sensitive instruction at the start of ``code``, or None (also if it is cut off)."""
    if not thumb:
        return decode_a32(int.from_bytes(code[:4], "little")) if len(code) >= 4 else None
    first = int.from_bytes(code[:2], "little")
    if not is_wide(first):
        return decode_t16(first)
    if len(code) < 4:
        return None
    return decode_t32(first << 16 | int.from_bytes(code[2:4], "little"))

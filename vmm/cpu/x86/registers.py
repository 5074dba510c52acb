"""x86 register table: general, segment, control, debug and descriptor-table registers.

Intel SDM volume 3A, chapter 2.  A segment register is its selector and its
hidden part (base, limit, attributes in the layout of a descriptor's high
word); writing one here writes the hidden part as it is, without the checks of
a segment load.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable
from dataclasses import dataclass

from vmm.cpu.engine import Engine, constants
from vmm.cpu.registers import Field, Register, RegisterFile

# Offsets into CPUX86State (see vmm/native/src/offsets.h)
REGS, EIP, EFLAGS, HFLAGS, HFLAGS2 = 0, 128, 136, 176, 180
SEGS, LDT, TR, GDT, IDT, CR, A20_MASK = 184, 328, 352, 376, 400, 424, 496
SYSENTER = 0x12C0
ERROR_CODE, IS_INT, NEXT_EIP, DR, OLD_EXCEPTION = 0x1508, 0x150C, 0x1510, 0x1518, 0x1578

GENERAL = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")
SEGMENTS = ("es", "cs", "ss", "ds", "fs", "gs")

# hflags: what the engine derives from segments and control registers
HF_CPL, HF_INHIBIT_IRQ, HF_CS32 = 3, 1 << 3, 1 << 4
HF_SS32, HF_ADDSEG, HF_PE = 1 << 5, 1 << 6, 1 << 7

FLAG_FIELDS = (
    Field("ID", 21, 21), Field("VIP", 20, 20), Field("VIF", 19, 19), Field("AC", 18, 18),
    Field("VM", 17, 17), Field("RF", 16, 16), Field("NT", 14, 14), Field("IOPL", 13, 12),
    Field("OF", 11, 11), Field("DF", 10, 10), Field("IF", 9, 9), Field("TF", 8, 8),
    Field("SF", 7, 7), Field("ZF", 6, 6), Field("AF", 4, 4), Field("PF", 2, 2), Field("CF", 0, 0),
)
CR0_FIELDS = (
    Field("PG", 31, 31), Field("CD", 30, 30), Field("NW", 29, 29), Field("AM", 18, 18),
    Field("WP", 16, 16), Field("NE", 5, 5), Field("ET", 4, 4), Field("TS", 3, 3),
    Field("EM", 2, 2), Field("MP", 1, 1), Field("PE", 0, 0),
)
CR4_FIELDS = (
    Field("OSFXSR", 9, 9), Field("PCE", 8, 8), Field("PGE", 7, 7), Field("MCE", 6, 6),
    Field("PAE", 5, 5), Field("PSE", 4, 4), Field("DE", 3, 3), Field("TSD", 2, 2),
    Field("PVI", 1, 1), Field("VME", 0, 0),
)


class SegmentCache(C.Structure):
    """The engine's segment register: selector and hidden part."""

    _fields_ = (
        ("selector", C.c_uint32),
        ("pad", C.c_uint32),
        ("base", C.c_uint64),
        ("limit", C.c_uint32),
        ("flags", C.c_uint32),
    )


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment register's value."""

    selector: int
    base: int
    limit: int
    flags: int

    @property
    def dpl(self) -> int:
        return self.flags >> 13 & 3

    @property
    def present(self) -> bool:
        return bool(self.flags & 0x8000)

    @property
    def big(self) -> bool:
        """The D/B bit: 32-bit code or stack."""
        return bool(self.flags & 0x400000)


CC_SRC, CC_DST, CC_OP, DF = 0x98, 0x90, 168, 172
CC_OP_EFLAGS = 1  # the arithmetic flags are in cc_src as they are
FLAGS_ARITHMETIC, FLAG_DF = 0x8D5, 0x400


def flags_register(engine: Engine, read: Callable[[], int]) -> Register:
    """EFLAGS: the engine keeps the arithmetic flags and DF elsewhere than the rest."""
    source = C.c_uint64.from_address(engine.env + CC_SRC)
    operation = C.c_uint32.from_address(engine.env + CC_OP)
    direction = C.c_int32.from_address(engine.env + DF)
    rest = C.c_uint64.from_address(engine.env + EFLAGS)

    def write(value: int) -> None:
        source.value = value & FLAGS_ARITHMETIC
        operation.value = CC_OP_EFLAGS
        direction.value = -1 if value & FLAG_DF else 1
        rest.value = value & ~(FLAGS_ARITHMETIC | FLAG_DF) | 2

    return Register("eflags", "status", read, write, fields=FLAG_FIELDS)


def float_registers(engine: Engine, has_sse: bool) -> list[Register]:
    """The x87 stack with its control words, and XMM if the model has SSE (SDM volume 1, 8 and 10).

    ``st0`` is the top of the stack; an 80-bit value is its exponent and sign above its mantissa.
    """
    names = constants("unicorn.x86_const")
    uc = engine.uc

    def stack(index: int) -> Register:
        def number() -> int:
            top = int(uc.reg_read(names.UC_X86_REG_FPSW)) >> 11 & 7
            return int(names.UC_X86_REG_FP0) + (top + index & 7)

        def read() -> int:
            mantissa, exponent = uc.reg_read(number())
            return int(exponent) << 64 | int(mantissa)

        def write(value: int) -> None:
            uc.reg_write(number(), (value & (1 << 64) - 1, value >> 64))

        return Register(f"st{index}", "float", read, write, 80)

    def word(name: str, engine_name: str, bits: int) -> Register:
        number = getattr(names, f"UC_X86_REG_{engine_name}")

        def read() -> int:
            return int(uc.reg_read(number)) & ((1 << bits) - 1)

        def write(value: int) -> None:
            uc.reg_write(number, value)

        return Register(name, "float", read, write, bits)

    registers = [stack(i) for i in range(8)]
    registers += [word("fctrl", "FPCW", 16), word("fstat", "FPSW", 16), word("ftag", "FPTAG", 16)]
    if has_sse:
        registers += [word(f"xmm{i}", f"XMM{i}", 128) for i in range(8)]
        registers.append(word("mxcsr", "MXCSR", 32))
    return registers


def register_file(engine: Engine, has_sse: bool) -> RegisterFile:
    """All registers of one engine."""
    names = constants("unicorn.x86_const")
    uc = engine.uc

    def word64(name: str, offset: int, group: str, fields: tuple[Field, ...] = ()) -> Register:
        cell = C.c_uint64.from_address(engine.env + offset)

        def read() -> int:
            return cell.value & 0xFFFFFFFF

        def write(value: int) -> None:
            cell.value = value

        return Register(name, group, read, write, fields=fields)

    def by_engine(name: str, group: str, fields: tuple[Field, ...] = ()) -> Register:
        number = getattr(names, f"UC_X86_REG_{name.upper()}")

        def read() -> int:
            return int(uc.reg_read(number)) & 0xFFFFFFFF

        def write(value: int) -> None:
            uc.reg_write(number, value)

        return Register(name, group, read, write, fields=fields)

    def control(index: int, fields: tuple[Field, ...] = ()) -> Register:
        """CR0, CR3, CR4: the engine derives much from a write, and nothing for a read."""
        cell = C.c_uint64.from_address(engine.env + CR + 8 * index)
        name = f"cr{index}"
        return Register(name, "control", lambda: cell.value & 0xFFFFFFFF,
                        by_engine(name, "control").write, fields=fields)

    def hidden(name: str, offset: int, part: str) -> Register:
        cache = SegmentCache.from_address(engine.env + offset)

        def read() -> int:
            return int(getattr(cache, part)) & 0xFFFFFFFF

        def write(value: int) -> None:
            setattr(cache, part, value)

        return Register(name, "segment", read, write)

    update_dr7 = engine.function("cpu_x86_update_dr7_x86_64", None, C.c_void_p, C.c_uint32)
    dr7 = C.c_uint64.from_address(engine.env + DR + 8 * 7)

    def breakpoint_register(index: int) -> Register:
        """DR0 to DR3, DR7: the engine keeps a list of what they mean."""
        cell = C.c_uint64.from_address(engine.env + DR + 8 * index)

        def read() -> int:
            return cell.value & 0xFFFFFFFF

        def write(value: int) -> None:
            enabled = value if index == 7 else dr7.value
            update_dr7(engine.env, 0)
            if index != 7:
                cell.value = value
            update_dr7(engine.env, enabled & 0xFFFFFFFF)

        return Register(f"dr{index}", "debug", read, write)

    registers = [word64(name, REGS + 8 * i, "general") for i, name in enumerate(GENERAL)]
    registers.append(word64("eip", EIP, "general"))
    registers.append(flags_register(engine, by_engine("eflags", "status").read))
    places = [(name, SEGS + 24 * i) for i, name in enumerate(SEGMENTS)]
    places += [("ldtr", LDT), ("tr", TR)]
    for name, offset in places:
        registers.append(hidden(name, offset, "selector"))
        registers += [hidden(f"{name}.{part}", offset, part) for part in ("base", "limit", "flags")]
    for name, offset in (("gdtr", GDT), ("idtr", IDT)):
        registers += [hidden(f"{name}.{part}", offset, part) for part in ("base", "limit")]
    registers.append(control(0, CR0_FIELDS))
    registers.append(word64("cr2", CR + 16, "control"))
    registers += [control(3), control(4, CR4_FIELDS)]
    registers += [breakpoint_register(i) for i in range(4)]
    registers += [word64("dr6", DR + 8 * 6, "debug"), breakpoint_register(7)]
    registers += [word64(f"sysenter_{part}", SYSENTER + 8 * i, "msr")
                  for i, part in enumerate(("cs", "esp", "eip"))]
    registers += float_registers(engine, has_sse)
    aliases = {"pc": "eip", "flags": "eflags", "sp": "esp"}
    return RegisterFile(registers, aliases)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Sensitive x86 instructions: which they are, how long, and with which operands.

Intel SDM volume 2 for the encodings.  *Sensitive* (Popek and Goldberg, 1974) is
what shows or changes privileged state: on x86 far more than what traps.  Not
here is what is not sensitive on *this* virtual processor: PUSH and MOV from
segment registers (they hold the virtual selectors), IN and OUT (the bus asks
the virtual processor's rights), INT n in protected mode, INT3 and INTO (they trap).

The engine's translator calls for one instruction at a time, so no block is
ever cut wrongly: nothing here needs the length of an instruction that is not
sensitive.  Prefixes and operands are taken as the engine takes them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

# In the order of enum x86_operation in vmm/native/src/monitor_x86.h.
OPERATIONS = (
    "", "cli", "sti", "pushf", "popf", "iret", "int", "hlt", "lret", "ljmp", "lcall",
    "ljmp m", "lcall m", "mov sreg", "pop sreg", "lds", "sldt", "str", "lldt", "ltr", "verr",
    "verw", "lar", "lsl", "sgdt", "sidt", "lgdt", "lidt", "smsw", "lmsw", "clts", "invlpg",
    "wbinvd", "mov r,cr", "mov cr", "mov r,dr", "mov dr", "rdmsr", "wrmsr", "rdtsc", "rdpmc",
    "sysexit", "undefined", "store r", "store imm", "rdtscp", "monitor", "mwait",
    "sysret",
)
NUMBER = {name: number for number, name in enumerate(OPERATIONS)}

# A block must end behind these: what follows is translated for other flags or segments.
ENDS = frozenset(
    NUMBER[name] for name in (
        "cli", "sti", "popf", "iret", "int", "hlt", "lret", "ljmp", "lcall", "ljmp m", "lcall m",
        "mov sreg", "pop sreg", "lds", "verr", "verw", "lar", "lsl", "lmsw", "clts", "invlpg",
        "mov cr", "mov dr", "wrmsr", "rdtsc", "rdpmc", "sysexit",
        "undefined", "rdtscp", "monitor", "mwait", "sysret",
    )
)

LONGEST = 15
SEGMENT_PREFIXES = {0x26: 0, 0x2E: 1, 0x36: 2, 0x3E: 3, 0x64: 4, 0x65: 5}
OPERAND_SIZE, ADDRESS_SIZE, LOCK = 0x66, 0x67, 0xF0
OTHER_PREFIXES = (LOCK, 0xF2, 0xF3)
SS, DS = 2, 3
ESP, EBP = 4, 5
NONE = 15  # no base or index register
BASES_16 = ((3, 6), (3, 7), (5, 6), (5, 7), (6, NONE), (7, NONE), (5, NONE), (3, NONE))


class Mode(NamedTuple):
    """What decides how code reads: CS.D, and whether segments are looked up in tables."""

    wide: bool
    flat: bool  # protected mode, and not VM86


@dataclass(frozen=True, slots=True)
class Instruction:
    """A sensitive instruction.

    ``argument`` packs its operands into 64 bits: displacement, immediate or offset (0-31),
    base or only register (32-35), index (36-39), scale (40-41), segment (42-44), memory (45),
    16-bit address (46), 32-bit operand (47), ModRM's register field or segment register (48-50),
    the register of LDS and its like (51-53); of a far transfer the selector (48-63).
    """

    operation: int
    length: int
    argument: int
    immediate: int = 0  # of a store

    @property
    def name(self) -> str:
        return OPERATIONS[self.operation]

    @property
    def ends_block(self) -> bool:
        return self.operation in ENDS


class _Short(Exception):
    """The bytes end before the instruction does."""


class _Reader:
    """An instruction's bytes, and the operands found in them."""

    __slots__ = ("at", "code", "memory", "reg", "segment", "wide", "wide_address")

    def __init__(self, code: bytes, mode: Mode) -> None:
        self.code, self.at = code, 0
        self.wide = self.wide_address = mode.wide
        self.segment: int | None = None
        self.reg, self.memory = 0, False

    def take(self, size: int) -> int:
        value = self.code[self.at : self.at + size]
        if len(value) < size:
            raise _Short
        self.at += size
        return int.from_bytes(value, "little")

    def signed(self, size: int) -> int:
        value = self.take(size)
        return value - (1 << 8 * size) if value >> 8 * size - 1 else value

    def prefixes(self) -> int | None:
        """Read prefixes; the opcode behind them, or None with one that makes it another."""
        override = [False, False]
        while True:
            byte = self.take(1)
            if byte in SEGMENT_PREFIXES:
                self.segment = SEGMENT_PREFIXES[byte]
            elif byte == OPERAND_SIZE:
                override[0] = True
            elif byte == ADDRESS_SIZE:
                override[1] = True
            elif byte == LOCK:
                return None
            elif byte not in OTHER_PREFIXES:
                break
        self.wide ^= override[0]
        self.wide_address ^= override[1]
        return byte

    def modrm(self) -> int:
        """Read ModRM and what belongs to it; the operand packed, bits 32 to 46."""
        byte = self.take(1)
        self.reg, mod, rm = byte >> 3 & 7, byte >> 6, byte & 7
        self.memory = mod != 3
        if not self.memory:
            return rm << 32 | NONE << 36
        return self._address_32(mod, rm) if self.wide_address else self._address_16(mod, rm)

    def _address_32(self, mod: int, rm: int) -> int:
        base, index, scale = rm, NONE, 0
        if rm == ESP:
            sib = self.take(1)
            base, index, scale = sib & 7, sib >> 3 & 7, sib >> 6
            index = NONE if index == ESP else index
        if mod == 0 and base == EBP:
            base, displacement = NONE, self.take(4)
        else:
            displacement = (0, self.signed(1) if mod == 1 else 0, 0)[mod]
            displacement = self.take(4) if mod == 2 else displacement
        return self._pack(displacement, base, index, scale, base in (ESP, EBP))

    def _address_16(self, mod: int, rm: int) -> int:
        base, index = BASES_16[rm]
        if mod == 0 and rm == 6:
            base, displacement = NONE, self.take(2)
        else:
            displacement = (0, self.signed(1) if mod == 1 else 0, 0)[mod]
            displacement = self.take(2) if mod == 2 else displacement
        return self._pack(displacement, base, index, 0, base == EBP) | 1 << 46

    def _pack(self, displacement: int, base: int, index: int, scale: int, stack: bool) -> int:
        segment = self.segment if self.segment is not None else SS if stack else DS
        return (displacement & 0xFFFFFFFF | base << 32 | index << 36 | scale << 40
                | segment << 42 | 1 << 45)

    def address_in_eax(self) -> int:
        """An operand in memory, at EAX or AX."""
        return self._pack(0, 0, NONE, 0, False) | (not self.wide_address) << 46

    def made(self, name: str, argument: int = NONE << 32 | NONE << 36) -> Instruction:
        """The instruction that ends here."""
        return Instruction(NUMBER[name], self.at, argument | self.wide << 47)

    def with_reg(self, name: str, argument: int) -> Instruction:
        """The same with ModRM's register field as an operand."""
        return self.made(name, argument | self.reg << 48)


PLAIN = {0xFA: "cli", 0xFB: "sti", 0x9C: "pushf", 0x9D: "popf", 0xCF: "iret", 0xF4: "hlt"}
PLAIN_0F = {
    0x06: "clts", 0x07: "sysret", 0x08: "wbinvd", 0x09: "wbinvd", 0x30: "wrmsr", 0x31: "rdtsc",
    0x32: "rdmsr", 0x33: "rdpmc", 0x35: "sysexit",
}
POPS = {0x07: 0, 0x17: 2, 0x1F: 3}
POPS_0F = {0xA1: 4, 0xA9: 5}
POINTERS = {0xC4: 0, 0xC5: 3}
POINTERS_0F = {0xB2: 2, 0xB4: 4, 0xB5: 5}
GROUP_6 = ("sldt", "str", "lldt", "ltr", "verr", "verw")  # 0F 00
GROUP_7 = {0: "sgdt", 1: "sidt", 2: "lgdt", 3: "lidt", 4: "smsw", 6: "lmsw", 7: "invlpg"}  # 0F 01
GROUP_7_REGISTER = ("smsw", "lmsw")  # these also take a register
GROUP_7_WHOLE = {0xC8: "monitor", 0xC9: "mwait", 0xF9: "rdtscp"}  # by ModRM
MOVES = {0x20: "mov r,cr", 0x21: "mov r,dr", 0x22: "mov cr", 0x23: "mov dr"}
CONTROL_REGISTERS = (0, 2, 3, 4, 8)


def decode(code: bytes, mode: Mode) -> Instruction | None:
    """The sensitive instruction at the start of ``code``, or None if it is not one.

    None also where the encoding is undefined: the engine raises #UD by itself.
    """
    reader = _Reader(code[:LONGEST], mode)
    try:
        opcode = reader.prefixes()
        if opcode is None:
            return None
        if opcode == 0x0F:
            return _two_bytes(reader, reader.take(1), mode)
        return _one_byte(reader, opcode, mode)
    except _Short:
        return None


def decode_store(code: bytes, mode: Mode) -> Instruction | None:
    """The plain store of 32 bits at the start of ``code`` (MOV to memory), or None."""
    reader = _Reader(code[:LONGEST], mode)
    try:
        opcode = reader.prefixes()
        if opcode not in (0x89, 0xC7) or not reader.wide:
            return None
        operand = reader.modrm()
        if not reader.memory or (opcode == 0xC7 and reader.reg):
            return None
        if opcode == 0x89:
            return reader.with_reg("store r", operand)
        value = reader.take(4)
        return replace(reader.made("store imm", operand), immediate=value)
    except _Short:
        return None


def _one_byte(reader: _Reader, opcode: int, mode: Mode) -> Instruction | None:
    if opcode in PLAIN:
        return reader.made(PLAIN[opcode])
    if not mode.flat:
        return reader.made("int", reader.take(1)) if opcode == 0xCD else None
    if opcode in (0xCA, 0xCB):
        return reader.made("lret", reader.take(2) if opcode == 0xCA else 0)
    if opcode in (0xEA, 0x9A):
        offset = reader.take(4 if reader.wide else 2)
        return reader.made("ljmp" if opcode == 0xEA else "lcall", offset | reader.take(2) << 48)
    if opcode in POPS:
        return reader.made("pop sreg", POPS[opcode] << 48)
    if opcode in POINTERS:
        return _pointer(reader, POINTERS[opcode])
    if opcode == 0x8E:
        operand = reader.modrm()
        return reader.with_reg("mov sreg", operand) if reader.reg in (0, 2, 3, 4, 5) else None
    if opcode == 0xFF:
        operand = reader.modrm()
        if reader.memory and reader.reg in (3, 5):
            return reader.made("lcall m" if reader.reg == 3 else "ljmp m", operand)
    return None


def _pointer(reader: _Reader, segment: int) -> Instruction | None:
    operand = reader.modrm()
    if not reader.memory:
        return None
    return reader.made("lds", operand | segment << 48 | reader.reg << 51)


def _two_bytes(reader: _Reader, opcode: int, mode: Mode) -> Instruction | None:
    if opcode in PLAIN_0F:
        return reader.made(PLAIN_0F[opcode])
    if opcode in MOVES:
        reader.take(1)
        modrm = reader.code[reader.at - 1]
        reader.reg = modrm >> 3 & 7
        if opcode in (0x20, 0x22) and reader.reg not in CONTROL_REGISTERS:
            return reader.made("undefined")  # #UD only where it would be allowed: #GP comes first
        return reader.with_reg(MOVES[opcode], (modrm & 7) << 32)
    if opcode == 0x01:
        operand = reader.modrm()
        whole = None if reader.memory else GROUP_7_WHOLE.get(reader.code[reader.at - 1])
        if whole is not None:  # MONITOR's address is DS:EAX
            return reader.made(whole, reader.address_in_eax())
        name = GROUP_7.get(reader.reg)
        if name is None or not (reader.memory or name in GROUP_7_REGISTER):
            return None
        return reader.made(name, operand)
    if not mode.flat:
        return None
    if opcode == 0x00:
        operand = reader.modrm()
        return reader.made(GROUP_6[reader.reg], operand) if reader.reg < 6 else None
    if opcode in (0x02, 0x03):
        return reader.with_reg("lar" if opcode == 0x02 else "lsl", reader.modrm())
    if opcode in POPS_0F:
        return reader.made("pop sreg", POPS_0F[opcode] << 48)
    if opcode in POINTERS_0F:
        return _pointer(reader, POINTERS_0F[opcode])
    return None

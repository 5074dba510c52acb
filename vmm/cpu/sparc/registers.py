"""SPARC V8 / LEON3 register table (SPARC Architecture Manual V8, chapter 4).

Register windows: r8 to r31 are reached through the engine's window pointer,
so they are always those of the current window.  The other windows' registers
are named ``w0.l0`` to ``w7.i7``.
"""

from __future__ import annotations

import ctypes as C

from vmm.cpu.engine import Engine
from vmm.cpu.registers import Field, Register, RegisterFile

# Word indices into CPUSPARCState (see vmm/native/src/offsets.h)
GREGS = 0
WINDOW_POINTER = 32  # byte offset of the pointer to %o0 of the current window
PC, NPC, Y = 10, 11, 12
FSR = 19
FPR = 20
CWP, WIM, TBR = 52, 53, 54
PSRS, PSRPS, PSRET, PSRPIL, PSREF = 55, 56, 57, 58, 60
INTERRUPT_INDEX = 61
REGBASE = 62
MMU = 2336 // 4  # SRMMU: control, context table pointer, context, fault status, fault address
WINDOWS = 8

PSR_FIELDS = (
    Field("impl", 31, 28), Field("ver", 27, 24), Field("icc", 23, 20), Field("EC", 13, 13),
    Field("EF", 12, 12), Field("PIL", 11, 8), Field("S", 7, 7), Field("PS", 6, 6),
    Field("ET", 5, 5), Field("CWP", 4, 0),
)
TBR_FIELDS = (Field("TBA", 31, 12), Field("tt", 11, 4))
FSR_FIELDS = (
    Field("RD", 31, 30), Field("TEM", 27, 23), Field("NS", 22, 22), Field("ver", 19, 17),
    Field("ftt", 16, 14), Field("qne", 13, 13), Field("fcc", 11, 10), Field("aexc", 9, 5),
    Field("cexc", 4, 0),
)
MMU_REGISTERS = (
    ("mmu.control", (Field("impl", 31, 28), Field("ver", 27, 24), Field("NF", 1, 1),
                     Field("E", 0, 0))),
    ("mmu.ctxtbl", ()),
    ("mmu.context", ()),
    ("mmu.fsr", (Field("EBE", 17, 10), Field("L", 9, 8), Field("AT", 7, 5), Field("FT", 4, 2),
                 Field("FAV", 1, 1), Field("OW", 0, 0))),
    ("mmu.far", ()),
)


def register_file(engine: Engine) -> RegisterFile:
    """All registers of one engine."""
    words = engine.words(0, 80)
    mmu = engine.words(MMU * 4, 5)
    window = C.c_uint64.from_address(engine.env + WINDOW_POINTER)
    get_psr = engine.function("cpu_get_psr_sparc", C.c_uint32, C.c_void_p)
    put_psr = engine.function("cpu_put_psr_sparc", None, C.c_void_p, C.c_uint32)
    flush = engine.function("tlb_flush_sparc", None, C.c_void_p)

    def word(name: str, index: int, group: str, fields: tuple[Field, ...] = (),
             mask: int = 0xFFFFFFFF) -> Register:
        def read() -> int:
            return int(words[index])

        def write(value: int) -> None:
            words[index] = value & mask

        return Register(name, group, read, write, fields=fields)

    def windowed(name: str, index: int) -> Register:
        def read() -> int:
            return C.c_uint32.from_address(window.value + 4 * index).value

        def write(value: int) -> None:
            C.c_uint32.from_address(window.value + 4 * index).value = value

        return Register(name, "general", read, write)

    def other_window(number: int, bank: str, index: int) -> Register:
        # %i of a window are the %o of the one above it: 16 registers a window.
        place = REGBASE + 16 * number + index

        def slot() -> int:
            current = int(words[CWP])
            if current == WINDOWS - 1 and number == 0 and index < 8:
                # The engine keeps %o0-%o7 of window 0 at the far end while window 7 is current.
                return engine.env + 4 * (REGBASE + 16 * WINDOWS + index)
            if number == WINDOWS - 1 and index >= 16:
                # %i of the last window are %o of window 0.
                if current == WINDOWS - 1:
                    return engine.env + 4 * (REGBASE + 16 * WINDOWS + index - 16)
                return engine.env + 4 * (REGBASE + index - 16)
            return engine.env + 4 * place

        def read() -> int:
            return C.c_uint32.from_address(slot()).value

        def write(value: int) -> None:
            C.c_uint32.from_address(slot()).value = value

        return Register(f"w{number}.{bank}{index % 8}", "window", read, write)

    def mmu_register(index: int, name: str, fields: tuple[Field, ...]) -> Register:
        def read() -> int:
            return int(mmu[index])

        def write(value: int) -> None:
            mmu[index] = value
            flush(engine.cpu)

        return Register(name, "mmu", read, write, fields=fields)

    registers = [word("g0", GREGS, "general", mask=0)]
    registers += [word(f"g{i}", GREGS + i, "general") for i in range(1, 8)]
    registers += [windowed(f"o{i}", i) for i in range(8)]
    registers += [windowed(f"l{i}", 8 + i) for i in range(8)]
    registers += [windowed(f"i{i}", 16 + i) for i in range(8)]
    registers += [
        word("pc", PC, "control"),
        word("npc", NPC, "control"),
        Register("psr", "control", lambda: int(get_psr(engine.env)),
                 lambda value: put_psr(engine.env, value), fields=PSR_FIELDS),
        word("wim", WIM, "control", mask=(1 << WINDOWS) - 1),
        word("tbr", TBR, "control", TBR_FIELDS),
        word("y", Y, "control"),
        word("fsr", FSR, "float", FSR_FIELDS),
    ]

    def float_register(index: int) -> Register:
        # The engine keeps pairs as 64-bit numbers in host order: the even one is the high half.
        return word(f"f{index}", FPR + (index ^ 1), "float")

    registers += [float_register(i) for i in range(32)]
    registers += [mmu_register(i, *entry) for i, entry in enumerate(MMU_REGISTERS)]
    for number in range(WINDOWS):
        registers += [other_window(number, "o", i) for i in range(8)]
        registers += [other_window(number, "l", 8 + i) for i in range(8)]
        registers += [other_window(number, "i", 16 + i) for i in range(8)]
    aliases = {"sp": "o6", "fp": "i6"} | {
        f"r{i}": f"{'goli'[i // 8]}{i % 8}" for i in range(32)
    }
    return RegisterFile(registers, aliases)

"""ARM register table: core, banked, status and system registers.

ARM Architecture Reference Manual ARMv7-A (DDI 0406C), B1.3 for the banks and
B3.18/B4 for CP15.  Registers of the current mode live in regs[]; those of
other modes in the engine's banks.
"""

from __future__ import annotations

import ctypes as C
from dataclasses import dataclass, replace

from vmm.cpu.engine import Engine, constants
from vmm.cpu.registers import Field, Register, RegisterFile

# Offsets into CPUARMState (see vmm/native/src/offsets.h for the rest)
REGS = 0
SPSR = 0x158
BANKED_SPSR = 0x160  # u64[8]
BANKED_R13 = 0x1A0
BANKED_R14 = 0x1C0
USR_REGS = 0x1E0  # r8-r12 of the other modes while in FIQ
FIQ_REGS = 0x1F4
THUMB = 0x220
CONDEXEC = 0x224
FEATURES = 0xFA0
PSCI_CONDUIT = 0x1194  # ARMCPU.psci_conduit, from the register file
EXCEPTION = 3024
ELR_HYP = 0x238 + 8 * 2
CP_REGS = 46112  # from CPUState: the hash of system registers

FEATURE_EL2, FEATURE_EL3 = 1 << 32, 1 << 33

USR, FIQ, IRQ, SVC, MON, ABT, HYP, UND, SYS = 0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x1A, 0x1B, 0x1F
MODE_NAMES = {USR: "usr", FIQ: "fiq", IRQ: "irq", SVC: "svc", MON: "mon", ABT: "abt",
              HYP: "hyp", UND: "und", SYS: "sys"}
BANK = {USR: 0, SYS: 0, SVC: 1, ABT: 2, UND: 3, IRQ: 4, FIQ: 5, HYP: 6, MON: 7}

PSR_FIELDS = (
    Field("N", 31, 31), Field("Z", 30, 30), Field("C", 29, 29), Field("V", 28, 28),
    Field("Q", 27, 27), Field("GE", 19, 16), Field("E", 9, 9), Field("A", 8, 8),
    Field("I", 7, 7), Field("F", 6, 6), Field("T", 5, 5), Field("M", 4, 0),
)


@dataclass(frozen=True, slots=True)
class SystemRegister:
    """A CP15 (or CP14) register: ``mrc p15, opc1, rX, crn, crm, opc2``."""

    name: str
    crn: int
    opc1: int
    crm: int
    opc2: int
    wide: bool = False
    cp: int = 15
    secure: int = 0
    fields: tuple[Field, ...] = ()


# The engine has no place for what is written to these: it would be r0's.
CONSTANT = frozenset(("midr", "mpidr", "actlr"))

SCTLR_FIELDS = (
    Field("TE", 30, 30), Field("AFE", 29, 29), Field("TRE", 28, 28), Field("EE", 25, 25),
    Field("V", 13, 13), Field("I", 12, 12), Field("Z", 11, 11), Field("C", 2, 2),
    Field("A", 1, 1), Field("M", 0, 0),
)
FSR_FIELDS = (Field("CM", 13, 13), Field("ExT", 12, 12), Field("WnR", 11, 11), Field("FS4", 10, 10),
              Field("LPAE", 9, 9), Field("Domain", 7, 4), Field("FS", 3, 0))
HSR_FIELDS = (Field("EC", 31, 26), Field("IL", 25, 25), Field("ISS", 24, 0))

SYSTEM: tuple[SystemRegister, ...] = (
    SystemRegister("midr", 0, 0, 0, 0),
    SystemRegister("mpidr", 0, 0, 0, 5),
    SystemRegister("sctlr", 1, 0, 0, 0, fields=SCTLR_FIELDS),
    SystemRegister("actlr", 1, 0, 0, 1),
    SystemRegister("cpacr", 1, 0, 0, 2),
    SystemRegister("scr", 1, 0, 1, 0),
    SystemRegister("ttbr0", 2, 0, 0, 0),
    SystemRegister("ttbr1", 2, 0, 0, 1),
    SystemRegister("ttbcr", 2, 0, 0, 2),
    SystemRegister("ttbr0_64", 0, 0, 2, 0, wide=True),
    SystemRegister("ttbr1_64", 0, 1, 2, 0, wide=True),
    SystemRegister("dacr", 3, 0, 0, 0),
    SystemRegister("dfsr", 5, 0, 0, 0, fields=FSR_FIELDS),
    SystemRegister("ifsr", 5, 0, 0, 1, fields=FSR_FIELDS),
    SystemRegister("dfar", 6, 0, 0, 0),
    SystemRegister("ifar", 6, 0, 0, 2),
    SystemRegister("par", 7, 0, 4, 0),
    SystemRegister("prrr", 10, 0, 2, 0),
    SystemRegister("nmrr", 10, 0, 2, 1),
    SystemRegister("vbar", 12, 0, 0, 0),
    SystemRegister("mvbar", 12, 0, 0, 1),
    SystemRegister("contextidr", 13, 0, 0, 1),
    SystemRegister("tpidrurw", 13, 0, 0, 2),
    SystemRegister("tpidruro", 13, 0, 0, 3),
    SystemRegister("tpidrprw", 13, 0, 0, 4),
    SystemRegister("hcr", 1, 4, 1, 0),
    SystemRegister("hsctlr", 1, 4, 0, 0, fields=SCTLR_FIELDS),
    SystemRegister("hvbar", 12, 4, 0, 0),
    SystemRegister("hsr", 5, 4, 2, 0, fields=HSR_FIELDS),
    SystemRegister("hdfar", 6, 4, 0, 0),
    SystemRegister("hifar", 6, 4, 0, 2),
    SystemRegister("hpfar", 6, 4, 0, 4),
    SystemRegister("vttbr", 0, 6, 2, 0, wide=True),
    SystemRegister("vtcr", 2, 4, 1, 2),
    SystemRegister("httbr", 0, 4, 2, 0, wide=True),
    SystemRegister("htcr", 2, 4, 0, 2),
    SystemRegister("dbgdscr", 0, 0, 2, 2, cp=14, fields=(Field("MOE", 5, 2),)),
)


# With Security Extensions these have a second instance, for Secure state (B3.15.3).
SYSTEM += tuple(
    replace(register, name=f"{register.name}_s", secure=1)
    for register in SYSTEM
    if register.name in (
        "sctlr", "dfsr", "ifsr", "dfar", "ifar", "vbar", "ttbr0", "ttbr1", "ttbr0_64", "ttbr1_64",
        "ttbcr", "dacr",
    )
)


FPSCR_FIELDS = (
    Field("N", 31, 31), Field("Z", 30, 30), Field("C", 29, 29), Field("V", 28, 28),
    Field("QC", 27, 27), Field("AHP", 26, 26), Field("DN", 25, 25), Field("FZ", 24, 24),
    Field("RMode", 23, 22), Field("IDE", 15, 15), Field("IXE", 12, 12), Field("UFE", 11, 11),
    Field("OFE", 10, 10), Field("DZE", 9, 9), Field("IOE", 8, 8), Field("IDC", 7, 7),
    Field("IXC", 4, 4), Field("UFC", 3, 3), Field("OFC", 2, 2), Field("DZC", 1, 1),
    Field("IOC", 0, 0),
)
FPEXC_FIELDS = (Field("EX", 31, 31), Field("EN", 30, 30))


def float_registers(engine: Engine, doubles: int) -> list[Register]:
    """VFP and Advanced SIMD: d0 to d15 or d31, FPSCR and FPEXC (DDI 0406C, A2.6 and B6.1)."""
    names = constants("unicorn.arm_const")

    def by_engine(name: str, bits: int, fields: tuple[Field, ...] = ()) -> Register:
        number = getattr(names, f"UC_ARM_REG_{name.upper()}")

        def read() -> int:
            return int(engine.uc.reg_read(number)) & ((1 << bits) - 1)

        def write(value: int) -> None:
            engine.uc.reg_write(number, value)

        return Register(name, "float", read, write, bits, fields)

    return [
        *(by_engine(f"d{i}", 64) for i in range(doubles)),
        by_engine("fpscr", 32, FPSCR_FIELDS),
        by_engine("fpexc", 32, FPEXC_FIELDS),
    ]

MPIDR = SystemRegister("mpidr", 0, 0, 0, 5)
MULTIPROCESSING = 1 << 31  # of MPIDR: the format with affinity levels
# The OS double lock is never locked (DDI 0406C C11.11.30); Linux looks before it uses breakpoints.
DBGOSDLR = SystemRegister("dbgosdlr", 1, 0, 3, 4, cp=14)


def cp_key(register: SystemRegister, secure: bool) -> int:
    """The engine's own key of a system register instance."""
    return (
        (0 if secure else 1) << 29 | register.cp << 16 | int(register.wide) << 15
        | register.crn << 11 | register.crm << 7 | register.opc1 << 3 | register.opc2
    )


def register_file(
    engine: Engine, present: frozenset[str], cp_reg: int, doubles: int
) -> RegisterFile:
    """All registers of one engine.

    ``present`` names the system registers the model has, ``doubles`` is how many d registers.
    """
    words = engine.words(0, 0x230 // 4)
    spsr_banks = (C.c_uint64 * 8).from_address(engine.env + BANKED_SPSR)
    cpsr_read = engine.function("cpsr_read_arm", C.c_uint32, C.c_void_p)
    cpsr_write = engine.function(
        "cpsr_write_arm", None, C.c_void_p, C.c_uint32, C.c_uint32, C.c_int
    )
    rebuild_flags = engine.function("arm_rebuild_hflags_arm", None, C.c_void_p)
    elr_hyp = C.c_uint64.from_address(engine.env + ELR_HYP)

    def mode() -> int:
        return int(cpsr_read(engine.env)) & 0x1F

    def switch_banks(old: int, new: int) -> None:
        """Bring the registers of mode ``new`` to the front (B1.3.2)."""
        if FIQ in (old, new):
            leave, enter = (FIQ_REGS, USR_REGS) if old == FIQ else (USR_REGS, FIQ_REGS)
            for i in range(5):
                words[leave // 4 + i] = words[8 + i]
                words[8 + i] = words[enter // 4 + i]
        before, after = BANK[old], BANK[new]
        words[BANKED_R13 // 4 + before] = words[13]
        spsr_banks[before] = words[SPSR // 4]
        words[13] = words[BANKED_R13 // 4 + after]
        words[SPSR // 4] = spsr_banks[after] & 0xFFFFFFFF
        # Hyp mode shares its link register with User mode.
        words[BANKED_R14 // 4 + (BANK[USR] if old == HYP else before)] = words[14]
        words[14] = words[BANKED_R14 // 4 + (BANK[USR] if new == HYP else after)]

    def write_cpsr(value: int) -> None:
        old, new = mode(), value & 0x1F
        if new not in BANK:
            raise ValueError(f"{new:#04x} is not a processor mode")
        if old != new and old in BANK:
            switch_banks(old, new)
        raw = 2  # CPSRWriteRaw: the banks are ours, no rules of MSR apply
        cpsr_write(engine.env, value, 0xFFFFFFFF, raw)
        rebuild_flags(engine.env)

    def core(index: int) -> Register:
        def read() -> int:
            return int(words[index])

        def write(value: int) -> None:
            words[index] = value

        return Register("pc" if index == 15 else f"r{index}", "general", read, write)

    def banked(name: str, index: int, bank_mode: int, base: int) -> Register:
        bank = base // 4 + BANK[bank_mode]

        def here() -> bool:
            return BANK.get(mode()) == BANK[bank_mode]

        def read() -> int:
            return int(words[index] if here() else words[bank])

        def write(value: int) -> None:
            words[index if here() else bank] = value

        return Register(name, "banked", read, write)

    def high(name: str, index: int, fiq: bool) -> Register:
        place = (FIQ_REGS if fiq else USR_REGS) // 4 + index - 8

        def read() -> int:
            return int(words[index] if (mode() == FIQ) == fiq else words[place])

        def write(value: int) -> None:
            words[index if (mode() == FIQ) == fiq else place] = value

        return Register(name, "banked", read, write)

    def saved(bank_mode: int) -> Register:
        bank = BANK[bank_mode]

        def read() -> int:
            if mode() == bank_mode:
                return int(words[SPSR // 4])
            return int(spsr_banks[bank]) & 0xFFFFFFFF

        def write(value: int) -> None:
            if mode() == bank_mode:
                words[SPSR // 4] = value
            else:
                spsr_banks[bank] = value

        return Register(f"spsr_{MODE_NAMES[bank_mode]}", "status", read, write, fields=PSR_FIELDS)

    def set_elr(value: int) -> None:
        elr_hyp.value = value

    def set_spsr(value: int) -> None:
        words[SPSR // 4] = value

    def system(register: SystemRegister) -> Register:
        place = (register.cp, int(register.wide), register.secure, register.crn, register.crm,
                 register.opc1, register.opc2)

        def read() -> int:
            return int(engine.uc.reg_read(cp_reg, place))

        def write(value: int) -> None:
            engine.uc.reg_write(cp_reg, (*place, value))

        return Register(register.name, "system", read,
                        None if register.name in CONSTANT else write,
                        64 if register.wide else 32, register.fields)

    registers = [core(i) for i in range(16)]
    registers += [
        Register(
            "cpsr", "status", lambda: int(cpsr_read(engine.env)), write_cpsr, fields=PSR_FIELDS
        ),
        Register("spsr", "status", lambda: int(words[SPSR // 4]), set_spsr, fields=PSR_FIELDS),
    ]
    for bank_mode in (USR, SVC, ABT, UND, IRQ, FIQ, HYP, MON):
        suffix = MODE_NAMES[bank_mode]
        registers.append(banked(f"sp_{suffix}", 13, bank_mode, BANKED_R13))
        if bank_mode != HYP:
            registers.append(banked(f"lr_{suffix}", 14, bank_mode, BANKED_R14))
        if bank_mode != USR:
            registers.append(saved(bank_mode))
    registers += [high(f"r{i}_usr", i, False) for i in range(8, 13)]
    registers += [high(f"r{i}_fiq", i, True) for i in range(8, 13)]
    registers.append(Register("elr_hyp", "banked", lambda: int(elr_hyp.value), set_elr))
    registers += [system(register) for register in SYSTEM if register.name in present]
    registers += float_registers(engine, doubles)
    aliases = {"sp": "r13", "lr": "r14", "r15": "pc", "ip": "r12", "fp": "r11"}
    return RegisterFile(registers, aliases)

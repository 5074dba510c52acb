"""An ARM processor (ARMv7-A, ARMv5TE): engine, registers, exceptions, lines.

The engine has the instruction set, the MMU and native exception entry; here
are the choice of extensions (a board without Security or Virtualization
Extensions has a processor without them), reset, the IRQ and FIQ lines, and
the readable exception entry.
"""

from __future__ import annotations

import ctypes as C
from typing import Any, Literal

from vmm.cpu.arm import decode, traps
from vmm.cpu.arm.models import MODELS
from vmm.cpu.arm.registers import (
    CP_REGS,
    DBGOSDLR,
    EXCEPTION,
    FEATURE_EL2,
    FEATURE_EL3,
    FEATURES,
    HYP,
    MPIDR,
    MULTIPROCESSING,
    PSCI_CONDUIT,
    SVC,
    SYSTEM,
    THUMB,
    SystemRegister,
    cp_key,
    register_file,
)
from vmm.cpu.engine import Engine, constants
from vmm.cpu.processor import ReadPhysical, UnknownModel
from vmm.native import library as native

HARD_IRQ, HARD_FIQ = 0x02, 0x10  # CPU_INTERRUPT_HARD, CPU_INTERRUPT_FIQ


class _Exception(C.Structure):
    """CPUARMState.exception."""

    _fields_ = (
        ("syndrome", C.c_uint32),
        ("fsr", C.c_uint32),
        ("vaddress", C.c_uint64),
        ("target_el", C.c_uint32),
    )


class ArmProcessor:
    """One ARM core."""

    architecture = "arm"
    byteorder: Literal["big", "little"] = "little"

    def __init__(
        self, model: str = "cortex-a15", virtualization: bool = False, security: bool = False,
        engine: Engine | None = None,
    ) -> None:
        """``engine`` is one of this model and these extensions that is there already."""
        if model not in MODELS:
            raise UnknownModel(f"no ARM processor {model!r}; known: {', '.join(MODELS)}")
        self.description = description = MODELS[model]
        if virtualization and not description.virtualization:
            raise UnknownModel(f"{model} has no Virtualization Extensions")
        if security and not description.security:
            raise UnknownModel(f"{model} has no Security Extensions")
        unicorn = constants("unicorn")
        self._names = constants("unicorn.arm_const")
        self.model = model
        self.virtualization, self.security = virtualization, security
        self.engine = engine or Engine(
            native.ARM, unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM,
            getattr(self._names, description.engine), description.page_size,
        )
        self.read_physical: ReadPhysical = lambda address, size: None
        self._features = C.c_uint64.from_address(self.engine.env + FEATURES)
        if not virtualization:
            self._features.value &= ~FEATURE_EL2
        if not security:
            self._features.value &= ~FEATURE_EL3
        find = self.engine.function("get_arm_cp_reginfo_arm", C.c_void_p, C.c_void_p, C.c_uint32)
        present = frozenset(
            register.name for register in SYSTEM
            if find(self._cp_hash, cp_key(register, bool(register.secure)))
        )
        for secure in (False, True):
            self._constant(DBGOSDLR, 0, secure)
        absent = set() if security else {"scr", "mvbar", *(r.name for r in SYSTEM if r.secure)}
        if not virtualization:
            absent |= {r.name for r in SYSTEM if r.opc1 in (4, 6) and r.crn != 7}
        self.registers = register_file(
            self.engine, present - absent, self._names.UC_ARM_REG_CP_REG, description.doubles
        )
        self._words = self.engine.words(0, 0x230 // 4)
        self.exception = _Exception.from_address(self.engine.env + EXCEPTION)
        self._reset_values = {
            name: self.registers[name] for name in ("sctlr",) if name in self.registers.table
        }

    @property
    def _cp_hash(self) -> int:
        """The engine's table of them; not kept, as a snapshot would take the address along."""
        return C.c_uint64.from_address(self.engine.cpu + CP_REGS).value

    def system_register(self, register_key: int, what: int) -> bool:
        """Give the native layer one timer register (see vmm_arm_timer_register)."""
        code: Any = self.engine.library.dll.vmm_arm_timer_register(
            self.engine.pointer, self._cp_hash, register_key, what
        )
        return bool(code == 0)

    def _constant(self, register: SystemRegister, value: int, secure: bool) -> None:
        set_constant: Any = self.engine.library.dll.vmm_arm_constant_register
        set_constant(self._cp_hash, cp_key(register, secure), value)

    def set_affinity(self, number: int) -> None:
        """Which of the machine's processors it is, as MPIDR says."""
        for secure in (False, True):
            self._constant(MPIDR, MULTIPROCESSING | number, secure)

    def set_firmware_conduit(self, kind: int) -> None:
        """Calls of this kind (traps.HVC or traps.SMC) are the firmware's to answer."""
        self.engine.native.psci_conduit = kind
        by_smc, by_hvc = 1, 2  # the engine's own numbers
        conduit = C.c_uint32.from_address(self.engine.env + PSCI_CONDUIT)
        conduit.value = by_smc if kind == traps.SMC else by_hvc

    def set_virtual_offset(self, offset: int) -> None:
        """CNTVOFF: how far the virtual counter is behind the physical one."""
        self.engine.native.virtual_offset = offset

    def reset(self) -> None:
        """SVC mode (Hyp with Virtualization and no Security Extensions), ARM state, all masked."""
        mode = HYP if self.virtualization and not self.security else SVC
        self.registers["cpsr"] = 0x1C0 | mode
        if self.security:
            self.registers["scr"] = 0
        self.set_pc(0)

    def switch_on(self, entry: int, argument: int) -> None:
        """Begin at ``entry`` as after a reset (bit 0: in Thumb state), ``argument`` in r0."""
        sctlr = self._reset_values.get("sctlr")
        if sctlr is not None:
            self.registers["sctlr"] = sctlr
        self.reset()
        self.registers["r0"] = argument
        self.set_pc(entry)

    @property
    def pc(self) -> int:
        return int(self._words[15])

    def set_pc(self, address: int) -> None:
        """Bit 0 chooses Thumb state, as BX does."""
        self._words[THUMB // 4] = address & 1
        self._words[15] = address & ~1

    def run(self) -> int:
        return self.engine.run(int(self._words[15]) | int(self._words[THUMB // 4]))

    # -- interrupts -------------------------------------------------------------

    def irq(self, level: bool) -> None:
        """The IRQ input."""
        self.engine.set_interrupt(HARD_IRQ, level)

    def fiq(self, level: bool) -> None:
        """The FIQ input."""
        self.engine.set_interrupt(HARD_FIQ, level)

    def wakes(self) -> bool:
        """WFI ends with an interrupt, masked or not (DDI 0406C B1.8.14)."""
        request = C.c_uint32.from_address(self.engine.cpu + 0x1C).value
        return bool(request & (HARD_IRQ | HARD_FIQ))

    def can_wake(self) -> bool:
        """WFI ends whatever CPSR masks."""
        return True

    # -- exceptions -------------------------------------------------------------

    def trap_kinds(self) -> dict[int, str]:
        return dict(traps.NAMES)

    def trap_name(self, kind: int) -> str:
        return traps.NAMES.get(kind, f"exception_{kind}")

    def syndrome(self) -> traps.Syndrome:
        """What the engine knows of the exception it is about to take."""
        e = self.exception
        return traps.Syndrome(e.syndrome, e.fsr, e.vaddress & 0xFFFFFFFF, e.target_el)

    def deliver(self, kind: int) -> None:
        traps.enter(self.registers, kind, self.syndrome(), self.security)

    def crash_reason(self, reason: int) -> str:
        if reason == native.REASON_UNHANDLED:
            _, kind, pc, _, _ = self.engine.recent_traps()[-1]
            text = f"unhandled {self.trap_name(kind)} at {pc:08x}: the guest has set no vectors"
            if kind == traps.DATA_ABORT:
                text += f" (DFSR {self.registers['dfsr']:#x}, DFAR {self.registers['dfar']:08x})"
            if kind == traps.PREFETCH_ABORT:
                text += f" (IFSR {self.registers['ifsr']:#x})"
            return text
        return "stopped"

    def expect_vectors_above(self, address: int) -> None:
        """Traps that enter below ``address`` with the MMU off are nobody's: they end the run."""
        self.engine.native.unhandled_below = address

    # -- memory -----------------------------------------------------------------

    def translate(self, address: int) -> int | None:
        """By the engine's own walk, with the current mode's rights."""
        find = self.engine.function(
            "arm_cpu_get_phys_page_attrs_debug_arm", C.c_uint64, C.c_void_p, C.c_uint32, C.c_void_p
        )
        attributes = C.create_string_buffer(16)
        page = find(self.engine.cpu, address & ~0xFFF, attributes)
        return None if page == (1 << 64) - 1 else (page & ~0xFFF) | address & 0xFFF

    def disassemble(self, address: int, count: int) -> list[tuple[int, bytes, str]]:
        thumb = bool(self._words[THUMB // 4])
        lines: list[tuple[int, bytes, str]] = []
        at = address
        while len(lines) < count:
            code = self._code(at)
            if not code:
                break
            size, text = decode.instruction(code, at, thumb)
            lines.append((at, code[:size], text))
            at += size
        return lines

    def _code(self, address: int) -> bytes:
        """Up to four bytes of code, halfword by halfword: the second may be on another page."""
        code = b""
        for at in (address, address + 2):
            physical = self.translate(at)
            half = None if physical is None else self.read_physical(physical, 2)
            if half is None:
                break
            code += half
        return code

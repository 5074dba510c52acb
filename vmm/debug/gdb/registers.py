# SPDX-License-Identifier: GPL-2.0-or-later
"""The registers of each architecture as gdb numbers and names them.

The first features are gdb's own (GDB manual, appendix G.5, "Standard Target
Features"): their names and order are what gdb expects.  After them comes, in
a feature of ours, every other register of the processor: banked and saved
ones, CP15, segments, descriptor tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from vmm.cpu.registers import Field, Register
from vmm.machine.machine import Machine


@dataclass(frozen=True, slots=True)
class TargetRegister:
    """One register in gdb's numbering."""

    name: str  # gdb's
    bits: int
    type: str  # gdb's
    read: Callable[[], int]
    write: Callable[[int], None] | None  # None: what is written is lost
    group: str = ""
    fields: tuple[Field, ...] = ()

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return self.bits // 8


@dataclass(frozen=True, slots=True)
class Feature:
    """A group of registers by the name that gdb knows it by."""

    name: str
    registers: list[TargetRegister] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Target:
    """All that gdb has to know of a machine's processor."""

    architecture: str  # gdb's name
    features: list[Feature]
    general: int  # registers that a `g` packet holds: those of gdb's own features
    expedited: tuple[int, ...]  # numbers sent with each stop: pc and stack pointer

    @property
    def registers(self) -> list[TargetRegister]:
        """All, by number."""
        return [register for feature in self.features for register in feature.registers]


def target_of(machine: Machine) -> Target:
    """The description of a machine's processor."""
    builders = {"sparc": _sparc, "arm": _arm, "x86": _x86}
    return builders[machine.processor.architecture](machine)


class _Builder:
    """Takes registers out of a processor's register file, one by one."""

    def __init__(self, machine: Machine) -> None:
        self.table = machine.processor.registers
        self._left = dict(self.table.table)

    def take(self, name: str, gdb_name: str = "", type: str = "", bits: int = 0) -> TargetRegister:
        """The register ``name`` of ours under gdb's name and type."""
        register = self.table.find(name)
        self._left.pop(register.name, None)
        return _of(register, gdb_name or name, type, bits)

    def rest(self) -> list[TargetRegister]:
        """Those that nobody took; registers of other windows are left to `monitor registers`."""
        return [_of(register, name.replace(".", "_")) for name, register in self._left.items()
                if register.group != "window"]


def _of(register: Register, name: str, type: str = "", bits: int = 0) -> TargetRegister:
    group = {"float": "float", "general": "general"}.get(register.group, "system")
    size = bits or register.bits
    return TargetRegister(
        name, size, type or f"uint{size}", register.read, register.write, group, register.fields
    )


def _nothing(name: str, type: str = "uint32", group: str = "") -> TargetRegister:
    """A register that gdb insists on and that reads as zero here."""
    return TargetRegister(name, 32, type, lambda: 0, None, group)


def _target(
    architecture: str, features: Iterable[Feature], rest: Feature, *expedited: str
) -> Target:
    standard = list(features)
    numbers = [register.name for feature in standard for register in feature.registers]
    return Target(
        architecture, [*standard, rest], len(numbers), tuple(map(numbers.index, expedited))
    )


def _sparc(machine: Machine) -> Target:
    b = _Builder(machine)
    renamed = {"o6": ("sp", "data_ptr"), "i6": ("fp", "data_ptr")}
    core = [b.take(f"{bank}{i}", *renamed.get(f"{bank}{i}", ()))
            for bank in "goli" for i in range(8)]
    floats = [b.take(f"f{i}", type="ieee_single") for i in range(32)]
    control = [
        b.take("y"), b.take("psr"), b.take("wim"), b.take("tbr"), b.take("pc", type="code_ptr"),
        b.take("npc", type="code_ptr"), b.take("fsr"), _nothing("csr", group="system"),
    ]
    return _target(
        "sparc",
        [Feature("org.gnu.gdb.sparc.cpu", core), Feature("org.gnu.gdb.sparc.fpu", floats),
         Feature("org.gnu.gdb.sparc.cp0", control)],
        Feature("org.vmm.leon3.system", b.rest()), "pc", "npc", "sp", "fp",
    )


def _arm(machine: Machine) -> Target:
    b = _Builder(machine)
    core = [b.take(f"r{i}") for i in range(13)]
    core += [b.take("r13", "sp", "data_ptr"), b.take("r14", "lr"),
             b.take("pc", type="code_ptr"), b.take("cpsr")]
    features = [Feature("org.gnu.gdb.arm.core", core)]
    doubles = sum(name[0] == "d" and name[1:].isdigit() for name in b.table)
    if doubles:
        vector = [b.take(f"d{i}", type="ieee_double") for i in range(doubles)]
        features.append(Feature("org.gnu.gdb.arm.vfp", [*vector, b.take("fpscr")]))
    return _target("arm", features, Feature("org.vmm.arm.system", b.rest()), "pc", "sp", "cpsr")


def _x86(machine: Machine) -> Target:
    b = _Builder(machine)
    processor = machine.processor

    def base() -> int:
        return machine.linear_pc - processor.pc

    # In segments with a base gdb would look for code and breakpoints in the wrong place:
    # its pc is the linear address.  EIP as it is has its own register.
    offset = b.take("eip", "eip_offset")
    linear = TargetRegister(
        "eip", 32, "code_ptr", lambda: machine.linear_pc & 0xFFFFFFFF,
        lambda value: processor.set_pc((value - base()) & 0xFFFFFFFF), "general",
    )
    core = [b.take(name, type="data_ptr" if name in ("esp", "ebp") else "int32")
            for name in ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")]
    core += [linear, b.take("eflags")]
    core += [b.take(name, type="int32") for name in ("cs", "ss", "ds", "es", "fs", "gs")]
    core += [b.take(f"st{i}", type="i387_ext") for i in range(8)]
    core += [b.take(name, type="int", bits=32) for name in ("fctrl", "fstat", "ftag")]
    core += [_nothing(name, "int", "float")
             for name in ("fiseg", "fioff", "foseg", "fooff", "fop")]
    features = [Feature("org.gnu.gdb.i386.core", core)]
    if "xmm0" in b.table.table:
        vector = [b.take(f"xmm{i}", type="vec128") for i in range(8)]
        features.append(Feature("org.gnu.gdb.i386.sse", [*vector, b.take("mxcsr")]))
    rest = Feature("org.vmm.i386.system", [offset, *b.rest()])
    return _target("i386", features, rest, "eip", "esp", "ebp")

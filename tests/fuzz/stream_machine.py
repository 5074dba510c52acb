# SPDX-License-Identifier: GPL-2.0-or-later
"""One machine that runs random instruction streams, thousands a second.

The native generator (`native/`) fills memory and resets the processor for
each stream; the run itself is `Machine.run`, the product's own.  A *batch* is
the streams of one seed on one new machine: which model, board properties and
trap delivery it has follow from the seed.  So a seed and an index name a
stream exactly.
"""

from __future__ import annotations

import ctypes as C
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

from vmm.boards import Options, create
from vmm.cpu import execution
from vmm.cpu.engine import constants
from vmm.machine import diagnosis
from vmm.machine.outcome import Ending, Outcome
from vmm.native import build
from vmm.native.library import TRAP_KINDS, NativeCpu, library

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
LIBRARY = TOP / "build" / "fuzz" / "libstreams.so"
BOARDS = {"sparc": "leon3", "arm": "virt", "x86": "pc"}
MODES = ("supervisor", "user")
RAM = 32 << 20
LOW_CODE = 0x7000, 0xA000  # x86: handlers of real mode, code of virtual 8086 mode
CODE, DATA, STACK = 0x100, 0x3000, 0x6000  # size and places in a stream's region: native/fuzz.h
REGION = 32 << 10  # of each stream
BATCH = 900  # streams on one machine: each has 32 KiB of its RAM to itself

# How somebody may look on while streams run, and in how many batches of a hundred.
WATCHED = {"": 68, "intercepts": 9, "breakpoints": 5, "watchpoints": 7, "stores": 4, "coverage": 4,
           "steps": 3}


class Fuzz(C.Structure):
    """`struct fuzz` as far as Python looks at it."""

    _fields_ = (
        ("v", C.c_void_p),
        ("ram", C.c_void_p),
        ("ram_base", C.c_uint32),
        ("ram_size", C.c_uint32),
        ("first", C.c_uint32),
        ("user", C.c_int32),
        ("budget", C.c_uint32),
        ("shape", C.c_uint32),
        ("random", C.c_uint64),
        ("snapshot", C.c_void_p),
        ("env_size", C.c_uint64),
        ("region", C.c_uint32),
    )


class Finding(Exception):
    """A stream after which something is not as it must be."""


def generator() -> C.CDLL:
    """The native generator, compiled if need be."""
    sources = sorted((HERE / "native").glob("*.c"))
    headers = [*(HERE / "native").glob("*.h"), *(build.HERE / "src").glob("*.h")]
    newest = max(path.stat().st_mtime for path in (*sources, *headers))
    if not LIBRARY.exists() or LIBRARY.stat().st_mtime < newest:
        LIBRARY.parent.mkdir(parents=True, exist_ok=True)
        partial = LIBRARY.with_name(f"{LIBRARY.name}.{random.SystemRandom().getrandbits(32):x}")
        subprocess.run(
            [build.compiler(), *build.FLAGS, f"-I{build.HERE / 'src'}", "-o", str(partial),
             *map(str, sources), "-ldl"],
            check=True,
        )
        partial.replace(LIBRARY)
    dll = C.CDLL(str(LIBRARY))
    dll.fuzz_new.argtypes = (C.POINTER(NativeCpu), C.c_void_p, C.c_void_p, C.c_uint32, C.c_uint32)
    dll.fuzz_new.restype = C.POINTER(Fuzz)
    dll.fuzz_stream.argtypes = (C.POINTER(Fuzz), C.c_uint64, C.c_uint32)
    return dll


@dataclass(frozen=True, slots=True)
class Setting:
    """What a batch's seed chooses beside the streams."""

    cpu: str
    properties: dict[str, str]
    delivery: str
    ledger: bool
    watched: str  # how somebody looks on: one of WATCHED

    def __str__(self) -> str:
        switches = ",".join(f"{key}={value}" for key, value in self.properties.items())
        return f"{self.cpu} {switches or '-'} {self.delivery} {self.watched or '-'}"


def setting(arch: str, seed: int) -> Setting:
    """The setting of a batch."""
    chosen = random.Random(seed)
    properties: dict[str, str] = {}
    if arch == "sparc":
        cpu = "leon3"
    elif arch == "arm":
        cpu = chosen.choice(["cortex-a15"] * 3 + ["cortex-a7", "cortex-a9", "arm926"])
        if cpu in ("cortex-a15", "cortex-a7") and chosen.random() < 0.3:
            properties["virtualization"] = "on"
        if cpu != "arm926" and chosen.random() < 0.3:
            properties["secure"] = "on"
    else:
        models = ["486", "pentium", "pentium2", "pentium3", "kvm32", "athlon"]
        cpu = chosen.choice(["qemu32"] * 3 + ["coreduo", "n270"] * 2 + models)
    delivery = "python" if chosen.random() < 0.05 else "native"
    ledger = chosen.random() < 0.2
    watched = chosen.choices(list(WATCHED), list(WATCHED.values()))[0]
    return Setting(cpu, properties, delivery, ledger, watched)


class StreamMachine:
    """The machine of one batch."""

    def __init__(self, arch: str, mode: str, seed: int) -> None:
        self.arch, self.mode, self.seed = arch, mode, seed
        self.setting = chosen = setting(arch, seed)
        firmware = LIBRARY.with_name("nothing.bin")
        if not firmware.exists():
            firmware.parent.mkdir(parents=True, exist_ok=True)
            firmware.write_bytes(bytes(4096))
        dll = generator()
        self.machine = machine = create(
            Options(BOARDS[arch], properties=chosen.properties, cpu=chosen.cpu, ram=RAM,
                    bios=firmware)
        )
        machine.traps.set_delivery("python" if chosen.delivery == "python" else "native")
        self._traps = 0
        machine.traps.on_trap = self._trapped
        if chosen.watched == "intercepts":
            machine.traps.intercept(random.Random(seed).sample(range(TRAP_KINDS), 100))
        if chosen.watched == "stores":
            machine.engine.track_stores()
        if chosen.watched == "coverage":
            execution.count_instructions(machine.engine, True)
        if chosen.ledger:
            machine.ledger.record(lambda records: None)
        if arch == "arm" and random.Random(seed).random() < 0.7:
            machine.engine.uc.reg_write(constants("unicorn.arm_const").UC_ARM_REG_FPEXC, 1 << 30)
        memory = next(m for m in machine.bus.memory if m.name.endswith("RAM"))
        self._fuzz = dll.fuzz_new(
            machine.engine.pointer, library().engine._handle, memory.frames.address,
            memory.base, RAM,
        )
        self._fuzz.contents.user = mode == "user"
        self._dll = dll
        self._complete = False  # whether every stream from the first has been run
        self._short_blocks = C.c_int.in_dll(library().dll, "vmm_short_blocks")

    def _trapped(self, kind: int) -> None:
        """Python delivery is slow: few traps are enough."""
        self._traps += 1
        if self._traps == 30:
            self.machine.stop(Outcome.time("enough traps"))

    def code(self, index: int) -> bytes:
        """The code of one stream, which is made and not run."""
        self._dll.fuzz_stream(self._fuzz, self.seed, index)
        return self.machine.bus.read_memory(self._fuzz.contents.region, CODE) or b""

    def _watch(self, region: int) -> None:
        machine = self.machine
        if self.setting.watched == "breakpoints":
            machine.set_breakpoints(region + 4 * i for i in range(2, 66, 9))
        if self.setting.watched == "watchpoints":
            machine.engine.watchpoints.before = self.seed % 2 == 0
            machine.set_watchpoints([
                (region + DATA, 0x40, "write"), (region + DATA + 0x60, 3, "access"),
                (region + STACK, 0x800, "read"), (region, 0x20, "access"),
            ])

    def _check_coverage(self) -> None:
        """Each instruction has been counted once, where it begins."""
        begun = sum(execution.begun(self.machine.engine).values())
        count = self.machine.engine.count
        # One that meets an x86 instruction breakpoint is in the count but does not begin.
        if begun > count or (begun < count and self.arch != "x86"):
            raise Finding(f"{begun} instructions by pc, {count} in all")

    def run(self, index: int) -> Ending:
        """Run one stream of the batch; Finding if the machine or the engine failed."""
        self._complete = index == 0 or self._complete
        self._dll.fuzz_stream(self._fuzz, self.seed, index)
        machine, engine = self.machine, self.machine.engine
        # Most code runs once: long blocks of it, in a quarter of the streams, take half the time.
        self._short_blocks.value = 0 if index % 4 == 0 else 1 << 30
        # A stream before may have run on into this one's memory.
        engine.forget_code(self._fuzz.contents.region, REGION)
        if self.arch == "x86":  # streams share what they have below 1 MiB
            engine.forget_code(*LOW_CODE)
        self._watch(self._fuzz.contents.region)
        machine.stepping = self.setting.watched == "steps" and index % 16 == 0  # it is slow
        start = engine.count
        budget = self._fuzz.contents.budget
        until = start + budget
        # Traps that lead to traps take time but no instructions.
        slack = 20_000 if index % 300 == 0 else 100
        self._traps = 0
        limit = machine.clock.at_cycle(
            engine.cycles + budget + slack, lambda: machine.stop(Outcome.time("trap storm"))
        )
        outcome = machine.run(until=until)
        for _ in range(20):
            if not (machine.stopped_at_breakpoint or machine.stopped_at_watchpoint):
                break
            outcome = machine.run(until=until)
        machine.clock.cancel(limit)
        if outcome.ending is Ending.FAILURE:
            raise Finding(outcome.text)
        if outcome.ending is Ending.CRASH and index % 16 == 0:
            diagnosis.report(machine)
        count = engine.count
        if not start <= count <= until or (outcome.text == "stopped" and count != until):
            raise Finding(f"{outcome.text}: {count - start} of {until - start} instructions")
        if self._complete and self.setting.watched == "coverage" and index == BATCH - 1:
            self._check_coverage()
        return outcome.ending

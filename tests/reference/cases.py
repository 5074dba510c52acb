# SPDX-License-Identifier: GPL-2.0-or-later
"""Every guest that is compared with QEMU: how we run it, how QEMU runs it, the recording.

`python tests/reference/cases.py` records QEMU's output anew (`make record`).
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
GUESTS = TOP / "build" / "guests"
# By instructions, as QEMU counts time then: on a busy host LEON3's timers outrun the guest.
SPARC = ("qemu-system-sparc", "-icount", "shift=3,sleep=off", "-M", "leon3_generic", "-nographic",
         "-kernel")
ARM = ("qemu-system-arm", "-m", "128", "-nographic", "-semihosting")
X86 = ("qemu-system-i386", "-m", "128", "-display", "none", "-serial", "stdio", "-no-reboot",
       "-device", "isa-debug-exit,iobase=0xf4,iosize=4")
# QEMU's virt board refuses an ARM926; this one has that core and RAM at the same address.
ARM926 = ("qemu-system-arm", "-M", "palmetto-bmc", "-display", "none", "-serial", "none",
          "-monitor", "none", "-chardev", "stdio,id=console",
          "-semihosting-config", "enable=on,chardev=console", "-kernel")


@dataclass(frozen=True)
class Case:
    """One guest on one board and processor."""

    name: str
    board: str
    guest: str  # ARCH/NAME
    recording: str  # below tests/reference
    qemu: tuple[str, ...]
    cpu: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    status: int = 0
    processors: int = 1

    @property
    def kernel(self) -> Path:
        return GUESTS / f"{self.guest}.elf"

    @property
    def recorded(self) -> Path:
        return TOP / "tests" / "reference" / self.recording


def _arm(name: str, guest: str, cpu: str, **properties: str) -> Case:
    machine = ",".join(["virt", *(f"{key}={value}" for key, value in properties.items())])
    return Case(f"arm-{name}", "virt", f"arm/{guest}", f"arm/{guest}.txt",
                (*ARM, "-M", machine, "-cpu", cpu, "-kernel"), cpu, properties)


def _x86(guest: str, cpu: str | None = None, status: int = 1) -> Case:
    recording = f"x86/{guest}.{cpu}.txt" if cpu else f"x86/{guest}.txt"
    chosen = ("-cpu", cpu) if cpu else ()
    return Case(f"x86-{guest}" + (f"-{cpu}" if cpu else ""), "pc", f"x86/{guest}", recording,
                (*X86, *chosen, "-kernel"), cpu, status=status)


CASES = (
    *(Case(f"sparc-{g}", "leon3", f"sparc/{g}", f"sparc/{g}.txt", SPARC)
      for g in ("hello", "nested", "nucleus-quick", "timers", "traps")),
    *(_arm(g, g, "cortex-a15") for g in ("hello", "timers", "traps")),
    _arm("nucleus-quick", "nucleus-quick", "cortex-a15"),
    _arm("traps-a7", "traps", "cortex-a7"),
    _arm("hyp", "hyp", "cortex-a15", virtualization="on"),
    _arm("hyp-a7", "hyp", "cortex-a7", virtualization="on"),
    _arm("monitor", "monitor", "cortex-a15", secure="on"),
    Case("arm-smp", "virt", "arm/smp", "arm/smp.txt",
         (*ARM, "-M", "virt", "-cpu", "cortex-a15", "-smp", "2", "-kernel"), processors=2),
    Case("arm-v5", "virt", "arm/v5", "arm/v5.txt", ARM926, "arm926"),
    _x86("chipset"),
    _x86("hello"),
    _x86("nucleus-quick"),
    _x86("timers"),
    _x86("traps"),
    _x86("traps", "486"),
    _x86("traps", "pentium"),
    _x86("triple", status=120),
)


def comparable(output: bytes) -> list[bytes]:
    """The lines that must be equal: not those that name the implementation (``id:``)."""
    return [line for line in output.splitlines() if not line.startswith(b"id:")]


def run_qemu(case: Case, timeout: float = 60) -> bytes:
    """What QEMU prints for a case."""
    done = subprocess.run([*case.qemu, str(case.kernel)], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=timeout, check=False)
    return done.stdout


def main() -> None:
    """Record every case; two cases with one recording must agree."""
    for case in CASES:
        output = run_qemu(case)
        if not output:
            sys.exit(f"{case.name}: QEMU printed nothing")
        case.recorded.write_bytes(output)
        print(f"{case.name}: {len(output.splitlines())} lines")


if __name__ == "__main__":
    main()

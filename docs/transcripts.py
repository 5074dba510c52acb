# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes docs/transcripts.md: sessions of the trap shell, as a user would type them.

`python docs/transcripts.py` (or `make transcripts`), from the top of the checkout with the guests
built; U-Boot and SeaBIOS are Debian's (`toolchain/install.sh firmware`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vmm.boards import Options, create
from vmm.debug.explain.source import sources
from vmm.debug.session import Session
from vmm.debug.shell.screen import PlainScreen
from vmm.debug.shell.shell import Shell
from vmm.machine.machine import Machine
from vmm.monitor import virtualize

TOP = Path(__file__).resolve().parent.parent
DOCUMENT = TOP / "docs" / "transcripts.md"
UBOOT = Path("/usr/lib/u-boot/qemu_arm/u-boot.bin")
SEABIOS = Path("/usr/share/seabios/bios-256k.bin")
WRITE_VBAR = (0x0FFF0FFF, 0x0E0C0F10)  # mcr p15, 0, rX, c12, c0, 0: mask and value
STRIDE, FURTHEST = 500_000, 50_000_000  # instructions
HLT = 'PRIVILEGED "hlt"'  # the guest's line
HEAD = """# Transcripts

Sessions of the trap shell ([shell.md](shell.md)), made by `make transcripts`; what the sections of
an explanation mean is in [explanations.md](explanations.md). The first five are of the project's
own guests, and a test holds them up to date; the last two are of Debian's U-Boot and SeaBIOS,
unmodified.
"""


@dataclass(frozen=True, slots=True)
class Transcript:
    """One session: its heading, what to notice, the machine, and the commands."""

    heading: str
    text: str
    options: str  # of `vmm shell`, as one would type them
    machine: Callable[[], Machine]
    commands: Callable[[Machine], tuple[str, ...]]


def _guest(board: str, name: str) -> Callable[[], Machine]:
    return lambda: create(Options(board, kernel=Path("build") / "guests" / f"{name}.elf"))


def _firmware(board: str, bios: Path) -> Callable[[], Machine]:
    return lambda: create(Options(board, bios=bios))


def _translated(board: str, name: str) -> Callable[[], Machine]:
    def make() -> Machine:
        machine = _guest(board, name)()
        virtualize(machine, "translate", cold_calls=0)
        return machine

    return make


def _plain(*commands: str) -> Callable[[Machine], tuple[str, ...]]:
    return lambda machine: commands


def _vector_change() -> int:
    """Where U-Boot, which has copied itself to the end of RAM, sets VBAR: it knows where to."""
    machine = create(Options("virt", bios=UBOOT))
    while not machine.processor.registers["vbar"] and machine.engine.count < FURTHEST:
        machine.step(STRIDE)
    image = UBOOT.read_bytes()
    mask, value = WRITE_VBAR
    offsets = [
        at for at in range(0, len(image) - 3, 4)
        if int.from_bytes(image[at : at + 4], "little") & mask == value
    ]
    return machine.processor.registers["vbar"] + offsets[-1]


def _line(machine: Machine, file: str, text: str) -> int:
    """The address of the code of the first line of a source file that has this text."""
    lines = (TOP / file).read_text().splitlines()
    number = next(i for i, line in enumerate(lines, 1) if text in line)
    return sources(machine.symbols).addresses(file, number)[0]


OWN = (
    Transcript(
        "A page fault on SPARC",
        "A user program stores to a page that is read-only for all. The walk shows the four\n"
        "levels of the SRMMU and the entry that refused.",
        "-M leon3 -kernel build/guests/sparc/traps.elf -serial none",
        _guest("leon3", "sparc/traps"),
        _plain(
            "trap data_access_exception user", "explain", "rstep", "registers psr", "print /a pc",
        ),
    ),
    Transcript(
        "A window overflow on SPARC",
        "SAVE would go into the window that WIM marks: the handler must spill it first.",
        "-M leon3 -kernel build/guests/sparc/traps.elf -serial none",
        _guest("leon3", "sparc/traps"),
        _plain("trap window_overflow", "explain", "trap return", "windows"),
    ),
    Transcript(
        "A data abort on ARM",
        "A User mode program loads two VFP registers from a page that allows nobody anything.",
        "-M virt -kernel build/guests/arm/traps.elf -serial none",
        _guest("virt", "arm/traps"),
        _plain("trap data_abort user", "explain", "rstep"),
    ),
    Transcript(
        "A general-protection fault on x86",
        "HLT at CPL 3: what it needs, the gate, the switch to the stack of CPL 0, and the frame\n"
        "that was pushed there.",
        "-M pc -kernel build/guests/x86/traps.elf -serial none",
        _guest("pc", "x86/traps"),
        lambda machine: (
            f"break {_line(machine, 'guests/x86/traps/faults.S', HLT):#x}", "run", "trap #GP",
            "explain", "rstep", "print cs",
        ),
    ),
    Transcript(
        "A kernel in user mode on x86",
        "PUSHF, CLI and POPF as they are executed under translate: the guest reads its own bytes,\n"
        "and what runs is emulation on words of the virtual CPU, which no address of the guest\n"
        "names. POPF may open interrupts while one is pending, or set TF: a guard sends it to the\n"
        "monitor then.",
        "-M pc -kernel build/guests/x86/nucleus-quick.elf -serial none --technique translate",
        _translated("pc", "x86/nucleus-quick"),
        _plain("until process_wake", "run to 2000000", "code process_wake", "code summary"),
    ),
)
OTHERS = (
    Transcript(
        "U-Boot moves its exception vectors",
        "U-Boot runs in flash, copies itself to the end of RAM, and points VBAR there: the\n"
        "breakpoint is at that instruction. Backwards from it one comes through the jump from\n"
        "flash to RAM, and on to the reset vector.",
        f"-M virt -bios {UBOOT} -serial none",
        _firmware("virt", UBOOT),
        lambda machine: (
            f"break {_vector_change():#x}", "run", "registers vbar", "step", "registers vbar",
            "rstep", "registers vbar", "rstep 6", "disassemble $pc 4", "rcontinue",
        ),
    ),
    Transcript(
        "SeaBIOS enters protected mode",
        "The watch on CR0 stops right after the instruction that has set PE; two steps back PE is\n"
        "still 0.",
        f"-M pc -bios {SEABIOS} -serial none",
        _firmware("pc", SEABIOS),
        _plain(
            "watch cr0.PE", "run", "registers cr0", "rstep 2", "disassemble $pc 4", "print cr0.PE",
        ),
    ),
)


def session(transcript: Transcript) -> str:
    """One transcript as Markdown."""
    lines = [f"$ vmm shell {transcript.options}"]
    machine = transcript.machine()
    shell = Shell(Session(machine), PlainScreen(lines.append))
    for command in transcript.commands(machine):
        lines.append(f"(vmm) {command}")
        shell.execute(command)
    body = "\n".join(line.rstrip("\n") for line in lines)
    return f"## {transcript.heading}\n\n{transcript.text}\n\n```\n{body}\n```\n"


def main() -> None:
    """Write the document anew."""
    os.chdir(TOP)  # source files are shown relative to it
    parts = [HEAD, *(session(one) for one in (*OWN, *OTHERS))]
    DOCUMENT.write_text("\n".join(parts))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Building with the afterburner between compiler and assembler."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
AFTERBURN = TOP / "toolchain" / "afterburn"
COMPILERS = {
    "sparc": ["sparc64-linux-gnu-gcc", "-m32", "-mcpu=leon3", "-mlong-double-64"],
    "arm": ["arm-none-eabi-gcc", "-mcpu=cortex-a15", "-mfloat-abi=soft", "-marm"],
    "x86": ["i686-linux-gnu-gcc", "-m32", "-march=i486", "-mno-80387"],
}
FREESTANDING = [
    "-std=gnu11", "-O2", "-ffreestanding", "-fno-pic", "-fno-pie", "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables", "-fno-tree-loop-distribute-patterns", "-nostdlib",
    "-static", "-Wl,--build-id=none", "-Wl,--no-warn-execstack", "-Wl,--no-warn-rwx-segments",
]


def afterburn(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the tool."""
    return subprocess.run(
        [sys.executable, str(AFTERBURN), *map(str, arguments)], capture_output=True, text=True,
        timeout=60, check=False)


def compiler(architecture: str, *arguments: object) -> str:
    """Run the cross compiler; its messages, which must be none."""
    command = [*COMPILERS[architecture], *FREESTANDING, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def assemble(architecture: str, text: str, folder: Path, *options: object) -> bytes:
    """Annotate and assemble a text and link it at 0x1000: an ELF file."""
    source, annotated, program = (folder / name for name in ("in.s", "out.s", "program.elf"))
    source.write_text(text)
    done = afterburn("--arch", architecture, "-o", annotated, *options, source)
    assert done.returncode == 0, done.stderr
    messages = compiler(architecture, "-mfpu=vfpv4" if architecture == "arm" else "-g0",
                        "-Wl,-Ttext=0x1000", "-Wl,-e,0", "-o", program, annotated)
    assert not messages
    return program.read_bytes()


def build_guest(architecture: str, name: str, folder: Path, own_folder: Path | None = None) -> Path:
    """A guest of guests/ARCH or of another folder, each of its files annotated: an ELF file."""
    guests = TOP / "guests"
    home = guests / architecture
    files = sorted((own_folder or home / name).glob("*.[cS]"))
    own = len(files)  # of the runtime behind them, a guest takes what it uses
    files += [*sorted((home / "runtime").glob("*.[cS]")), guests / "runtime" / "print.c"]
    objects = []
    for number, file in enumerate(files):
        text, annotated, object_file = (folder / f"{number}{end}" for end in (".s", ".b.s", ".o"))
        compiler(architecture, "-S" if file.suffix == ".c" else "-E", "-I", guests / "runtime",
                 "-I", home / "runtime", "-o", text, file)
        unit = file.relative_to(TOP)
        done = afterburn("--arch", architecture, "--unit", unit, "-o", annotated, text)
        assert done.returncode == 0, done.stderr
        compiler(architecture, "-c", "-o", object_file, annotated)
        objects.append(object_file)
    library = folder / "runtime.a"
    subprocess.run(["ar", "rcs", library, *objects[own:]], check=True)
    script = folder / "link.ld"
    script.write_text((home / "runtime" / "link.ld").read_text().replace("*(.note*)", ""))
    program = folder / f"{name}.elf"
    compiler(architecture, "-Wl,-T," + str(script), "-Wl,-u,_start,-u,start", "-o", program,
             *objects[:own], library, "-lgcc")
    return program


def write_profile(path: Path, counts: dict[int, int]) -> Path:
    """A trap profile with these counts by pc."""
    path.write_text(json.dumps(
        {"sites": [{"pc": pc, "count": count} for pc, count in counts.items()]}))
    return path

# SPDX-License-Identifier: GPL-2.0-or-later
"""Coverage-guided fuzzing of the loaders and board files: `make fuzz-loaders`, or

    python tests/fuzz/loaders.py [--target T] [--seconds N]
    python tests/fuzz/loaders.py --target T --replay FILE

Needs atheris (`pip install '.[fuzz]'`).  Each target runs in a process of its
own; what it finds is kept in build/fuzz/findings, and the inputs that reach
new code in build/fuzz/corpus.  Prints a table; the exit status is 1 if there
were findings.  docs/robustness.md says what has been run.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
KEPT = TOP / "build" / "fuzz"
TARGETS = {  # what each takes
    "programs": "bytes as an ELF file, a Multiboot kernel and a flat image",
    "kernels": "bytes as the kernel of a board, which then runs a little",
    "elf": "ELF files made of drawn fields",
    "boards": "text as a board file, whose devices are then used",
    "board-lines": "board files made of drawn lines",
}
PATIENCE = 20  # seconds that one input may take
MEMORY = 3000  # MiB that a target may have
FOUND = re.compile(r"^(==\d+== ERROR: .*|.*Broken: .*|\w+(\.\w+)*(Error|Exception)\b.*)$", re.M)


def seeds(target: str) -> Iterable[bytes]:
    """Good inputs to begin with."""
    import board_files
    import elf_files

    if target == "boards":
        return [text.encode() for text in board_files.BOARDS.values()]
    if target not in ("programs", "kernels"):
        return []
    found = []
    for arch, ram in elf_files.RAM.items():
        data = elf_files.multiboot_header(3) if arch == "x86" else bytes(8)
        part = elf_files.Segment(ram + 0x30000, data, 0x1000)
        found.append(elf_files.Elf(arch, [part], [("start", ram, 4, 2, 1)]).write())
    header = elf_files.multiboot_header(0x10000, 0x100000, 0x100000, 0, 0x101000, 0x100020)
    return [*found, header + bytes(16)]


def checker(target: str, folder: Path) -> Callable[[bytes], object]:
    """The function that a target gives its inputs to."""
    import loading
    from board_files import board_files
    from elf_files import elf_files
    from hypothesis import given, settings
    from hypothesis import strategies as st

    from vmm.boards import catalogue

    catalogue.own = loading.no_modules
    kernel, board = folder / "kernel", folder / "board.toml"

    def machine(data: bytes) -> None:
        arch = loading.architecture(data)
        kernel.write_bytes(data)
        built = loading.loaded(arch, kernel)
        if built is not None:
            loading.ran(built)

    def board_text(data: bytes) -> None:
        board.write_bytes(data)
        loading.board(board, kernel)

    kernel.write_bytes(bytes(64))
    if target in ("programs", "kernels", "boards"):
        return {"programs": loading.parsed, "kernels": machine, "boards": board_text}[target]
    drawn = st.sampled_from(["sparc", "arm", "x86"]).flatmap(elf_files)
    strategy, check = (drawn, loading.parsed) if target == "elf" else (
        board_files().map(str.encode), board_text)

    @settings(database=None, deadline=None)
    @given(strategy)
    def test(data: bytes) -> None:
        check(data)

    return test.hypothesis.fuzz_one_input


def fuzz(target: str, seconds: float) -> None:
    """Fuzz one target in this process; does not return."""
    import atheris

    corpus, findings = KEPT / "corpus" / target, KEPT / "findings" / target
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(target)):
        (corpus / f"seed{number}").write_bytes(data)
    with TemporaryDirectory() as scratch:
        with atheris.instrument_imports(include=["vmm.machine", "vmm.boards", "tomllib"]):
            check = checker(target, Path(scratch))
        atheris.Setup(
            [sys.argv[0], f"-max_total_time={seconds:.0f}", f"-timeout={PATIENCE}",
             f"-rss_limit_mb={MEMORY}", "-max_len=4096", "-print_final_stats=1",
             f"-artifact_prefix={findings}/", str(corpus)],
            check,
        )
        atheris.Fuzz()


def campaign(target: str, seconds: float) -> tuple[int, str]:
    """Fuzz one target in another process: inputs tried, and what went wrong if anything did."""
    done = subprocess.run(
        [sys.executable, __file__, "--target", target, "--seconds", str(seconds), "--here"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )
    output = done.stdout.decode(errors="replace")
    (KEPT / f"{target}.log").write_text(output)
    tried = re.search(r"stat::number_of_executed_units: (\d+)", output)
    if done.returncode == 0 and tried:
        return int(tried[1]), ""
    found = FOUND.search(output)
    return int(tried[1]) if tried else 0, found[1] if found else f"status {done.returncode}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="coverage-guided fuzzing of files")
    parser.add_argument("--target", choices=[*TARGETS, "all"], default="all")
    parser.add_argument("--seconds", type=float, default=60, help="for each target")
    parser.add_argument("--replay", metavar="FILE", type=Path, help="one input, in this process")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    sys.path.insert(0, str(TOP))
    if chosen.replay:
        with TemporaryDirectory() as folder:
            checker(chosen.target, Path(folder))(chosen.replay.read_bytes())
        print("nothing found")
        return 0
    if chosen.here:
        fuzz(chosen.target, chosen.seconds)
    failed = 0
    for target in TARGETS if chosen.target == "all" else [chosen.target]:
        started, before = time.monotonic(), os.times()
        tried, problem = campaign(target, chosen.seconds)
        after = os.times()
        used = sum(after[2:4]) - sum(before[2:4])  # by children
        failed += bool(problem)
        print(f"{target}: {tried} inputs in {time.monotonic() - started:.0f} s "
              f"({used:.0f} s of processor time): {problem or 'no findings'}", flush=True)
        if problem:
            newest = max((KEPT / "findings" / target).iterdir(), default=None,
                         key=lambda path: path.stat().st_mtime)
            print(f"  --target {target} --replay {newest}; {KEPT / target}.log", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

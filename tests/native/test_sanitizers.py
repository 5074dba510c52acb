# SPDX-License-Identifier: GPL-2.0-or-later
"""The native library under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vmm.native import build

HERE = Path(__file__).resolve().parent
SOURCES = sorted(map(str, (build.HERE / "src").glob("*.c")))
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1", "-g")
# The engine and Python keep what they allocate until the process ends.
OPTIONS = {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}

GUEST = """
import os
import sys
os.RTLD_DEEPBIND = 0  # capstone asks for it; sanitizers refuse it
from pathlib import Path
from vmm.native import library
library._library = library.Library(Path(sys.argv[1]))
from vmm.cpu import selftest
for test in selftest.TESTS:
    test.run()
from vmm.cli.main import main
for board, kernel in zip(sys.argv[2:-1:2], sys.argv[3:-1:2]):
    status = main(["run", "-M", board, "-kernel", kernel, "-serial", "none", "--intercept", "all"])
    print(board, status)
from vmm.boards import Options, create
from vmm.monitor import virtualize
for policy in ("strict", "nested"):
    machine = create(Options("pc", kernel=Path(sys.argv[-1])))
    virtualize(machine, "translate", policy, cold_calls=1)
    print(policy, machine.run().status)
for board, kernel in zip(sys.argv[2:-1:2], sys.argv[3:-1:2]):
    for policy in ("strict", "lazy"):
        machine = create(Options(board, kernel=Path(kernel.replace("traps", "nucleus-quick"))))
        virtualize(machine, "translate", policy)
        print(board, policy, machine.run().status)
"""


def test_pure_parts(tmp_path: Path) -> None:
    program = tmp_path / "pure"
    command = [build.compiler(), "-std=gnu11", "-Wall", "-Wextra", "-Werror", *SANITIZE,
               f"-I{build.HERE / 'src'}", "-o", str(program), str(HERE / "pure.c"), *SOURCES,
               "-ldl"]
    subprocess.run(command, check=True)
    # Here leaks count: whatever the library allocates it must free.
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build.build(tmp_path_factory.mktemp("sanitized") / build.LIBRARY, SANITIZE)


def test_guests_run_clean(sanitized: Path, guest) -> None:
    runtime = subprocess.run([build.compiler(), "-print-file-name=libasan.so"],
                             capture_output=True, text=True, check=True).stdout.strip()
    boards = {"leon3": "sparc", "virt": "arm", "pc": "x86"}
    arguments = [word for board, arch in boards.items()
                 for word in (board, str(guest(f"{arch}/traps")))]
    arguments.append(str(guest("x86/escape")))
    done = subprocess.run(
        [sys.executable, "-c", GUEST, str(sanitized), *arguments], capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=300, check=False,
        env={**os.environ, **OPTIONS, "LD_PRELOAD": runtime},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    shadowed = "".join(f"{board} {policy} {status}\n"
                       for board, status in (("leon3", 0), ("virt", 0), ("pc", 1))
                       for policy in ("strict", "lazy"))
    assert done.stdout == "leon3 0\nvirt 0\npc 1\nstrict 1\nnested 1\n" + shadowed
    assert "ERROR" not in done.stderr and "runtime error" not in done.stderr

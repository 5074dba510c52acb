"""Compile the native library: `python -m vmm.native.build`.

One call of the C compiler, warnings as errors, no Python headers.  The
library lies beside this file; installing the package runs the same function.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIBRARY = "libvmm_native.so"
FLAGS = ("-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC",
         "-ftls-model=initial-exec", "-fno-semantic-interposition", "-fno-tree-slp-vectorize",
         "-shared", "-Wl,-Bsymbolic-functions")
# By name: before glibc 2.34 the functions of src/dl.h are in this library.
LIBRARIES = ("-Wl,--no-as-needed", "-l:libdl.so.2")


def compiler() -> str:
    """The C compiler to use: $CC, else cc or gcc."""
    for name in (os.environ.get("CC"), "cc", "gcc"):
        if name and shutil.which(name):
            return name
    raise RuntimeError("no C compiler found: install gcc, or set CC")


def build(target: Path = HERE / LIBRARY, extra: tuple[str, ...] = ()) -> Path:
    """Compile every source into ``target``; RuntimeError with the compiler's output on failure."""
    sources = sorted(str(path) for path in (HERE / "src").glob("*.c"))
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    command = [compiler(), *FLAGS, *extra, "-o", str(partial), *sources, *LIBRARIES]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{result.stderr}")
    partial.replace(target)  # whole or not at all: others may be loading it
    return target


def stale(target: Path = HERE / LIBRARY) -> bool:
    """Whether the library is missing or older than its sources."""
    if not target.exists():
        return True
    built = target.stat().st_mtime
    return any(path.stat().st_mtime > built for path in (HERE / "src").iterdir())


if __name__ == "__main__":
    try:
        print(build())
    except RuntimeError as error:
        sys.exit(str(error))

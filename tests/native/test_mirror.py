# SPDX-License-Identifier: GPL-2.0-or-later
"""Each header of the native library and its mirror in Python say the same: the compiler knows."""

from __future__ import annotations

import ast
import ctypes as C
import re
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from vmm.native import build, functions, library, virtual

MIRRORS = ("engine", "traps", "pages", "devices", "models", "lookaside", "debug", "virtual",
           "shadow", "monitor_x86", "table_guard", "code_pages", "cpu")
# No header has them.
PYTHON_ONLY = {"KIND_TABLE_STORE", "SPARC_ALIAS_SIZE", "OFTEN", "VCPU_SIZE", "DEVICE", "MEMORY",
               "NOBODY"}
NAMED = re.compile(r"`struct (\w+)`")


def defined(module: ModuleType) -> Iterator[str]:
    """The names that a module does not import."""
    for node in ast.parse(Path(module.__file__ or "").read_text()).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (name.id for name in ast.walk(node)
                        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store))


def structure(kind: str, mirror: type[C.Structure]) -> dict[str, int]:
    """The place and size of each field."""
    found = {}
    for field, *_ in mirror._fields_:
        place = getattr(mirror, field)
        found[f"offsetof({kind}, {field})"] = place.offset
        found[f"sizeof((({kind} *)0)->{field})"] = place.size
    return found


def expectations() -> dict[str, int]:
    """C expressions, and the values that the mirrors have for them."""
    found: dict[str, int] = {}
    for part in MIRRORS:
        module = import_module(f"vmm.native.{part}")
        for name in defined(module):
            value = getattr(module, name)
            if isinstance(value, int) and name not in PYTHON_ONLY:
                found[f"VMM_{name}"] = value
            elif isinstance(value, type) and issubclass(value, C.Structure):
                matched = NAMED.match(value.__doc__ or "")
                assert matched, f"{part}.{name} does not say whose mirror it is"
                kind = f"struct {matched[1]}"
                found[f"sizeof({kind})"] = C.sizeof(value)
                found |= structure(kind, value)
    header = type("Header", (C.Structure,), {"_fields_": virtual.VCPU_HEADER})
    found["sizeof(struct vmm_vcpu)"] = virtual.VCPU_SIZE
    return found | structure("struct vmm_vcpu", header)


def test_constants_and_structures_are_those_of_the_headers(tmp_path: Path) -> None:
    wanted = expectations()
    headers = "".join(f'#include "{part}.h"\n' for part in MIRRORS)
    lines = "".join(f'    printf("%llu\\n", (unsigned long long)({text}));\n' for text in wanted)
    source = tmp_path / "mirror.c"
    source.write_text(f"{headers}#include <stdio.h>\nint main(void)\n{{\n{lines}}}\n")
    program = tmp_path / "mirror"
    subprocess.run([build.compiler(), "-std=gnu11", f"-I{build.HERE / 'src'}", "-o", program,
                    source], check=True)
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    assert dict(zip(wanted, map(int, done.stdout.split()), strict=True)) == wanted


def test_every_function_that_python_calls_is_there() -> None:
    dll = library.library().dll
    assert [name for name in functions.FUNCTIONS if not hasattr(dll, name)] == []

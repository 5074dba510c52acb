# SPDX-License-Identifier: GPL-2.0-or-later
# ruff: noqa: F403, F405
"""The native library as Python sees it.

Loads the library before the engine (the engine's calls then come to us
first) and lets it look up everything it needs.  An engine of another build,
or one that was imported before us, is refused in one line.

What `src/vmm.h` is for C this module is for Python: each header of `src` has
a mirror of its own name beside this file, and all that they define is here
too, as `vmm.native.library.PAGE_RAM`.
"""

from __future__ import annotations

import ctypes as C
import importlib.util
import platform
import struct
import sys
from pathlib import Path

from vmm.native.build import LIBRARY
from vmm.native.cpu import *
from vmm.native.debug import *
from vmm.native.devices import *
from vmm.native.engine import *
from vmm.native.functions import FUNCTIONS
from vmm.native.lookaside import *
from vmm.native.models import *
from vmm.native.monitor_x86 import *
from vmm.native.pages import *
from vmm.native.shadow import *
from vmm.native.traps import *
from vmm.native.virtual import *

HERE = Path(__file__).resolve().parent


class NativeError(RuntimeError):
    """The native library or the engine is missing, or not the one we know."""


def engine_path() -> Path:
    """The engine's shared library inside the installed unicorn package."""
    found = importlib.util.find_spec("unicorn")
    if found is None or not found.submodule_search_locations:
        raise NativeError("the unicorn package is not installed (pip install unicorn==2.1.4)")
    library = Path(next(iter(found.submodule_search_locations))) / "lib" / "libunicorn.so.2"
    if not library.exists():
        raise NativeError(f"the unicorn package has no {library.name}: not a Linux wheel")
    return library


def build_id(path: Path) -> str:
    """The GNU build id of an ELF64 little-endian file, or "" if it has none."""
    with path.open("rb") as file:
        header = file.read(64)
        if header[:5] != b"\x7fELF\x02":
            return ""
        (offset,) = struct.unpack_from("<Q", header, 0x20)
        size, count = struct.unpack_from("<HH", header, 0x36)
        file.seek(offset)
        table = file.read(size * count)
        for index in range(count):
            kind, _, start, _, _, length = struct.unpack_from("<IIQQQQ", table, index * size)
            if kind != 4:  # PT_NOTE
                continue
            file.seek(start)
            notes = file.read(length)
            at = 0
            while at + 12 <= len(notes):
                name_size, data_size, note = struct.unpack_from("<III", notes, at)
                data = at + 12 + ((name_size + 3) & ~3)
                if note == 3 and notes[at + 12 : at + 16] == b"GNU\0":
                    return notes[data : data + data_size].hex()
                at = data + ((data_size + 3) & ~3)
    return ""


class Library:
    """The loaded native library with typed functions."""

    def __init__(self, path: Path = HERE / LIBRARY) -> None:
        if sys.platform != "linux" or platform.machine() != "x86_64":
            raise NativeError("vmm runs on Linux on x86-64 hosts only, where the engine is known")
        if not path.exists():
            raise NativeError(f"the native library {path.name} is not built (make setup)")
        loaded = sys.modules.get("unicorn")
        if loaded is not None and not getattr(loaded, "_loaded_by_vmm", False):
            raise NativeError("unicorn was imported before vmm: import vmm first")
        self.path = path
        dll = C.CDLL(str(path), mode=C.RTLD_GLOBAL)
        known = C.CFUNCTYPE(C.c_char_p)(("vmm_build_id", dll))()
        engine = engine_path()
        found = build_id(engine)
        if found.encode() != known:
            version = C.CFUNCTYPE(C.c_char_p)(("vmm_engine_version", dll))().decode()
            raise NativeError(
                f"unknown engine build {found or 'without build id'}: vmm needs unicorn {version}"
            )
        import unicorn
        from unicorn.unicorn_py3 import unicorn as binding

        unicorn._loaded_by_vmm = True  # type: ignore[attr-defined]
        self.engine = binding.uclib
        self.dll = dll
        if C.CFUNCTYPE(C.c_size_t)(("vmm_cpu_size", dll))() != C.sizeof(NativeCpu):
            raise NativeError("the native library is of another version of vmm (make setup)")
        for name, (result, *arguments) in FUNCTIONS.items():
            function = getattr(dll, name)
            function.restype, function.argtypes = result, arguments
        error = C.create_string_buffer(256)
        if dll.vmm_init(self.engine._handle, error, len(error)) != 0:
            raise NativeError(error.value.decode())

    def function(self, name: str, result: object, *arguments: object) -> object:
        """One of the engine's own exported functions, typed."""
        function = getattr(self.engine, name)
        function.restype = result
        function.argtypes = arguments
        return function


_library: Library | None = None


def library() -> Library:
    """The native library, loaded on first use.  NativeError says what is wrong."""
    global _library
    if _library is None:
        _library = Library()
    return _library

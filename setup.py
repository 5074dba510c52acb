# SPDX-License-Identifier: GPL-2.0-or-later
"""Building the package: pyproject.toml says what it is, this compiles its native library.

The library is compiled by the function that `python -m vmm.native.build`
runs.  It is loaded from its file, because importing the package would load
things that are not installed yet.  The wheel holds machine code but no
Python extension, so one wheel serves every Python 3 on its platform, and the
platform is read off the library: the manylinux tag of PEP 600 names the
oldest glibc on which everything that the library asks for exists.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

TOP = Path(__file__).resolve().parent
NATIVE = TOP / "vmm" / "native"
BUILT = TOP / "build"  # by `make guests`; a wheel built without it has no firmware
ARTIFACTS = ("firmware/*.elf", "guests/*/hello.elf", "guests/*/timers.elf")
STRIP = {
    "EM_SPARC": "sparc64-linux-gnu-strip",
    "EM_SPARC32PLUS": "sparc64-linux-gnu-strip",
    "EM_ARM": "arm-none-eabi-strip",
    "EM_386": "i686-linux-gnu-strip",
}

# PEP 600: what a manylinux wheel may link to, of what we use.
GLIBC = {"libc.so.6", "libdl.so.2", "ld-linux-x86-64.so.2"}
ENGINE_GLIBC = (2, 17)  # the engine's own wheel asks for this one


def native_build() -> ModuleType:
    """The module vmm/native/build.py, by itself."""
    spec = importlib.util.spec_from_file_location("vmm_native_build", NATIVE / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def copy_stripped(source: Path, target: Path) -> None:
    """Copy a guest without its debug information, but with its symbols."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        strip = shutil.which(STRIP[ELFFile(file)["e_machine"]])
    if strip is None:  # larger, and as good
        shutil.copyfile(source, target)
    else:
        subprocess.run([strip, "--strip-debug", "-o", target, source], check=True)


def oldest_glibc(library: Path) -> tuple[int, int] | None:
    """The oldest glibc that has all that ``library`` links to; None if it links to more."""
    oldest = ENGINE_GLIBC
    with library.open("rb") as file:
        elf = ELFFile(file)
        needed = {tag.needed for tag in elf.get_section_by_name(".dynamic").iter_tags("DT_NEEDED")}
        if not needed <= GLIBC:
            return None
        for section in elf.iter_sections():
            if isinstance(section, GNUVerNeedSection):
                for _, versions in section.iter_versions():
                    for version in versions:
                        numbers = version.name.removeprefix("GLIBC_").split(".")
                        oldest = max(oldest, (int(numbers[0]), int(numbers[1])))
    return oldest


class BuildWithNative(build_py):
    """Copies the Python files, compiles the native library beside them, adds built guests.

    An editable install uses the checkout's own library and `build/`.
    """

    def run(self) -> None:
        package = Path(self.build_lib) / "vmm"
        if not self.editable_mode:
            shutil.rmtree(package, ignore_errors=True)  # what an older build left goes in no wheel
        super().run()
        native = native_build()
        if self.editable_mode:
            native.build()
            return
        target = package / "native" / native.LIBRARY
        target.parent.mkdir(parents=True, exist_ok=True)
        native.build(target, ("-g0",))
        for pattern in ARTIFACTS:
            for path in BUILT.glob(pattern):
                copy_stripped(path, package / "artifacts" / path.relative_to(BUILT))


class PlatformWheel(bdist_wheel):
    """A wheel for any Python 3 on every Linux whose glibc is new enough."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        platform = super().get_tag()[2]
        built = self.get_finalized_command("build_py")
        library = Path(built.build_lib) / "vmm" / "native" / native_build().LIBRARY
        if platform == "linux_x86_64" and library.is_file():
            glibc = oldest_glibc(library)
            if glibc is not None:
                platform = f"manylinux_{glibc[0]}_{glibc[1]}_x86_64"
        return ("py3", "none", platform)


class NativeDistribution(Distribution):
    """A distribution that is not pure Python."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    distclass=NativeDistribution,
    cmdclass={"build_py": BuildWithNative, "bdist_wheel": PlatformWheel},
)

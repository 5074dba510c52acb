# SPDX-License-Identifier: GPL-2.0-or-later
"""Building the package: pyproject.toml says what it is, this compiles its native library.

The library is compiled by the function that `python -m vmm.native.build`
runs.  It is loaded from its file, because importing the package would load
things that are not installed yet.  The wheel holds machine code but no
Python extension, so one wheel serves every Python 3 on its platform.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

TOP = Path(__file__).resolve().parent
NATIVE = TOP / "vmm" / "native"
BUILT = TOP / "build"  # by `make guests`; a wheel built without it has no firmware
ARTIFACTS = ("firmware/*.elf", "guests/*/hello.elf")


def native_build() -> ModuleType:
    """The module vmm/native/build.py, by itself."""
    spec = importlib.util.spec_from_file_location("vmm_native_build", NATIVE / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
        native.build(target)
        for pattern in ARTIFACTS:
            for path in BUILT.glob(pattern):
                copy = package / "artifacts" / path.relative_to(BUILT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)


class PlatformWheel(bdist_wheel):
    """A wheel for any Python 3 of this platform."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        return ("py3", "none", super().get_tag()[2])


class NativeDistribution(Distribution):
    """A distribution that is not pure Python."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    distclass=NativeDistribution,
    cmdclass={"build_py": BuildWithNative, "bdist_wheel": PlatformWheel},
)

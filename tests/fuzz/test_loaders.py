# SPDX-License-Identifier: GPL-2.0-or-later
"""Any bytes given to a loader give a program or one line that says why not."""

from __future__ import annotations

from pathlib import Path

import loading
import pytest
from elf_files import elf_files, multiboot_kernels
from hypothesis import given, settings
from hypothesis import strategies as st

ARCHITECTURES = ("sparc", "arm", "x86")
QUICK = settings(max_examples=300, deadline=None)
WHOLE = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_elf_files_are_read_or_refused(arch: str) -> None:
    read = []

    @QUICK
    @given(elf_files(arch))
    def check(data: bytes) -> None:
        read.append(loading.parsed(data) is not None)

    check()
    assert len(read) // 8 < sum(read) < len(read)  # both happen


@QUICK
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(b"\x7fELF".__add__),
                 multiboot_kernels()))
def test_other_bytes_are_read_or_refused(data: bytes) -> None:
    loading.parsed(data)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_machine_is_built_and_runs_or_the_kernel_is_refused(
    arch: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file: Path = tmp_path_factory.mktemp("kernels") / "kernel"
    built = []

    @WHOLE
    @given(st.one_of(multiboot_kernels(), elf_files(arch)) if arch == "x86" else elf_files(arch))
    def check(data: bytes) -> None:
        file.write_bytes(data)
        machine = loading.loaded(arch, file)
        built.append(machine is not None)
        if machine is not None:
            loading.ran(machine)

    check()
    assert len(built) // 10 < sum(built) < len(built)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Any bytes given to a loader give a program or one line that says why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import loading
import pytest
from elf_files import elf_files, multiboot_kernels
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings
from hypothesis import strategies as st

from vmm.machine import loader

ARCHITECTURES = ("sparc", "arm", "x86")
QUICK = settings(max_examples=300, deadline=None)
WHOLE = settings(derandomize=True, max_examples=60, deadline=None)


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
    assert 0 < sum(built) < len(built)  # both happen


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_built_guests_are_read_as_another_reader_reads_them(
    guest: Callable[[str], Path], arch: str
) -> None:
    path = guest(f"{arch}/hello")
    image = loader.elf(path, path.read_bytes())
    with path.open("rb") as file:
        other = ELFFile(file)
        segments = [(s["p_paddr"], s.data(), s["p_memsz"]) for s in other.iter_segments("PT_LOAD")
                    if s["p_memsz"]]
        symbols = {(s["st_value"], s["st_size"], s.name)
                   for s in other.get_section_by_name(".symtab").iter_symbols()
                   if s["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE")
                   and s["st_shndx"] not in ("SHN_UNDEF", "SHN_ABS")
                   and s.name and not s.name.startswith("$")}
        assert image.entry == other["e_entry"]
    assert [(s.address, bytes(s.data), s.size) for s in image.segments] == segments
    assert {(s.address, s.size, s.name) for s in image.symbols} == symbols and symbols

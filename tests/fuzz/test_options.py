# SPDX-License-Identifier: GPL-2.0-or-later
"""Any options give a machine or one line that says which does not fit."""

from __future__ import annotations

from pathlib import Path

import loading
import pytest
from elf_files import RAM, Elf, Segment, multiboot_header
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vmm.boards import Options, create
from vmm.boards.size import memory_size

PAGES = st.one_of(st.integers(1, 64), st.sampled_from([255, 256, 257, 1 << 18, 0xC0000, 1 << 20]))
WORDS = st.one_of(
    st.sampled_from(["on", "off", "2", "3", "", "leon3", "cortex-a9", "arm926", "486", "n270"]),
    st.text(st.characters(exclude_characters="\0"), max_size=8))
NAMES = st.one_of(st.sampled_from(["virtualization", "secure", "gic-version"]), st.text(max_size=5))


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A kernel for each architecture, in a file whose name is no UTF-8."""
    folder = tmp_path_factory.mktemp("kernels")
    found = {}
    for arch, ram in RAM.items():
        found[arch] = folder / f"{arch}\udcff\n"
        found[arch].write_bytes(Elf(arch, [Segment(ram, multiboot_header(0))]).write())
    return found


@pytest.mark.parametrize("arch", RAM)
def test_options_give_a_machine_or_a_reason(arch: str, kernels: dict[str, Path]) -> None:
    built = []

    @settings(max_examples=60, deadline=None)
    @given(PAGES, st.one_of(st.none(), WORDS), st.dictionaries(NAMES, WORDS, max_size=1),
           st.one_of(st.just(""), st.text(st.characters(), max_size=20)))
    @example(1, None, {}, "\udcff")
    @example(4096, None, {}, "\udcff")
    def check(pages: int, cpu: str | None, properties: dict[str, str], append: str) -> None:
        try:
            machine = create(Options(loading.BOARDS[arch], properties, cpu, pages << 12,
                                     kernels[arch], None, append))
        except loading.REFUSALS as error:
            built.append(False)
            assert str(error).strip()
        else:
            built.append(True)
            loading.ran(machine)

    check()
    assert 0 < sum(built) < len(built)


@given(st.text(st.characters(exclude_characters="\0"), max_size=20))
def test_amounts_of_memory_are_whole_pages_or_refused(text: str) -> None:
    try:
        size = memory_size(text)
    except ValueError as error:
        assert str(error).isprintable()
    else:
        assert 0 < size <= 1 << 32 and size % 4096 == 0

# SPDX-License-Identifier: GPL-2.0-or-later
"""The library's thread-local variables fit where the C library has room for them.

They are reached as variables of the program itself are (`-ftls-model=initial-exec`), so all of them
come out of a reserve of 1664 bytes that other libraries of a process use as well; where it is used
up, loading fails.
"""

from __future__ import annotations

from elftools.elf.elffile import ELFFile

from vmm.native import build

OURS = 1024


def test_they_leave_room_for_other_libraries() -> None:
    with (build.HERE / build.LIBRARY).open("rb") as file:
        sizes = [
            segment["p_memsz"] for segment in ELFFile(file).iter_segments()
            if segment["p_type"] == "PT_TLS"]
    assert 0 < sum(sizes) <= OURS

# SPDX-License-Identifier: GPL-2.0-or-later
"""Small files made to cost much: read or refused in little time and memory."""

from __future__ import annotations

import resource
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from elf_files import Elf, Segment

from vmm.boards import Options, boardfile, create, find
from vmm.boards.boardfile import BoardFileError
from vmm.machine import elf, loader
from vmm.machine.loader import LoadError

SECONDS = 5.0  # of processor time: a hundred times what is needed
MIB = 1 << 20


@contextmanager
def cheap(most: int) -> Iterator[None]:
    """The block takes less than `SECONDS` and ``most`` bytes of Python's memory."""
    tracemalloc.start()
    started = time.process_time()
    try:
        yield
        assert time.process_time() - started < SECONDS
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


# -- ELF files -----------------------------------------------------------------------


def test_segments_that_share_the_file_are_not_copied() -> None:
    count = 20_000
    headers = b"".join(
        struct.pack(">8I", 1, 0, i << 16, i << 16, count * 32, 0x10000 * 16, 7, 4)
        for i in range(0, count, 16)
    ).ljust(count * 32, b"\0")
    data = bytearray(Elf("sparc", [Segment(0x40000000, b"x")]).write()[:52] + headers)
    struct.pack_into(">H", data, 44, count)
    with cheap(16 * MIB):
        image = loader.elf(Path("bomb"), bytes(data))
    assert sum(len(segment.data) for segment in image.segments) > 500 * MIB


@pytest.mark.parametrize("name", ["a" * 60_000, "ab" * 30_000])
def test_names_that_end_in_one_another_are_not_all_made(name: str) -> None:
    symbols = [("", at, 0, 2, 1) for at in range(30_000)]
    symbols[0] = (name, 0, 0, 2, 1)
    data = bytearray(Elf("x86", [Segment(0x100000, b"x")], symbols).write())
    first = data.index(name.encode()) - 1 - 16 * len(symbols)
    for at in range(len(symbols)):  # names that begin one character later each
        struct.pack_into("<I", data, first + 16 * at, 1 + at)
    with cheap(32 * MIB):
        image = loader.elf(Path("bomb"), bytes(data))
    assert sum(len(symbol.name) for symbol in image.symbols) <= elf.SHARED_NAMES * 60_002


def test_only_one_symbol_table_is_read() -> None:
    symbols = [(f"name{at}", at, 0, 2, 1) for at in range(2000)]
    data = bytearray(Elf("x86", [Segment(0x100000, b"x")], symbols).write())
    (at,) = struct.unpack_from("<I", data, 32)
    table = data[at + 40 : at + 80]
    struct.pack_into("<I", data, 32, len(data))  # as many tables as a header can count
    struct.pack_into("<H", data, 48, 0xFFFF)
    data += data[at : at + 120] + table * (0xFFFF - 3)
    with cheap(16 * MIB):
        image = loader.elf(Path("bomb"), bytes(data))
    assert len(image.symbols) == 2000


def test_zeros_behind_a_segment_cost_no_host_memory(tmp_path: Path) -> None:
    kernel = tmp_path / "kernel"
    size = 900 * MIB
    kernel.write_bytes(Elf("sparc", [Segment(0x40000000, b"\1\0\0\0", size)]).write())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    machine = create(Options("leon3", kernel=kernel, ram=1 << 30))
    assert machine.bus.read_memory(0x40000000 + size - 4, 4) == bytes(4)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 << 10  # KiB


def test_files_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="a device, not a file"):
        loader.read(Path("/dev/zero"))
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(loader.LARGEST + 1)
    with cheap(MIB), pytest.raises(LoadError, match="larger than 1024 MiB"):
        loader.read(large)


# -- board files -----------------------------------------------------------------------

BOARD = """\
[cpu]
architecture = "arm"
clock = 1
[memory.ram]
base = 0
size = "64K"
"""


def many(what: Callable[[int], str], count: int) -> str:
    return BOARD + "".join(what(i) for i in range(count))


TEXTS = {
    "dotted key": ("a" + ".a" * 20_000 + " = 1", "dots in a line"),
    "dotted header": ("[a" + ".a" * 20_000 + "]", "dots in a line"),
    "header without an end": (BOARD + "x = [\n[" + " " * 60_000 + "\n1]]", "x: is not known"),
    "decimal number": (BOARD + "x = " + "9" * 5000, "thousands of digits"),
    "hexadecimal number": (BOARD.replace("= 1", "= 0x" + "f" * 20_000), "cpu.clock: "),
    "list of numbers": (BOARD.replace("= 1", "= [0x" + "f" * 20_000 + "]"), "cpu.clock: wants"),
    "nested lists": (BOARD + "x = " + "[" * 20_000 + "]" * 20_000, "nested too deeply"),
    "nested tables": (BOARD + "x = " + "{a=" * 10_000 + "1" + "}" * 10_000, "nested too deeply"),
    "large file": (BOARD + "#" * 70_000, "larger than 64 KiB"),
    "lines in a name": (BOARD + '["a\\nb\\u001b"]\n', r"a\\nb\\x1b: is not known"),
    "NUL in a path": (BOARD + 'image = "a\\u0000b"', "memory.ram.image: .*null byte"),
    "long name": (BOARD + f"[memory.{'r' * 5000}]\nbase = 0\nsize = 4096\n", r"memory\.r+\.base: "),
    "many memories": (many(lambda i: f"[memory.m{i}]\nbase={(i + 16) << 16}\nsize=4096\n", 1200),
                      "more than"),
    "many devices": (many(lambda i: f"[device.d{i}]\ntype='pl031'\nbase={(i + 16) << 16}\n", 1100),
                     "more than"),
}


@pytest.mark.parametrize("what", TEXTS)
def test_costly_board_files_are_refused(what: str, tmp_path: Path) -> None:
    text, message = TEXTS[what]
    file, kernel = tmp_path / "board.toml", tmp_path / "kernel"
    file.write_text(text, encoding="utf-8")
    kernel.write_bytes(bytes(4))
    with cheap(64 * MIB), pytest.raises(BoardFileError, match=message) as caught:
        find(str(file))
        create(Options(str(file), kernel=kernel))
    shown = str(caught.value)
    assert shown.startswith(str(file)) and shown.isprintable()
    assert len(shown) < len(str(file)) + 2 * boardfile.LONGEST


def test_a_board_file_without_end_is_refused() -> None:
    with cheap(MIB), pytest.raises(BoardFileError, match="larger than 64 KiB"):
        boardfile.read(Path("/dev/zero"))

# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from vmm.devices import cfi_flash as cfi
from vmm.devices.cfi_flash import SECTOR, CfiFlash


class Bench:
    def __init__(self, read_only: bool = False) -> None:
        self.memory = bytearray(b"\xff" * (4 * SECTOR))
        self.modes: list[bool] = []
        self.flash = CfiFlash(self.memory, self.modes.append, read_only)

    def command(self, value: int, offset: int = 0) -> None:
        self.flash.write(offset, 4, value << 16 | value)

    def word(self, offset: int) -> int:
        return self.flash.read(offset, 4)


def test_starts_as_plain_memory() -> None:
    bench = Bench()
    bench.memory[4:8] = b"\x78\x56\x34\x12"
    assert bench.flash.array_mode
    assert bench.word(4) == 0x12345678


def test_a_command_leaves_array_mode_and_ff_returns() -> None:
    bench = Bench()
    bench.command(cfi.READ_STATUS)
    assert bench.word(0) == 0x00800080
    assert bench.flash.read(0, 2) == 0x80
    bench.command(cfi.READ_ARRAY)
    assert bench.word(0) == 0xFFFFFFFF
    assert bench.modes == [False, True]


def test_identifier_of_both_devices() -> None:
    bench = Bench()
    bench.command(cfi.READ_IDENTIFIER)
    assert bench.word(0) == 0x00890089
    assert bench.word(4) == 0x00180018


def test_query_describes_the_geometry() -> None:
    bench = Bench()
    bench.command(cfi.QUERY, 0x55 * 4)
    answer = bytes(bench.word(4 * i) & 0xFF for i in range(0x10, 0x31))
    assert answer[:3] == b"QRY"
    assert 1 << answer[0x27 - 0x10] == 4 * SECTOR // 2
    regions = answer[0x2D - 0x10 :]
    assert int.from_bytes(regions[:2], "little") + 1 == 4
    assert int.from_bytes(regions[2:], "little") * 256 * 2 == SECTOR
    assert bench.word(0x40) == 0x00510051  # both devices answer


def test_programming_only_clears_bits() -> None:
    bench = Bench()
    for value in (0xF0F0F0F0, 0xFF00FF00):
        bench.command(cfi.PROGRAM, 8)
        bench.flash.write(8, 4, value)
        assert bench.word(8) == 0x00800080  # status until read array
    bench.command(cfi.READ_ARRAY)
    assert bench.word(8) == 0xF000F000


def test_erase_takes_one_sector_and_only_after_its_confirmation() -> None:
    bench = Bench()
    bench.memory[:] = bytes(len(bench.memory))
    bench.command(cfi.ERASE, SECTOR + 0x1234)
    assert bench.memory[SECTOR] == 0
    bench.command(cfi.CONFIRM, SECTOR + 0x1234)
    assert bench.memory[SECTOR : 2 * SECTOR] == b"\xff" * SECTOR
    assert bench.memory[SECTOR - 1] == bench.memory[2 * SECTOR] == 0


def test_erase_without_confirmation_does_nothing() -> None:
    bench = Bench()
    bench.memory[0] = 0
    bench.command(cfi.ERASE)
    bench.command(cfi.READ_ARRAY)
    assert bench.memory[0] == 0
    assert bench.flash.array_mode


def test_buffered_program_commits_at_its_confirmation() -> None:
    bench = Bench()
    bench.command(cfi.BUFFER, 0x100)
    bench.command(2, 0x100)  # three words
    for i in range(3):
        bench.flash.write(0x100 + 4 * i, 4, 0x11111111 * (i + 1))
    assert bench.memory[0x100] == 0xFF
    bench.command(cfi.CONFIRM, 0x100)
    assert bench.word(0) == 0x00800080
    bench.command(cfi.READ_ARRAY)
    assert [bench.word(0x100 + 4 * i) for i in range(4)] == [
        0x11111111,
        0x22222222,
        0x33333333,
        0xFFFFFFFF,
    ]


def test_too_long_a_buffer_is_a_program_error() -> None:
    bench = Bench()
    bench.command(cfi.BUFFER)
    bench.command(0xFFFF)
    assert bench.word(0) & cfi.PROGRAM_ERROR


def test_read_only_flash_reports_errors_until_cleared() -> None:
    bench = Bench(read_only=True)
    bench.command(cfi.PROGRAM)
    bench.flash.write(0, 4, 0)
    assert bench.word(0) & 0xFF == cfi.READY | cfi.PROGRAM_ERROR
    bench.command(cfi.ERASE)
    bench.command(cfi.CONFIRM)
    assert bench.word(0) & 0xFF == cfi.READY | cfi.PROGRAM_ERROR | cfi.ERASE_ERROR
    bench.command(cfi.CLEAR_STATUS)
    bench.command(cfi.READ_STATUS)
    assert bench.word(0) & 0xFF == cfi.READY
    assert bench.memory[0] == 0xFF


def test_mode_follows_a_restored_state() -> None:
    bench = Bench()
    bench.command(cfi.READ_STATUS)
    other = Bench()
    other.flash.state = bench.flash.state
    other.flash.resume()
    assert other.modes == [False]
    assert other.word(0) == 0x00800080

# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that cannot be run: status 125, one line that names the file and what is wrong."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

BOARDS = {"leon3": "sparc", "virt": "arm", "pc": "x86"}


def refused(done, *named: str) -> None:
    assert done.returncode == 125
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("vmm: ")
    for word in named:
        assert word in lines[0]


@pytest.mark.parametrize("board", BOARDS)
def test_missing_file(vmm_command, board) -> None:
    refused(vmm_command("run", "-M", board, "-kernel", "/nowhere/at/all"), "/nowhere/at/all",
            "no such file")
    refused(vmm_command("run", "-M", board, "-bios", "/nowhere/at/all"), "/nowhere/at/all",
            "no such file")


@pytest.mark.parametrize("board", BOARDS)
def test_directory_and_empty_file(vmm_command, board, tmp_path: Path) -> None:
    refused(vmm_command("run", "-M", board, "-kernel", tmp_path), "directory")
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    refused(vmm_command("run", "-M", board, "-kernel", empty), "empty")


@pytest.mark.parametrize("board", BOARDS)
def test_elf_cut_off_anywhere(vmm_command, guest, board, tmp_path: Path) -> None:
    whole = guest(f"{BOARDS[board]}/hello").read_bytes()
    # In the ELF header, in the program headers, and in the middle of the code.
    for length in (20, 60, 4200):
        cut = tmp_path / f"cut{length}.elf"
        cut.write_bytes(whole[:length])
        refused(vmm_command("run", "-M", board, "-kernel", cut), cut.name)


@pytest.mark.parametrize("board", BOARDS)
def test_elf_for_another_architecture(vmm_command, guest, board) -> None:
    for other in BOARDS.values():
        if other != BOARDS[board]:
            refused(vmm_command("run", "-M", board, "-kernel", guest(f"{other}/hello")), other)


def test_elf_of_the_host(vmm_command) -> None:
    for board in BOARDS:
        refused(vmm_command("run", "-M", board, "-kernel", "/bin/true"), "x86-64")


FOREIGN = {  # files that say what they are, and how each board refuses them
    "zImage": (bytes(0x24) + struct.pack("<4I", 0x016F2818, 0, 0x2000, 0) + bytes(0x2000),
               "a Linux zImage for arm", ("leon3", "pc")),
    "bzImage": (bytes(0x1FE) + b"\x55\xaa\xeb\x66HdrS" + bytes(0x2000),
                "a Linux bzImage for x86", ("leon3", "virt")),
    "Image": (bytes(0x38) + b"ARM\x64" + bytes(0x100), "a Linux Image for AArch64", BOARDS),
    "uImage": (b"\x27\x05\x19\x56" + bytes(0x100), "an image for U-Boot", BOARDS),
    "vmlinux.gz": (b"\x1f\x8b\x08" + bytes(0x100), "compressed with gzip", BOARDS),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_kernels_of_other_processors_are_no_flat_images(vmm_command, tmp_path, name) -> None:
    data, said, refused_by = FOREIGN[name]
    kernel = tmp_path / name
    kernel.write_bytes(data)
    for board in refused_by:
        refused(vmm_command("run", "-M", board, "-kernel", kernel), name, said)


@pytest.mark.parametrize("board", BOARDS)
def test_firmware_is_no_elf_file(vmm_command, guest, board) -> None:
    elf = guest(f"{BOARDS[board]}/hello")
    refused(vmm_command("run", "-M", board, "-bios", elf), elf.name, "an ELF file; firmware is")


def test_devices_are_no_files(vmm_command) -> None:
    done = vmm_command("run", "-M", "virt", "-kernel", "/dev/zero")
    assert done.stderr == b"vmm: /dev/zero: a device, not a file\n"


def moved(elf: bytes, order: str, address: int) -> bytes:
    """The 32-bit ELF file with its entry and its first segment at ``address``."""
    (table,) = struct.unpack_from(f"{order}I", elf, 28)
    changed = bytearray(elf)
    struct.pack_into(f"{order}I", changed, 24, address)
    struct.pack_into(f"{order}II", changed, table + 8, address, address)
    return bytes(changed)


@pytest.mark.parametrize("board", BOARDS)
def test_load_address_outside_ram(vmm_command, guest, board, tmp_path: Path) -> None:
    order = ">" if board == "leon3" else "<"
    elf = guest(f"{BOARDS[board]}/hello").read_bytes()
    away = tmp_path / "away.elf"
    away.write_bytes(moved(elf, order, 0xA0000000))
    refused(vmm_command("run", "-M", board, "-kernel", away), "away.elf", "0xa0000000")


def test_program_larger_than_the_memory_given(vmm_command, guest, tmp_path: Path) -> None:
    flat = tmp_path / "large"
    flat.write_bytes(bytes(2 << 20))
    refused(vmm_command("run", "-M", "leon3", "-m", "1M", "-kernel", flat), "large")


@pytest.mark.parametrize("board", BOARDS)
def test_firmware_larger_than_its_place(vmm_command, board, tmp_path: Path) -> None:
    image = tmp_path / "firmware.bin"
    with image.open("wb") as file:
        file.truncate(80 << 20)
    refused(vmm_command("run", "-M", board, "-bios", image), "firmware.bin")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('expect "a"\nwait 3\n', 2, "wait"),
        ("expect a\n", 1, "double quotes"),
        ('# first\n\nsend "unfinished\n', 3, "double quotes"),
        ('send ""\n', 1, "nothing"),
    ],
)
def test_bad_script_names_its_line(vmm_command, guest, tmp_path, text, line, words) -> None:
    script = tmp_path / "script"
    script.write_text(text)
    done = vmm_command("run", "-M", "leon3", "-kernel", guest("sparc/hello"), "--script", script)
    refused(done, f"{script}:{line}:", words)


def test_missing_script(vmm_command, guest) -> None:
    refused(vmm_command("run", "-M", "leon3", "-kernel", guest("sparc/hello"), "--script", "/no"),
            "/no")

# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels of Linux' boot protocol on the pc board: entry, command line, initrd, refusals."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import keystone
import pytest

from vmm.boards import Options, create
from vmm.machine.loader import LoadError

ENTRY = 0x100000
Write = Callable[..., Path]

# Print what the zero page's command line says, then the initrd, then the selectors; leave.
PRINTS = """
    mov edi, [esi + 0x228]
next: mov al, [edi]; test al, al; je initrd; out 0xe9, al; inc edi; jmp next
initrd: mov edi, [esi + 0x218]; mov ecx, [esi + 0x21c]
more: jecxz done; mov al, [edi]; out 0xe9, al; inc edi; dec ecx; jmp more
done: mov ax, cs; add al, 0x30; out 0xe9, al; mov ax, ss; add al, 0x30; out 0xe9, al
    mov eax, ebx; or eax, ebp; out 0xf4, al; hlt
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a bzImage that runs ``text`` at its 32-bit entry."""

    def make(text: str = "hlt", init_size: int = 0x100000, cmdline_size: int = 255) -> Path:
        code, _ = keystone.Ks(keystone.KS_ARCH_X86, keystone.KS_MODE_32).asm(text, ENTRY)
        code = bytes(code) + bytes(-len(code) % 16)
        setup = bytearray(1024)
        setup[0x1F1], setup[0x211] = 1, 1
        struct.pack_into("<I", setup, 0x1F4, len(code) // 16)
        struct.pack_into("<HBB4sH", setup, 0x1FE, 0xAA55, 0xEB, 0x6A, b"HdrS", 0x20F)
        struct.pack_into("<I", setup, 0x22C, 0x37FFFFFF)
        struct.pack_into("<I", setup, 0x238, cmdline_size)
        struct.pack_into("<QI", setup, 0x258, ENTRY, init_size)
        path = tmp_path / "bzImage"
        path.write_bytes(bytes(setup) + code)
        return path

    return make


def test_the_kernel_is_entered_as_the_protocol_says(write: Write, tmp_path: Path) -> None:
    initrd = tmp_path / "initrd"
    initrd.write_bytes(b"disk" * 3000)
    machine = create(Options("pc", kernel=write(PRINTS), append="root=x ", initrd=initrd))
    outcome = machine.run()
    assert outcome.status == 1, outcome  # EBX and EBP were zero
    assert bytes(machine.console.tail) == b"root=x " + b"disk" * 3000 + b"\x40\x48"


@pytest.mark.parametrize(
    ("image", "options", "complaint"),
    [
        ({"cmdline_size": 7}, {"append": "eight888"}, "at most 7 bytes, not 8"),
        ({"init_size": 0x8000000}, {}, "unpacks itself up to 0x8100000"),
        ({"init_size": 0x7E80000}, {"initrd": 0x100000}, "1048576 bytes do not fit"),
        ({}, {"initrd": 0}, "the file is empty"),
    ],
)
def test_what_does_not_fit_is_one_line(
    image: dict[str, int], options: dict[str, object], complaint: str, write: Write, tmp_path: Path
) -> None:
    if "initrd" in options:
        path = tmp_path / "initrd"
        path.write_bytes(bytes(int(str(options["initrd"]))))
        options = {"initrd": path}
    with pytest.raises(LoadError, match=complaint) as caught:
        create(Options("pc", kernel=write(**image), **options))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_an_initrd_is_a_multiboot_kernels_module(tmp_path: Path) -> None:
    code, _ = keystone.Ks(keystone.KS_ARCH_X86, keystone.KS_MODE_32).asm(
        "mov ebx, [ebx + 24]; mov esi, [ebx]; mov ecx, [ebx + 4]; sub ecx, esi; mov dx, 0xe9;"
        "rep outsb; xor eax, eax; out 0xf4, al; hlt", ENTRY + 32)
    magic, flags = 0x1BADB002, 0x10000
    header = struct.pack(
        "<8I", magic, flags, -(magic + flags) & 0xFFFFFFFF, ENTRY, ENTRY, 0, 0, ENTRY + 32)
    (tmp_path / "kernel").write_bytes(header + bytes(code))
    (tmp_path / "module").write_bytes(b"a module")
    machine = create(Options("pc", kernel=tmp_path / "kernel", initrd=tmp_path / "module"))
    assert machine.run().status == 1
    assert bytes(machine.console.tail) == b"a module"

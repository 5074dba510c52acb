# SPDX-License-Identifier: GPL-2.0-or-later
"""What a PC starts: a firmware image, or our boot ROM with a kernel in memory.

A kernel is a Linux bzImage, entered in 32-bit mode, or a Multiboot image; both
may have an initrd.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vmm.boards import boot
from vmm.boards.options import BoardError, Options
from vmm.machine import bzimage, loader, multiboot
from vmm.machine.bzimage import BzImageError
from vmm.machine.loader import Image, LoadError, Segment
from vmm.machine.machine import Machine
from vmm.machine.multiboot import MemoryRange, Module, MultibootError

LOW_END, HIGH_START = 0xA0000, 0x100000
ROM_SIZE, ROM_WINDOW = 0x40000, 0x20000  # 256 KiB below 4 GiB, the last 128 KiB below 1 MiB
ROM_TOP = 1 << 32
PAGE = 0x1000
MULTIBOOT_INFO = 0x9000
ZERO_PAGE, COMMAND_LINE = 0x10000, 0x20000
RESERVED = 2  # of a memory map's rows


def load(
    machine: Machine, options: Options, ram: int, set_up: Callable[[], None]
) -> None:
    """Put into memory what ``options`` ask for; our own firmware also does ``set_up``."""
    if options.bare:
        return
    words: dict[str, int] = {}
    if options.kernel is not None:
        words = _kernel(machine, options.kernel, options, ram)
    elif options.initrd is not None:
        raise BoardError("-initrd needs -kernel")
    if options.bios is not None:
        data = boot.flat_firmware(options.bios, ROM_SIZE)
        machine.load_bytes(ROM_TOP - len(data), data, str(options.bios))
    elif options.kernel is not None:
        boot.board_firmware(machine, "pc", words)
        set_up()
    else:
        raise BoardError("nothing to run: give -kernel FILE or -bios FILE")


def _kernel(machine: Machine, path: Path, options: Options, ram: int) -> dict[str, int]:
    """Load a kernel and what it is told; the words our ROM needs to enter it."""
    data = loader.read(path)
    if bzimage.is_bzimage(data):
        return _linux(machine, path, data, options, ram)
    boot.refuse_foreign(path, data, "x86")
    return _multiboot(machine, path, data, options, ram)


def _memory_map(ram: int) -> tuple[MemoryRange, ...]:
    return (
        MemoryRange(0, LOW_END),
        MemoryRange(HIGH_START - ROM_WINDOW, ROM_WINDOW, RESERVED),
        MemoryRange(HIGH_START, ram - HIGH_START),
        MemoryRange(ROM_TOP - ROM_SIZE, ROM_SIZE, RESERVED),
    )


def _place_initrd(
    machine: Machine, options: Options, lowest: int, last: int, kernel: Path
) -> tuple[int, int]:
    """Load the initrd as high as it goes between two addresses; where it is and its size."""
    if options.initrd is None:
        return 0, 0
    data = loader.read(options.initrd)
    start = (last + 1 - len(data)) & -PAGE
    if start < lowest:
        raise LoadError(
            f"{options.initrd}: {len(data)} bytes do not fit between the end of {kernel.name} "
            f"at {lowest:#x} and {last + 1:#x}: give the board more memory"
        )
    machine.load_bytes(start, data, str(options.initrd))
    return start, len(data)


def _linux(
    machine: Machine, path: Path, data: bytes, options: Options, ram: int
) -> dict[str, int]:
    try:
        kernel = bzimage.parse(data)
    except BzImageError as error:
        raise LoadError(f"{path}: {error}") from error
    command_line = options.append.encode(errors="surrogateescape")
    if len(command_line) > kernel.cmdline_size:
        raise LoadError(
            f"{path}: takes a command line of at most {kernel.cmdline_size} bytes, "
            f"not {len(command_line)}"
        )
    if kernel.end > ram:
        raise LoadError(
            f"{path}: unpacks itself up to {kernel.end:#x}: the board's memory ends at {ram:#x}"
        )
    entry = bzimage.LOAD_ADDRESS
    code = Segment(entry, kernel.code, len(kernel.code))
    boot.place(machine, Image(path, "x86", entry, (code,), ()))
    last = min(kernel.initrd_addr_max, ram - 1)
    initrd, size = _place_initrd(machine, options, kernel.end, last, path)
    machine.load_bytes(COMMAND_LINE, command_line + b"\0", "command line")
    page = bzimage.zero_page(kernel, COMMAND_LINE, initrd, size, _memory_map(ram))
    machine.load_bytes(ZERO_PAGE, page, "zero page")
    return {"boot_entry": entry, "boot_params": ZERO_PAGE, "boot_magic": 0}


def _multiboot(
    machine: Machine, path: Path, data: bytes, options: Options, ram: int
) -> dict[str, int]:
    if loader.is_elf(data):
        image = loader.elf(path, data)
        if image.architecture != "x86":
            raise LoadError(
                f"{path}: an ELF file for {image.architecture}, but the board's processor is x86"
            )
        machine.symbols.add(image.symbols, path)
    try:
        kernel = multiboot.parse(data)
    except MultibootError as error:
        raise LoadError(f"{path}: {error}") from error
    boot.place(machine, Image(path, "x86", kernel.entry, kernel.segments, ()))
    end = max(segment.address + segment.size for segment in kernel.segments)
    initrd, size = _place_initrd(machine, options, end, ram - 1, path)
    modules = () if options.initrd is None else (
        Module(initrd, initrd + size, options.initrd.name),
    )
    info = multiboot.build_info(
        MULTIBOOT_INFO,
        mem_lower=LOW_END >> 10,
        mem_upper=(ram - HIGH_START) >> 10,
        cmdline=f"{path.name} {options.append}".strip(),
        loader_name="vmm",
        memory_map=_memory_map(ram),
        modules=modules,
    )
    machine.load_bytes(MULTIBOOT_INFO, info, "multiboot information")
    return {"boot_entry": kernel.entry, "boot_info": MULTIBOOT_INFO,
            "boot_magic": multiboot.LOADER_MAGIC}

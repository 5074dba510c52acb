# SPDX-License-Identifier: GPL-2.0-or-later
"""What the `virt` board has in memory at reset: kernel, initrd, device tree, boot code.

Kernels that are no Linux find the device tree at the start of RAM, or at its end if they lie there
themselves; for Linux everything is where QEMU's loader has it (hw/arm/boot.c): the kernel 64 KiB
into RAM, the initrd in the middle of RAM or 128 MiB into it, the tree behind that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vmm.boards import boot
from vmm.boards.options import BoardError, Options
from vmm.boards.virt_tree import Address, device_tree
from vmm.machine import loader, zimage
from vmm.machine.loader import Image, LoadError

if TYPE_CHECKING:
    from vmm.cpu.arm.processor import ArmProcessor
    from vmm.machine.machine import Machine

FLASH_BANK = 0x04000000
FIRMWARE_VECTORS_END = 0x20  # of our own boot stub, at the start of flash
KERNEL_OFFSET = 0x10000
INITRD_OFFSET = 128 << 20  # at most; half of the RAM if that is less
PAGE = 0x1000


@dataclass(frozen=True, slots=True)
class Initrd:
    """The initial RAM disk and where it belongs."""

    path: Path
    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The address behind its last byte."""
        return self.address + len(self.data)


def load(machine: Machine, processor: ArmProcessor, options: Options, ram: int) -> None:
    """Load what the options name; LoadError or BoardError if something does not fit."""
    if options.bare:
        return
    if options.kernel is None and options.bios is None:
        raise BoardError("nothing to run: give -kernel FILE or -bios FILE")
    if options.initrd is not None and options.kernel is None:
        raise BoardError("-initrd belongs to a kernel: give -kernel FILE")
    initrd = _initrd(options.initrd, ram)
    tree = device_tree(
        processor, options, ram, initrd=None if initrd is None else (initrd.address, initrd.end))
    tree_at, entry = Address.RAM, None
    if options.kernel is not None:
        data = loader.read(options.kernel)
        image = _kernel(options.kernel, data)
        boot.place(machine, image)
        start, end = _extent(image)
        if zimage.is_zimage(data):
            tree_at = _middle(ram) if initrd is None else -(-initrd.end // PAGE) * PAGE
        elif start < Address.RAM + len(tree) and end > Address.RAM:
            tree_at = (Address.RAM + ram - len(tree)) & -PAGE
        if initrd is not None:
            _place_initrd(machine, initrd, image)
        entry = image.entry
    if options.bios is not None:
        machine.load_bytes(
            Address.FLASH, boot.flat_firmware(options.bios, FLASH_BANK), str(options.bios))
    elif entry is not None:
        processor.expect_vectors_above(FIRMWARE_VECTORS_END)
        boot.board_firmware(
            machine, "virt", {"boot_entry": entry, "boot_dtb": tree_at, "boot_arg0": 0})
    machine.load_bytes(tree_at, tree, "device tree")


def _kernel(path: Path, data: bytes) -> Image:
    if zimage.is_zimage(data):
        return zimage.read(path, data, Address.RAM + KERNEL_OFFSET)
    return boot.read_kernel(path, "arm", Address.RAM + KERNEL_OFFSET)


def _extent(image: Image) -> tuple[int, int]:
    return (min(segment.address for segment in image.segments),
            max(segment.address + segment.size for segment in image.segments))


def _middle(ram: int) -> int:
    return Address.RAM + (min(ram // 2, INITRD_OFFSET) & -PAGE)


def _initrd(path: Path | None, ram: int) -> Initrd | None:
    return None if path is None else Initrd(path, _middle(ram), loader.read(path))


def _place_initrd(machine: Machine, initrd: Initrd, kernel: Image) -> None:
    start, end = _extent(kernel)
    if start < initrd.end and end > initrd.address:
        raise LoadError(
            f"{initrd.path}: its place at {initrd.address:#x} is taken by {kernel.path}"
            f" ({start:#x}-{end - 1:#x}): give more RAM (-m)")
    machine.load_bytes(initrd.address, initrd.data, str(initrd.path))

# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are no flat image though they are no ELF file either: they say what they are.

Linux, Documentation/arch/arm/booting.rst, arch/x86/boot.rst, arch/arm64/booting.rst and
arch/riscv/boot-image-header.rst; U-Boot, include/image.h; RFC 1952, 8878; the XZ format, 2.1.1.
"""

from __future__ import annotations

from vmm.machine import bzimage, zimage

IMAGE_MAGIC = 0x38  # of the Image of a 64-bit processor
IMAGES = {b"ARM\x64": "AArch64", b"RSC\x05": "RISC-V"}
PACKED = {b"\x1f\x8b\x08": "gzip", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
U_BOOT = b"\x27\x05\x19\x56"


def refusal(data: bytes, architecture: str) -> str | None:
    """Why a processor of this architecture cannot run the bytes as they are, or None."""
    for kind, is_one, runs_on in (
        ("zImage", zimage.is_zimage, "arm"), ("bzImage", bzimage.is_bzimage, "x86"),
    ):
        if is_one(data) and architecture != runs_on:
            return f"a Linux {kind} for {runs_on}, but the board's processor is {architecture}"
    image = IMAGES.get(data[IMAGE_MAGIC : IMAGE_MAGIC + 4])
    if image is not None:
        return f"a Linux Image for {image}, but the board's processor is {architecture}"
    if data.startswith(U_BOOT):
        return "an image for U-Boot: have U-Boot start it, or take the kernel out (dumpimage)"
    for magic, name in PACKED.items():
        if data.startswith(magic):
            return f"compressed with {name}: unpack it first"
    return None

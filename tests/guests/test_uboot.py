# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's U-Boot, unmodified, from flash to its prompt, driven by a script."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

UBOOT = Path("/usr/lib/u-boot/qemu_arm/u-boot.bin")
FILL, WORDS = 0xCAFE1234, 0x40
DIALOGUE = (
    ("version", "U-Boot 20"),
    ("bdinfo", "-> size     = 0x08000000"),
    ("bdinfo", "relocaddr"),
    (f"mw.l 40400000 {FILL:x} {WORDS:x}", ""),
    ("md.l 40400000 4", f"40400000: {FILL:x} {FILL:x} {FILL:x} {FILL:x}"),
    (f"crc32 40400000 {4 * WORDS:x}",
     f"==> {zlib.crc32(FILL.to_bytes(4, 'little') * WORDS):08x}"),
)


@pytest.mark.vmm(board="virt", bios=UBOOT, timeout=60, wall=100)
def test_uboot_reaches_its_prompt_and_computes_a_crc(machine) -> None:
    machine.expect("=> ")
    for command, answer in DIALOGUE:
        machine.type(f"{command}\n")
        if answer:
            machine.expect(answer)
        machine.expect("=> ")
    machine.type("poweroff\n")
    assert machine.run().status == 0

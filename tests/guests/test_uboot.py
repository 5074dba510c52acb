# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's U-Boot, unmodified, from flash to its prompt, driven by a script."""

from __future__ import annotations

import zlib
from pathlib import Path

UBOOT = Path("/usr/lib/u-boot/qemu_arm/u-boot.bin")
FILL, WORDS = 0xCAFE1234, 0x40
SCRIPT = f"""
expect "=> "
send "version\\n"
expect "U-Boot 20"
expect "=> "
send "bdinfo\\n"
expect "relocaddr"
expect "=> "
send "mw.l 40400000 {FILL:x} {WORDS:x}\\n"
expect "=> "
send "md.l 40400000 4\\n"
expect "40400000: {FILL:x} {FILL:x} {FILL:x} {FILL:x}"
expect "=> "
send "crc32 40400000 {4 * WORDS:x}\\n"
expect "==> "
expect "=> "
send "poweroff\\n"
"""


def test_uboot_reaches_its_prompt_and_computes_a_crc(vmm_command, tmp_path) -> None:
    assert UBOOT.is_file(), "u-boot-qemu is not installed: make test installs it"
    script = tmp_path / "script"
    script.write_text(SCRIPT)
    done = vmm_command("run", "-M", "virt", "-bios", UBOOT, "--script", script,
                       "--timeout", "60", "--wall-timeout", "100")
    assert done.returncode == 0, done.stderr
    memory = FILL.to_bytes(4, "little") * WORDS
    assert f"==> {zlib.crc32(memory):08x}".encode() in done.stdout
    assert b"-> size     = 0x08000000" in done.stdout

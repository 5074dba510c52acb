# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's U-Boot, unmodified, its privileged code in user mode: to its prompt and beyond."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.monitor import runs
from vmm.boards import Options, create
from vmm.machine.console import parse_script
from vmm.monitor import virtualize

UBOOT = Path("/usr/lib/u-boot/qemu_arm/u-boot.bin")
# Any key stops the countdown, so the run is short.
DIALOGUE = '''
expect "Hit any key"
send "x"
expect "=> "
send "mw.l 40400000 cafe1234 40; crc32 40400000 100; poweroff\\n"
'''


@cache
def uboot(technique: str | None) -> runs.Seen:
    machine = create(Options(board="virt", bios=UBOOT))
    if technique is not None:
        virtualize(machine, technique)
    machine.console.play(parse_script(DIALOGUE, "dialogue"))
    return runs.watch(machine, 30)


def test_uboot_reaches_its_prompt_and_obeys_as_on_the_bare_machine() -> None:
    translated = uboot("translate")
    assert b"==> 0e6f9124" in translated.console
    assert translated.outcome.status == 0
    assert translated == uboot(None)

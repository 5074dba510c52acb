# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's SeaBIOS, unmodified, from the reset vector to its boot menu."""

from __future__ import annotations

from pathlib import Path

import pytest

SEABIOS = Path("/usr/share/seabios")
MENU = b"Press ESC for boot menu."
NO_DISK = b"No bootable device."
LIMITS = ("--timeout", "30", "--wall-timeout", "100")


@pytest.fixture(params=["bios.bin", "bios-256k.bin"])
def bios(request) -> Path:
    path = SEABIOS / request.param
    assert path.is_file(), "seabios is not installed: make test installs it"
    return path


def test_seabios_offers_its_menu_and_takes_a_key(boot, bios: Path) -> None:
    guest = boot("pc", bios=bios, boot_menu=True, debugcon=True, timeout=30, wall=300)
    guest.expect(MENU.decode())
    guest.type("\x1b")
    guest.expect("Select boot device:")
    said = guest.debug_output
    for line in (
        "Running on QEMU (i440fx)",
        "QEMU fw_cfg DMA interface supported",
        "qemu/e820: addr 0x0000000000000000 len 0x0000000008000000 [RAM]",
        "Found 3 PCI devices (max PCI bus is 00)",
        "PCI: init bdf=00:01.3 id=8086:7113",
        "Using pmtimer",
        "Found 1 cpu(s) max supported 1 cpu(s)",
        "PS2 keyboard initialized",
    ):
        assert line in said


def test_the_command_takes_a_script_and_keeps_the_debug_output_apart(
    vmm_command, tmp_path
) -> None:
    script = tmp_path / "script"
    script.write_text(f'expect "{MENU.decode()}"\n')
    debug = tmp_path / "debug"
    done = vmm_command("run", "-M", "pc", "-bios", SEABIOS / "bios.bin", "-boot", "menu=on",
                       "-nographic", "-debugcon", f"file:{debug}", "--script", script, *LIMITS)
    assert done.returncode == 0, done.stderr
    assert MENU in done.stdout
    assert "Running on QEMU (i440fx)" in debug.read_text()


def test_without_the_option_there_is_no_menu(vmm_command, tmp_path, bios: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f'expect "{NO_DISK.decode()}"\n')
    done = vmm_command("run", "-M", "pc", "-bios", bios, "--script", script, *LIMITS)
    assert done.returncode == 0, done.stderr
    assert MENU not in done.stdout
    # Nothing of the debug output, for nobody asked.
    assert b"fw_cfg" not in done.stdout


def test_debug_output_may_share_the_console(vmm_command, tmp_path) -> None:
    script = tmp_path / "script"
    script.write_text(f'expect "{NO_DISK.decode()}"\n')
    done = vmm_command("run", "-M", "pc", "-bios", SEABIOS / "bios.bin", "-debugcon", "stdio",
                       "--script", script, *LIMITS)
    assert done.returncode == 0, done.stderr
    assert b"\nFound QEMU fw_cfg\n" in done.stdout
    assert b"\nBooting from Hard Disk...\r\n" in done.stdout  # the screen's
    assert b"\nBooting from Hard Disk...\n" in done.stdout  # the debug port's


@pytest.mark.parametrize("cpu", ["486", "pentium", "kvm32"])
def test_seabios_runs_on_other_processors(boot, cpu: str) -> None:
    guest = boot("pc", bios=SEABIOS / "bios.bin", cpu=cpu, ram="16M", boot_menu=True,
                 timeout=30, wall=300)
    guest.expect(MENU.decode())
